import type { Elapsed, OrderFault } from './board-clock.ts'
import { elapsedSince, isCopy, isLater, leadAfter, orderFault, startedAfter } from './board-clock.ts'
import type { Facts } from './fault.ts'
import type {
  BoardProgress,
  CommissionedBoard,
  HomeSettings,
  Line,
  Mark,
  RegisterName,
  Suspect,
  Trial,
} from './home-registers.ts'
import { registerNames } from './home-registers.ts'
import type { RegisterStep } from './register-step.ts'
import { mostPossible, stepAcrossRestart, stepOn } from './register-step.ts'

/** The frame continues the board's line; `adds` is what each of its registers counted since. */
export interface LineVerdict {
  readonly ok: true
  readonly leadMs: number
  readonly adds: readonly number[]
  readonly trial: Trial | null
}

export type LineFault =
  | OrderFault
  | { readonly ok: false; readonly code: 'clock-back' | 'register-back' | 'spike'; readonly facts: Facts }

/** The board and its home's settings: what every judgement needs beside the frames. */
export interface LineRules {
  readonly board: CommissionedBoard
  readonly settings: HomeSettings
  /** The home's offsets of the board's registers, in their order. */
  readonly offsets: readonly number[]
}

/** How many frames must continue each other, over as many periods, before a dead line is left for theirs. */
export const SUSPECTS_TO_RESUME = 3
/** A real excess above the limits is forgiven within this many periods; a jump beyond stays refused. */
const SPIKE_GRACE_PERIODS = 5

type Steps = (name: RegisterName, last: number, now: number, possible: number) => RegisterStep

/** How registers go on while their board runs. */
const onward: Steps = (_, last, now, possible) => stepOn(last, now, possible)

/** Judges all registers of a board alike: the first fault decides, else what each of them adds. */
function stepAll(
  mark: Mark,
  now: Mark,
  sinceMs: number,
  rules: LineRules,
  step: Steps,
): readonly number[] | LineFault {
  const adds: number[] = []
  for (const [i, name] of registerNames(rules.board.kind).entries()) {
    const last = mark.registers[i] ?? 0
    const got = now.registers[i] ?? 0
    const judged = step(name, last, got, mostPossible(name, sinceMs, rules.settings.limits))
    if (judged.kind !== 'on') {
      const code = judged.kind === 'spike' ? 'spike' : 'register-back'
      return { ok: false, code, facts: { register: name, last, got, possible: judged.possible } }
    }
    adds.push(judged.add)
  }
  return adds
}

const isFault = (result: readonly number[] | LineFault): result is LineFault => 'code' in result

/** The frame as the next one of a board that kept running. */
function followPlain(line: Line, now: Mark, rules: LineRules): LineVerdict | LineFault {
  const { sampleMs } = rules.settings
  const elapsed: Elapsed = elapsedSince(line, now)
  const fault = orderFault(line, now, elapsed, sampleMs)
  if (fault !== undefined) return fault
  const adds = stepAll(line, now, elapsed.boardMs + sampleMs, rules, onward)
  return isFault(adds) ? adds : { ok: true, leadMs: leadAfter(line, elapsed), adds, trial: null }
}

/** What a restarted board used since the line it left. */
function addsAcrossRestart(left: Line, now: Mark, rules: LineRules): readonly number[] | LineFault {
  const { sampleMs, limits } = rules.settings
  const sinceMs = Math.max(0, now.receivedAtMs - left.receivedAtMs) + sampleMs
  return stepAll(left, now, sinceMs, rules, (name, last, got, sinceLast) => {
    const sinceStart = mostPossible(name, now.uptimeMs + sampleMs, limits)
    return stepAcrossRestart(last, got, { sinceLast, sinceStart }, rules.board.afterRestart)
  })
}

/** Of what is due, only what must show at once: an offset never falls below zero. */
function leastShown(progress: BoardProgress, now: Mark, due: readonly number[], rules: LineRules): number[] {
  return due.map((sum, i) => {
    const home = (rules.offsets[i] ?? 0) + (progress.registers[i] ?? 0)
    return Math.min(sum, Math.max(0, (now.registers[i] ?? 0) - home))
  })
}

const plus = (a: readonly number[], b: readonly number[]) => a.map((sum, i) => sum + (b[i] ?? 0))
const less = (a: readonly number[], b: readonly number[]) => a.map((sum, i) => Math.max(0, sum - (b[i] ?? 0)))

/**
 * A frame after a restart is on trial: an old frame that comes again long after looks the same. Until a
 * second frame confirms it, what it adds is owed and not counted, and the line before stays ready to go on.
 */
function onTrial(
  progress: BoardProgress,
  now: Mark,
  { confirmed, leadMs }: { readonly confirmed: boolean; readonly leadMs: number },
  rules: LineRules,
): LineVerdict | LineFault {
  const left = progress.trial?.left ?? lineOf(progress)
  const given = progress.trial?.given ?? left.registers.map(() => 0)
  const total = addsAcrossRestart(left, now, rules)
  if (isFault(total)) return total
  const due = less(total, given)
  if (confirmed) return { ok: true, leadMs, adds: due, trial: null }
  const adds = leastShown(progress, now, due, rules)
  return { ok: true, leadMs, adds, trial: { left, given: plus(given, adds) } }
}

/**
 * The lead of the start on trial. How late its first frame came nobody knows: the frame that came soonest
 * sets the zero, and one that came late must leave room for those behind it.
 */
function leadOnTrial(line: Line, now: Mark): number {
  return Math.min(0, leadAfter(line, elapsedSince(line, now)))
}

/** The first frame of a start: its lead is the zero of those that follow. */
const FIRST_ON_TRIAL = { confirmed: false, leadMs: 0 } as const

/**
 * A later frame of the same start confirms it when real time passed between the two: copies come in a burst.
 */
function confirms(before: Mark, now: Mark, rules: LineRules): boolean {
  const { gatewayMs, boardMs } = elapsedSince(before, now)
  if (2 * gatewayMs < boardMs) return false
  return !isFault(stepAll(before, now, boardMs + rules.settings.sampleMs, rules, onward))
}

function lineOf({ sequence, uptimeMs, receivedAtMs, registers, leadMs }: BoardProgress): Line {
  return { sequence, uptimeMs, receivedAtMs, registers, leadMs }
}

/** The trial was of a copy: the line before goes on. */
function followLeftLine(trial: Trial, now: Mark, rules: LineRules): LineVerdict | LineFault {
  const verdict = followPlain(trial.left, now, rules)
  return verdict.ok ? { ...verdict, adds: less(verdict.adds, trial.given) } : verdict
}

/**
 * A frame while a restart is on trial. The line before goes on when it can; else the start on trial does, or
 * one that is later still, or one whose first frame was refused because a copy of an old one had come first.
 */
function followTried(
  progress: BoardProgress,
  trial: Trial,
  now: Mark,
  rules: LineRules,
): LineVerdict | LineFault {
  const back = followLeftLine(trial, now, rules)
  if (back.ok || isCopy(progress, now) || !startedAfter(trial.left, now)) return back
  if (isLater(now.sequence, progress.sequence) && now.uptimeMs > progress.uptimeMs) {
    const confirmed = confirms(progress, now, rules)
    return onTrial(progress, now, { confirmed, leadMs: leadOnTrial(progress, now) }, rules)
  }
  if (startedAfter(lineOf(progress), now)) return onTrial(progress, now, FIRST_ON_TRIAL, rules)
  const { suspect } = progress
  if (suspect !== null && follows(suspect, now, rules) && confirms(suspect, now, rules)) {
    const leadMs = leadOnTrial({ ...suspect, leadMs: 0 }, now)
    return onTrial(progress, now, { confirmed: true, leadMs }, rules)
  }
  return {
    ok: false,
    code: 'out-of-order',
    facts: { sequence: now.sequence, last: progress.sequence },
  }
}

const follows = (suspect: Suspect, now: Mark, rules: LineRules) =>
  followPlain({ ...suspect, leadMs: 0 }, now, rules).ok

/** A jump that was impossible when it was first seen does not become possible by waiting. */
function stillHeld(progress: BoardProgress, now: Mark, rules: LineRules): LineFault | undefined {
  const { held } = progress
  if (held === null) return undefined
  const graceMs = held.sinceMs - progress.receivedAtMs + SPIKE_GRACE_PERIODS * rules.settings.sampleMs
  for (const [i, name] of registerNames(rules.board.kind).entries()) {
    const level = held.registers[i] ?? 0
    const last = progress.registers[i] ?? 0
    const got = now.registers[i] ?? 0
    const possible = mostPossible(name, graceMs, rules.settings.limits)
    if (got >= level && level - last > possible) {
      return { ok: false, code: 'spike', facts: { register: name, last, got, possible } }
    }
  }
  return undefined
}

/** Does this frame continue what was accepted from its board? */
export function followLine(progress: BoardProgress, now: Mark, rules: LineRules): LineVerdict | LineFault {
  const behindMs = progress.receivedAtMs - now.receivedAtMs
  if (behindMs > 2 * rules.settings.sampleMs) return { ok: false, code: 'clock-back', facts: { behindMs } }
  const { trial } = progress
  if (trial !== null) return followTried(progress, trial, now, rules)
  const held = stillHeld(progress, now, rules)
  if (held !== undefined) return held
  const verdict = followPlain(progress, now, rules)
  if (verdict.ok || isCopy(progress, now) || !startedAfter(progress, now)) return verdict
  return onTrial(progress, now, FIRST_ON_TRIAL, rules)
}

/** Remembers a refused frame: as a spike that is held, or as a suspect that later frames may continue. */
export function followSuspect(
  progress: BoardProgress,
  now: Mark,
  fault: LineFault,
  rules: LineRules,
): BoardProgress {
  if (fault.code === 'duplicate' || fault.code === 'clock-back') return progress
  if (fault.code === 'spike') {
    return { ...progress, held: progress.held ?? { sinceMs: now.receivedAtMs, registers: now.registers } }
  }
  const { suspect } = progress
  if (suspect === null || !follows(suspect, now, rules)) {
    return { ...progress, suspect: { ...now, seen: 1, sinceMs: now.receivedAtMs } }
  }
  return { ...progress, suspect: { ...now, seen: suspect.seen + 1, sinceMs: suspect.sinceMs } }
}

/**
 * When frames that were refused continue each other for long enough, the board is followed from there: one
 * bad frame that looked right had broken its line. Registers that went back go on by their offset and add
 * nothing; ones that jumped up further than possible stay refused.
 */
export function resumeAs(progress: BoardProgress, now: Mark, rules: LineRules): LineVerdict | undefined {
  const { suspect } = progress
  if (suspect === null || suspect.seen < SUSPECTS_TO_RESUME) return undefined
  if (now.receivedAtMs - suspect.sinceMs < SUSPECTS_TO_RESUME * rules.settings.sampleMs) return undefined
  const board: CommissionedBoard = { ...rules.board, afterRestart: 'from-copy' }
  const verdict = onTrial(progress, now, { confirmed: true, leadMs: 0 }, { ...rules, board })
  return verdict.ok ? verdict : undefined
}
