import { badField } from './fault.ts'

/** A register at a moment: Wh or mL, never falling. */
export interface RegisterMark {
  readonly atMs: number
  readonly register: number
}

/** What a home used in consecutive steps of equal length: `used[i]` in step `firstStep + i`. */
export interface UseHistory {
  /** Steps of a day: 24 for hours. */
  readonly stepsPerDay: number
  /** A step is floor(unix ms / step length). */
  readonly firstStep: number
  readonly used: readonly number[]
}

/**
 * Use by steps, from marks in order of time. A register between two marks is taken to rise evenly: a gap is
 * spread over its steps, and nothing is lost, since all steps together are the difference of the registers at
 * their ends. Only whole steps count.
 */
export function useBySteps(marks: readonly RegisterMark[], stepMs: number, stepsPerDay: number): UseHistory {
  if (!Number.isSafeInteger(stepMs) || stepMs < 1) throw badField('stepMs', 'a positive integer', stepMs)
  const first = marks[0]
  const last = marks.at(-1)
  const firstStep = first === undefined ? 0 : Math.ceil(first.atMs / stepMs)
  const endStep = last === undefined ? firstStep : Math.max(firstStep, Math.floor(last.atMs / stepMs))
  const boundaries: number[] = []
  let at = 0
  for (let step = firstStep; step <= endStep; step += 1) {
    const momentMs = step * stepMs
    while (at + 1 < marks.length && (marks[at + 1]?.atMs ?? 0) <= momentMs) at += 1
    boundaries.push(registerAt(marks[at], marks[at + 1], momentMs))
  }
  const used = boundaries.slice(1).map((register, index) => register - (boundaries[index] ?? 0))
  return { stepsPerDay, firstStep, used }
}

/** The register at a moment from one mark until before the next, rounded down. */
function registerAt(before: RegisterMark | undefined, after: RegisterMark | undefined, atMs: number): number {
  if (before === undefined) return 0
  if (after === undefined) return before.register
  if (after.register < before.register) {
    throw badField('register', `at least ${before.register}, as before`, after.register)
  }
  const rise = BigInt(after.register - before.register)
  const part = (rise * BigInt(atMs - before.atMs)) / BigInt(after.atMs - before.atMs)
  return before.register + Number(part)
}
