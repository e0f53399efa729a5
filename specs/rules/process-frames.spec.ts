import { describe, expect, it } from 'vitest'
import type { HomeSettings, HomeState } from '../../protocols/rules/home-registers.ts'
import { homeRegisters, NEW_HOME } from '../../protocols/rules/home-registers.ts'
import { processSlot } from '../../protocols/rules/process-frames.ts'
import type { ReceivedFrame } from '../../protocols/rules/reading.ts'
import { ESSENTIAL_FLAGS } from '../../protocols/rules/reading.ts'
import { BEGIN, comfortFrame, HOME, ONLY_POWER, powerFrame, received, T, waterFrame } from './board-model.ts'

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
})
