import type { Facts } from './fault.ts'
import type { HomeSettings, Offsets, RegisterName } from './home-registers.ts'
import { registerNames, registersOf } from './home-registers.ts'
import { isLater } from './board-clock.ts'
import { powerOf } from './process-frames.ts'
import type { BoardFrame, EssentialData } from './reading.ts'
import { ESSENTIAL_FLAGS } from './reading.ts'
import { mostPossible, REGISTER_SPAN } from './register-step.ts'

/** The order of a board's frames as the community gateway last saw it. */
export interface SeenBoard {
  readonly boardId: number
  readonly sequence: number
}

/** What the community gateway keeps of the last reading that it checked: plain data. */
export interface CheckedReading {
  readonly slot: number
  readonly essential: EssentialData
  readonly offsets: Offsets
  readonly boards: readonly SeenBoard[]
}

/** Why a reading does not follow from its boards' frames. */
export type FollowCode =
  | 'slot-not-rising'
  | 'sequence-not-rising'
  | 'board-missing'
  | 'frame-replayed'
  | 'register-mismatch'
  | 'power-mismatch'
  | 'register-back'
  | 'spike'
  | 'offset-moved'
  | 'flag-mismatch'

export type FollowResult =
  | { readonly ok: true; readonly next: CheckedReading }
  | { readonly ok: false; readonly code: FollowCode; readonly facts: Facts }

export interface FollowInput {
  readonly slot: number
  readonly essential: EssentialData
  readonly offsets: Offsets
  /** The frames of X^t, decoded, in their order, each with its MAC already checked. */
  readonly frames: readonly BoardFrame[]
  /** The last reading of this home that was checked; null for its first. */
  readonly previous: CheckedReading | null
  readonly settings: HomeSettings
}

type Fault = Extract<FollowResult, { ok: false }>

const fault = (code: FollowCode, facts: Facts): Fault => ({ ok: false, code, facts })

const ESSENTIAL_FIELD = {
  importWh: 'energyImportWh',
  exportWh: 'energyExportWh',
  waterMl: 'waterMl',
} as const satisfies Record<RegisterName, keyof EssentialData>

const NAMES = ['importWh', 'exportWh', 'waterMl'] as const

function orderFault({ slot, essential, previous }: FollowInput): Fault | undefined {
  if (previous === null) return undefined
  if (slot <= previous.slot) return fault('slot-not-rising', { slot, last: previous.slot })
  const { sequence } = essential
  const last = previous.essential.sequence
  if (sequence <= last) return fault('sequence-not-rising', { sequence, last })
  const gap = slot > previous.slot + 1
  const told = (essential.flags & ESSENTIAL_FLAGS.gapBefore) !== 0
  const next = sequence === last + 1
  return next && gap !== told ? fault('flag-mismatch', { flag: 'gapBefore', told }) : undefined
}

/** Every board of the home must speak. */
function silentFault({ frames, settings }: FollowInput): Fault | undefined {
  for (const { boardId, kind } of settings.boards) {
    if (!frames.some((f) => f.boardId === boardId && f.kind === kind)) {
      return fault('board-missing', { boardId, kind })
    }
  }
  return undefined
}

/**
 * No frame may be of an earlier reading: each is later than the last of its board, or the board restarted
 * since.
 */
function replayFault({ frames, essential, settings, previous }: FollowInput): Fault | undefined {
  if (previous === null) return undefined
  const elapsedMs = essential.t - previous.essential.t + 2 * settings.sampleMs
  const last = new Map(previous.boards.map((board) => [board.boardId, board.sequence]))
  for (const { boardId, sequence, uptimeMs } of frames) {
    const before = last.get(boardId)
    const later = before === undefined || isLater(sequence, before)
    if (!later && uptimeMs > elapsedMs) return fault('frame-replayed', { boardId, sequence, last: before })
    last.set(boardId, sequence)
  }
  return undefined
}

function newestRegisters(frames: readonly BoardFrame[]): Partial<Record<RegisterName, number>> {
  const newest: Partial<Record<RegisterName, number>> = {}
  for (const frame of frames) {
    const registers = registersOf(frame)
    registerNames(frame.kind).forEach((name, i) => (newest[name] = registers[i] ?? 0))
  }
  return newest
}

/** The home's registers are offset + the newest board register; mean and peak are those of the frames. */
function valueFault({ essential, offsets, frames }: FollowInput): Fault | undefined {
  const newest = newestRegisters(frames)
  for (const name of NAMES) {
    const expected = offsets[name] + (newest[name] ?? 0)
    const got = essential[ESSENTIAL_FIELD[name]]
    if (got !== expected) return fault('register-mismatch', { field: ESSENTIAL_FIELD[name], expected, got })
  }
  const { meanW, peakW } = powerOf(frames)
  if (essential.meanPowerW !== meanW) {
    return fault('power-mismatch', { field: 'meanPowerW', expected: meanW, got: essential.meanPowerW })
  }
  if (essential.peakPowerW !== peakW) {
    return fault('power-mismatch', { field: 'peakPowerW', expected: peakW, got: essential.peakPowerW })
  }
  return undefined
}

/**
 * From the reading before: no register goes back, none gains more than is possible, no offset moves untold.
 * After a restart that is told, what was owed may come at once: a gateway could only raise its own home's use
 * by it.
 */
function changeFault({ essential, offsets, previous, settings, slot }: FollowInput): Fault | undefined {
  if (previous === null) return undefined
  const elapsedMs = (slot - previous.slot + 2) * settings.sampleMs
  const told = (essential.flags & ESSENTIAL_FLAGS.registerReset) !== 0
  const seenAll = essential.sequence === previous.essential.sequence + 1
  for (const name of NAMES) {
    const field = ESSENTIAL_FIELD[name]
    const add = essential[field] - previous.essential[field]
    if (add < 0) return fault('register-back', { field, by: -add })
    const possible = mostPossible(name, elapsedMs, settings.limits)
    if (add > possible && !told) return fault('spike', { field, add, possible })
    const moved = offsets[name] - previous.offsets[name]
    const allowed = moved === 0 || moved === REGISTER_SPAN || told || !seenAll
    if (!allowed) return fault('offset-moved', { field, moved })
  }
  return undefined
}

function seenBoards({ frames, previous }: FollowInput): readonly SeenBoard[] {
  const seen = new Map(previous?.boards.map((board) => [board.boardId, board]))
  for (const { boardId, sequence } of frames) seen.set(boardId, { boardId, sequence })
  return [...seen.values()]
}

/**
 * The community gateway's side of f_p (eq. 1, REQ#7): E^t must follow from the boards' own frames and the
 * offsets that X^t carries, and from the reading before. The gateway that entered the data cannot invent a
 * register.
 */
export function checkEssentialFollows(input: FollowInput): FollowResult {
  const checks = [orderFault, silentFault, replayFault, valueFault, changeFault]
  for (const check of checks) {
    const found = check(input)
    if (found !== undefined) return found
  }
  const { slot, essential, offsets } = input
  return { ok: true, next: { slot, essential, offsets, boards: seenBoards(input) } }
}
