import { z } from 'zod'
import { Fault } from '../../protocols/rules/fault.ts'
import type { OwnTradeTable } from '../storage/market-tables.ts'
import type { Store } from '../storage/store.ts'
import type { TradeOrder } from './ports.ts'

const order = z.object({
  resource: z.int(),
  period: z.int(),
  fromSlot: z.int(),
  untilSlot: z.int(),
  amount: z.int(),
  maxPriceMicroSct: z.string(),
  because: z.string(),
})

/** The name of a trade's machine in the store. */
export const machineKey = (stage: string, { subject, round }: Pick<OwnTradeTable, 'subject' | 'round'>) =>
  round === 0 ? `${stage}:${subject}` : `${stage}:${subject}:${round}`

/** The order of a buyer's trade. */
export function orderOf(own: OwnTradeTable): TradeOrder {
  return order.parse(JSON.parse(own.request ?? 'null'))
}

export async function ownTrade(store: Store, subject: string): Promise<OwnTradeTable> {
  const row = await store.db
    .selectFrom('own_trade')
    .selectAll()
    .where('subject', '=', subject)
    .executeTakeFirst()
  if (row === undefined) throw new Fault('impossible', `there is no trade ${subject}`, { subject })
  return row
}

/** The sealed value of a trade with its salt, which must be there by now. */
export function sealedOf(own: OwnTradeTable): { auction: string; value: bigint; salt: Uint8Array } {
  const { auction, value, salt } = own
  if (auction === null || value === null || salt === null) {
    throw new Fault('impossible', `trade ${own.subject} has no sealed value yet`, { subject: own.subject })
  }
  return { auction, value: BigInt(value), salt }
}
