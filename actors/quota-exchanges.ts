import { z } from 'zod'
import type { ChainFact } from './chain-fact.ts'
import type { Trx } from './storage/schema.ts'

const POWER = 2
/** uint8 comes as number, larger ones as bigint. */
const integer = z.union([z.number(), z.bigint()]).transform(Number)

const shapes = {
  QuotaMoved: z.object({
    from: z.string(),
    to: z.string(),
    period: integer,
    resource: integer,
    amount: integer,
  }),
  PowerLent: z.object({
    lender: z.string(),
    borrower: z.string(),
    period: integer,
    amount: integer,
    fromSlot: integer,
    untilSlot: integer,
    lenderPlace: integer,
  }),
}

/** Events of the quota contract after which quotas are others. */
export const QUOTA_CHANGES: readonly string[] = ['AllocationClosed', 'QuotaMoved', 'PowerLent']

/** Keeps quota that changed hands; false for any other fact. */
export async function keepQuotaExchange(trx: Trx, fact: ChainFact): Promise<boolean> {
  const row = rowOf(fact)
  if (row === null) return false
  await trx
    .insertInto('quota_exchange')
    .values({ block: fact.block, log_index: fact.logIndex, ...row })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return true
}

function rowOf(fact: ChainFact) {
  if (fact.name === 'QuotaMoved') {
    const { from, to, period, resource, amount } = shapes.QuotaMoved.parse(fact.args)
    return { giver: from, taker: to, period, resource, amount, from_slot: 0, until_slot: 0, giver_place: 0 }
  }
  if (fact.name !== 'PowerLent') return null
  const { lender, borrower, period, amount, fromSlot, untilSlot, lenderPlace } = shapes.PowerLent.parse(
    fact.args,
  )
  const window = { from_slot: fromSlot, until_slot: untilSlot, giver_place: lenderPlace }
  return { giver: lender, taker: borrower, period, resource: POWER, amount, ...window }
}

/** Takes back what blocks from `fromBlock` on had moved. */
export async function revertQuotaExchanges(trx: Trx, fromBlock: number): Promise<void> {
  await trx.deleteFrom('quota_exchange').where('block', '>=', fromBlock).execute()
}
