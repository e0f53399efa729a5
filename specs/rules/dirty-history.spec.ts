import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CheckedReading } from '../../protocols/rules/essential-follows.ts'
import { checkEssentialFollows } from '../../protocols/rules/essential-follows.ts'
import type { AfterRestart, HomeSettings, HomeState } from '../../protocols/rules/home-registers.ts'
import { homeRegisters, NEW_HOME } from '../../protocols/rules/home-registers.ts'
import type { SlotResult } from '../../protocols/rules/process-frames.ts'
import { processSlot } from '../../protocols/rules/process-frames.ts'
import type { PowerFrame, ReceivedFrame } from '../../protocols/rules/reading.ts'
import { BEGIN, ONLY_POWER, POWER, powerFrame, received, T, TrueBoard } from './board-model.ts'

const WINDOW = T / 2
/** What the first frame of every history shows above the start. */
const FIRST_WH = 1

/** What happens between two reports of a board. */
type Happening =
  | { readonly do: 'report'; readonly wh: number }
  | { readonly do: 'lose'; readonly wh: number }
  | { readonly do: 'silence'; readonly windows: number; readonly wh: number }
  | { readonly do: 'stall'; readonly reports: number; readonly wh: number }
  | { readonly do: 'replay'; readonly back: number; readonly many: number }
  | { readonly do: 'corrupt'; readonly how: Partial<PowerFrame> }
  | RestartHappening

/** Two reports follow a restart; copies of old ones may come between. */
interface RestartHappening {
  readonly do: 'restart'
  readonly offMs: number
  readonly lostWh: number
  readonly wh: number
  readonly back: number
  readonly many: number
}

const wh = fc.integer({ min: 0, max: 10 })
const impossible = fc.constantFrom(
  { importWh: Number.NaN },
  { importWh: -1 },
  { importWh: 0.5 },
  { importWh: 2 ** 32 },
  { importWh: Number.POSITIVE_INFINITY },
  { powerW: 1e9 },
  { peakPowerW: Number.NaN },
  { powerFactorPermille: 1e6 },
  { sequence: -1 },
  { uptimeMs: 2 ** 33 },
)
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('report' as const), wh }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lose' as const), wh }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('silence' as const), windows: fc.nat(40), wh }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('stall' as const), reports: fc.integer({ min: 2, max: 30 }), wh }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('replay' as const), back: fc.nat(40), many: fc.nat(6) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('corrupt' as const), how: impossible }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      offMs: fc.integer({ min: 200, max: 20_000 }),
      lostWh: fc.nat(5),
      wh,
      back: fc.nat(20),
      many: fc.nat(3),
    }),
  },
)

const report = (wh: number): Happening => ({ do: 'report', wh })
const stall = (reports: number, wh: number): Happening => ({ do: 'stall', reports, wh })
const restart = (offMs: number, wh: number): Happening => ({
  do: 'restart',
  ...{ offMs, lostWh: 0, wh, back: 0, many: 0 },
})

/** Histories that were judged wrong once, by what was wrong, with the register they start from. */
const ONCE_WRONG: readonly [Happening[], number][] = [
  // A restart confirmed by a frame that came 18 s late left no room for those that had waited behind it.
  [[stall(8, 1), report(9), restart(200, 10), stall(19, 9), report(3)], 2 ** 32 - 40],
  // A register that rolled over between the first two frames of a start kept the restart in doubt.
  [
    [
      ...[report(1), restart(200, 0), restart(5_141, 10)],
      { do: 'silence', windows: 4, wh: 0 },
      stall(2, 0),
      { do: 'replay', back: 3, many: 1 },
      stall(2, 0),
    ],
    2 ** 32 - 24,
  ],
]

interface History {
  readonly stream: ReceivedFrame[]
  readonly board: TrueBoard
}

/**
 * Frames in the order in which they reach the port, with the reference that knows the truth. Copies are
 * `ancient` when they fit a frame of the present start that was lost, or come later than the board had been
 * running by then: no clock can tell them from a frame of now or from a restart.
 */
function historyOf(
  happenings: readonly Happening[],
  start: number,
  afterRestart: AfterRestart,
  ancient = false,
): History {
  const board = new TrueBoard(BEGIN, start, afterRestart)
  const stream: ReceivedFrame[] = []
  const heard: PowerFrame[] = []
  const deliver = (atMs: number) => {
    const frame = board.report()
    heard.push(frame)
    stream.push(received(frame, atMs))
  }
  const step = (used: number) => board.live(WINDOW, used)
  const happen = (what: Happening) => {
    switch (what.do) {
      case 'report':
        step(what.wh)
        return deliver(board.nowMs)
      case 'lose':
        step(what.wh)
        return board.skip()
      case 'silence':
        board.live(WINDOW * what.windows, what.wh)
        step(0)
        return deliver(board.nowMs)
      case 'stall': {
        const atMs = board.nowMs + WINDOW * what.reports
        for (let i = 0; i < what.reports; i++) {
          step(what.wh)
          deliver(atMs)
        }
        return undefined
      }
      case 'replay': {
        const last = heard.slice(Math.max(0, heard.length - what.back)).slice(0, what.many)
        const copies = ancient ? last : last.filter((frame) => board.isYoungCopy(frame))
        for (const frame of copies) stream.push(received(frame, board.nowMs))
        return undefined
      }
      case 'corrupt':
        stream.push(received({ ...powerFrame({ sequence: 5, uptimeMs: 3 }), ...what.how }, board.nowMs))
        return undefined
      case 'restart':
        board.restart(what.offMs, what.lostWh)
        happen({ do: 'replay', back: what.back, many: what.many })
        happen({ do: 'report', wh: what.wh })
        happen({ do: 'replay', back: what.back, many: 1 })
        return happen({ do: 'report', wh: what.wh })
    }
  }
  for (let i = 0; i < 3; i++) happen({ do: 'report', wh: 1 })
  happenings.forEach(happen)
  for (let i = 0; i < 8; i++) happen({ do: 'report', wh: 1 })
  return { stream, board }
}

type Complete = Extract<SlotResult, { outcome: 'complete' }> & { readonly slot: number }

/** Runs a home over a stream, slot by slot, through a snapshot written and read between any two slots. */
function runHome(
  stream: readonly ReceivedFrame[],
  settings: HomeSettings,
): { state: HomeState; sealed: Complete[]; refused: number } {
  let state = NEW_HOME
  let refused = 0
  const sealed: Complete[] = []
  const slots = [...new Set(stream.map((f) => Math.floor(f.receivedAtMs / T)))]
  for (const slot of slots) {
    const frames = stream.filter((f) => Math.floor(f.receivedAtMs / T) === slot)
    const result = processSlot({ state, frames, slot, settings })
    state = JSON.parse(JSON.stringify(result.next)) as HomeState
    refused += result.refusals.length
    if (result.outcome === 'complete') sealed.push({ ...result, slot })
  }
  return { state, sealed, refused }
}

/** The community gateway checks every sealed reading in its order; returns the first fault, if any. */
function checkedAll(sealed: readonly Complete[], settings: HomeSettings): string | undefined {
  let previous: CheckedReading | null = null
  for (const { slot, essential, extended, frames } of sealed) {
    const offsets = {
      importWh: extended.importOffsetWh,
      exportWh: extended.exportOffsetWh,
      waterMl: extended.waterOffsetMl,
    }
    const result = checkEssentialFollows({ slot, essential, offsets, frames, previous, settings })
    if (!result.ok) return `${result.code} ${JSON.stringify(result.facts)}`
    previous = result.next
  }
  return undefined
}

describe.each(['from-zero', 'from-copy'] as const)('a board whose register restarts %s', (afterRestart) => {
  const settings = { ...ONLY_POWER, boards: [{ ...POWER, afterRestart }] }
  const histories = fc.tuple(
    fc.array(happening, { minLength: 1, maxLength: 60, size: 'max' }),
    fc.oneof(fc.constantFrom(0, 7, 123_456), fc.integer({ min: 2 ** 32 - 150, max: 2 ** 32 - 2 })),
  )
  const examples = ONCE_WRONG.map((history): [typeof history] => [history])

  it('is billed what its home used, whatever happened to its frames on the way', () => {
    fc.assert(
      fc.property(histories, ([happenings, start]) => {
        const { stream, board } = historyOf(happenings, start, afterRestart)
        const { state } = runHome(stream, settings)
        const missing = start + FIRST_WH + board.usedWh - homeRegisters(state).importWh
        expect(missing).toBeGreaterThanOrEqual(0)
        expect(missing).toBeLessThanOrEqual(board.unknowableWh)
      }),
      { numRuns: 400, examples },
    )
  })

  it('gives only readings that the community gateway finds right', () => {
    fc.assert(
      fc.property(histories, ([happenings, start]) => {
        const { stream } = historyOf(happenings, start, afterRestart)
        const { sealed } = runHome(stream, settings)
        expect(sealed.length).toBeGreaterThan(0)
        expect(checkedAll(sealed, settings)).toBeUndefined()
      }),
      { numRuns: 200, examples },
    )
  })

  it('never lets a register go back, not even for copies that are as old as the board', () => {
    fc.assert(
      fc.property(histories, ([happenings, start]) => {
        const { stream } = historyOf(happenings, start, afterRestart, true)
        const { sealed } = runHome(stream, settings)
        const registers = sealed.map(({ essential }) => essential.energyImportWh)
        expect(registers).toEqual([...registers].sort((a, b) => a - b))
      }),
      { numRuns: 200, examples },
    )
  })
})
