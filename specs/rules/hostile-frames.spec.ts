import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HomeSettings } from '../../protocols/rules/home-registers.ts'
import { homeRegisters, NEW_HOME } from '../../protocols/rules/home-registers.ts'
import { processSlot } from '../../protocols/rules/process-frames.ts'
import type { BoardFrame, EssentialData } from '../../protocols/rules/reading.ts'
import { mostPossible } from '../../protocols/rules/register-step.ts'
import { BEGIN, comfortFrame, HOME, powerFrame, received, T, waterFrame } from './board-model.ts'

/** Any number that a field of a frame may be made to hold, the edges of its width among them. */
const anyNumber = fc.oneof(
  fc.constantFrom(
    0,
    1,
    -1,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    0.5,
    Number.NaN,
    Infinity,
    -Infinity,
  ),
  fc.integer({ min: -10, max: 100_000 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.double(),
)
const numberFields = (fields: readonly string[]) =>
  fc.record(Object.fromEntries(fields.map((field) => [field, anyNumber])), { requiredKeys: [] })

const HEADER = ['sequence', 'uptimeMs'] as const
const hostileFrame: fc.Arbitrary<BoardFrame> = fc.oneof(
  numberFields([...HEADER, 'importWh', 'exportWh', 'powerW', 'peakPowerW', 'voltageMv', 'currentMa']).map(
    (change) => powerFrame(change),
  ),
  numberFields([...HEADER, 'volumeMl', 'flowMlPerMin', 'boardId']).map((change) => waterFrame(change)),
  numberFields([...HEADER, 'temperatureCentiC', 'humidityPermille']).map((change) => comfortFrame(change)),
)

/** Frames of one slot: hostile ones, and perhaps a good one of each board. */
const slotOfFrames = fc.record({
  hostile: fc.array(hostileFrame, { maxLength: 8 }),
  good: fc.boolean(),
  skip: fc.nat(3),
})

const WATCHED = ['energyImportWh', 'energyExportWh', 'waterMl'] as const

const isSound = (essential: EssentialData) =>
  Object.values(essential).every((value) => Number.isSafeInteger(value) && value >= 0)

/** Does `now` follow `last`: later, and no register lower? */
const follows = (last: EssentialData, now: EssentialData) =>
  now.sequence === last.sequence + 1 && now.t > last.t && WATCHED.every((name) => now[name] >= last[name])

interface Lived {
  readonly sealed: EssentialData[]
  readonly frames: number
}

/** A home that lives through the slots; good frames are of boards of its own, whatever hostile ones say. */
function live(
  slots: readonly { hostile: readonly BoardFrame[]; good: boolean; skip: number }[],
  settings: HomeSettings,
): Lived {
  let state = NEW_HOME
  let slot = BEGIN / T
  let frames = 0
  const sealed: EssentialData[] = []
  for (const { hostile, good, skip } of slots) {
    slot += 1 + skip
    const uptimeMs = (slot + 1) * T - BEGIN
    const header = { sequence: slot - BEGIN / T, uptimeMs }
    const own = good
      ? [powerFrame({ ...header, importWh: 5 * header.sequence }), waterFrame(header), comfortFrame(header)]
      : []
    const all = [...hostile, ...own].map((frame, i) => received(frame, slot * T + 10 * i))
    const before = homeRegisters(state)
    const result = processSlot({ state, frames: all, slot, settings })
    state = result.next
    frames += all.length
    const after = homeRegisters(state)
    if (after.importWh < before.importWh || after.waterMl < before.waterMl) {
      throw new Error('a register went back')
    }
    if (result.outcome === 'complete') sealed.push(result.essential)
  }
  return { sealed, frames }
}

describe('boards that lie', () => {
  it('never make a home seal what is not an integer, goes back, or cannot have been used', () => {
    let frames = 0
    let readings = 0
    fc.assert(
      fc.property(fc.array(slotOfFrames, { minLength: 30, maxLength: 60 }), (slots) => {
        const { sealed, frames: fed } = live(slots, HOME)
        frames += fed
        readings += sealed.length
        expect(sealed.every(isSound)).toBe(true)
        expect(sealed.slice(1).every((now, i) => sealed[i] !== undefined && follows(sealed[i], now))).toBe(
          true,
        )
        expect(sealed.every(({ meanPowerW }) => meanPowerW <= HOME.limits.maxImportW)).toBe(true)
        const first = sealed[0]
        const end = sealed.at(-1)
        if (first === undefined || end === undefined) return
        const most = mostPossible('importWh', 2 * (end.t - first.t) + 20 * T * sealed.length, HOME.limits)
        expect(end.energyImportWh - first.energyImportWh).toBeLessThanOrEqual(most)
      }),
      { numRuns: 450 },
    )
    expect(frames).toBeGreaterThan(90_000)
    expect(readings).toBeGreaterThan(500)
  })

  it('cannot keep a true board from being followed for long', () => {
    fc.assert(
      fc.property(fc.array(slotOfFrames, { maxLength: 10 }), (slots) => {
        const quiet = Array.from({ length: 10 }, () => ({ hostile: [], good: true, skip: 0 }))
        const harmless = slots.map(({ hostile, ...rest }) => ({
          ...rest,
          hostile: hostile.map((frame) => ({ ...frame, importWh: 0, exportWh: 0, volumeMl: 0 })),
        }))
        const { sealed } = live([...harmless, ...quiet], HOME)
        expect(sealed.length).toBeGreaterThanOrEqual(4)
      }),
      { numRuns: 150 },
    )
  })
})
