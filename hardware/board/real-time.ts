import type { Clock } from '../../protocols/rules/clock.ts'
import type { Board } from './board.ts'

/** How often boards are brought up to the wall clock, ms. */
const TICK_MS = 10
/** The longest that boards keep the event loop to themselves, ms. */
const SLICE_MS = 15
/**
 * Board time run before the budget is looked at again, ms; costs under a millisecond on the machines we know.
 */
const STEP_MS = 10
/** Further behind than this, a board has stood still (the machine slept) and jumps. */
const BEHIND_MAX_MS = 5_000

/** A board this close to the clock has caught up; fractions of a cycle are no reason to run. */
const CLOSE_MS = 0.01

export interface RealTime {
  /** Board time that was jumped over, ms: 0 unless the machine slept or is too slow for its boards. */
  readonly skippedMs: number
  stop(): void
}

/** Keeps boards at the pace of `clock`, a few milliseconds of work at a time, until it is stopped. */
export function startRealTime(boards: readonly Board[], clock: Clock): RealTime {
  let skippedMs = 0
  let cancel = (): void => undefined
  let turn = 0

  const catchUp = (board: Board, nowMs: number): void => {
    if (nowMs - board.nowMs <= BEHIND_MAX_MS) return
    skippedMs += nowMs - board.nowMs
    board.skipTo(nowMs)
  }
  /** One step for each board that is behind; true while any still is. */
  const round = (nowMs: number, untilMs: number): boolean => {
    let behind = false
    for (let count = 0; count < boards.length; count++) {
      const board = boards[turn]
      turn = (turn + 1) % boards.length
      if (board === undefined) continue
      catchUp(board, nowMs)
      board.advance(Math.min(nowMs, board.nowMs + STEP_MS))
      if (board.nowMs < nowMs - CLOSE_MS) behind = true
      if (clock.nowMs() >= untilMs) return true
    }
    return behind
  }
  const tick = (): void => {
    const nowMs = clock.nowMs()
    const untilMs = nowMs + SLICE_MS
    let behind = true
    while (behind && clock.nowMs() < untilMs) behind = round(nowMs, untilMs)
    cancel = later(tick, behind)
  }
  cancel = later(tick, false)
  return {
    get skippedMs() {
      return skippedMs
    },
    stop: () => cancel(),
  }
}

/** After the loop has served everybody else when there is more to do, else at the next tick. */
function later(run: () => void, soon: boolean): () => void {
  if (soon) {
    const immediate = setImmediate(run)
    return () => clearImmediate(immediate)
  }
  const timer = setTimeout(run, TICK_MS)
  return () => clearTimeout(timer)
}
