import { Interface, type Fragment } from 'ethers'
import { describe, expect, it } from 'vitest'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import {
  monitoringInterface,
  quotaInterface,
  tokenInterface,
  tradingInterface,
} from '../../chain/verify/events.ts'
import { FAULT_CODES } from '../../chain/verify/report.ts'
import { readFileSync } from 'node:fs'

/** Names left out: verify reads positions and types, indexed or not. */
const shapes = (contract: Interface) =>
  contract.fragments
    .filter(({ type }) => type !== 'constructor')
    .map((each: Fragment) => each.format('sighash'))
const indexing = (contract: Interface, name: string) =>
  contract.getEvent(name)?.inputs.map(({ indexed }) => indexed === true)

describe('the interfaces written out for verify', () => {
  it.each([
    ['monitoring', monitoringInterface, new Interface(monitoringAbi)],
    ['quota', quotaInterface, new Interface(quotaAbi)],
    ['trading', tradingInterface, new Interface(tradingAbi)],
    ['token', tokenInterface, new Interface(tokenAbi)],
  ])('are those of the %s contract', (_, written, compiled) => {
    expect(shapes(compiled)).toEqual(expect.arrayContaining(shapes(written)))
    written.forEachEvent(({ name }) => expect(indexing(written, name)).toEqual(indexing(compiled, name)))
    written.forEachFunction(({ name, outputs }) => {
      const types = compiled.getFunction(name)?.outputs.map((each) => each.format('sighash'))
      if (outputs.length > 0) expect(outputs.map((each) => each.format('sighash'))).toEqual(types)
    })
  })
})

describe('docs/verify.md', () => {
  it('explains every code that verify may give, and no other', () => {
    const page = readFileSync(new URL('../../docs/verify.md', import.meta.url), 'utf8')
    const explained = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code)
    expect(explained.sort()).toEqual(Object.keys(FAULT_CODES).sort())
  })
})
