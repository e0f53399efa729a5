import type { RuleForm } from '../../web/market-model.ts'

/** A kWh is worth one SCT of the common market; neighbours sell below and buy above. */
const SELL_FROM_MICRO_SCT = { energy: 400_000, water: 8_000_000 } as const
const SELL_STEP_MICRO_SCT = { energy: 35_000, water: 700_000 } as const
const SELL_STEPS = 12
const BUY_TO_MICRO_SCT = { energy: 1_600_000, water: 32_000_000 } as const
/** A home keeps half of what it could spare: its forecast is only a forecast. */
const SHARE_PERCENT = 50

/**
 * The rules that a home of the demonstration begins with: it sells half of what it can spare, each home at a
 * price of its own, and buys what its quota will lack.
 */
export function demoRules(home: number): RuleForm[] {
  return (['energy', 'water'] as const).flatMap((resource): RuleForm[] => [
    {
      name: `Sell spare ${resource}`,
      do: 'sell',
      resource,
      when: {},
      amount: { kind: 'share', percent: SHARE_PERCENT },
      limitMicroSct:
        SELL_FROM_MICRO_SCT[resource] + SELL_STEP_MICRO_SCT[resource] * ((home * 5) % SELL_STEPS),
    },
    {
      name: `Buy missing ${resource}`,
      do: 'buy',
      resource,
      when: {},
      amount: { kind: 'missing' },
      limitMicroSct: BUY_TO_MICRO_SCT[resource],
    },
  ])
}
