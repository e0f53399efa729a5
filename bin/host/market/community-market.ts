import { Interface, type BaseWallet } from 'ethers'
import { applyMarketFacts, revertMarketFacts } from '../../../actors/auction/book.ts'
import type { DeliveryDesk } from '../../../actors/community-gateway/delivery-desk.ts'
import type { PriceSource } from '../../../actors/community-gateway/price-feed/sources/source.ts'
import { createTokenReader } from '../../../actors/community-gateway/price-feed/token-reader.ts'
import { TokenBacking } from '../../../actors/community-gateway/token-backing.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { tokenAbi } from '../../../chain/bindings/token.gen.ts'
import { createTradingReads, type TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { Clock } from '../../../protocols/rules/clock.ts'
import type { PricesView } from '../../../web/read-model.ts'
import type { ChainLink } from '../chain-link.ts'
import type { GatewayLog } from '../log.ts'
import { CommunityPrices } from './community-prices.ts'

const tokenFace = new Interface(tokenAbi)
const WEI_PER_C = 1_000_000_000_000_000_000n

export interface CommunityMarketOptions {
  readonly store: Store
  readonly chain: ChainLink
  readonly clock: Clock
  readonly chainId: number
  readonly token: string
  readonly trading: string
  /** The community's account, as which the market's prices are signed. */
  readonly signer: BaseWallet
  readonly prices: PriceSource
  /** Micro-SCT that a new member begins with. */
  readonly welcomeMicroSct: bigint
  /** States what was delivered. */
  readonly deliveries: DeliveryDesk
  readonly log: GatewayLog
  readonly onChange: () => void
}

/** The community's part in the market: prices, tokens for new members, and what was delivered. */
export class CommunityMarket {
  readonly #options: CommunityMarketOptions
  readonly #reads: TradingReads
  readonly #prices: CommunityPrices
  readonly #backing: TokenBacking
  #missingWei = 0n

  constructor(options: CommunityMarketOptions) {
    this.#options = options
    const { store, chain, token, trading, log, welcomeMicroSct } = options
    const read = (to: string, data: string): Promise<string> => chain.read(to, data)
    this.#reads = createTradingReads(read, { token, trading })
    this.#backing = new TokenBacking({
      store,
      outbox: chain.outbox,
      abi: tokenFace,
      token,
      welcomeMicroSct,
      balanceWei: () => chain.balanceWei(options.signer.address),
      buyPriceWei: () => this.#reads.buyPriceWei(),
      market: () => createTokenReader(token, read).market(),
      onMissing: (wei) => this.#missing(wei),
      onFault: (thrown) => log.fault(thrown, 'backing of tokens'),
    })
    this.#prices = new CommunityPrices({
      ...options,
      source: options.prices,
      reads: this.#reads,
      onPriced: () => this.#backing.wake(),
      onBackingShort: () => this.#backing.topUp(),
    })
  }

  /** Follows the market's contracts and starts what the community does in it. */
  async open(): Promise<void> {
    const { store, chain, trading, onChange, deliveries } = this.#options
    await chain.follow({
      name: 'trading',
      address: trading,
      apply: async (trx, facts) => {
        await applyMarketFacts(trx, facts)
        store.afterCommit(trx, onChange)
      },
      revert: revertMarketFacts,
    })
    chain.onOutcome(({ kind, state }) => {
      if (kind === 'createToken' && state === 'failed') this.#backing.wake()
    })
    chain.onBlock(() => {
      deliveries.wake()
      if (this.#backing.owes()) this.#backing.wake()
    })
    await this.#prices.open()
    this.#backing.wake()
  }

  /** A member has its key, or members may have come. */
  membersChanged(): void {
    this.#backing.wake()
  }

  #missing(wei: bigint): void {
    if (wei === this.#missingWei) return
    this.#missingWei = wei
    const { log, onChange } = this.#options
    if (wei > 0n) log.warn({ missingWei: `${wei}` }, this.warnings()[0] ?? '')
    onChange()
  }

  /** What the manager must see to, in words. */
  warnings(): string[] {
    if (this.#missingWei === 0n) return []
    const missing = Number((this.#missingWei * 1_000n + WEI_PER_C - 1n) / WEI_PER_C) / 1_000
    return [
      `The community's account lacks ${missing} C to back its tokens: pay it in, and members get theirs.`,
    ]
  }

  prices(): PricesView | null {
    return this.#prices.view()
  }

  /** Resolves when all that is due by now is in the outbox. */
  async settle(): Promise<void> {
    this.#options.deliveries.wake()
    await this.#options.deliveries.idle()
    await this.#backing.idle()
  }

  async close(): Promise<void> {
    await this.#prices.close()
    await this.#backing.idle()
    await this.#options.deliveries.idle()
  }
}
