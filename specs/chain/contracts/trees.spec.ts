import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Interface } from 'ethers'
import { expect, it } from 'vitest'
import { archiveAbi } from '../../../chain/bindings/archive.gen.ts'
import { commitmentMonitoringAbi } from '../../../chain/bindings/commitment-monitoring.gen.ts'
import { quotaAbi } from '../../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../../chain/bindings/trading.gen.ts'

const here = import.meta.dirname
const TREES = [
  'resource-monitoring.tree',
  'delegation-registry.tree',
  'quota.tree',
  'token.tree',
  'trading.tree',
  'archive-contract.tree',
]

const lines = TREES.flatMap((file) => readFileSync(join(here, '../../trees', file), 'utf8').split('\n'))
const leaves = lines.flatMap((line) => /^[│├└─ ]*it (.+)$/.exec(line)?.[1] ?? [])

const titles = readdirSync(here)
  .filter((file) => file.endsWith('.spec.ts'))
  .flatMap((file) => [...readFileSync(join(here, file), 'utf8').matchAll(/^it\((?:'([^']+)'|"([^"]+)")/gm)])
  .map(([, single, double]) => single ?? double)

/** Errors that OpenZeppelin's contracts bring along: theirs to test. */
const BORROWED =
  /^(AccessManaged|ECDSA|ERC|InvalidAccount|InvalidShortString|StringTooLong|InsufficientBalance|SafeERC20)/

function errorsOf(abi: ConstructorParameters<typeof Interface>[0]): string[] {
  const names: string[] = []
  new Interface(abi).forEachError((error) => names.push(error.name))
  return names.filter((name) => !BORROWED.test(name))
}

it('has one test for each leaf of its trees', () => {
  expect(leaves.length).toBeGreaterThan(90)
  expect(leaves.filter((leaf) => titles.filter((title) => title === leaf).length !== 1)).toEqual([])
})

it('has a leaf for every named error of the contracts', () => {
  const text = leaves.join('\n')
  const source = readdirSync(here).map((file) => readFileSync(join(here, file), 'utf8'))
  const named = (name: string) => new RegExp(`\\b${name}\\b`)
  for (const abi of [commitmentMonitoringAbi, quotaAbi, tokenAbi, tradingAbi, archiveAbi]) {
    const uncrossed = errorsOf(abi).filter((name) => !source.some((each) => named(name).test(each)))
    expect(uncrossed).toEqual([])
    const untold = errorsOf(abi).filter((name) => !named(name).test(text))
    expect(untold).toEqual([])
  }
})
