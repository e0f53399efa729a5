import type { Facts } from './fault.ts'
import { frameFieldFault, valueBeyondLimits } from './frame-fields.ts'
import type { BoardProgress, CommissionedBoard, HomeSettings, HomeState, Mark } from './home-registers.ts'
import { homeRegisters, registerNames, registersOf } from './home-registers.ts'
import type { LineVerdict } from './board-line.ts'
import { followLine, followSuspect, resumeAs } from './board-line.ts'
import type { BoardFrame, ReceivedFrame } from './reading.ts'
import { REGISTER_SPAN } from './register-step.ts'

/** Why a frame was refused. */
export type FrameRefusalCode =
  | 'unknown-board'
  | 'wrong-kind'
  | 'bad-field'
  | 'sensor-fault'
  | 'value-impossible'
  | 'duplicate'
  | 'out-of-order'
  | 'sequence-jump'
  | 'uptime-back'
  | 'clock-back'
  | 'board-clock-ahead'
  | 'register-back'
  | 'spike'
  | 'outside-slot'

/** A refusal, with the facts that a log and a page show. */
export interface FrameRefusal {
  readonly code: FrameRefusalCode
  readonly facts: Facts
}

/** `next` must be kept in both cases: refused frames are remembered as suspects. */
export type Admission =
  | { readonly ok: true; readonly next: HomeState }
  | { readonly ok: false; readonly refused: FrameRefusal; readonly next: HomeState }

function refuse(state: HomeState, code: FrameRefusalCode, facts: Facts): Admission {
  return { ok: false, refused: { code, facts }, next: state }
}

/** The frame's fault that needs no memory: its kind, its fields, its sensor, its values. */
function plainFault(
  board: CommissionedBoard,
  received: ReceivedFrame,
  settings: HomeSettings,
): FrameRefusal | undefined {
  const { frame } = received
  const { boardId } = frame
  if (board.kind !== frame.kind) {
    return { code: 'wrong-kind', facts: { boardId, expected: board.kind, got: frame.kind } }
  }
  const bad = frameFieldFault(received)
  if (bad !== undefined) return { code: 'bad-field', facts: { boardId, ...bad } }
  if (frame.sensorFault) return { code: 'sensor-fault', facts: { boardId } }
  const beyond = valueBeyondLimits(frame, settings.limits)
  return beyond && { code: 'value-impossible', facts: { boardId, ...beyond } }
}

function markOf(received: ReceivedFrame): Mark {
  const { sequence, uptimeMs } = received.frame
  return {
    sequence,
    uptimeMs,
    receivedAtMs: received.receivedAtMs,
    registers: registersOf(received.frame),
  }
}

function withBoard(state: HomeState, board: BoardProgress, replaced?: number): HomeState {
  const others = state.boards.filter((b) => b.boardId !== board.boardId && b.boardId !== replaced)
  return { ...state, boards: [...others, board].sort((a, b) => a.boardId - b.boardId) }
}

/**
 * The first frame of a board: the home's registers go on from where a replaced board of its kind left them.
 */
function firstFrame(state: HomeState, frame: BoardFrame, mark: Mark, settings: HomeSettings): Admission {
  const old = state.boards.find(
    (b) => b.kind === frame.kind && !settings.boards.some((board) => board.boardId === b.boardId),
  )
  const boardId = frame.boardId
  const board: BoardProgress = {
    boardId,
    kind: frame.kind,
    ...mark,
    leadMs: 0,
    trial: null,
    suspect: null,
    held: null,
  }
  if (old === undefined) return { ok: true, next: withBoard(state, board) }
  const home = homeRegisters(state)
  const offsets = { ...state.offsets }
  for (const [i, name] of registerNames(frame.kind).entries()) {
    const register = mark.registers[i] ?? 0
    if (register > home[name]) return refuse(state, 'spike', { boardId, field: name, got: register })
    offsets[name] = home[name] - register
  }
  return { ok: true, next: { ...withBoard(state, board, old.boardId), offsets, resetPending: true } }
}

/** Counts what the accepted frame adds: the offsets take up what the board's register did not show of it. */
function accept(state: HomeState, progress: BoardProgress, mark: Mark, verdict: LineVerdict): HomeState {
  const offsets = { ...state.offsets }
  let reset = false
  registerNames(progress.kind).forEach((name, i) => {
    const shift = (progress.registers[i] ?? 0) + (verdict.adds[i] ?? 0) - (mark.registers[i] ?? 0)
    offsets[name] += shift
    reset ||= shift !== 0 && shift !== REGISTER_SPAN
  })
  const { boardId, kind } = progress
  const { sequence, uptimeMs, receivedAtMs, registers } = mark
  const { leadMs, trial } = verdict
  const line = { sequence, uptimeMs, receivedAtMs, registers, leadMs }
  const board = { boardId, kind, ...line, trial, suspect: null, held: null }
  return { ...withBoard(state, board), offsets, resetPending: state.resetPending || reset }
}

/**
 * Admits or refuses one frame. What is refused: a duplicate or an old frame, a register that went back
 * without a restart, more than the installation can physically use in the time that passed, fields that are
 * not integers of their width, and a board's clock that runs ahead of the gateway's. A board that restarts
 * goes on by an offset, so that the home's registers never go back. (f_p of eq. 1, its part for one d_i^t.)
 */
export function admitFrame(state: HomeState, received: ReceivedFrame, settings: HomeSettings): Admission {
  const { frame } = received
  const board = settings.boards.find((b) => b.boardId === frame.boardId)
  if (board === undefined) return refuse(state, 'unknown-board', { boardId: frame.boardId })
  const fault = plainFault(board, received, settings)
  if (fault !== undefined) return refuse(state, fault.code, fault.facts)
  const mark = markOf(received)
  const progress = state.boards.find((b) => b.boardId === frame.boardId)
  if (progress === undefined) return firstFrame(state, frame, mark, settings)
  const offsets = registerNames(frame.kind).map((name) => state.offsets[name])
  const rules = { board, settings, offsets }
  const verdict = followLine(progress, mark, rules)
  if (verdict.ok) return { ok: true, next: accept(state, progress, mark, verdict) }
  const suspected = followSuspect(progress, mark, verdict, rules)
  const resumed = resumeAs(suspected, mark, rules)
  if (resumed !== undefined) return { ok: true, next: accept(state, progress, mark, resumed) }
  return refuse(withBoard(state, suspected), verdict.code, { boardId: frame.boardId, ...verdict.facts })
}
