import { describe, expect, it } from 'vitest'
import {
  followLine,
  followSuspect,
  type LineFault,
  type LineRules,
  resumeAs,
  SUSPECTS_TO_RESUME,
} from '../../protocols/rules/board-line.ts'
import type { BoardProgress, Mark, Suspect } from '../../protocols/rules/home-registers.ts'
import { HOME, POWER, T } from './board-model.ts'

const HEARD_AT = 1_000_000
/** At most one Wh a second either way, and one more for rounding. */
const RULES: LineRules = {
  board: POWER,
  settings: { ...HOME, limits: { ...HOME.limits, maxImportW: 3_600, maxExportW: 3_600 } },
  offsets: [0, 0],
}
const LINE = {
  sequence: 10,
  uptimeMs: 10_000,
  receivedAtMs: HEARD_AT,
  registers: [5, 6],
  leadMs: 0,
} as const
const FOLLOWED: BoardProgress = {
  boardId: POWER.boardId,
  kind: 'power',
  ...LINE,
  trial: null,
  suspect: null,
  held: null,
}
/** A frame of the board that ran on, a second later. */
const next = (change: Partial<Mark> = {}): Mark => ({
  sequence: 11,
  uptimeMs: 11_000,
  receivedAtMs: HEARD_AT + 1_000,
  registers: [5, 6],
  ...change,
})
/** A frame of the board that started again, two seconds later. */
const again = (change: Partial<Mark> = {}): Mark => ({
  sequence: 0,
  uptimeMs: 500,
  receivedAtMs: HEARD_AT + 2_000,
  registers: [1, 0],
  ...change,
})
const codeOf = (verdict: ReturnType<typeof followLine>) => (verdict.ok ? 'ok' : verdict.code)

describe('the line of a board that runs', () => {
  it('goes on by what each register gained, as far as a period more than the time lets it', () => {
    expect(followLine(FOLLOWED, next({ registers: [9, 8] }), RULES)).toEqual({
      ok: true,
      leadMs: 0,
      adds: [4, 2],
      trial: null,
    })
    const spike = (register: string, last: number, got: number) => ({
      ok: false,
      code: 'spike',
      facts: { register, last, got, possible: 4 },
    })
    expect(followLine(FOLLOWED, next({ registers: [10, 6] }), RULES)).toEqual(spike('importWh', 5, 10))
    expect(followLine(FOLLOWED, next({ registers: [5, 11] }), RULES)).toEqual(spike('exportWh', 6, 11))
  })

  it('does not go on with a register that went back', () => {
    expect(followLine(FOLLOWED, next({ registers: [4, 6] }), RULES)).toEqual({
      ok: false,
      code: 'register-back',
      facts: { register: 'importWh', last: 5, got: 4, possible: 4 },
    })
  })

  it('keeps how far the board’s clock is ahead', () => {
    expect(followLine(FOLLOWED, next({ uptimeMs: 11_300 }), RULES)).toMatchObject({ leadMs: 290 })
  })

  it('does not go on with the order of its frames broken', () => {
    expect(codeOf(followLine(FOLLOWED, next({ sequence: 10 }), RULES))).toBe('duplicate')
    expect(codeOf(followLine(FOLLOWED, next({ sequence: 9 }), RULES))).toBe('out-of-order')
  })

  it('bears a gateway’s clock that went back by two periods, and no more', () => {
    const back = (ms: number) => followLine(FOLLOWED, next({ receivedAtMs: HEARD_AT - ms }), RULES)
    expect(codeOf(back(2 * T))).toBe('ok')
    expect(back(2 * T + 1)).toEqual({ ok: false, code: 'clock-back', facts: { behindMs: 2 * T + 1 } })
  })
})

describe('a spike that is held', () => {
  const held = (level: number, register = 0) => ({
    ...FOLLOWED,
    held: { sinceMs: HEARD_AT + 1_000, registers: register === 0 ? [level, 6] : [5, level] },
  })
  const later = (registers: readonly number[]) =>
    next({ sequence: 400, uptimeMs: 1_010_000, receivedAtMs: HEARD_AT + 1_000_000, registers })

  it('stays refused however long one waits, when it was beyond five periods’ most', () => {
    expect(followLine(held(18), later([18, 6]), RULES)).toEqual({
      ok: false,
      code: 'spike',
      facts: { register: 'importWh', last: 5, got: 18, possible: 12 },
    })
    expect(followLine(held(19, 1), later([5, 20]), RULES)).toEqual({
      ok: false,
      code: 'spike',
      facts: { register: 'exportWh', last: 6, got: 20, possible: 12 },
    })
  })

  it('is forgiven when it was within them, or when the register is below it', () => {
    expect(codeOf(followLine(held(17), later([17, 6]), RULES))).toBe('ok')
    expect(codeOf(followLine(held(18), later([17, 6]), RULES))).toBe('ok')
    expect(codeOf(followLine(held(18, 1), later([5, 18]), RULES))).toBe('ok')
  })
})

describe('a board that started again', () => {
  const trial = { left: LINE, given: [0, 0] }

  it('is on trial: what it adds is owed, and the line before is kept', () => {
    expect(followLine(FOLLOWED, again(), RULES)).toEqual({ ok: true, leadMs: 0, adds: [0, 0], trial })
  })

  it('shows at once only what its home’s register would else fall short of', () => {
    const risen = again({ registers: [8, 6] })
    expect(followLine(FOLLOWED, risen, RULES)).toMatchObject({ adds: [3, 0], trial: { given: [3, 0] } })
    const offset = { ...RULES, offsets: [2, 9] }
    expect(followLine(FOLLOWED, risen, offset)).toMatchObject({ adds: [1, 0], trial: { given: [1, 0] } })
  })

  it('cannot have used more than was possible since the line that it left', () => {
    expect(codeOf(followLine(FOLLOWED, again({ registers: [10, 0] }), RULES))).toBe('ok')
    expect(followLine(FOLLOWED, again({ registers: [11, 0] }), RULES)).toEqual({
      ok: false,
      code: 'spike',
      facts: { register: 'importWh', last: 5, got: 11, possible: 5 },
    })
  })

  it('did not when it has run since before its last frame, nor when that frame comes again', () => {
    expect(codeOf(followLine(FOLLOWED, again({ uptimeMs: 2_000 }), RULES))).toBe('ok')
    expect(codeOf(followLine(FOLLOWED, again({ uptimeMs: 2_001 }), RULES))).toBe('out-of-order')
    const copy = { ...LINE, receivedAtMs: HEARD_AT + 3_600_000 }
    expect(codeOf(followLine(FOLLOWED, copy, RULES))).toBe('duplicate')
  })
})

describe('a restart on trial', () => {
  const tried = (given: readonly number[] = [0, 0]): BoardProgress => ({
    ...FOLLOWED,
    ...again(),
    trial: { left: LINE, given },
  })
  const second = (change: Partial<Mark> = {}): Mark =>
    again({
      sequence: 1,
      uptimeMs: 1_500,
      receivedAtMs: HEARD_AT + 3_000,
      registers: [2, 0],
      ...change,
    })

  it('ends when the line before goes on, less what was given', () => {
    const left = next({ uptimeMs: 13_000, receivedAtMs: HEARD_AT + 3_000, registers: [8, 7] })
    expect(followLine(tried(), left, RULES)).toEqual({ ok: true, leadMs: 0, adds: [3, 1], trial: null })
    expect(followLine(tried([2, 2]), left, RULES)).toMatchObject({ adds: [1, 0], trial: null })
  })

  it('is confirmed by a second frame, and then pays what is owed', () => {
    expect(followLine(tried(), second(), RULES)).toEqual({ ok: true, leadMs: 0, adds: [2, 0], trial: null })
    expect(followLine(tried([1, 0]), second(), RULES)).toMatchObject({ adds: [1, 0], trial: null })
  })

  it('is not confirmed by copies in a burst: half of the board’s time must really have passed', () => {
    const owed = { ...RULES, offsets: [4, 6] }
    const after = (ms: number) => followLine(tried(), second({ receivedAtMs: HEARD_AT + 2_000 + ms }), owed)
    expect(after(500)).toMatchObject({ ok: true, trial: null })
    expect(after(499)).toEqual({
      ok: true,
      leadMs: 0,
      adds: [0, 0],
      trial: { left: LINE, given: [0, 0] },
    })
  })

  it('is not confirmed by a register that jumped since the first frame', () => {
    expect(followLine(tried(), second({ registers: [5, 0] }), RULES)).toMatchObject({ trial: null })
    expect(followLine(tried(), second({ registers: [6, 0] }), RULES)).toMatchObject({
      adds: [1, 0],
      trial: { left: LINE, given: [1, 0] },
    })
  })

  it('sets the zero of its clock by the frame that came soonest', () => {
    const late = followLine(tried(), second({ receivedAtMs: HEARD_AT + 3_500 }), RULES)
    expect(late).toMatchObject({ leadMs: -485 })
    const soon = followLine(tried(), second({ receivedAtMs: HEARD_AT + 2_600 }), RULES)
    expect(soon).toMatchObject({ leadMs: 0 })
  })

  it('gives way to a start that is later still', () => {
    const third = again({ uptimeMs: 300, receivedAtMs: HEARD_AT + 5_000, registers: [1, 0] })
    expect(followLine({ ...tried([0, 1]), leadMs: 0 }, third, RULES)).toEqual({
      ok: true,
      leadMs: 0,
      adds: [0, 0],
      trial: { left: LINE, given: [0, 1] },
    })
    const longer = again({ sequence: 1, uptimeMs: 400, receivedAtMs: HEARD_AT + 5_000 })
    expect(followLine(tried(), longer, RULES)).toMatchObject({ trial: { left: LINE } })
  })

  it('hears nothing between its first frame and the next that is later by number and by clock', () => {
    const between = (sequence: number, uptimeMs: number) =>
      followLine(tried(), again({ sequence, uptimeMs, receivedAtMs: HEARD_AT + 2_400 }), RULES)
    const fault = { ok: false, code: 'out-of-order' }
    expect(between(0, 450)).toEqual({ ...fault, facts: { sequence: 0, last: 0 } })
    expect(between(0, 900)).toEqual({ ...fault, facts: { sequence: 0, last: 0 } })
    expect(between(1, 450)).toEqual({ ...fault, facts: { sequence: 1, last: 0 } })
    expect(between(1, 500)).toEqual({ ...fault, facts: { sequence: 1, last: 0 } })
    expect(between(1, 501)).toMatchObject({ ok: true })
  })

  it('does not hear its own first frame again, nor an old one of the line before', () => {
    const fault = (now: Mark) => followLine(tried(), now, RULES)
    expect(fault(again({ receivedAtMs: HEARD_AT + 60_000 }))).toEqual({
      ok: false,
      code: 'out-of-order',
      facts: { sequence: 0, last: 10 },
    })
    const old = again({ sequence: 4, uptimeMs: 4_000, receivedAtMs: HEARD_AT + 3_000, registers: [2, 3] })
    expect(fault(old)).toEqual({ ok: false, code: 'out-of-order', facts: { sequence: 4, last: 10 } })
  })

  it('is confirmed by two frames that a copy had pushed aside', () => {
    const copied: BoardProgress = { ...tried(), sequence: 5, uptimeMs: 5_000 }
    const first = again({ sequence: 1, uptimeMs: 1_000, receivedAtMs: HEARD_AT + 2_500 })
    const fault = followLine(copied, first, RULES)
    if (fault.ok) throw new Error('it follows a copy')
    expect(fault).toEqual({ ok: false, code: 'out-of-order', facts: { sequence: 1, last: 5 } })
    const aside = followSuspect(copied, first, fault, RULES)
    const then = (change: Partial<Mark> = {}) =>
      again({
        sequence: 2,
        uptimeMs: 2_000,
        receivedAtMs: HEARD_AT + 3_500,
        registers: [2, 0],
        ...change,
      })
    expect(followLine(aside, then(), RULES)).toEqual({ ok: true, leadMs: 0, adds: [2, 0], trial: null })
    expect(followLine(aside, then({ receivedAtMs: HEARD_AT + 3_700 }), RULES)).toMatchObject({
      leadMs: -188,
    })
    expect(codeOf(followLine(aside, then({ registers: [9, 0] }), RULES))).toBe('out-of-order')
    expect(codeOf(followLine(aside, then({ receivedAtMs: HEARD_AT + 2_999 }), RULES))).toBe('out-of-order')
  })
})

describe('a refused frame', () => {
  const fault = (code: LineFault['code']): LineFault => ({ ok: false, code, facts: {} })
  const suspected = (change: Partial<Suspect> = {}): Suspect => ({
    ...again({ receivedAtMs: HEARD_AT + 3_000 }),
    seen: 1,
    sinceMs: HEARD_AT + 3_000,
    ...change,
  })

  it('changes nothing when it is a duplicate or came while the clock was wrong', () => {
    expect(followSuspect(FOLLOWED, next(), fault('duplicate'), RULES)).toBe(FOLLOWED)
    expect(followSuspect(FOLLOWED, next(), fault('clock-back'), RULES)).toBe(FOLLOWED)
  })

  it('is held when it is a spike, and the first one stays held', () => {
    const now = next({ registers: [99, 6] })
    const held = { sinceMs: HEARD_AT + 1_000, registers: [99, 6] }
    expect(followSuspect(FOLLOWED, now, fault('spike'), RULES)).toEqual({ ...FOLLOWED, held })
    const first = { sinceMs: HEARD_AT, registers: [50, 6] }
    expect(followSuspect({ ...FOLLOWED, held: first }, now, fault('spike'), RULES).held).toBe(first)
  })

  it('is else a suspect, and counts those that continue each other', () => {
    const first = again({ receivedAtMs: HEARD_AT + 3_000 })
    const one = followSuspect(FOLLOWED, first, fault('out-of-order'), RULES)
    expect(one).toEqual({ ...FOLLOWED, suspect: suspected() })
    const second = again({ sequence: 1, uptimeMs: 1_500, receivedAtMs: HEARD_AT + 4_000 })
    const two = followSuspect(one, second, fault('out-of-order'), RULES)
    expect(two.suspect).toEqual({ ...second, seen: 2, sinceMs: HEARD_AT + 3_000 })
    const stranger = again({ sequence: 1, uptimeMs: 1_700, receivedAtMs: HEARD_AT + 5_000 })
    const other = followSuspect(two, stranger, fault('out-of-order'), RULES)
    expect(other.suspect).toEqual({ ...stranger, seen: 1, sinceMs: HEARD_AT + 5_000 })
  })

  const now = (change: Partial<Mark> = {}) =>
    again({ sequence: 3, uptimeMs: 7_000, receivedAtMs: HEARD_AT + 9_000, registers: [3, 6], ...change })
  const resumed = (change: Partial<Suspect> = {}, registers: readonly number[] = [3, 6]) =>
    resumeAs(
      { ...FOLLOWED, suspect: suspected({ seen: SUSPECTS_TO_RESUME, ...change }) },
      now({ registers }),
      RULES,
    )

  it('is followed after three that continue each other over three periods', () => {
    expect(resumeAs(FOLLOWED, now(), RULES)).toBeUndefined()
    expect(resumed({ seen: 2 })).toBeUndefined()
    expect(resumed({ sinceMs: HEARD_AT + 3_001 })).toBeUndefined()
    expect(resumed()).toMatchObject({ ok: true, leadMs: 0, trial: null })
  })

  it('then adds nothing for a register that went back, and never a jump', () => {
    expect(resumed()).toMatchObject({ adds: [0, 0] })
    expect(resumed({}, [17, 6])).toMatchObject({ adds: [12, 0] })
    expect(resumed({}, [18, 6])).toBeUndefined()
  })
})
