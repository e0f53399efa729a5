import type { EncodedCall } from '../../../actors/auction/ports.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { sctInWords } from '../../../protocols/rules/trade-rules/words.ts'
import type { HomeMarket } from './home-market.ts'
import type { TokenState } from './wallet-view.ts'

const MICRO = 1_000_000n
/** Of what an account buys, a tenth at most is turned back into coins for fees. */
const LEAST_TENTHS = 9n
/** What a call may cost in fees, so that the coins that buy SCT are not the last. */
const FEES_WEI = 1_000_000_000_000_000n
const WEI_PER_COIN = 10n ** 18n

interface TokenCall extends EncodedCall {
  readonly valueWei?: bigint
}

const noPrice = (message: string): Fault =>
  new Fault('price-stale', message, { fix: 'Wait until the community has a new price.' })

/** A purchase of SCT at today's price; refused while there is none, or the coins do not suffice. */
export function buyCall(
  calls: HomeMarket['calls'],
  token: TokenState,
  microSct: number,
  nowMs: number,
): TokenCall {
  if (token.buyPriceWei === 0n) throw noPrice('There is no price of SCT yet.')
  if (nowMs >= token.buyableUntilMs) throw noPrice('The price of SCT is too old to trust.')
  const amount = BigInt(microSct)
  const valueWei = (amount * token.buyPriceWei + MICRO - 1n) / MICRO
  const missingWei = valueWei + FEES_WEI - token.nativeWei
  if (missingWei > 0n) {
    const most = ((token.nativeWei > FEES_WEI ? token.nativeWei - FEES_WEI : 0n) * MICRO) / token.buyPriceWei
    throw new Fault('not-enough-coins', `Your coins buy at most ${sctInWords(Number(most))}.`, {
      field: 'microSct',
      expected: `at most ${most}`,
      fix: `Buy less, or have ${coins(missingWei)} coins more sent to your account.`,
    })
  }
  return { ...calls.buyTokens((amount * LEAST_TENTHS) / 10n), valueWei }
}

/** A sale of SCT at today's price, however old it is. */
export function sellCall(
  calls: HomeMarket['calls'],
  token: TokenState,
  balance: bigint,
  microSct: number,
): TokenCall {
  if (token.sellPriceWei === 0n) throw noPrice('There is no price of SCT yet.')
  const amount = BigInt(microSct)
  if (amount > balance) {
    throw new Fault('not-enough-balance', `You have ${sctInWords(Number(balance))} to sell.`, {
      field: 'microSct',
      expected: `at most ${balance}`,
      fix: 'What is free in the market must be taken out first.',
    })
  }
  const brings = (amount * token.sellPriceWei) / MICRO
  if (brings === 0n)
    throw new Fault('amount-too-small', 'So little SCT bring nothing.', { field: 'microSct' })
  return calls.sellTokens(amount, brings)
}

/** Coins with four digits, rounded up. */
function coins(wei: bigint): string {
  const tenThousandths = (wei * 10_000n + WEI_PER_COIN - 1n) / WEI_PER_COIN
  return `${tenThousandths / 10_000n}.${String(tenThousandths % 10_000n).padStart(4, '0')}`
}
