import type { AlarmEvent, ReadingEvent } from '../../../messages.ts'
import type { CommunityView, HomeView, PowerPoint, View } from '../../../read-model.ts'

/** Events reach a page before the next view does; these rules lay them over the view that is shown. */

const SERIES_LIMIT = 720

/**
 * The view with a reading laid over it; unchanged when the view already tells of that slot or a later
 * one.
 */
export function withReading(view: View, reading: ReadingEvent): View {
  return view.role === 'home' ? homeWithReading(view, reading) : communityWithReading(view, reading)
}

/** The view with an alarm at the head of its list, unless it is there already. */
export function withAlarm(view: View, alarm: AlarmEvent): View {
  if (view.role === 'home') {
    if (!('id' in alarm) || view.alarms.some(({ id }) => id === alarm.id)) return view
    return { ...view, alarms: [alarm, ...view.alarms] }
  }
  if ('id' in alarm || view.alarmsSent.some(({ number }) => number === alarm.number)) return view
  return { ...view, alarmsSent: [alarm, ...view.alarmsSent] }
}

function homeWithReading(view: HomeView, reading: ReadingEvent): HomeView {
  if (view.slot !== null && reading.slot <= view.slot) return view
  const now = { ...view.now, powerW: reading.meanPowerW, peakPowerW: reading.peakPowerW }
  const series = withPoint(view.series, { atMs: reading.atMs, powerW: reading.meanPowerW })
  return { ...view, slot: reading.slot, now, series }
}

function withPoint(series: readonly PowerPoint[], point: PowerPoint): readonly PowerPoint[] {
  const newest = series.at(-1)?.atMs ?? 0
  return point.atMs <= newest ? series : [...series, point].slice(-SERIES_LIMIT)
}

function communityWithReading(view: CommunityView, reading: ReadingEvent): CommunityView {
  const members = view.members.map((member) => {
    if (member.account.toLowerCase() !== reading.home.toLowerCase()) return member
    if (member.lastSlot !== null && reading.slot <= member.lastSlot) return member
    return {
      ...member,
      online: true,
      lastSlot: reading.slot,
      lastSeenMs: reading.atMs,
      powerW: reading.meanPowerW,
    }
  })
  return { ...view, members }
}
