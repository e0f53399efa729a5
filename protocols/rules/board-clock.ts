import type { Facts } from './fault.ts'
import type { Line, Mark } from './home-registers.ts'

/** Why a frame does not continue a line in order and time. */
export interface OrderFault {
  readonly ok: false
  readonly code: 'duplicate' | 'out-of-order' | 'sequence-jump' | 'uptime-back' | 'board-clock-ahead'
  readonly facts: Facts
}

/** What passed between two frames. */
export interface Elapsed {
  /** By the gateway's clock, never negative. */
  readonly gatewayMs: number
  /** By the board's clock, whose 32 bits may have rolled over, also more than once in a long silence. */
  readonly boardMs: number
  readonly sequences: number
}

const WORD = 2 ** 32
const HALF = 2 ** 31
/** No board reports more often than this, so that a sequence cannot run away. */
const LEAST_WINDOW_MS = 50
/** Frames that may be lost at once without the sequence being in doubt. */
const SEQUENCE_SLACK = 64
/** Ceramic resonators of small boards are right within 0.5 %: the difference is forgotten at 1 %. */
const DRIFT_DIVISOR = 100

const aheadOf = (now: number, last: number) => (now - last + WORD) % WORD
const isForward = (distance: number) => distance > 0 && distance < HALF

/** Is a board's sequence later than another? 32 bits that may roll over. */
export function isLater(sequence: number, last: number): boolean {
  return isForward(aheadOf(sequence, last))
}

export function elapsedSince(mark: Mark, now: Mark): Elapsed {
  const gatewayMs = Math.max(0, now.receivedAtMs - mark.receivedAtMs)
  const uptime = aheadOf(now.uptimeMs, mark.uptimeMs)
  const turns = Math.max(0, Math.round((gatewayMs - uptime) / WORD))
  return {
    gatewayMs,
    boardMs: uptime + turns * WORD,
    sequences: aheadOf(now.sequence, mark.sequence),
  }
}

/** How far the board's clock is ahead now. It fades towards zero, for the two clocks drift. */
export function leadAfter(line: Line, elapsed: Elapsed): number {
  const leadMs = line.leadMs + elapsed.boardMs - elapsed.gatewayMs
  const fade = Math.floor(elapsed.gatewayMs / DRIFT_DIVISOR)
  return leadMs > 0 ? Math.max(0, leadMs - fade) : Math.min(0, leadMs + fade)
}

/** What is wrong with the order or the clock of a frame, taken as the next one of a line. */
export function orderFault(
  line: Line,
  now: Mark,
  elapsed: Elapsed,
  sampleMs: number,
): OrderFault | undefined {
  const facts = { sequence: now.sequence, last: line.sequence }
  if (elapsed.sequences === 0) return { ok: false, code: 'duplicate', facts }
  if (!isForward(elapsed.sequences)) return { ok: false, code: 'out-of-order', facts }
  if (!isForward(aheadOf(now.uptimeMs, line.uptimeMs)) && elapsed.boardMs < WORD) {
    return { ok: false, code: 'uptime-back', facts: { uptimeMs: now.uptimeMs, last: line.uptimeMs } }
  }
  const most = Math.floor(elapsed.boardMs / LEAST_WINDOW_MS) + SEQUENCE_SLACK
  if (elapsed.sequences > most) return { ok: false, code: 'sequence-jump', facts: { ...facts, most } }
  const aheadMs = leadAfter(line, elapsed)
  return aheadMs > 2 * sampleMs ? { ok: false, code: 'board-clock-ahead', facts: { aheadMs } } : undefined
}

/** Is this the very frame that the line ended with? */
export function isCopy(mark: Mark, now: Mark): boolean {
  const same = now.sequence === mark.sequence && now.uptimeMs === mark.uptimeMs
  return same && now.registers.every((register, i) => register === mark.registers[i])
}

/**
 * Did the board start after the last frame of this line was sent? A frame that was late when it came had been
 * sent earlier by its (negative) lead.
 */
export function startedAfter(line: Line, now: Mark): boolean {
  const sentAtMs = line.receivedAtMs + Math.min(0, line.leadMs)
  return now.receivedAtMs - now.uptimeMs >= sentAtMs
}
