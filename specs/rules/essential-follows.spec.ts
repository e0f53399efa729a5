import { describe, expect, it } from 'vitest'
import type { CheckedReading, FollowInput } from '../../protocols/rules/essential-follows.ts'
import { checkEssentialFollows } from '../../protocols/rules/essential-follows.ts'
import { type BoardFrame, ESSENTIAL_FLAGS } from '../../protocols/rules/reading.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../protocols/rules/units.ts'
import { BEGIN, comfortFrame, HOME, powerFrame, T, waterFrame } from './board-model.ts'

const SLOT = BEGIN / T
const WORD = 2 ** 32

/** The k-th reading of an honest home: 10 Wh and 100 mL a slot. */
function honest(k: number, previous: CheckedReading | null): FollowInput {
  const header = { sequence: 2 * k + 1, uptimeMs: 1_000 + k * T }
  const early = { ...header, sequence: 2 * k, uptimeMs: k * T }
  return {
    slot: SLOT + k,
    essential: {
      flags: 0,
      sequence: k + 1,
      t: unixMs(BEGIN + k * T + 900),
      energyImportWh: energyWh(1_000 + 10 * k),
      energyExportWh: energyWh(0),
      waterMl: waterMl(100 * k),
      meanPowerW: powerW(600),
      peakPowerW: powerW(900),
    },
    offsets: { importWh: 1_000, exportWh: 0, waterMl: 0 },
    frames: [
      powerFrame({ ...early, importWh: 10 * k - 5, powerW: 700, peakPowerW: 900 }),
      powerFrame({ ...header, importWh: 10 * k, powerW: 500, peakPowerW: 800 }),
      waterFrame({ ...header, volumeMl: 100 * k }),
      comfortFrame(header),
    ],
    previous,
    settings: HOME,
  }
}

function checked(input: FollowInput): CheckedReading {
  const result = checkEssentialFollows(input)
  if (!result.ok) throw new Error(`${result.code} ${JSON.stringify(result.facts)}`)
  return result.next
}

const before = checked(honest(1, null))
const second = honest(2, before)
const { essential } = second

function codeOf(change: Partial<FollowInput>): string {
  const result = checkEssentialFollows({ ...second, ...change })
  return result.ok ? 'ok' : result.code
}

const codeOfData = (change: Partial<FollowInput['essential']>) =>
  codeOf({ essential: { ...essential, ...change } })

describe('the community gateway', () => {
  it('accepts what the gateway made of its frames', () => {
    expect(codeOf({})).toBe('ok')
    expect(JSON.parse(JSON.stringify(before))).toEqual(before)
  })

  it('names a register that is not offset plus board register', () => {
    expect(codeOfData({ energyImportWh: energyWh(1_019) })).toBe('register-mismatch')
    expect(codeOfData({ waterMl: waterMl(201) })).toBe('register-mismatch')
    expect(codeOfData({ energyExportWh: energyWh(1) })).toBe('register-mismatch')
  })

  it('names a power that is not that of the frames', () => {
    expect(codeOfData({ meanPowerW: powerW(500) })).toBe('power-mismatch')
    expect(codeOfData({ peakPowerW: powerW(800) })).toBe('power-mismatch')
  })

  it('lets no offset move untold', () => {
    const offsets = { ...second.offsets, importWh: 995 }
    const moved = { ...essential, energyImportWh: energyWh(1_015) }
    expect(codeOf({ offsets, essential: moved })).toBe('offset-moved')
    const told = { ...moved, flags: ESSENTIAL_FLAGS.registerReset }
    expect(codeOf({ offsets, essential: told })).toBe('ok')
  })

  it('takes a roll-over for what it is', () => {
    const at = (k: number, board: number, offset: number, previous: CheckedReading | null): FollowInput => {
      const input = honest(k, previous)
      return {
        ...input,
        essential: { ...input.essential, energyImportWh: energyWh(offset + board) },
        offsets: { ...input.offsets, importWh: offset },
        frames: input.frames.map((f) => (f.kind === 'power' ? { ...f, importWh: board } : f)),
      }
    }
    const full = checked(at(1, WORD - 3, 1_000, null))
    expect(checkEssentialFollows(at(2, 4, 1_000 + WORD, full)).ok).toBe(true)
  })

  it('lets no register go back or jump', () => {
    const lower = { ...second.offsets, importWh: 980 }
    const back = { ...essential, flags: ESSENTIAL_FLAGS.registerReset, energyImportWh: energyWh(1_000) }
    expect(codeOf({ offsets: lower, essential: back })).toBe('register-back')
    const frames = second.frames.map((f) => (f.kind === 'water' ? { ...f, volumeMl: 90_000 } : f))
    expect(codeOf({ frames, essential: { ...essential, waterMl: waterMl(90_000) } })).toBe('spike')
  })

  it('misses boards and knows frames that came before', () => {
    expect(codeOf({ frames: second.frames.filter((f) => f.kind !== 'comfort') })).toBe('board-missing')
    const old = second.frames.map((f) =>
      f.kind === 'comfort' ? comfortFrame({ sequence: 3, uptimeMs: 99_000 }) : f,
    )
    expect(codeOf({ frames: old })).toBe('frame-replayed')
  })

  it('wants slots and sequences to rise, and gaps to be told', () => {
    expect(codeOf({ slot: before.slot })).toBe('slot-not-rising')
    expect(codeOfData({ sequence: 2 })).toBe('sequence-not-rising')
    expect(codeOf({ slot: second.slot + 1 })).toBe('flag-mismatch')
    expect(codeOfData({ flags: ESSENTIAL_FLAGS.gapBefore })).toBe('flag-mismatch')
  })
})

describe('what does not follow', () => {
  const failed = (change: Partial<FollowInput>) => {
    const result = checkEssentialFollows({ ...second, ...change })
    return result.ok ? null : { code: result.code, facts: result.facts }
  }
  const data = (change: Partial<FollowInput['essential']>) => ({ essential: { ...essential, ...change } })

  it('is told with its facts', () => {
    const slot = SLOT + 1
    expect(failed({ slot })).toEqual({ code: 'slot-not-rising', facts: { slot, last: slot } })
    expect(failed(data({ sequence: 2 }))).toEqual({
      code: 'sequence-not-rising',
      facts: { sequence: 2, last: 2 },
    })
    expect(failed({ slot: SLOT + 3 })).toEqual({
      code: 'flag-mismatch',
      facts: { flag: 'gapBefore', told: false },
    })
    expect(failed({ frames: second.frames.slice(0, 3) })).toEqual({
      code: 'board-missing',
      facts: { boardId: 13, kind: 'comfort' },
    })
    expect(failed(data({ waterMl: waterMl(201) }))).toEqual({
      code: 'register-mismatch',
      facts: { field: 'waterMl', expected: 200, got: 201 },
    })
    expect(failed(data({ meanPowerW: powerW(500) }))).toEqual({
      code: 'power-mismatch',
      facts: { field: 'meanPowerW', expected: 600, got: 500 },
    })
    expect(failed(data({ peakPowerW: powerW(800) }))).toEqual({
      code: 'power-mismatch',
      facts: { field: 'peakPowerW', expected: 900, got: 800 },
    })
  })

  it('is a board that speaks as another one, or as another kind', () => {
    const missing = { code: 'board-missing', facts: { boardId: 13, kind: 'comfort' } }
    const speaking = (frame: BoardFrame) => failed({ frames: [...second.frames.slice(0, 3), frame] })
    expect(speaking(comfortFrame({ boardId: 14, sequence: 5 }))).toEqual(missing)
    expect(speaking(waterFrame({ boardId: 13, sequence: 5, volumeMl: 200 }))).toEqual(missing)
  })

  it('is a frame of an earlier reading, or one that comes twice', () => {
    const comfort = (sequence: number, uptimeMs: number) => ({
      frames: [...second.frames.slice(0, 3), comfortFrame({ sequence, uptimeMs })],
    })
    const replayed = { code: 'frame-replayed', facts: { boardId: 13, sequence: 3, last: 3 } }
    expect(failed(comfort(3, 6_001))).toEqual(replayed)
    expect(failed(comfort(3, 6_000))).toBeNull()
    expect(failed(comfort(4, 6_001))).toBeNull()
    const twice = comfortFrame({ sequence: 5, uptimeMs: 7_000 })
    expect(failed({ frames: [...second.frames.slice(0, 3), twice, twice] })).toEqual({
      code: 'frame-replayed',
      facts: { boardId: 13, sequence: 5, last: 5 },
    })
    const stranger = comfortFrame({ boardId: 99, sequence: 1, uptimeMs: 99_000 })
    expect(failed({ frames: [...second.frames, stranger] })).toBeNull()
  })

  it('is more water than could flow since the slot before, unless a restart is told', () => {
    const most = 3 * T * 2 + 1
    const water = (ml: number, flags = 0) => ({
      frames: second.frames.map((f) => (f.kind === 'water' ? { ...f, volumeMl: 100 + ml } : f)),
      ...data({ waterMl: waterMl(100 + ml), flags }),
    })
    expect(failed(water(most))).toBeNull()
    expect(failed(water(most + 1))).toEqual({
      code: 'spike',
      facts: { field: 'waterMl', add: most + 1, possible: most },
    })
    expect(failed(water(most + 1, ESSENTIAL_FLAGS.registerReset))).toBeNull()
    expect(failed(water(0))).toBeNull()
  })

  it('is a register that goes back, and an offset that moves untold', () => {
    const lower = { offsets: { ...second.offsets, importWh: 989 } }
    const flags = ESSENTIAL_FLAGS.registerReset
    expect(failed({ ...lower, ...data({ energyImportWh: energyWh(1_009), flags }) })).toEqual({
      code: 'register-back',
      facts: { field: 'energyImportWh', by: 1 },
    })
    expect(failed({ ...lower, ...data({ energyImportWh: energyWh(1_009) }) })?.code).toBe('register-back')
    const moved = { offsets: { ...second.offsets, importWh: 995 } }
    expect(failed({ ...moved, ...data({ energyImportWh: energyWh(1_015) }) })).toEqual({
      code: 'offset-moved',
      facts: { field: 'energyImportWh', moved: -5 },
    })
    // The reading that told of the restart was missed.
    const later = { slot: SLOT + 3, ...moved, ...data({ energyImportWh: energyWh(1_015), sequence: 4 }) }
    expect(failed(later)).toBeNull()
  })
})

describe('what is kept of a checked reading', () => {
  it('is the newest sequence of each board, also of one that is silent now', () => {
    expect(before).toEqual({
      slot: SLOT + 1,
      essential: honest(1, null).essential,
      offsets: second.offsets,
      boards: [
        { boardId: 11, sequence: 3 },
        { boardId: 12, sequence: 3 },
        { boardId: 13, sequence: 3 },
      ],
    })
    const settings = { ...HOME, boards: HOME.boards.slice(0, 2) }
    const quiet = checked({ ...second, settings, frames: second.frames.slice(0, 3) })
    expect(quiet.boards).toEqual([
      { boardId: 11, sequence: 5 },
      { boardId: 12, sequence: 5 },
      { boardId: 13, sequence: 3 },
    ])
  })

  it('is all of a first reading, whatever its sequence and its flags', () => {
    const first = { ...second, previous: null }
    expect(checkEssentialFollows(first).ok).toBe(true)
    const flagged = { ...essential, flags: ESSENTIAL_FLAGS.gapBefore, sequence: 9 }
    expect(checkEssentialFollows({ ...first, essential: flagged }).ok).toBe(true)
  })
})
