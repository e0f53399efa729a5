import { Interface } from 'ethers'
import { z } from 'zod'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import type { Lie } from '../verify/lying-node.ts'

const Logs = z.array(z.looseObject({ topics: z.array(z.string()), data: z.string() }))

const faces = {
  trading: new Interface(tradingAbi),
  quota: new Interface(quotaAbi),
  token: new Interface(tokenAbi),
}

/** A node that tells the first event of this name with one argument changed. */
export function retold(
  face: keyof typeof faces,
  event: string,
  change: Record<string, (was: unknown) => unknown>,
): Lie {
  const fragment = faces[face].getEvent(event)
  if (fragment === null) throw new Error(`there is no event ${event}`)
  let told = false
  return (method, _, truth) => {
    if (method !== 'eth_getLogs') return truth
    return Logs.parse(truth).map((log) => {
      if (log.topics[0] !== fragment.topicHash || told) return log
      told = true
      const values: readonly unknown[] = faces[face].decodeEventLog(fragment, log.data, log.topics)
      const changed = fragment.inputs.map(({ name }, at) => change[name]?.(values[at]) ?? values[at])
      return { ...log, ...faces[face].encodeEventLog(fragment, changed) }
    })
  }
}

const more = (was: unknown): unknown => BigInt(String(was)) + 1n
const another = (): unknown => `0x${'11'.repeat(20)}`

/** One event changed: what it is about, the fault that must name it, and the node that tells it. */
export const MUTATIONS: readonly (readonly [string, string, () => Lie])[] = [
  ['a bid', 'seal', () => retold('trading', 'BidRevealed', { value: more })],
  ['a maximum price', 'calldata', () => retold('trading', 'MaxPriceShown', { maxPrice: more })],
  ['a price', 'price', () => retold('trading', 'AuctionAwarded', { price: more })],
  ['a winner', 'winner', () => retold('trading', 'AuctionAwarded', { winner: another })],
  ['a bidder', 'sender', () => retold('trading', 'BidReceived', { seller: another })],
  ['the end of the bids', 'phase', () => retold('trading', 'OfferMade', { commitEnd: () => 1n })],
  ['a refund', 'refund', () => retold('trading', 'Refunded', { amount: more })],
  ['a payment', 'payment', () => retold('trading', 'ExchangeConfirmed', { paid: more })],
  ['a deposit', 'credit', () => retold('trading', 'Deposited', { amount: more })],
  ['an exchange', 'quota-moved', () => retold('quota', 'QuotaMoved', { amount: more })],
  ['a home’s part', 'quota-sum', () => retold('quota', 'QuotaAllocated', { energyWh: more })],
  ['a transfer', 'supply', () => retold('token', 'Transfer', { value: more })],
]
