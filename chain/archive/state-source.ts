import { z } from 'zod'
import type { Ipc } from '../network/geth/ipc.ts'
import type { ArchivedAccount } from './state-root.ts'

/** Accounts in one answer: the largest contract of a community has some thousand words. */
const AT_ONCE = 16
const ANSWER_LIMIT_MS = 600_000

const hex = z
  .string()
  .regex(/^(0x)?([0-9a-f]{2})*$/i)
  .transform((text) => `0x${text.replace(/^0x/, '').toLowerCase()}`)
const dumped = z.object({
  balance: z.string(),
  nonce: z.number(),
  code: hex.default('0x'),
  storage: z.record(z.string(), hex).default({}),
})
const dumpReply = z.object({
  accounts: z.record(z.string(), dumped),
  next: z.string().optional(),
})

const padded = (text: string): string => `0x${text.slice(2).padStart(64, '0')}`

/** Every account of the state after a block, as the node knows them, by their hashed addresses. */
export async function* accountsAt(ipc: Ipc, number: number): AsyncGenerator<ArchivedAccount> {
  let from = '0x'
  for (;;) {
    const params = [`0x${number.toString(16)}`, from, AT_ONCE, false, false, false]
    const { accounts, next } = await ipc.ask('debug_accountRange', params, dumpReply, ANSWER_LIMIT_MS)
    for (const [address, { balance, nonce, code, storage }] of Object.entries(accounts)) {
      const words = Object.entries(storage).map(([place, value]): [string, string] => {
        return [place.toLowerCase(), padded(value)]
      })
      words.sort(([a], [b]) => (a < b ? -1 : 1))
      const storageOf: Record<string, string> = Object.fromEntries(words)
      yield { address: address.toLowerCase(), nonce, balance, code, storage: storageOf }
    }
    if (next === undefined || next === '') return
    from = `0x${Buffer.from(next, 'base64').toString('hex')}`
  }
}
