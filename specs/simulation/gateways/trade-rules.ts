import type { Preferences } from '../../../protocols/rules/preferences.ts'
import type { TradeRule, TradeRules } from '../../../protocols/rules/trade-rules/rule.ts'

/** A kWh is worth one SCT of the common market; neighbours sell below and buy above. */
const SELL_FROM = { energy: 400_000, water: 8_000_000 } as const
const SELL_STEP = { energy: 35_000, water: 700_000 } as const
const SELL_STEPS = 12
const BUY_TO = { energy: 1_600_000, water: 32_000_000 } as const
export const SHARE_PERCENT = 50
const LEAST = { energy: 100, water: 1_000 } as const
const MOST_AMOUNT = 2 ** 40

type Traded = 'energy' | 'water'
const nothing = { when: {}, window: null, perDay: { times: 50, spendMicroSct: null } } as const

/** What a home asks for a unit at least. */
export const sellLimitOf = (home: number, resource: Traded): number =>
  SELL_FROM[resource] + SELL_STEP[resource] * ((home * 5) % SELL_STEPS)
export const buyLimitOf = (resource: Traded): number => BUY_TO[resource]

const sells = (home: number, resource: Traded): TradeRule => ({
  ...nothing,
  name: `Sell spare ${resource}`,
  do: 'sell',
  resource,
  amount: { kind: 'share', percent: SHARE_PERCENT },
  leastAmount: LEAST[resource],
  limitMicroSct: sellLimitOf(home, resource),
})

const buys = (resource: Traded): TradeRule => ({
  ...nothing,
  name: `Buy missing ${resource}`,
  do: 'buy',
  resource,
  amount: { kind: 'missing' },
  leastAmount: LEAST[resource],
  limitMicroSct: buyLimitOf(resource),
  perDay: { times: 3, spendMicroSct: null },
})

export const KEPT_MICRO_SCT = 1_000_000

const known = new Map<number, TradeRules>()
const liked = new Map<number, Preferences>()

/**
 * The rules of a home: it sells half of what it can spare, at a price of its own, and buys what it
 * will lack.
 */
export function rulesOf(home: number): TradeRules {
  const made = known.get(home) ?? makeRules(home)
  known.set(home, made)
  return made
}

function makeRules(home: number): TradeRules {
  const rules = [sells(home, 'energy'), buys('energy'), sells(home, 'water'), buys('water')]
  return { keepMicroSct: KEPT_MICRO_SCT, rules }
}

/** It likes to be asked for what it sells. */
export function preferencesOf(home: number): Preferences {
  const made = liked.get(home) ?? makePreferences(home)
  liked.set(home, made)
  return made
}

function makePreferences(home: number): Preferences {
  const preferences = (['energy', 'water'] as const).map((resource) => ({
    resource,
    leastAmount: LEAST[resource],
    mostAmount: MOST_AMOUNT,
    leastUnitMicroSct: sellLimitOf(home, resource),
    hours: null,
    keptSurplus: 0,
  }))
  return { preferences, blocked: [] }
}
