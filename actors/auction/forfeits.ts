import type { OutboxPort } from '../outbox-port.ts'
import { readMeta, writeMeta } from '../storage/meta.ts'
import type { Store } from '../storage/store.ts'

const KEPT = 'forfeits-before'
/** An auction that nobody has decided by then holds up the others' forfeits no longer. */
const WAIT_PERIODS = 10

interface MarketCall {
  readonly to: string
  readonly data: string
  readonly gas: number
}

export interface ForfeitCollectorOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly account: string
  readonly calls: { claimForfeit(id: string): MarketCall }
  /** This home's part of what others forfeited in an auction, micro-SCT. */
  readonly reads: { shareOf(id: string, account: string): Promise<bigint> }
  readonly onFault: (thrown: unknown) => void
}

/**
 * Fetches this home's part of what others forfeited, in auctions in which it had no part itself. Each is
 * asked for once, when its billing period is over; the money is credit in the market then.
 */
export class ForfeitCollector {
  readonly #options: ForfeitCollectorOptions
  #running: Promise<void> | null = null
  #looked = -1

  constructor(options: ForfeitCollectorOptions) {
    this.#options = options
  }

  /** A block of this period came. */
  look(period: number): void {
    if (this.#running !== null || period <= this.#looked) return
    this.#running = this.#collect(period)
      .then(() => {
        this.#looked = period
      }, this.#options.onFault)
      .finally(() => {
        this.#running = null
      })
  }

  /** Resolves when nothing is being looked up. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #collect(period: number): Promise<void> {
    const { store, outbox, account, calls, reads } = this.#options
    const from = Number((await readMeta(store.db, KEPT)) ?? 0)
    const until = await this.#decidedBefore(period)
    if (until <= from) return
    const found = await this.#forfeited(from, until)
    const shares = await Promise.all(found.map((id) => reads.shareOf(id, account)))
    const due = found.filter((_, index) => (shares[index] ?? 0n) > 0n)
    await store.transaction(async (trx) => {
      for (const id of due) {
        const call = { id: `claimForfeit:${id}`, kind: 'claimForfeit', ...calls.claimForfeit(id) }
        await outbox.enqueue(trx, call)
      }
      await writeMeta(trx, KEPT, String(until))
    })
  }

  /** All auctions of the periods before this one are decided. The last period's may be on their way still. */
  async #decidedBefore(period: number): Promise<number> {
    const open = await this.#options.store.db
      .selectFrom('auction')
      .select('period')
      .where('state', 'in', ['open', 'shown'])
      .where('period', '>=', period - WAIT_PERIODS)
      .orderBy('period')
      .limit(1)
      .executeTakeFirst()
    return Math.min(period - 1, open?.period ?? period)
  }

  /** Auctions of others in which a bid was not revealed, or the maximum price not shown. */
  async #forfeited(from: number, until: number): Promise<string[]> {
    const { store, account } = this.#options
    const rows = await store.db
      .selectFrom('auction')
      .leftJoin('auction_bid', (join) => join.onRef('auction_bid.auction', '=', 'auction.id'))
      .select('auction.id')
      .distinct()
      .where('auction.period', '>=', from)
      .where('auction.period', '<', until)
      .where('auction.buyer', '!=', account)
      .where('auction.state', 'not in', ['open', 'shown'])
      .where((row) =>
        row.or([
          row('auction.failure', '=', 'no-max-price'),
          row.and([
            row('auction.max_price', 'is not', null),
            row('auction_bid.auction', 'is not', null),
            row('auction_bid.value', 'is', null),
          ]),
        ]),
      )
      .where((row) =>
        row.not(
          row.exists(
            row
              .selectFrom('auction_bid as own')
              .select('own.auction')
              .whereRef('own.auction', '=', 'auction.id')
              .where('own.seller', '=', account),
          ),
        ),
      )
      .execute()
    return rows.map(({ id }) => id)
  }
}
