import type { EventOf } from './events.ts'
import type { Findings } from './report.ts'
import { homeOf, periodIn, type HomeTrail, type KeptRecord, type Trail } from './trail.ts'

/**
 * The anchor that a new record makes: of the period it closes, or the baseline when it is the home's first.
 */
export function closePeriod(home: HomeTrail, record: KeptRecord, trail: Trail): void {
  const period = periodIn(trail, record.slot)
  const last = home.records.at(-1)
  if (last === undefined) {
    home.anchors.push({ period: period - 1, record, nextPeriod: period })
    return
  }
  const closed = periodIn(trail, last.slot)
  if (closed < period) home.anchors.push({ period: closed, record: last, nextPeriod: period })
}

/** An anchor the contract says it keeps. It comes just before the reading that closes its period. */
export function anchorKept(event: EventOf<'AnchorKept'>, trail: Trail): void {
  const { period, slot, digest } = event
  homeOf(trail, event.home).anchorEvents.push({ period, slot, digest })
}

/** Whether the anchors the contract told are, one by one, those that follow from the readings. */
export function checkAnchors(trail: Trail, findings: Findings): void {
  for (const home of trail.homes.values()) {
    const most = Math.max(home.anchors.length, home.anchorEvents.length)
    for (let index = 0; index < most; index += 1) {
      const due = home.anchors[index]
      const told = home.anchorEvents[index]
      if (due !== undefined && told?.digest === due.record.digest && told.period === due.period) continue
      const period = due?.period ?? told?.period ?? 0
      const slot = due?.record.slot ?? told?.slot ?? null
      const whose = `the anchor of billing period ${period} of ${home.home}`
      const says = `${whose} is not its last reading before the boundary`
      findings.home('anchor', home.home, slot, `anchor of period ${period}`, says)
    }
  }
}
