import type { OwnTradeTable } from '../storage/market-tables.ts'
import type { Store } from '../storage/store.ts'
import type { NegotiationOutcome } from './payment/machine.ts'
import type { AuctionSight } from './signals.ts'

export type MarketSight = AuctionSight

/** An auction with its bids as this gateway knows them; null when the chain has no such offer (any more). */
export async function sightOf(
  { db }: Store,
  id: string,
  seen: Pick<AuctionSight, 'account' | 'head' | 'blockMs'>,
): Promise<MarketSight | null> {
  const auction = await db.selectFrom('auction').selectAll().where('id', '=', id).executeTakeFirst()
  if (auction === undefined) return null
  const bids = await db.selectFrom('auction_bid').selectAll().where('auction', '=', id).execute()
  const refund = await db
    .selectFrom('auction_refund')
    .select('block')
    .where('auction', '=', id)
    .where('account', '=', seen.account)
    .executeTakeFirst()
  return { ...seen, auction, bids, refunded: refund !== undefined }
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
