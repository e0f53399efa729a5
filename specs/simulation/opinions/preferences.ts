import { matches } from '../../../protocols/rules/preferences.ts'
import type { Chance } from '../chance.ts'
import type { Ask } from './asked.ts'

const RESOURCES = ['energy', 'power', 'water'] as const
const DAY = 1_440

export const hoursOf = (chance: Chance) => {
  const moments = [0, 60, 61, 480, 1_200, 1_439]
  return { fromMinute: chance.pick(moments), untilMinute: chance.pick(moments) }
}

/** Whether a minute lies in the hours, walked from their begin. */
export function isIn(
  { fromMinute, untilMinute }: { fromMinute: number; untilMinute: number },
  minute: number,
): boolean {
  const length = (untilMinute - fromMinute + DAY) % DAY || DAY
  return (minute - fromMinute + DAY) % DAY < length
}

/** Requests about every limit of a home's preferences. */
export function askPreferences(ask: Ask, chance: Chance): void {
  const about = (value: number): number => value + chance.whole(-1, 1)
  const hours = chance.hits(500_000) ? null : hoursOf(chance)
  const of = {
    ...{ resource: chance.pick(RESOURCES), leastAmount: 10, mostAmount: 100, leastUnitMicroSct: 50 },
    ...{ hours, keptSurplus: chance.pick([0, 5]) },
  }
  const preferences = { preferences: [of], blocked: ['0xBAD'] }
  const amount = about(chance.pick([10, 50, 100]))
  const request = {
    ...{ buyer: chance.pick(['0xa', '0xA', '0xbad', '0xc', '0xc', '0xc']), amount },
    ...{ resource: chance.hits(100_000) ? chance.pick(RESOURCES) : of.resource },
    lentFor: chance.hits(300_000) ? hoursOf(chance) : null,
  }
  const plenty = 200
  const spare = chance.hits(500_000) ? plenty : about(amount + of.keptSurplus)
  const outlook = {
    ...{ account: '0xA', minute: chance.pick([0, 59, 60, 61, 479, 480, 1_199, 1_200, 1_439]) },
    surplus: { energy: spare, power: spare, water: spare },
    ...{ goingMicroSct: chance.pick([null, about(50)]), ceilingMicroSct: chance.pick([null, about(50)]) },
  }
  const said = () => {
    const { matches: fits, because } = matches(preferences, request, outlook)
    return { fits, codes: because.map(({ code }) => code) }
  }
  ask('preferences', { of, request, outlook }, said, () => {
    if (request.resource !== of.resource) return { fits: false, codes: ['resource'] }
    const codes: string[] = []
    const buyer = request.buyer.toLowerCase()
    if (buyer === '0xa') codes.push('own')
    if (buyer === '0xbad') codes.push('blocked')
    if (amount < 10 || amount > 100) codes.push('amount')
    if (spare - amount < of.keptSurplus) codes.push('surplus')
    const { goingMicroSct: going, ceilingMicroSct: ceiling } = outlook
    if ((ceiling !== null && ceiling < 50) || (going !== null && going < 50)) codes.push('price')
    if (hours !== null && !fitsIn(hours, request.lentFor, outlook.minute)) codes.push('hours')
    return codes.length > 0 ? { fits: false, codes } : { fits: true, codes: ['fits'] }
  })
}

type Hours = ReturnType<typeof hoursOf>

/** Every minute of the window lies in the hours, without a break. */
function fitsIn(hours: Hours, window: Hours | null, minute: number): boolean {
  if (window === null) return isIn(hours, minute)
  const minutes = (window.untilMinute - window.fromMinute + DAY) % DAY || DAY
  const before = (window.fromMinute - hours.fromMinute + DAY) % DAY
  const whole = (hours.untilMinute - hours.fromMinute + DAY) % DAY || DAY
  return before + minutes <= whole
}
