import { resourceOf } from '../../protocols/rules/resource.ts'
import { EQUAL_WEIGHTS, unitMicroSctOf, weightsOf } from '../../protocols/rules/weights.ts'
import type { WeighedTrade, Weights } from '../../protocols/rules/weights.ts'
import type { AuctionTable, PostedPriceTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import { TOKEN_ITSELF } from './price-book.ts'

export interface WeightsSources {
  readonly store: Store
  readonly sampleMs: number
  /** What one micro-euro is worth in C: fixed when the token was published. */
  readonly weiPerMicroEuro: () => Promise<bigint>
}

/** Trades older than this say little of what is paid today. */
const COUNTED_MS = 90 * 86_400_000

/**
 * W_E, W_P and W_W as every gateway finds them by itself: from the awards and the prices that the chain told,
 * so that nobody has to be believed.
 */
export class TradeWeights {
  readonly #sources: WeightsSources
  #kept: Promise<Weights> | null = null

  constructor(sources: WeightsSources) {
    this.#sources = sources
  }

  /** A trade or a price came, or was taken back. */
  changed(): void {
    this.#kept = null
  }

  /** The weights by all trades known now. */
  now(): Promise<Weights> {
    const kept = this.#kept ?? this.#find()
    this.#kept = kept
    kept.catch(() => this.changed())
    return kept
  }

  async #find(): Promise<Weights> {
    const { store, sampleMs, weiPerMicroEuro } = this.#sources
    const awards = await awarded(store)
    if (awards.length === 0) return EQUAL_WEIGHTS
    const prices = await store.db
      .selectFrom('posted_price')
      .selectAll()
      .orderBy('block')
      .orderBy('log_index')
      .execute()
    const rate = await weiPerMicroEuro()
    return weightsOf(awards.flatMap((award) => weighed(award, prices, rate, sampleMs)))
  }
}

/** The awards that count, in the chain's order. */
async function awarded({ db }: Store): Promise<AuctionTable[]> {
  const newest = await db
    .selectFrom('auction')
    .select((row) => row.fn.max('decided_at_ms').as('at'))
    .where('state', 'in', ['awarded', 'settled'])
    .executeTakeFirst()
  return db
    .selectFrom('auction')
    .selectAll()
    .where('state', 'in', ['awarded', 'settled'])
    .where('decided_at_ms', '>=', (newest?.at ?? 0) - COUNTED_MS)
    .orderBy('decided_block')
    .orderBy('id')
    .execute()
}

const lastBefore = (prices: readonly PostedPriceTable[], subject: number, block: number): bigint | null => {
  const found = prices.findLast((price) => price.subject === subject && price.block <= block)
  return found === undefined ? null : BigInt(found.amount)
}

/** An award with what the market asked then; nothing where no price was known. */
function weighed(
  award: AuctionTable,
  prices: readonly PostedPriceTable[],
  weiPerMicroEuro: bigint,
  sampleMs: number,
): WeighedTrade[] {
  const { buyer, winner, price, decided_block: block, decided_at_ms: decidedMs } = award
  if (winner === null || price === null || block === null || decidedMs === null) return []
  const market = lastBefore(prices, award.resource, block)
  const tokenPriceWei = lastBefore(prices, TOKEN_ITSELF, block)
  if (market === null || tokenPriceWei === null || tokenPriceWei === 0n) return []
  const resource = resourceOf(award.resource)
  const slots = award.until_slot - award.from_slot
  const lot = { resource, amount: award.amount, slots, sampleMs }
  const atMs = resource === 'power' ? award.from_slot * sampleMs : decidedMs
  const marketMicroSct = unitMicroSctOf(Number(market), { weiPerMicroEuro, tokenPriceWei })
  return [{ buyer, seller: winner, atMs, lot, priceMicroSct: BigInt(price), marketMicroSct }]
}
