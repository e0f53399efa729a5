import { checkOpening } from '../../protocols/crypto/opening.ts'
import { Point } from '../../protocols/crypto/group.ts'
import type { QuantityName } from '../../protocols/crypto/points.ts'
import type { EventOf } from './events.ts'
import type { Findings } from './report.ts'
import { homeOf, standingAnchor, type Trail } from './trail.ts'

/** The totals in the order of the event, with the place of each quantity's point in a reading. */
const TOTALLED = [
  { quantity: 'energyImportWh', place: 0 },
  { quantity: 'energyExportWh', place: 1 },
  { quantity: 'waterMl', place: 2 },
] as const

/** A community total, the public form of eq. 9: Σ over homes of V(end) − V(start) must open to it. */
export function totalPublished(event: EventOf<'TotalPublished'>, trail: Trail, findings: Findings): void {
  findings.checked.totals += 1
  const { period, homes, totals, blindings } = event
  const note = (field: string, says: string) => findings.chain('total', `${field} of period ${period}`, says)
  if (trail.totals.has(period)) note('total', `the total of period ${period} was published twice`)
  trail.totals.set(period, { homes, totals, blindings })
  if (new Set(homes).size !== homes.length)
    note('homes', `a home counts twice in the total of period ${period}`)
  for (const [index, { quantity, place }] of TOTALLED.entries()) {
    const used = usedBy(homes, period, place, trail)
    if (typeof used === 'string') {
      findings.home('total', used, null, `anchor of period ${period}`, noAnchor(used, period))
      return
    }
    const opening = { quantity, value: totals[index] ?? 0n, blinding: blindings[index] ?? 0n }
    if (!opens(used, opening)) {
      note(quantity, `the ${quantity} of period ${period} is not what the points of its homes add up to`)
    }
  }
}

const noAnchor = (home: string, period: number) =>
  `${home} counts in the total of period ${period} without usable readings at both of its ends`

/** Σ V(end) − V(start) of one quantity, or the home that has not both ends. */
function usedBy(
  homes: readonly string[],
  period: number,
  place: 0 | 1 | 2 | 3,
  trail: Trail,
): Point | string {
  let sum = Point.ZERO
  for (const home of homes) {
    const used = consumption(home, period, place, trail)
    if (used === null) return home
    sum = sum.add(used)
  }
  return sum
}

/** V(anchor of the period) − V(anchor of the period before) of one home, or null without both. */
export function consumption(home: string, period: number, place: 0 | 1 | 2 | 3, trail: Trail): Point | null {
  const kept = homeOf(trail, home)
  const end = standingAnchor(kept, period)?.record.points
  const start = standingAnchor(kept, period - 1)?.record.points
  if (end === undefined || end === null || start === undefined || start === null) return null
  return end[place].subtract(start[place])
}

/** Whether value and blinding open the point; numbers out of range open nothing. */
export function opens(
  point: Point,
  opening: { quantity: QuantityName; value: bigint; blinding: bigint },
): boolean {
  try {
    return checkOpening(point, opening)
  } catch {
    return false
  }
}
