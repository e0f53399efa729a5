import { Interface } from 'ethers'
import { applyMarketFacts, revertMarketFacts } from '../../../actors/auction/book.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { tokenAbi } from '../../../chain/bindings/token.gen.ts'
import { createTradingReads, type TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { ChainLink } from '../chain-link.ts'
import type { GatewayLog } from '../log.ts'

const tokenFace = new Interface(tokenAbi)
const CREATE_GAS = 200_000
const MICRO = 1_000_000n

export interface CommunityMarketOptions {
  readonly store: Store
  readonly chain: ChainLink
  readonly token: string
  readonly trading: string
  /** Micro-SCT that a new member begins with. */
  readonly welcomeMicroSct: bigint
  readonly log: GatewayLog
  readonly onChange: () => void
}

/** The community's part in the market: tokens for new members, and auctions as everybody sees them. */
export class CommunityMarket {
  readonly #options: CommunityMarketOptions
  readonly reads: TradingReads

  constructor(options: CommunityMarketOptions) {
    this.#options = options
    const { chain, token, trading } = options
    this.reads = createTradingReads((to, data) => chain.read(to, data), { token, trading })
  }

  async open(): Promise<void> {
    const { store, chain, trading, onChange } = this.#options
    await chain.follow({
      name: 'trading',
      address: trading,
      apply: async (trx, facts) => {
        await applyMarketFacts(trx, facts)
        store.afterCommit(trx, onChange)
      },
      revert: revertMarketFacts,
    })
  }

  /**
   * Gives a new member the tokens it begins with, once, with what buys them back (process 2 of the paper's
   * figure 1).
   */
  async welcome(home: string): Promise<void> {
    const { store, chain, token, welcomeMicroSct, log } = this.#options
    if (welcomeMicroSct === 0n) return
    const backing = (welcomeMicroSct * (await this.reads.sellPriceWei()) + MICRO - 1n) / MICRO
    const data = tokenFace.encodeFunctionData('createToken', [welcomeMicroSct, home])
    await store.transaction((trx) =>
      chain.outbox.enqueue(trx, {
        id: `welcome:${home}`,
        kind: 'createToken',
        to: token,
        data,
        valueWei: backing,
        gas: CREATE_GAS,
      }),
    )
    log.info({ home }, 'a new member gets its first tokens')
  }
}
