import type { PhysicalLimits } from '../../../protocols/rules/home-registers.ts'

/*
 * When a frame of a board is believed (docs/boards.md), in other words than protocols/rules: one board, its
 * registers, its clock and its count of frames.
 */

const TURN = 2 ** 32
const past = (now: number, last: number): number => Number(BigInt.asUintN(32, BigInt(now) - BigInt(last)))
const isAhead = (by: number): boolean => by !== 0 && by < TURN / 2

/** What a frame says of its board. */
export interface Seen {
  readonly sequence: number
  readonly uptimeMs: number
  readonly atMs: number
  readonly registers: readonly number[]
}
interface Line extends Seen {
  /** How far the board's clock is ahead of the gateway's. */
  readonly leadMs: number
}
interface Doubt {
  readonly left: Line
  readonly given: readonly number[]
}

/** The board as it was last believed. */
export interface Believed extends Line {
  readonly doubt: Doubt | null
  readonly suspect: (Seen & { readonly times: number; readonly sinceMs: number }) | null
  readonly held: { readonly sinceMs: number; readonly registers: readonly number[] } | null
}

export interface BoardTerms {
  readonly sampleMs: number
  readonly limits: PhysicalLimits
  readonly registers: readonly ('importWh' | 'exportWh' | 'waterMl')[]
  readonly fromZero: boolean
}

interface Yes {
  readonly adds: readonly number[]
  readonly leadMs: number
  readonly doubt: Doubt | null
}
type Verdict = Yes | string

const isYes = (verdict: Verdict): verdict is Yes => typeof verdict !== 'string'

/** What a register may count in a time. */
function most(name: BoardTerms['registers'][number], ms: number, { limits }: BoardTerms): number {
  const time = (ms > 0 ? ms : 0) * limits.timeScale
  const rate = { importWh: limits.maxImportW, exportWh: limits.maxExportW, waterMl: limits.maxFlowMlPerMin }[
    name
  ]
  return 1 + Math.ceil((rate * time) / (name === 'waterMl' ? 60_000 : 3_600_000))
}

/** What a register counted; more than can be is a spike upwards, and a step back downwards. */
function step(last: number, now: number, possible: number): number | string {
  const add = past(now, last)
  if (add <= possible) return add
  return now < last ? 'register-back' : 'spike'
}

function steps(
  terms: BoardTerms,
  each: (name: BoardTerms['registers'][number], index: number) => number | string,
) {
  const adds: number[] = []
  for (const [index, name] of terms.registers.entries()) {
    const add = each(name, index)
    if (typeof add === 'string') return add
    adds.push(add)
  }
  return adds
}

function between(line: Seen, now: Seen) {
  const gatewayMs = now.atMs > line.atMs ? now.atMs - line.atMs : 0
  const uptime = past(now.uptimeMs, line.uptimeMs)
  // A board may be silent for longer than its clock counts.
  const turns = gatewayMs - uptime > TURN / 2 ? Math.round((gatewayMs - uptime) / TURN) : 0
  return { gatewayMs, uptime, boardMs: uptime + turns * TURN, frames: past(now.sequence, line.sequence) }
}

/** The lead goes towards nothing by a hundredth of the time. */
function leadThen(line: Line, now: Seen): number {
  const { boardMs, gatewayMs } = between(line, now)
  const lead = line.leadMs + boardMs - gatewayMs
  const fade = (gatewayMs - (gatewayMs % 100)) / 100
  if (lead > 0) return lead > fade ? lead - fade : 0
  return -lead > fade ? lead + fade : 0
}

const onward = (line: Seen, now: Seen, ms: number, terms: BoardTerms) =>
  steps(terms, (name, index) => {
    return step(line.registers[index] ?? 0, now.registers[index] ?? 0, most(name, ms, terms))
  })

/** The next frame of a board that ran on. */
function next(line: Line, now: Seen, terms: BoardTerms): Verdict {
  const { uptime, boardMs, frames } = between(line, now)
  if (frames === 0) return 'duplicate'
  if (!isAhead(frames)) return 'out-of-order'
  if (boardMs < TURN && !isAhead(uptime)) return 'uptime-back'
  if (frames - 64 > Math.floor(boardMs / 50)) return 'sequence-jump'
  const leadMs = leadThen(line, now)
  if (leadMs > 2 * terms.sampleMs) return 'board-clock-ahead'
  const adds = onward(line, now, boardMs + terms.sampleMs, terms)
  return typeof adds === 'string' ? adds : { adds, leadMs, doubt: null }
}

const isSame = (one: Seen, other: Seen): boolean =>
  one.sequence === other.sequence &&
  one.uptimeMs === other.uptimeMs &&
  one.registers.join() === other.registers.join()

/** Whether the board began after the last frame of a line was sent. */
const beganAfter = ({ atMs, leadMs }: Line, now: Seen): boolean =>
  now.atMs - now.uptimeMs >= atMs + (leadMs < 0 ? leadMs : 0)

/** What a board that began anew used since the line it left. */
function acrossStart(left: Line, now: Seen, terms: BoardTerms) {
  const { sampleMs, fromZero } = terms
  const gap = (now.atMs > left.atMs ? now.atMs - left.atMs : 0) + sampleMs
  return steps(terms, (name, index) => {
    const [last, got] = [left.registers[index] ?? 0, now.registers[index] ?? 0]
    if (fromZero && got <= most(name, now.uptimeMs + sampleMs, terms)) return got
    const add = step(last, got, most(name, gap, terms))
    return add === 'register-back' ? 0 : add
  })
}

interface Start {
  readonly confirmed: boolean
  readonly leadMs: number
}
const FIRST: Start = { confirmed: false, leadMs: 0 }

/** A start is in doubt until a second frame of it comes; until then only what must show is counted. */
function doubted(
  known: Believed,
  now: Seen,
  { confirmed, leadMs }: Start,
  terms: BoardTerms,
  home: readonly number[],
): Verdict {
  const { sequence, uptimeMs, atMs, registers } = known
  const left = known.doubt?.left ?? { sequence, uptimeMs, atMs, registers, leadMs: known.leadMs }
  const given = known.doubt?.given ?? []
  const all = acrossStart(left, now, terms)
  if (typeof all === 'string') return all
  const due = all.map((sum, index) => Math.max(0, sum - (given[index] ?? 0)))
  if (confirmed) return { adds: due, leadMs, doubt: null }
  const adds = due.map((sum, index) =>
    Math.min(sum, Math.max(0, (now.registers[index] ?? 0) - (home[index] ?? 0))),
  )
  return { adds, leadMs, doubt: { left, given: adds.map((add, index) => add + (given[index] ?? 0)) } }
}

/** A second frame confirms a start when real time went by between the two. */
function confirms(first: Seen, now: Seen, terms: BoardTerms): boolean {
  const { gatewayMs, boardMs, frames } = between(first, now)
  if (frames === 0 || gatewayMs === 0 || boardMs > 2 * gatewayMs) return false
  return typeof onward(first, now, boardMs + terms.sampleMs, terms) !== 'string'
}

function whileDoubted(
  known: Believed,
  doubt: Doubt,
  now: Seen,
  terms: BoardTerms,
  home: readonly number[],
): Verdict {
  const back = next(doubt.left, now, terms)
  if (isYes(back))
    return { ...back, adds: back.adds.map((add, index) => Math.max(0, add - (doubt.given[index] ?? 0))) }
  if (isSame(known, now) || !beganAfter(doubt.left, now)) return back
  const lead = (line: Line): number => Math.min(0, leadThen(line, now))
  if (isAhead(past(now.sequence, known.sequence)) && now.uptimeMs > known.uptimeMs) {
    return doubted(known, now, { confirmed: confirms(known, now, terms), leadMs: lead(known) }, terms, home)
  }
  if (beganAfter(known, now)) return doubted(known, now, FIRST, terms, home)
  const { suspect } = known
  if (suspect === null) return 'out-of-order'
  const line = { ...suspect, leadMs: 0 }
  if (!isYes(next(line, now, terms)) || !confirms(suspect, now, terms)) return 'out-of-order'
  return doubted(known, now, { confirmed: true, leadMs: lead(line) }, terms, home)
}

/** A jump that could not be stays refused, unless five periods would have been enough for it. */
function isHeld({ held, atMs, registers }: Believed, now: Seen, terms: BoardTerms): boolean {
  if (held === null) return false
  const ms = held.sinceMs + 5 * terms.sampleMs - atMs
  return terms.registers.some((name, index) => {
    const level = held.registers[index] ?? 0
    const last = registers[index] ?? 0
    return (now.registers[index] ?? 0) >= level && last + most(name, ms, terms) < level
  })
}

/** What is believed of a board's next frame; `home` is what the home's registers show. */
export function believes(known: Believed, now: Seen, terms: BoardTerms, home: readonly number[]): Verdict {
  if (known.atMs - 2 * terms.sampleMs > now.atMs) return 'clock-back'
  if (known.doubt !== null) return whileDoubted(known, known.doubt, now, terms, home)
  if (isHeld(known, now, terms)) return 'spike'
  const verdict = next(known, now, terms)
  if (isYes(verdict) || isSame(known, now) || !beganAfter(known, now)) return verdict
  return doubted(known, now, FIRST, terms, home)
}

/** What is remembered of a frame that was not believed. */
export function suspects(known: Believed, now: Seen, code: string, terms: BoardTerms): Believed {
  if (code === 'clock-back' || code === 'duplicate') return known
  if (code === 'spike')
    return { ...known, held: known.held ?? { sinceMs: now.atMs, registers: now.registers } }
  const { suspect } = known
  const goesOn = suspect !== null && isYes(next({ ...suspect, leadMs: 0 }, now, terms))
  const before = goesOn ? suspect : { times: 0, sinceMs: now.atMs }
  return { ...known, suspect: { ...now, times: before.times + 1, sinceMs: before.sinceMs } }
}

/** Frames that were not believed, and went on for three periods and more, are followed all the same. */
export function resumes(known: Believed, now: Seen, terms: BoardTerms, home: readonly number[]): Yes | null {
  const { suspect } = known
  if (suspect === null || suspect.times < 3 || suspect.sinceMs + 3 * terms.sampleMs > now.atMs) return null
  const verdict = doubted(known, now, { confirmed: true, leadMs: 0 }, { ...terms, fromZero: false }, home)
  return isYes(verdict) ? verdict : null
}
