import type { TradingReads } from '../../../chain/proxy/trading-calls.ts'
import type { MarketView, WalletView } from '../../../web/market-model.ts'
import type { Purse } from './trade-facts.ts'

const ENERGY = 1

/** Prices of SCT and what holds the account back, as the chain has them. */
export interface TokenState {
  readonly sctBuyMicroEur: number | null
  readonly sctSellMicroEur: number | null
  /** Z_T. */
  readonly sctMicroEur: number | null
  readonly buyPriceWei: bigint
  readonly sellPriceWei: bigint
  readonly buyableUntilMs: number
  readonly pricesAtMs: number | null
  readonly nativeWei: bigint
  readonly frozen: boolean
  readonly paused: boolean
}

/** Reads what a wallet shows of the token. */
export async function readToken(
  reads: TradingReads,
  account: string,
  balanceWei: (account: string) => Promise<bigint>,
): Promise<TokenState> {
  const [buy, sell, token, perMicroEuro, until, postedMs, nativeWei, frozen, paused] = await Promise.all([
    reads.buyPriceWei(),
    reads.sellPriceWei(),
    reads.tokenPriceWei(),
    reads.weiPerMicroEuro(),
    reads.buyableUntilMs(),
    reads.marketPriceAtMs(ENERGY),
    balanceWei(account),
    reads.isFrozen(account),
    reads.isPaused(),
  ])
  const euro = (wei: bigint): number | null => (wei === 0n ? null : Number(wei / perMicroEuro))
  return {
    sctBuyMicroEur: euro(buy),
    sctSellMicroEur: euro(sell),
    sctMicroEur: euro(token),
    buyPriceWei: buy,
    sellPriceWei: sell,
    buyableUntilMs: until,
    pricesAtMs: postedMs === 0 ? null : postedMs,
    nativeWei,
    frozen,
    paused,
  }
}

/** What the home owns. */
export function walletView(
  token: TokenState,
  purse: Purse,
  lockedMicroSct: number,
  nowMs: number,
): WalletView {
  return {
    balanceMicroSct: Number(purse.balanceMicroSct),
    creditMicroSct: Number(purse.creditMicroSct),
    lockedMicroSct,
    nativeWei: String(token.nativeWei),
    sctBuyMicroEur: token.sctBuyMicroEur,
    sctSellMicroEur: token.sctSellMicroEur,
    pricesAtMs: token.pricesAtMs,
    pricesStale: token.sctBuyMicroEur === null || nowMs >= token.buyableUntilMs,
  }
}

/** Whether the market is open for this home, in one sentence for its people. */
export function marketState({ frozen, paused }: TokenState, closing: boolean): MarketView['state'] {
  if (closing) return { phase: 'closing', text: 'This home is being stopped: nothing new is begun.' }
  if (frozen) {
    const text =
      'Your SCT are frozen: nothing can go into the market or come out. Ask the community’s manager.'
    return { phase: 'frozen', text }
  }
  if (paused) {
    return {
      phase: 'paused',
      text: 'All SCT are paused by the manager: only what is in the market can be used.',
    }
  }
  return { phase: 'open', text: 'The market is open.' }
}
