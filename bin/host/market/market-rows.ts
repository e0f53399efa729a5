import type { AuctionBidTable, AuctionTable, OwnTradeTable } from '../../../actors/storage/schema.ts'
import type { Store } from '../../../actors/storage/store.ts'

/** A trade of this home with all that its gateway knows of the auction. */
export interface OwnAuction {
  readonly own: OwnTradeTable
  /** Null until the chain has the offer. */
  readonly auction: AuctionTable | null
  readonly bids: readonly AuctionBidTable[]
  /** Whether what this home does not owe came back. */
  readonly refunded: boolean
}

/** The newest trades of the home: those that it was asked about, and those that it takes part in. */
export async function ownAuctions(store: Store, account: string, most: number): Promise<OwnAuction[]> {
  const { db } = store
  const owns = await db
    .selectFrom('own_trade')
    .selectAll()
    .orderBy('created_at_ms', 'desc')
    .limit(most)
    .execute()
  const ids = owns.flatMap(({ auction }) => (auction === null ? [] : [auction]))
  if (ids.length === 0) return owns.map((own) => ({ own, auction: null, bids: [], refunded: false }))
  const auctions = await db.selectFrom('auction').selectAll().where('id', 'in', ids).execute()
  const bids = await db
    .selectFrom('auction_bid')
    .selectAll()
    .where('auction', 'in', ids)
    .orderBy('position')
    .execute()
  const refunds = await db
    .selectFrom('auction_refund')
    .select('auction')
    .where('auction', 'in', ids)
    .where('account', '=', account)
    .execute()
  const byId = new Map(auctions.map((auction) => [auction.id, auction]))
  const bidsOf = new Map(ids.map((id) => [id, bids.filter(({ auction }) => auction === id)]))
  const back = new Set(refunds.map(({ auction }) => auction))
  return owns.map((own) => {
    const id = own.auction ?? ''
    return { own, auction: byId.get(id) ?? null, bids: bidsOf.get(id) ?? [], refunded: back.has(id) }
  })
}

/** Trades that were awarded, the newest first: the home's own, or those of the whole community. */
export function awardedTrades(store: Store, account: string | null, most: number): Promise<AuctionTable[]> {
  const query = store.db
    .selectFrom('auction')
    .selectAll()
    .where('state', 'in', ['awarded', 'settled'])
    .orderBy('decided_at_ms', 'desc')
    .limit(most)
  if (account === null) return query.execute()
  return query.where((each) => each.or([each('buyer', '=', account), each('winner', '=', account)])).execute()
}

/** Bonds of the home that were lost, with the period of their lot. */
export async function lostBonds(store: Store, account: string): Promise<AuctionTable[]> {
  const { db } = store
  const unshown = await db
    .selectFrom('auction')
    .selectAll()
    .where('state', '=', 'failed')
    .where('failure', '=', 'no-max-price')
    .where('buyer', '=', account)
    .execute()
  const unopened = await db
    .selectFrom('auction_bid')
    .innerJoin('auction', 'auction.id', 'auction_bid.auction')
    .selectAll('auction')
    .where('auction_bid.seller', '=', account)
    .where('auction_bid.value', 'is', null)
    .where('auction.max_price', 'is not', null)
    .where('auction.state', 'in', ['awarded', 'settled', 'failed'])
    .execute()
  return [...unshown, ...unopened]
}
