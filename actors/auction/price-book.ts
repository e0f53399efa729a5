import { z } from 'zod'
import type { ChainFact } from '../chain-fact.ts'
import type { PostedPriceTable, Trx } from '../storage/schema.ts'

/** The place of Z_T among the prices: resources are numbered from 1. */
export const TOKEN_ITSELF = 0

/** Events of the token's contract that say what something costs. */
export const PRICE_EVENTS: readonly string[] = ['MarketPricePosted', 'SCTPriceSet']

const resource = z.union([z.number(), z.bigint()]).transform(Number)
const exact = z.bigint().transform(String)
const shapes = {
  MarketPricePosted: z.object({ resource, microEuro: exact }),
  SCTPriceSet: z.object({ tokenPrice: exact }),
}

function toldBy({ name, args }: ChainFact): Pick<PostedPriceTable, 'subject' | 'amount'> | null {
  if (name === 'MarketPricePosted') {
    const { resource: subject, microEuro: amount } = shapes.MarketPricePosted.parse(args)
    return { subject, amount }
  }
  if (name !== 'SCTPriceSet') return null
  return { subject: TOKEN_ITSELF, amount: shapes.SCTPriceSet.parse(args).tokenPrice }
}

/** Keeps the prices that the token's contract took, in the transaction that moves the cursor. */
export async function applyPriceFacts(trx: Trx, facts: readonly ChainFact[]): Promise<void> {
  for (const fact of facts) {
    const told = toldBy(fact)
    if (told === null) continue
    await trx
      .insertInto('posted_price')
      .values({ ...told, block: fact.block, log_index: fact.logIndex, at_ms: fact.timestampMs })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}

/** Takes back what blocks from `fromBlock` on had told. */
export async function revertPriceFacts(trx: Trx, fromBlock: number): Promise<void> {
  await trx.deleteFrom('posted_price').where('block', '>=', fromBlock).execute()
}
