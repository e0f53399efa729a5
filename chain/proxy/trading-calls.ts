import { Interface } from 'ethers'
import { tokenAbi } from '../bindings/token.gen.ts'
import { tradingAbi } from '../bindings/trading.gen.ts'

const trading = new Interface(tradingAbi)
const token = new Interface(tokenAbi)

/**
 * Gas limits: what each call was measured to cost at its worst, and half as much again. The node cannot
 * estimate while the calls before are still on their way.
 */
const GAS = {
  approve: 120_000,
  deposit: 160_000,
  withdraw: 140_000,
  offer: 500_000,
  receiveBid: 350_000,
  cancel: 200_000,
  depositMaxPrice: 150_000,
  revealBid: 160_000,
  checkWinner: 400_000,
  refund: 250_000,
  challengeDelivery: 350_000,
  confirm: 300_000,
  claimForfeit: 200_000,
  buy: 200_000,
  sell: 160_000,
} as const

export interface MarketAddresses {
  readonly token: string
  readonly trading: string
}

/** The length of each phase of an offer. */
export interface Phases {
  readonly commitSeconds: number
  readonly showSeconds: number
  readonly revealSeconds: number
}

interface Lot {
  readonly resource: number
  readonly period: number
  readonly fromSlot: number
  readonly untilSlot: number
  readonly amount: number
}

/** The calls of the market's contracts, encoded. */
export function createTradingCalls({ token: tokenAt, trading: tradingAt }: MarketAddresses, phases: Phases) {
  const market = (name: string, values: readonly unknown[], gas: number) => {
    return { to: tradingAt, data: trading.encodeFunctionData(name, values), gas }
  }
  return {
    approve: (amount: bigint) => {
      return {
        to: tokenAt,
        data: token.encodeFunctionData('approve', [tradingAt, amount]),
        gas: GAS.approve,
      }
    },
    deposit: (amount: bigint) => market('deposit', [amount], GAS.deposit),
    withdraw: (amount: bigint) => market('withdraw', [amount], GAS.withdraw),
    offer: (number: bigint, lot: Lot, seal: string) => {
      const { resource, period, fromSlot, untilSlot, amount } = lot
      const terms = { resource, period, fromSlot, untilSlot, amount, ...phases }
      return market('offer', [number, terms, seal], GAS.offer)
    },
    receiveBid: (id: string, seal: string) => market('receiveBid', [id, seal], GAS.receiveBid),
    cancel: (id: string) => market('cancel', [id], GAS.cancel),
    depositMaxPrice: (id: string, maxPrice: bigint, salt: Uint8Array) =>
      market('depositMaxPrice', [id, maxPrice, salt], GAS.depositMaxPrice),
    revealBid: (id: string, value: bigint, salt: Uint8Array) =>
      market('revealBid', [id, value, salt], GAS.revealBid),
    checkWinner: (id: string) => market('checkWinner', [id], GAS.checkWinner),
    refund: (id: string, account: string, awarded: boolean) =>
      market(awarded ? 'refundSucceed' : 'refundFail', [id, account], GAS.refund),
    claimForfeit: (id: string) => market('claimForfeit', [id], GAS.claimForfeit),
    challengeDelivery: (id: string, number: number) =>
      market('challengeDelivery', [id, number], GAS.challengeDelivery),
    confirmResourceExchange: (id: string) => market('confirmResourceExchange', [id], GAS.confirm),
    buyTokens: (leastMicroSct: bigint) => {
      return { to: tokenAt, data: token.encodeFunctionData('buy', [leastMicroSct]), gas: GAS.buy }
    },
    sellTokens: (microSct: bigint, leastWei: bigint) => {
      return { to: tokenAt, data: token.encodeFunctionData('sell', [microSct, leastWei]), gas: GAS.sell }
    },
  }
}

/** A free call of a contract's getter. */
type Read = (to: string, data: string) => Promise<string>

const MS_PER_S = 1_000n
const big = (value: unknown): bigint => BigInt(String(value))

/** What gateways read of the market's contracts. */
export function createTradingReads(read: Read, { token: tokenAt, trading: tradingAt }: MarketAddresses) {
  const market = async (name: string, values: readonly unknown[]) =>
    trading.decodeFunctionResult(name, await read(tradingAt, trading.encodeFunctionData(name, values)))
  const coin = async (name: string, values: readonly unknown[]) =>
    token.decodeFunctionResult(name, await read(tokenAt, token.encodeFunctionData(name, values)))
  return {
    balanceOf: async (account: string) => big((await coin('balanceOf', [account]))[0]),
    allowanceOf: async (account: string) => big((await coin('allowance', [account, tradingAt]))[0]),
    totalSupply: async () => big((await coin('totalSupply', []))[0]),
    buyPriceWei: async () => big((await coin('buyPrice', []))[0]),
    sellPriceWei: async () => big((await coin('sellPrice', []))[0]),
    /** Z_T, wei of the chain's currency for one SCT; 0 before the first price. */
    tokenPriceWei: async () => big((await coin('tokenPrice', []))[0]),
    weiPerMicroEuro: async () => big((await coin('weiPerMicroEuro', []))[0]),
    /** Micro-euro per kWh, per kW and hour, or per m³; 0 when none was posted. */
    marketPriceMicroEuro: async (resource: number) => big((await coin('lastMarketPrice', [resource]))[0]),
    /** When the last market price of a resource was posted, unix ms; 0 when none was. */
    marketPriceAtMs: async (resource: number) =>
      Number(big((await coin('lastMarketPrice', [resource]))[3]) * MS_PER_S),
    /** Until when SCT can be bought at the price that holds, unix ms. */
    buyableUntilMs: async () => Number(big((await coin('buyableUntil', []))[0]) * MS_PER_S),
    isFrozen: async (account: string) => Boolean((await coin('frozen', [account]))[0]),
    isPaused: async () => Boolean((await coin('paused', []))[0]),
    /** S, the seller's security, in 1/10,000 of its bid. */
    securityBps: async () => Number((await market('securityBps', []))[0]),
    isStrict: async () => Boolean((await market('strict', []))[0]),
    creditOf: async (account: string) => big((await market('creditOf', [account]))[0]),
    offersOf: async (account: string) => big((await market('offersOf', [account]))[0]),
    ceilingOf: async (resource: number) => big((await market('ceilingOf', [resource]))[0]),
    bondFor: async ({ resource, amount, fromSlot, untilSlot }: Omit<Lot, 'period'>) =>
      big((await market('bondFor', [resource, amount, untilSlot - fromSlot]))[0]),
    /** How long after a period's close silence decides a delivery. */
    decisionMs: async () => Number(big((await market('decisionSeconds', []))[0]) * MS_PER_S),
    /** A home's part of what others forfeited in an auction. */
    shareOf: async (id: string, account: string) => big((await market('shareOf', [id, account]))[0]),
    isDecided: async (id: string) => Boolean((await market('deliveryOf', [id]))[0]),
  }
}
export type TradingReads = ReturnType<typeof createTradingReads>
