import { describe, expect, it } from 'vitest'
import type { Admission } from '../../protocols/rules/admit-frame.ts'
import { admitFrame } from '../../protocols/rules/admit-frame.ts'
import type { CommissionedBoard, HomeSettings } from '../../protocols/rules/home-registers.ts'
import { DEFAULT_LIMITS, homeRegisters, NEW_HOME } from '../../protocols/rules/home-registers.ts'
import type { BoardFrame, PowerFrame } from '../../protocols/rules/reading.ts'
import {
  BEGIN,
  COMFORT,
  comfortFrame,
  HOME,
  ONLY_POWER,
  POWER,
  powerFrame,
  received,
  T,
  WATER,
  waterFrame,
} from './board-model.ts'

/** A home that takes frames one by one; times count from the beginning. */
function home(settings: HomeSettings = HOME) {
  let state = NEW_HOME
  const give = (frame: BoardFrame, atMs: number): Admission => {
    const admission = admitFrame(state, received(frame, BEGIN + atMs), settings)
    state = admission.next
    return admission
  }
  /** The k-th frame of a board that reports every second since it began. */
  const frame = (k: number, change: Partial<PowerFrame> = {}) =>
    powerFrame({ sequence: k, uptimeMs: 1_000 * (k + 1), ...change })
  return {
    give,
    frame,
    power: (k: number, change: Partial<PowerFrame> = {}, atMs = 1_000 * (k + 1)) =>
      codeOf(give(frame(k, change), atMs)),
    used: () => homeRegisters(state).importWh,
    state: () => state,
    replaceSettings: (change: HomeSettings) => (settings = change),
  }
}

const codeOf = (admission: Admission) => (admission.ok ? 'ok' : admission.refused.code)

/** A home whose power board has reported `count` times, with a register that gained one Wh a second. */
function running(count: number, settings: HomeSettings = HOME) {
  const living = home(settings)
  for (let k = 0; k < count; k++) living.power(k, { importWh: k + 1 })
  return living
}

const withBoard = (change: Partial<CommissionedBoard>): HomeSettings => ({
  ...ONLY_POWER,
  boards: [{ ...POWER, ...change }],
})

describe('a frame by itself', () => {
  it('refuses a board that nobody commissioned', () => {
    expect(home().power(0, { boardId: 99 })).toBe('unknown-board')
  })

  it('refuses a board that speaks as another kind', () => {
    expect(codeOf(home().give(waterFrame({ boardId: POWER.boardId }), 0))).toBe('wrong-kind')
  })

  it('refuses NaN, fractions, negative registers and values wider than their field', () => {
    const bad: Partial<PowerFrame>[] = [
      { importWh: Number.NaN },
      { importWh: Number.POSITIVE_INFINITY },
      { importWh: 1.5 },
      { exportWh: -1 },
      { importWh: 2 ** 32 },
      { powerW: 2 ** 31 },
      { sequence: -1 },
      { uptimeMs: 2 ** 32 },
      { voltageMv: Number.NaN },
    ]
    for (const change of bad) expect(home().power(0, change), JSON.stringify(change)).toBe('bad-field')
    expect(codeOf(home().give(powerFrame(), Number.NaN))).toBe('bad-field')
  })

  it('refuses the frame of a board whose sensor is broken', () => {
    expect(home().power(0, { sensorFault: true })).toBe('sensor-fault')
  })

  it('refuses more power or flow than the installation can carry', () => {
    const { maxImportW, maxExportW, maxFlowMlPerMin } = DEFAULT_LIMITS
    expect(home().power(0, { powerW: maxImportW })).toBe('ok')
    expect(home().power(0, { powerW: maxImportW + 1 })).toBe('value-impossible')
    expect(home().power(0, { peakPowerW: -maxExportW - 1 })).toBe('value-impossible')
    expect(codeOf(home().give(waterFrame({ flowMlPerMin: maxFlowMlPerMin + 1 }), 0))).toBe('value-impossible')
    expect(codeOf(home().give(comfortFrame({ humidityPermille: 1_001 }), 0))).toBe('value-impossible')
  })
})

describe('a line of frames', () => {
  it('begins with the register that the board shows', () => {
    const living = home()
    expect(living.power(7, { importWh: 4_321 })).toBe('ok')
    expect(living.used()).toBe(4_321)
  })

  it('lets a replacing board go on where the old one ended', () => {
    const living = running(5, ONLY_POWER)
    living.replaceSettings(withBoard({ boardId: 21 }))
    expect(codeOf(living.give(powerFrame({ boardId: 21, importWh: 2 }), 9_000))).toBe('ok')
    expect(living.used()).toBe(5)
    living.give(powerFrame({ boardId: 21, importWh: 4, sequence: 1, uptimeMs: 2_000 }), 10_000)
    expect(living.used()).toBe(7)
    expect(living.state().resetPending).toBe(true)
  })

  it('counts what the register gained', () => {
    const living = running(3)
    expect(living.power(3, { importWh: 9 })).toBe('ok')
    expect(living.used()).toBe(9)
  })

  it('goes on across the 32 bits of a register', () => {
    const living = home()
    living.power(0, { importWh: 2 ** 32 - 2 })
    expect(living.power(1, { importWh: 1 })).toBe('ok')
    expect(living.used()).toBe(2 ** 32 + 1)
    expect(living.state().resetPending).toBe(false)
  })

  it('goes on across the 32 bits of the uptime', () => {
    const living = home()
    living.power(10, { importWh: 5, uptimeMs: 2 ** 32 - 400 }, 1_000)
    expect(living.power(11, { importWh: 6, uptimeMs: 600 }, 2_000)).toBe('ok')
    const day = 86_400_000
    expect(living.power(12, { importWh: 7, uptimeMs: (600 + 60 * day) % 2 ** 32 }, 2_000 + 60 * day)).toBe(
      'ok',
    )
    expect(living.used()).toBe(7)
  })

  it('refuses a duplicate and an older frame', () => {
    const living = running(10)
    expect(living.power(9, { importWh: 10 }, 10_100)).toBe('duplicate')
    expect(living.power(8, { importWh: 9 }, 10_200)).toBe('out-of-order')
    expect(living.power(3, { importWh: 4 }, 10_300)).toBe('out-of-order')
    expect(living.power(10, { importWh: 11 })).toBe('ok')
    expect(living.used()).toBe(11)
  })

  it('refuses a register that went back', () => {
    const living = running(10)
    expect(living.power(10, { importWh: 3 })).toBe('register-back')
    expect(living.used()).toBe(10)
    expect(living.power(11, { importWh: 12 })).toBe('ok')
    expect(living.used()).toBe(12)
  })
})

describe('a spike', () => {
  it('refuses a spike and takes the next true frame', () => {
    const living = running(10)
    expect(living.power(10, { importWh: 5_000 })).toBe('spike')
    expect(living.power(11, { importWh: 12 })).toBe('ok')
    expect(living.used()).toBe(12)
  })

  it('never forgives an impossible jump by waiting', () => {
    const living = running(10)
    expect(living.power(10, { importWh: 5_000 })).toBe('spike')
    const hour = 3_600_000
    for (let k = 11; k < 30; k++) {
      const at = 10_000 + (k - 10) * hour
      expect(living.power(k, { importWh: 5_000 + k, uptimeMs: at }, at)).toBe('spike')
    }
    expect(living.used()).toBe(10)
  })

  it('forgives a small excess after a few periods', () => {
    const living = running(10)
    expect(living.power(10, { importWh: 60 })).toBe('spike')
    expect(living.power(13, { importWh: 60 })).toBe('ok')
    expect(living.used()).toBe(60)
  })
})

describe('a restart', () => {
  const again = (living: ReturnType<typeof home>, k: number, importWh: number, bootMs: number) =>
    living.power(k, { importWh }, bootMs + 1_000 * (k + 1))

  it('goes on by an offset and owes what it counted until a second frame', () => {
    const living = running(10)
    expect(again(living, 0, 4, 12_000)).toBe('ok')
    expect(living.used()).toBe(10)
    expect(again(living, 1, 6, 12_000)).toBe('ok')
    expect(living.used()).toBe(16)
    expect(living.state().resetPending).toBe(true)
    expect(living.state().offsets.importWh).toBe(10)
  })

  it('goes back to the line before when the restart was a copy', () => {
    const living = running(3)
    expect(living.power(0, { importWh: 1 }, 4_500)).toBe('ok')
    expect(living.used()).toBe(3)
    expect(living.power(4, { importWh: 7 })).toBe('ok')
    expect(living.used()).toBe(7)
    expect(living.state().offsets.importWh).toBe(0)
  })

  it('takes copies that come in a burst for no second frame', () => {
    const living = running(3)
    for (const k of [0, 1, 2]) living.power(k, { importWh: k + 1 }, 6_500 + k)
    expect(living.used()).toBe(3)
    expect(living.power(6, { importWh: 7 })).toBe('ok')
    expect(living.used()).toBe(7)
  })

  it('knows late frames of the line before from a second frame', () => {
    const living = running(3)
    living.power(0, { importWh: 1 }, 4_500)
    for (let k = 4; k < 8; k++) expect(living.power(k, { importWh: k + 1 }, 12_000)).toBe('ok')
    expect(living.used()).toBe(8)
  })

  it('charges nobody for what an older copy of the register lost', () => {
    const living = running(10, withBoard({ afterRestart: 'from-copy' }))
    expect(again(living, 0, 8, 12_000)).toBe('ok')
    expect(again(living, 1, 9, 12_000)).toBe('ok')
    expect(living.used()).toBe(10)
    expect(again(living, 2, 11, 12_000)).toBe('ok')
    expect(living.used()).toBe(12)
  })

  it('finds a restart that happened while the gateway stood still', () => {
    const living = running(100)
    const heardAt = 160_000
    expect(living.power(100, { importWh: 101 }, heardAt)).toBe('ok')
    for (let k = 0; k < 50; k++) living.power(k, { importWh: k }, heardAt)
    for (let k = 50; k < 54; k++) living.power(k, { importWh: k }, heardAt + 1_000 * (k - 49))
    expect(living.used()).toBe(101 + 53)
  })
})

describe('clocks', () => {
  it('refuses a board whose clock runs ahead by more than two periods', () => {
    const living = running(10)
    const ahead = (ms: number) => ({ importWh: 11, uptimeMs: 11_000 + ms })
    expect(living.power(10, ahead(2 * T + 100))).toBe('board-clock-ahead')
    expect(living.power(10, ahead(2 * T))).toBe('ok')
  })

  it('lets a slow drift pass', () => {
    const living = home()
    for (let k = 0; k < 5_000; k++) {
      const uptimeMs = Math.floor(1_005 * (k + 1))
      expect(living.power(k, { uptimeMs, importWh: k })).toBe('ok')
    }
  })

  it("refuses frames after the gateway's clock went back", () => {
    const living = running(10)
    expect(living.power(10, { importWh: 11 }, 10_000 - 2 * T)).toBe('ok')
    expect(living.power(11, { importWh: 12 }, 10_000 - 3_600_000)).toBe('clock-back')
    expect(living.power(12, { importWh: 13 }, 14_000)).toBe('ok')
  })

  it('follows the true frames again after three periods', () => {
    const living = running(10)
    expect(living.power(70, { importWh: 11, uptimeMs: 11_000 }, 11_000)).toBe('ok')
    const codes = Array.from({ length: 12 }, (_, i) => living.power(11 + i, { importWh: 12 + i }))
    expect(codes.slice(0, 6)).not.toContain('ok')
    expect(codes.slice(6)).not.toContain('out-of-order')
    expect(living.used()).toBe(23)
  })
})

describe('a refusal', () => {
  const factsOf = (admission: Admission) => (admission.ok ? null : admission.refused.facts)

  it('carries the facts that a log and a page show', () => {
    const { give, frame } = running(3)
    expect(factsOf(give(powerFrame({ boardId: 99 }), 0))).toEqual({ boardId: 99 })
    expect(factsOf(give(waterFrame({ boardId: 11 }), 0))).toEqual({
      boardId: 11,
      expected: 'power',
      got: 'water',
    })
    const width = 'an integer from 0 to 4294967295'
    expect(factsOf(give(frame(3, { importWh: -1 }), 4_000))).toEqual({
      boardId: 11,
      field: 'importWh',
      expected: width,
      got: '-1',
    })
    expect(factsOf(give(frame(3, { sensorFault: true }), 4_000))).toEqual({ boardId: 11 })
    expect(factsOf(give(frame(3, { powerW: 99_000 }), 4_000))).toEqual({
      boardId: 11,
      field: 'powerW',
      got: 99_000,
      least: -44_000,
      most: 44_000,
    })
    expect(factsOf(give(frame(2), 4_000))).toEqual({ boardId: 11, sequence: 2, last: 2 })
  })

  it('is remembered as a spike that is held, or as a suspect', () => {
    const living = running(3)
    expect(living.power(3, { importWh: 9_999 })).toBe('spike')
    expect(living.state().boards[0]?.held).toEqual({ sinceMs: BEGIN + 4_000, registers: [9_999, 0] })
    expect(living.power(1, { importWh: 2 }, 4_100)).toBe('out-of-order')
    expect(living.state().boards[0]?.suspect).toMatchObject({ sequence: 1, seen: 1 })
    expect(living.power(4, { importWh: 5 })).toBe('ok')
    expect(living.state().boards[0]).toMatchObject({ held: null, suspect: null, trial: null, sequence: 4 })
  })
})

describe('the boards of a home', () => {
  it('are kept in the order of their numbers', () => {
    const living = home()
    const kept = (frame: BoardFrame, atMs: number) => {
      living.give(frame, atMs)
      return living.state().boards.map(({ boardId }) => boardId)
    }
    expect(kept(waterFrame(), 100)).toEqual([12])
    expect(kept(powerFrame(), 200)).toEqual([11, 12])
    expect(kept(comfortFrame(), 300)).toEqual([11, 12, 13])
    expect(kept(waterFrame({ sequence: 1, uptimeMs: 2_000 }), 1_100)).toEqual([11, 12, 13])
    expect(living.state().boards[0]).toEqual({
      boardId: 11,
      kind: 'power',
      sequence: 0,
      uptimeMs: 1_000,
      receivedAtMs: BEGIN + 200,
      registers: [0, 0],
      leadMs: 0,
      trial: null,
      suspect: null,
      held: null,
    })
  })

  it('are replaced by one of their kind: its register starts below the home’s, or is refused', () => {
    const living = running(5, ONLY_POWER)
    living.replaceSettings(withBoard({ boardId: 21 }))
    const refused = living.give(powerFrame({ boardId: 21, importWh: 6 }), 9_000)
    expect(refused).toMatchObject({
      ok: false,
      refused: { code: 'spike', facts: { boardId: 21, field: 'importWh', got: 6 } },
    })
    expect(living.state().resetPending).toBe(false)
    expect(codeOf(living.give(powerFrame({ boardId: 21, importWh: 5 }), 9_000))).toBe('ok')
    expect(living.state()).toMatchObject({
      offsets: { importWh: 0, exportWh: 0, waterMl: 0 },
      resetPending: true,
    })
    expect(living.state().boards.map(({ boardId }) => boardId)).toEqual([21])
  })

  it('are not replaced by a second one of their kind that is commissioned beside them', () => {
    const living = home({ ...HOME, boards: [COMFORT, { ...COMFORT, boardId: 14 }] })
    living.give(comfortFrame(), 100)
    expect(codeOf(living.give(comfortFrame({ boardId: 14 }), 200))).toBe('ok')
    expect(living.state().boards.map(({ boardId }) => boardId)).toEqual([13, 14])
    expect(living.state().resetPending).toBe(false)
  })

  it('are not replaced by a board of another kind', () => {
    const living = running(5, ONLY_POWER)
    living.replaceSettings({ ...HOME, boards: [WATER] })
    expect(codeOf(living.give(waterFrame({ volumeMl: 900 }), 9_000))).toBe('ok')
    expect(living.state().boards.map(({ boardId }) => boardId)).toEqual([11, 12])
    expect(living.state().resetPending).toBe(false)
  })

  it('forget no restart before a reading told of it', () => {
    const living = running(10)
    living.power(0, { importWh: 4 }, 13_000)
    expect(living.power(1, { importWh: 6 }, 14_000)).toBe('ok')
    expect(living.power(2, { importWh: 7 }, 15_000)).toBe('ok')
    expect(living.state().resetPending).toBe(true)
  })
})
