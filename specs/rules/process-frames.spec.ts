import { describe, expect, it } from 'vitest'
import type { HomeSettings, HomeState } from '../../protocols/rules/home-registers.ts'
import { homeRegisters, NEW_HOME } from '../../protocols/rules/home-registers.ts'
import { powerOf, processSlot } from '../../protocols/rules/process-frames.ts'
import type { ReceivedFrame } from '../../protocols/rules/reading.ts'
import { ESSENTIAL_FLAGS } from '../../protocols/rules/reading.ts'
import {
  BEGIN,
  comfortFrame,
  HOME,
  ONLY_POWER,
  powerFrame,
  received,
  T,
  WATER,
  waterFrame,
} from './board-model.ts'

const SLOT = BEGIN / T

/** One frame of each board, the k-th of the home's life, within its slot. */
function dayFrames(k: number, importWh: number, volumeMl: number): ReceivedFrame[] {
  const header = { sequence: k, uptimeMs: 1_000 + k * T }
  const at = BEGIN + k * T
  return [
    received(powerFrame({ ...header, importWh }), at + 300),
    received(waterFrame({ ...header, volumeMl }), at + 500),
    received(comfortFrame(header), at + 400),
  ]
}

const slot = (state: HomeState, k: number, frames: readonly ReceivedFrame[], settings: HomeSettings = HOME) =>
  processSlot({ state, frames, slot: SLOT + k, settings })

function complete(result: ReturnType<typeof processSlot>) {
  if (result.outcome !== 'complete') throw new Error(`refused: ${JSON.stringify(result.reason)}`)
  return result
}

function reasonOf(result: ReturnType<typeof processSlot>) {
  if (result.outcome !== 'refused') throw new Error('it was complete')
  return result.reason
}

describe('a slot', () => {
  it('seals registers, mean and peak, with the time of the last frame', () => {
    const { essential, extended, next } = complete(slot(NEW_HOME, 0, dayFrames(0, 1_200, 5_000)))
    expect(essential).toEqual({
      flags: 0,
      sequence: 1,
      t: BEGIN + 500,
      energyImportWh: 1_200,
      energyExportWh: 0,
      waterMl: 5_000,
      meanPowerW: 500,
      peakPowerW: 700,
    })
    expect(extended.frames).toHaveLength(3)
    expect(extended).toMatchObject({ importOffsetWh: 0, exportOffsetWh: 0, waterOffsetMl: 0 })
    expect(next).toMatchObject({ sequence: 1, last: { slot: SLOT, t: BEGIN + 500 } })
    expect(JSON.parse(JSON.stringify(next))).toEqual(next)
  })

  it('names the board that is silent, and keeps what the others counted', () => {
    const [power, , comfort] = dayFrames(0, 10, 0)
    if (power === undefined || comfort === undefined) throw new Error('no frames')
    const result = slot(NEW_HOME, 0, [power, comfort])
    expect(reasonOf(result)).toEqual({ code: 'board-silent', facts: { boardId: 12, kind: 'water' } })
    expect(homeRegisters(result.next).importWh).toBe(10)
    expect(result.next).toMatchObject({ sequence: 0, last: null })
  })

  it('gives the reason of the last bad frame', () => {
    const [power, water, comfort] = dayFrames(0, Number.NaN, 0)
    if (power === undefined || water === undefined || comfort === undefined) throw new Error('no frames')
    const result = slot(NEW_HOME, 0, [power, water, comfort])
    const expected = 'an integer from 0 to 4294967295'
    const facts = { boardId: 11, field: 'importWh', expected, got: 'NaN' }
    expect(reasonOf(result)).toEqual({ code: 'bad-field', facts })
    expect(result.refusals).toEqual([{ code: 'bad-field', facts }])
  })

  it('refuses a slot that is not later than the last', () => {
    const { next } = complete(slot(NEW_HOME, 3, dayFrames(3, 1, 1)))
    const facts = { slot: SLOT + 3, last: SLOT + 3 }
    expect(reasonOf(slot(next, 3, dayFrames(3, 2, 2)))).toEqual({ code: 'slot-not-rising', facts })
    expect(slot(next, 2, dayFrames(2, 2, 2)).next).toBe(next)
  })

  it('suspects its own clock when the chain is more than two periods away', () => {
    const at = (referenceMs: number) =>
      processSlot({ state: NEW_HOME, frames: dayFrames(0, 1, 1), slot: SLOT, settings: HOME, referenceMs })
    expect(at(BEGIN + T).outcome).toBe('complete')
    expect(at(BEGIN - 2 * T).outcome).toBe('complete')
    expect(reasonOf(at(BEGIN - 3 * T - 1)).code).toBe('clock-suspect')
    expect(reasonOf(at(BEGIN + 3_600_000)).code).toBe('clock-suspect')
  })

  it('takes no frame from outside the slot', () => {
    const later = dayFrames(1, 1, 1)
    const result = slot(NEW_HOME, 0, later)
    expect(reasonOf(result).code).toBe('outside-slot')
    expect(result.refusals).toHaveLength(3)
    expect(reasonOf(slot(NEW_HOME, 9, dayFrames(0, 1, 1))).code).toBe('outside-slot')
  })

  it('never lets an export make the power negative', () => {
    const frames = [received(powerFrame({ powerW: -1_500, peakPowerW: -900, exportWh: 40 }), BEGIN)]
    const { essential } = complete(slot(NEW_HOME, 0, frames, ONLY_POWER))
    expect(essential).toMatchObject({ meanPowerW: 0, peakPowerW: 0, energyExportWh: 40 })
  })

  it('keeps the newest frame of each board and the highest peaks', () => {
    const peaks = [900, 100, 800, 200, 700, 300]
    const frames = peaks.map((peakPowerW, i) =>
      received(powerFrame({ sequence: i, uptimeMs: 1_000 + 100 * i, peakPowerW }), BEGIN + 100 * i),
    )
    const { essential, extended } = complete(slot(NEW_HOME, 0, frames, ONLY_POWER))
    expect(extended.frames.map((bytes) => bytes[1])).toEqual([0, 2, 4, 5])
    expect(essential.peakPowerW).toBe(900)
  })

  it('flags a gap, a restart and a source without a key', () => {
    const first = complete(slot(NEW_HOME, 0, dayFrames(0, 10, 10)))
    const second = complete(slot(first.next, 3, dayFrames(3, 20, 20)))
    expect(second.essential.flags).toBe(ESSENTIAL_FLAGS.gapBefore)
    const [, ...others] = dayFrames(4, 0, 20)
    const restarted = received(powerFrame({ sequence: 0, uptimeMs: 500, importWh: 1 }), BEGIN + 4 * T + 900)
    const third = complete(slot(second.next, 4, [...others, restarted]))
    expect(third.essential.flags).toBe(ESSENTIAL_FLAGS.registerReset)
    const unkeyed = { ...HOME, boards: HOME.boards.map((board) => ({ ...board, keyed: false })) }
    const marked = complete(slot(NEW_HOME, 0, dayFrames(0, 1, 1), unkeyed))
    expect(marked.essential.flags).toBe(ESSENTIAL_FLAGS.unkeyedSource)
  })

  it('knows a home without water or comfort boards', () => {
    const { essential } = complete(
      slot(NEW_HOME, 0, [received(powerFrame({ importWh: 5 }), BEGIN)], ONLY_POWER),
    )
    expect(essential).toMatchObject({ energyImportWh: 5, waterMl: 0 })
  })

  it('takes no gap for one where slots follow each other', () => {
    const first = complete(slot(NEW_HOME, 0, dayFrames(0, 10, 10)))
    const second = complete(slot(first.next, 1, dayFrames(1, 20, 20)))
    expect(second.essential).toMatchObject({ flags: 0, sequence: 2 })
    expect(complete(slot(second.next, 3, dayFrames(3, 30, 30))).essential.flags).toBe(
      ESSENTIAL_FLAGS.gapBefore,
    )
  })

  it('marks a home of which one board has no key', () => {
    const boards = HOME.boards.map((board, i) => ({ ...board, keyed: i !== 1 }))
    const marked = complete(slot(NEW_HOME, 0, dayFrames(0, 1, 1), { ...HOME, boards }))
    expect(marked.essential.flags).toBe(ESSENTIAL_FLAGS.unkeyedSource)
  })

  it('of a home without boards is complete, with nothing in it', () => {
    const { essential, extended } = complete(slot(NEW_HOME, 0, [], { ...HOME, boards: [] }))
    expect(essential).toMatchObject({ t: BEGIN, meanPowerW: 0, peakPowerW: 0, energyImportWh: 0 })
    expect(extended.frames).toEqual([])
  })
})

describe('a frame’s place in time', () => {
  const at = (ms: number, importWh = 5) => received(powerFrame({ importWh }), BEGIN + ms)
  const alone = (frame: ReceivedFrame) => slot(NEW_HOME, 0, [frame], ONLY_POWER)

  it('is from the slot’s begin until before its end', () => {
    expect(alone(at(0)).outcome).toBe('complete')
    expect(alone(at(T - 1)).outcome).toBe('complete')
    const facts = { boardId: 11, receivedAtMs: BEGIN + T, slot: SLOT }
    const late = alone(at(T))
    expect(reasonOf(late)).toEqual({ code: 'outside-slot', facts })
    expect(homeRegisters(late.next).importWh).toBe(0)
  })

  it('may be up to two periods before: then it moves the registers and is not enough', () => {
    const carried = alone(at(-2 * T))
    expect(reasonOf(carried)).toEqual({ code: 'board-silent', facts: { boardId: 11, kind: 'power' } })
    expect(homeRegisters(carried.next).importWh).toBe(5)
    expect(reasonOf(alone(at(-2 * T - 1))).code).toBe('outside-slot')
    expect(reasonOf(alone(at(-1))).code).toBe('board-silent')
  })

  it('is asked for as a field where it is no number', () => {
    expect(reasonOf(alone(at(Number.NaN))).code).toBe('bad-field')
  })

  it('is judged against another clock, three periods either way', () => {
    const judged = (referenceMs: number) =>
      processSlot({ state: NEW_HOME, frames: [at(0)], slot: SLOT, settings: ONLY_POWER, referenceMs })
    expect(judged(BEGIN + 3 * T).outcome).toBe('complete')
    expect(judged(BEGIN - 3 * T).outcome).toBe('complete')
    expect(reasonOf(judged(BEGIN + 3 * T + 1))).toEqual({
      code: 'clock-suspect',
      facts: { skewMs: -3 * T - 1, slot: SLOT },
    })
    expect(judged(BEGIN - 3 * T - 1)).toMatchObject({ next: NEW_HOME, refusals: [] })
  })
})

describe('a board without a fresh frame', () => {
  it('is told with the last of its own refusals', () => {
    const [, water, comfort] = dayFrames(0, 1, 1)
    if (water === undefined || comfort === undefined) throw new Error('no frames')
    const broken = received(powerFrame({ sensorFault: true }), BEGIN + 100)
    const wrong = received(powerFrame({ powerW: 99_999 }), BEGIN + 200)
    const stranger = received(powerFrame({ boardId: 77 }), BEGIN + 300)
    const result = slot(NEW_HOME, 0, [broken, wrong, stranger, water, comfort])
    expect(reasonOf(result).code).toBe('value-impossible')
    expect(result.refusals.map(({ code }) => code)).toEqual([
      'sensor-fault',
      'value-impossible',
      'unknown-board',
    ])
  })
})

describe('the frames that are kept', () => {
  it('are four of a board that has no peaks too: the newest', () => {
    const frames = Array.from({ length: 6 }, (_, i) =>
      received(waterFrame({ sequence: i, uptimeMs: 1_000 + 100 * i }), BEGIN + 100 * i),
    )
    const { extended } = complete(slot(NEW_HOME, 0, frames, { ...HOME, boards: [WATER] }))
    expect(extended.frames.map((bytes) => bytes[1])).toEqual([2, 3, 4, 5])
  })
})

describe('the frames of two boards', () => {
  it('do not push each other aside', () => {
    const water = received(waterFrame(), BEGIN)
    const power = [9, 8, 7, 6, 5].map((peakPowerW, i) =>
      received(powerFrame({ sequence: i, uptimeMs: 1_000 + 100 * i, peakPowerW }), BEGIN + 100 * i),
    )
    const boards = HOME.boards.slice(0, 2)
    const { frames } = complete(slot(NEW_HOME, 0, [water, ...power], { ...HOME, boards }))
    expect(frames.map(({ kind, sequence }) => `${kind} ${sequence}`)).toEqual([
      'water 0',
      'power 0',
      'power 1',
      'power 2',
      'power 4',
    ])
  })
})

describe('the power of a slot', () => {
  it('is the mean of its power frames, rounded, and their highest peak', () => {
    const frame = (powerW: number, peakPowerW: number) => powerFrame({ powerW, peakPowerW })
    expect(powerOf([frame(100, 300), waterFrame(), frame(201, 250)])).toEqual({ meanW: 151, peakW: 300 })
    expect(powerOf([frame(1, 2), frame(1, 2), frame(2, 3)])).toEqual({ meanW: 1, peakW: 3 })
    expect(powerOf([frame(-100, -50)])).toEqual({ meanW: 0, peakW: 0 })
    expect(powerOf([waterFrame()])).toEqual({ meanW: 0, peakW: 0 })
  })
})
