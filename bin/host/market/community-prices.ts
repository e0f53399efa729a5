import type { BaseWallet } from 'ethers'
import { createPriceFeed, type PriceFeed } from '../../../actors/community-gateway/price-feed/live.ts'
import { noticeOf, type PriceNotice } from '../../../actors/community-gateway/price-feed/notices.ts'
import type { PriceSource } from '../../../actors/community-gateway/price-feed/sources/source.ts'
import type { Store } from '../../../actors/storage/store.ts'
import type { TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { Clock } from '../../../protocols/rules/clock.ts'
import { RESOURCES } from '../../../protocols/rules/resource.ts'
import { microEuroOf } from '../../../protocols/rules/token-price.ts'
import type { PricesView } from '../../../web/read-model.ts'
import type { ChainLink } from '../chain-link.ts'
import type { GatewayLog } from '../log.ts'

const MS_PER_S = 1_000

export interface CommunityPricesOptions {
  readonly store: Store
  readonly chain: Pick<ChainLink, 'outbox' | 'read' | 'onOutcome'>
  readonly clock: Clock
  readonly chainId: number
  readonly token: string
  /** The feed's account, which is the community's own. */
  readonly signer: BaseWallet
  readonly source: PriceSource
  readonly reads: TradingReads
  readonly log: GatewayLog
  /** The token has a price, or another one. */
  readonly onPriced: () => void
  readonly onBackingShort: () => void
  readonly onChange: () => void
}

interface TokenPrices {
  readonly buyMicroEur: number
  readonly sellMicroEur: number
}

/** Market prices: the feed that brings them to the chain, and what the manager's page shows of them. */
export class CommunityPrices {
  readonly #options: CommunityPricesOptions
  #feed: PriceFeed | null = null
  #token: TokenPrices | null = null
  #isShort = false

  constructor(options: CommunityPricesOptions) {
    this.#options = options
  }

  /** Starts the feed where it stopped. */
  async open(): Promise<void> {
    const { store, chain, clock, chainId, token, signer, source, log } = this.#options
    await this.#readToken().catch((thrown: unknown) => log.fault(thrown, 'token price'))
    chain.onOutcome(({ kind, state }) => {
      if (kind === 'token-price' && state === 'included') this.#priced()
    })
    this.#feed = await createPriceFeed({
      store,
      clock,
      outbox: chain.outbox,
      read: (to, data) => chain.read(to, data),
      onOutcome: (listener) => chain.onOutcome(listener),
      signer,
      chainId,
      token,
      source,
      tell: (notice) => this.#told(notice),
      onFault: (thrown, about) => log.fault(thrown, about),
    })
    this.#feed.actor.subscribe(() => this.#options.onChange())
  }

  #priced(): void {
    const { log, onPriced, onChange } = this.#options
    this.#isShort = false
    this.#readToken().then(
      () => {
        onPriced()
        onChange()
      },
      (thrown: unknown) => log.fault(thrown, 'token price'),
    )
  }

  async #readToken(): Promise<void> {
    const { reads } = this.#options
    const [buyWei, sellWei, perMicroEuro] = await Promise.all([
      reads.buyPriceWei(),
      reads.sellPriceWei(),
      reads.weiPerMicroEuro(),
    ])
    if (sellWei === 0n) return
    const shown = (wei: bigint): number => Number(microEuroOf(wei, perMicroEuro))
    this.#token = { buyMicroEur: shown(buyWei), sellMicroEur: shown(sellWei) }
  }

  #told(notice: PriceNotice): void {
    const { log, onBackingShort, onChange } = this.#options
    const { code, about, text } = notice
    if (code === 'price-fresh') log.info({ code }, text)
    else log.warn({ code, about }, text)
    if (code === 'backing-short') {
      this.#isShort = true
      onBackingShort()
    }
    onChange()
  }

  /** The prices that the chain has, and what is wrong with them; null before the feed runs. */
  view(): PricesView | null {
    if (this.#feed === null) return null
    const { context, value } = this.#feed.actor.snapshot()
    const isStale = value.freshness === 'stale'
    const wrong = isStale
      ? 'price-stale'
      : this.#isShort
        ? 'backing-short'
        : context.hindered !== null
          ? 'source-hindered'
          : null
    return {
      source: this.#options.source.name,
      token: this.#token,
      market: RESOURCES.flatMap((resource) => {
        const taken = context.taken[resource]
        if (taken === null) return []
        const { microEuro: microEur, postedAtS, validUntilS } = taken
        const moments = { postedAtMs: postedAtS * MS_PER_S, validUntilMs: validUntilS * MS_PER_S }
        return [{ resource, microEur, ...moments }]
      }),
      alarm: isStale,
      notice: wrong === null ? null : noticeOf(wrong, '').text,
    }
  }

  /** Looks at the source now. */
  async wake(): Promise<void> {
    await this.#feed?.actor.send({ type: 'DUE' })
  }

  async close(): Promise<void> {
    await this.#feed?.stop()
  }
}
