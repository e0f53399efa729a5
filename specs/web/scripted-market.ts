import type { Simulated } from '../../web/market-messages.ts'
import type { MarketView } from '../../web/market-model.ts'
import type { MarketActions } from '../../web/server/market-routes.ts'
import { NOON_MS } from './example-views.ts'

/** A market that keeps what it was asked for. */
export interface ScriptedMarket extends MarketActions {
  readonly asked: readonly (readonly [name: string, request: unknown])[]
}

/** @param refuse called before each action: what it throws is the market's answer */
export function scriptedMarket(
  market: MarketView,
  refuse: (name: string) => void = () => undefined,
): ScriptedMarket {
  const asked: [string, unknown][] = []
  const keep =
    <Args extends readonly unknown[]>(name: string) =>
    async (...args: Args): Promise<void> => {
      refuse(name)
      asked.push([name, args.length === 1 ? args[0] : args])
    }
  return {
    asked,
    buy: keep('buy'),
    bid: keep('bid'),
    decline: keep('decline'),
    cancelOffer: keep('cancelOffer'),
    buyTokens: keep('buyTokens'),
    sellTokens: keep('sellTokens'),
    withdraw: keep('withdraw'),
    savePreferences: keep('savePreferences'),
    saveRule: keep('saveRule'),
    keepTokens: keep('keepTokens'),
    removeRule: keep('removeRule'),
    switchRule: keep('switchRule'),
    simulateRules: async (rules) => {
      refuse('simulateRules')
      asked.push(['simulateRules', rules])
      return yesterdayOf(rules.map(({ name }) => name))
    },
    trades: async () => market.history,
    bills: async () => market.bills,
  }
}

function yesterdayOf(names: readonly string[]): Simulated {
  return {
    fromMs: NOON_MS - 36 * 3_600_000,
    untilMs: NOON_MS - 12 * 3_600_000,
    outcomes: names.map((rule) => ({
      rule,
      times: 1,
      text: `"${rule}" would have bought 2 kW, once, for at most 0.38 SCT together.`,
    })),
    decisions: names.map((rule) => ({
      atMs: NOON_MS - 24 * 3_600_000,
      rule,
      resource: 'power' as const,
      acted: true,
      text: 'Buys 2 kW from 11:00 to 13:00 for at most 0.095 SCT per kW and hour, because it is Saturday.',
    })),
  }
}
