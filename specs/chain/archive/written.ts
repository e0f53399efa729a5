import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Wallet } from 'ethers'
import { SeriesWriter } from '../../../chain/archive/lines.ts'
import { nextHash, Roots } from '../../../chain/archive/next-genesis.ts'
import type { ArchivedAccount } from '../../../chain/archive/state-root.ts'
import {
  HISTORY_FILE,
  NO_ARCHIVE,
  sign,
  STATE_FILE,
  writeStatement,
  type Statement,
} from '../../../chain/archive/statement.ts'

export const MANAGER = new Wallet(`0x${'6b'.repeat(32)}`)
const hash = (byte: number): string => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`
const address = (byte: number): string => `0x${byte.toString(16).padStart(2, '0').repeat(20)}`

export const accounts: readonly ArchivedAccount[] = Array.from({ length: 6 }, (_, index) => ({
  address: address(index + 1),
  nonce: index,
  balance: String(10n ** 18n + BigInt(index)),
  code: index === 0 ? '0x6001600255' : '0x',
  storage: index === 0 ? { [hash(1)]: hash(9) } : {},
}))

const open = (stateRoot: string): Omit<Statement, 'state' | 'history'> => ({
  version: 1,
  chainId: 31_338,
  origin: hash(0xa0),
  genesis: hash(0xa0),
  block: { number: 4, height: 4, hash: hash(0xb4), timestampS: 1_700_000_000, stateRoot },
  community: MANAGER.address.toLowerCase(),
  archive: address(0xcc),
  heights: [address(1)],
  previous: NO_ARCHIVE,
  signers: [address(0xd1), address(0xd2)],
  rules: { config: { chainId: 31_338, clique: { period: 1, epoch: 30_000 } }, gasLimit: '0x1c9c380' },
})

/** A whole archive of a small made-up chain, written as the product writes them. */
export async function writeArchive(folder: string, change: Partial<Statement> = {}): Promise<void> {
  const roots = new Roots()
  const shape = open(NO_ARCHIVE)
  const state = await SeriesWriter.begin(join(folder, STATE_FILE), 'state')
  for (const account of accounts) {
    await roots.add(account, shape)
    await state.add({ ...account })
  }
  const history = await SeriesWriter.begin(join(folder, HISTORY_FILE), 'history')
  for (let number = 0; number <= 4; number += 1) {
    const parent = number === 0 ? { parent: NO_ARCHIVE } : {}
    await history.add({ hash: hash(0xb0 + number), time: 1_700_000_000 - 4 + number, ...parent })
  }
  const series = { state: await state.end(), history: await history.end() }
  const statement = { ...open(await roots.now.value()), ...series, ...change }
  const next = await nextHash(statement, await roots.next.value())
  await writeStatement(folder, await sign(statement, next, MANAGER))
}

/** A new folder that goes with the test. */
export function folder(onEnd: (work: () => void) => void): string {
  const path = mkdtempSync(join(tmpdir(), 'archive-'))
  onEnd(() => rmSync(path, { recursive: true, force: true }))
  return path
}
