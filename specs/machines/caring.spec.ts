import fc from 'fast-check'
import { expect, it } from 'vitest'
import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import { caringMachine, type CaringEvent } from '../../actors/caring/machine.ts'
import { Seen } from './coverage.ts'

type Care = SnapshotFrom<typeof caringMachine>
const LIMITS = { peakPowerW: 3000, waterMlPerSlot: 500, silentSlots: 3 }
const OWN = /^(keep|count|clear|xstate)/
const seen = new Seen()

/** The watch after these events, and what it would have done, in order. */
function follow(events: readonly CaringEvent[]): { care: Care; done: string[] } {
  let [care] = initialTransition(caringMachine, { delegation: 7, limits: LIMITS })
  const done: string[] = []
  for (const event of events) {
    const [next, actions] = transition(caringMachine, care, event)
    care = next
    seen.note(care.value)
    done.push(...actions.map(({ type }) => type).filter((type) => !OWN.test(type)))
  }
  return { care, done }
}

const reading = (slot: number, peakPowerW = 1000, waterMl = 0): CaringEvent => ({
  type: 'READING',
  slot,
  peakPowerW,
  waterMl,
})
const nothing = (slot: number): CaringEvent => ({ type: 'NOTHING_CAME', slot })
const tellings = (done: readonly string[]) => done.filter((type) => type.startsWith('tell'))

it('tells once that a limit is exceeded, and once that it is kept again', () => {
  const power = follow([reading(1), reading(2, 3000), reading(3, 3001), reading(4, 9000), reading(5)])
  expect(tellings(power.done)).toEqual(['tellOverLimit', 'tellBackToNormal'])
  const water = follow([reading(1, 0, 5000), reading(2, 0, 5500), reading(3, 0, 6001), reading(4, 0, 6001)])
  expect(tellings(water.done)).toEqual(['tellOverLimit', 'tellBackToNormal'])
  const gap = follow([reading(1, 0, 5000), nothing(2), nothing(3), reading(4, 0, 6500)])
  expect(tellings(gap.done)).toEqual([])
})

it('goes by the quota that the neighbour has now', () => {
  const less: CaringEvent = { type: 'QUOTA_KNOWN', peakPowerW: 500, waterMlPerSlot: 500 }
  const more: CaringEvent = { type: 'QUOTA_KNOWN', peakPowerW: 2000, waterMlPerSlot: 500 }
  const { done } = follow([reading(1), less, reading(2), more, reading(3)])
  expect(tellings(done)).toEqual(['tellOverLimit', 'tellBackToNormal'])
})

it('counts and acknowledges each slot once', () => {
  const { care, done } = follow([reading(5), reading(5, 9000), nothing(5), reading(4), reading(6)])
  expect(care.context).toMatchObject({ opened: 2, newest: { slot: 6 } })
  expect(done).toEqual(['acknowledge', 'acknowledge'])
})

it('acknowledges silence too, and tells it once', () => {
  const silence = [nothing(2), nothing(3), nothing(4), nothing(5)]
  const { care, done } = follow([reading(1), ...silence])
  expect(done.filter((type) => type === 'acknowledge')).toHaveLength(5)
  expect(tellings(done)).toEqual(['tellSilence'])
  expect(care.matches({ watching: { hearing: 'silent' } })).toBe(true)
  const again = follow([reading(1), ...silence, reading(6), nothing(7)])
  expect(again.care.context).toMatchObject({ missed: 1, opened: 2 })
  expect(again.care.matches({ watching: { hearing: 'heard' } })).toBe(true)
})

it('tells every alarm and wants attention until a person saw it', () => {
  const alarms: CaringEvent[] = [
    { type: 'ALARM', number: 1 },
    { type: 'ALARM', number: 2 },
  ]
  const { care, done } = follow(alarms)
  expect(done).toEqual(['tellAlarm', 'tellAlarm'])
  expect([care.context.unseenAlarms, care.matches({ watching: { attention: 'wanted' } })]).toEqual([2, true])
  const after = follow([...alarms, { type: 'PERSON_SAW' }])
  expect([after.care.context.unseenAlarms, after.care.matches({ watching: { attention: 'none' } })]).toEqual([
    0,
    true,
  ])
})

it('forgets the key when care ends, and hears nothing more', () => {
  const { care, done } = follow([reading(1), { type: 'CARE_ENDS' }, reading(2), { type: 'ALARM', number: 1 }])
  expect(care.status).toBe('done')
  expect(done).toEqual(['acknowledge', 'forget'])
})

it('acknowledges no slot before an older one and tells no more than it heard', () => {
  const anyEvent: fc.Arbitrary<CaringEvent> = fc.oneof(
    fc
      .tuple(fc.nat(20), fc.nat(6000), fc.nat(3000))
      .map(([slot, power, water]) => reading(slot, power, water)),
    fc.nat(20).map(nothing),
    fc.nat(5).map((number) => ({ type: 'ALARM' as const, number })),
    fc.constant({ type: 'PERSON_SAW' as const }),
  )
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
      const { care, done } = follow(events)
      const slots = events.flatMap((event) => ('slot' in event ? [event] : []))
      const rising = slots.filter(({ slot }, index) =>
        slots.slice(0, index).every((before) => before.slot < slot),
      )
      expect(care.context.opened).toBe(rising.filter(({ type }) => type === 'READING').length)
      const counted = (name: string) => done.filter((type) => type === name).length
      expect(counted('tellBackToNormal')).toBeLessThanOrEqual(counted('tellOverLimit'))
      expect(counted('tellAlarm')).toBe(events.filter(({ type }) => type === 'ALARM').length)
      expect(counted('acknowledge')).toBe(rising.length)
    }),
    { numRuns: 300 },
  )
})

it('passes through every state of the caring machine', () => {
  expect(seen.missing(caringMachine)).toEqual([])
})
