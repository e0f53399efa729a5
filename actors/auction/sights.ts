import type { OwnTradeTable } from '../storage/market-tables.ts'
import type { Store } from '../storage/store.ts'
import type { NegotiationOutcome } from './payment/machine.ts'
import type { AuctionSight } from './signals.ts'

export type MarketSight = AuctionSight

type Seen = Pick<AuctionSight, 'account' | 'head' | 'finalBlock' | 'blockMs'>

/**
 * Auctions with their bids as this gateway knows them, by id; those that the chain does not have are missing.
 */
export async function sightsOf(
  { db }: Store,
  ids: readonly string[],
  seen: Seen,
): Promise<ReadonlyMap<string, MarketSight>> {
  if (ids.length === 0) return new Map()
  const auctions = await db.selectFrom('auction').selectAll().where('id', 'in', ids).execute()
  const bids = await db.selectFrom('auction_bid').selectAll().where('auction', 'in', ids).execute()
  const refunds = await db
    .selectFrom('auction_refund')
    .select('auction')
    .where('auction', 'in', ids)
    .where('account', '=', seen.account)
    .execute()
  const refunded = new Set(refunds.map(({ auction }) => auction))
  return new Map(
    auctions.map((auction) => {
      const { id } = auction
      return [
        id,
        { ...seen, auction, bids: bids.filter((bid) => bid.auction === id), refunded: refunded.has(id) },
      ]
    }),
  )
}

/** One auction; null when the chain has no such offer (any more). */
export async function sightOf(store: Store, id: string, seen: Seen): Promise<MarketSight | null> {
  return (await sightsOf(store, [id], seen)).get(id) ?? null
}

/** Requests of neighbours that this home has not thought about. */
export function newRequests({ db }: Store, account: string): Promise<{ id: string }[]> {
  return db
    .selectFrom('auction')
    .leftJoin('own_trade', 'own_trade.auction', 'auction.id')
    .select('auction.id')
    .where('auction.state', '=', 'open')
    .where('auction.buyer', '!=', account)
    .where('own_trade.subject', 'is', null)
    .execute()
}

/** Trades that go on after a restart. */
export function unfinished({ db }: Store): Promise<OwnTradeTable[]> {
  return db.selectFrom('own_trade').selectAll().where('stage', '!=', 'over').execute()
}

/** How an auction ended for a home; null while it is not decided. */
export async function outcomeOf(
  { db }: Store,
  id: string,
  account: string,
): Promise<NegotiationOutcome | null> {
  const auction = await db
    .selectFrom('auction')
    .select(['state', 'winner', 'buyer'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (auction === undefined || auction.state === 'open' || auction.state === 'shown') return null
  if (auction.state === 'failed') return 'failed'
  return auction.winner === account || auction.buyer === account ? 'awarded' : 'lost'
}
