import type { RuleForm } from '../../web/market-model.ts'

/** A kWh is worth one SCT of the common market; neighbours sell below and buy above. */
const SELL_FROM_MICRO_SCT = { energy: 400_000, water: 8_000_000 } as const
const SELL_STEP_MICRO_SCT = { energy: 35_000, water: 700_000 } as const
const SELL_STEPS = 12
const BUY_TO_MICRO_SCT = { energy: 1_600_000, water: 32_000_000 } as const
/** A home keeps half of what it could spare: its forecast is only a forecast. */
const SHARE_PERCENT = 50

/** Each third home keeps a reserve of water: trades are seen however evenly the homes use their quotas. */
const RESERVE_EVERY = 3
const RESERVE_PERMILLE = 20
const RESERVE_TIMES = 3

/** What a home of the demonstration will likely use in a billing period. */
export interface ExpectedUse {
  readonly energyWh: number
  readonly waterMl: number
}

function sells(home: number, resource: 'energy' | 'water'): RuleForm {
  return {
    name: `Sell spare ${resource}`,
    do: 'sell',
    resource,
    when: {},
    amount: { kind: 'share', percent: SHARE_PERCENT },
    limitMicroSct: SELL_FROM_MICRO_SCT[resource] + SELL_STEP_MICRO_SCT[resource] * ((home * 5) % SELL_STEPS),
  }
}

function buysMissing(resource: 'energy' | 'water'): RuleForm {
  const [amount, limitMicroSct] = [{ kind: 'missing' } as const, BUY_TO_MICRO_SCT[resource]]
  return { name: `Buy missing ${resource}`, do: 'buy', resource, when: {}, amount, limitMicroSct }
}

function buysReserve({ waterMl }: ExpectedUse): RuleForm {
  return {
    name: 'Keep a reserve of water',
    do: 'buy',
    resource: 'water',
    when: {},
    amount: { kind: 'fixed', amount: Math.max(1, Math.round((waterMl * RESERVE_PERMILLE) / 1_000)) },
    limitMicroSct: BUY_TO_MICRO_SCT.water,
    perDay: { times: RESERVE_TIMES },
  }
}

/**
 * The rules that a home of the demonstration begins with: it sells half of what it can spare, each home at a
 * price of its own, and buys what its quota will lack; some buy a reserve of water in place of selling it.
 */
export function demoRules(home: number, expected: ExpectedUse): RuleForm[] {
  const reserves = home % RESERVE_EVERY === 1
  return [
    sells(home, 'energy'),
    buysMissing('energy'),
    reserves ? buysReserve(expected) : sells(home, 'water'),
    buysMissing('water'),
  ]
}
