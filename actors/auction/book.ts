import { z } from 'zod'
import { AUCTION_FAILURES } from './negotiation/machine.ts'
import type { ChainFact } from '../chain-fact.ts'
import type { Trx } from '../storage/schema.ts'
import { UNDECIDED } from './undecided.ts'

const MS_PER_S = 1_000
const id = z.bigint().transform((value) => `0x${value.toString(16).padStart(64, '0')}`)
const account = z.string()
const exact = z.bigint().transform(String)
const whole = z.bigint().transform(Number)
const seconds = z.bigint().transform((value) => Number(value) * MS_PER_S)

const shapes = {
  OfferMade: z.object({
    id,
    buyer: account,
    resource: z.number(),
    period: whole,
    fromSlot: whole,
    untilSlot: whole,
    amount: whole,
    bond: exact,
    seal: z.string(),
    commitEnd: seconds,
    showEnd: seconds,
    revealSeconds: z.number(),
  }),
  BidReceived: z.object({ id, seller: account, index: z.number() }),
  MaxPriceShown: z.object({ id, maxPrice: exact, revealEnd: seconds }),
  BidRevealed: z.object({ id, seller: account, value: exact }),
  AuctionAwarded: z.object({ id, winner: account, price: exact }),
  AuctionFailed: z.object({ id, reason: z.number() }),
  Refunded: z.object({ id, account, amount: exact }),
  ExchangeConfirmed: z.object({ id, delivered: whole, paid: exact, penalty: exact }),
}

async function offered(trx: Trx, fact: ChainFact): Promise<void> {
  const event = shapes.OfferMade.parse(fact.args)
  await trx
    .insertInto('auction')
    .values({
      id: event.id,
      buyer: event.buyer,
      resource: event.resource,
      period: event.period,
      from_slot: event.fromSlot,
      until_slot: event.untilSlot,
      amount: event.amount,
      bond: event.bond,
      seal: event.seal,
      commit_end_ms: event.commitEnd,
      show_end_ms: event.showEnd,
      reveal_s: event.revealSeconds,
      offered_at_ms: fact.timestampMs,
      block: fact.block,
      ...UNDECIDED,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function bidReceived(trx: Trx, fact: ChainFact): Promise<void> {
  const event = shapes.BidReceived.parse(fact.args)
  const row = { position: event.index, block: fact.block, value: null, revealed_block: null }
  await trx
    .insertInto('auction_bid')
    .values({ auction: event.id, seller: event.seller, ...row })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function maxPriceShown(trx: Trx, fact: ChainFact): Promise<void> {
  const event = shapes.MaxPriceShown.parse(fact.args)
  const shown = { max_price: event.maxPrice, reveal_end_ms: event.revealEnd, shown_block: fact.block }
  await trx
    .updateTable('auction')
    .set({ state: 'shown', ...shown })
    .where('id', '=', event.id)
    .execute()
}

async function bidRevealed(trx: Trx, fact: ChainFact): Promise<void> {
  const event = shapes.BidRevealed.parse(fact.args)
  await trx
    .updateTable('auction_bid')
    .set({ value: event.value, revealed_block: fact.block })
    .where('auction', '=', event.id)
    .where('seller', '=', event.seller)
    .execute()
}

async function awarded(trx: Trx, fact: ChainFact): Promise<void> {
  const event = shapes.AuctionAwarded.parse(fact.args)
  const decided = { decided_block: fact.block, decided_at_ms: fact.timestampMs }
  await trx
    .updateTable('auction')
    .set({ state: 'awarded', winner: event.winner, price: event.price, ...decided })
    .where('id', '=', event.id)
    .execute()
}

async function failed(trx: Trx, fact: ChainFact): Promise<void> {
  const event = shapes.AuctionFailed.parse(fact.args)
  const failure = AUCTION_FAILURES[event.reason] ?? 'none'
  const decided = { decided_block: fact.block, decided_at_ms: fact.timestampMs }
  await trx
    .updateTable('auction')
    .set({ state: 'failed', failure, ...decided })
    .where('id', '=', event.id)
    .execute()
}

async function refunded(trx: Trx, fact: ChainFact): Promise<void> {
  const event = shapes.Refunded.parse(fact.args)
  await trx
    .insertInto('auction_refund')
    .values({ auction: event.id, account: event.account, amount: event.amount, block: fact.block })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function settled(trx: Trx, fact: ChainFact): Promise<void> {
  const { id: auction, delivered, paid, penalty } = shapes.ExchangeConfirmed.parse(fact.args)
  await trx
    .updateTable('auction')
    .set({
      state: 'settled',
      delivered,
      paid,
      penalty,
      settled_block: fact.block,
      settled_at_ms: fact.timestampMs,
    })
    .where('id', '=', auction)
    .execute()
}

const APPLY: Readonly<Record<string, (trx: Trx, fact: ChainFact) => Promise<void>>> = {
  OfferMade: offered,
  BidReceived: bidReceived,
  MaxPriceShown: maxPriceShown,
  BidRevealed: bidRevealed,
  AuctionAwarded: awarded,
  AuctionFailed: failed,
  Refunded: refunded,
  ExchangeConfirmed: settled,
}

/** Writes what the market's contract said, in the transaction that moves the cursor. */
export async function applyMarketFacts(trx: Trx, facts: readonly ChainFact[]): Promise<void> {
  for (const fact of facts) await APPLY[fact.name]?.(trx, fact)
}

/** Auctions of which blocks from `fromBlock` on had said something. */
async function touchedAuctions(trx: Trx, fromBlock: number): Promise<string[]> {
  const auctions = await trx
    .selectFrom('auction')
    .select('id')
    .where((row) =>
      row.or(
        (['block', 'shown_block', 'decided_block', 'settled_block'] as const).map((block) =>
          row(block, '>=', fromBlock),
        ),
      ),
    )
    .execute()
  const bids = await trx
    .selectFrom('auction_bid')
    .select('auction as id')
    .where((row) => row.or([row('block', '>=', fromBlock), row('revealed_block', '>=', fromBlock)]))
    .execute()
  const refunds = await trx
    .selectFrom('auction_refund')
    .select('auction as id')
    .where('block', '>=', fromBlock)
    .execute()
  return [...new Set([...auctions, ...bids, ...refunds].map(({ id }) => id))]
}

/**
 * Own trades whose auctions lose a fact begin another round, with fresh machines: the chain tells them again
 * how far the auction has come, and calls that were asked for are not asked for twice.
 */
async function beginAnotherRound(trx: Trx, fromBlock: number): Promise<void> {
  const touched = await touchedAuctions(trx, fromBlock)
  if (touched.length === 0) return
  await trx
    .updateTable('own_trade')
    .set((row) => ({ stage: 'negotiation', round: row('round', '+', 1) }))
    .where('auction', 'in', touched)
    // A trade without a sealed value was never more than thought about.
    .where('value', 'is not', null)
    .where('stage', '!=', 'determination')
    .execute()
  const unoffered = trx.selectFrom('auction').select('id').where('block', '>=', fromBlock)
  await trx
    .updateTable('own_trade')
    .set({ stage: 'determination' })
    .where('role', '=', 'buyer')
    .where('stage', '=', 'negotiation')
    .where('auction', 'in', unoffered)
    .execute()
}

/** Takes back what blocks from `fromBlock` on had said. */
export async function revertMarketFacts(trx: Trx, fromBlock: number): Promise<void> {
  await beginAnotherRound(trx, fromBlock)
  await trx
    .updateTable('auction')
    .set({
      state: 'awarded',
      delivered: null,
      paid: null,
      penalty: null,
      settled_at_ms: null,
      settled_block: null,
    })
    .where('settled_block', '>=', fromBlock)
    .execute()
  const undecided = { winner: null, price: null, failure: null, decided_at_ms: null, decided_block: null }
  await trx
    .updateTable('auction')
    .set({ state: 'shown', ...undecided })
    .where('decided_block', '>=', fromBlock)
    .execute()
  await trx
    .updateTable('auction')
    .set({ state: 'open' })
    .where('state', '=', 'shown')
    .where('shown_block', 'is', null)
    .execute()
  await trx
    .updateTable('auction')
    .set({ state: 'open', max_price: null, reveal_end_ms: null, shown_block: null })
    .where('shown_block', '>=', fromBlock)
    .execute()
  await trx
    .updateTable('auction_bid')
    .set({ value: null, revealed_block: null })
    .where('revealed_block', '>=', fromBlock)
    .execute()
  await trx.deleteFrom('auction_bid').where('block', '>=', fromBlock).execute()
  await trx.deleteFrom('auction_refund').where('block', '>=', fromBlock).execute()
  await trx.deleteFrom('auction').where('block', '>=', fromBlock).execute()
}
