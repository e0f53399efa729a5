import { setTimeout as sleep } from 'node:timers/promises'
import { wallClock } from '../clock.ts'
import type { GatewayStatus } from '../host/configs.ts'
import type { RunningCommunity, Tell } from './community.ts'

/** Trades may take a period to settle: so long they are waited for. */
const TRADES_MS = 90_000
/** Readings are waited for as long as something still happens … */
const STANDSTILL_MS = 90_000
/** … and never longer than this. */
const LONGEST_MS = 300_000
const POLL_MS = 300

type Standing = Pick<GatewayStatus, 'block' | 'pending' | 'unsettled' | 'notFinal'>

const sum = (standings: readonly Standing[], of: (standing: Standing) => number): number =>
  standings.reduce((all, each) => all + of(each), 0)

/** What the end of a run waits for. */
export class Draining {
  readonly #beganMs: number
  #movedMs: number
  #before = ''
  /** What all have to reach, once nothing waits anywhere: who is behind does not know what waits for it. */
  #goal: number | undefined

  constructor(nowMs: number) {
    this.#beganMs = nowMs
    this.#movedMs = nowMs
  }

  /** Whether the run can end, by what its gateways say at `nowMs`; `left` is what would be left undone. */
  look(standings: readonly Standing[], nowMs: number): { over: boolean; left: string | null } {
    const pending = sum(standings, (each) => each.pending)
    const notFinal = sum(standings, (each) => each.notFinal)
    const unsettled = sum(standings, (each) => each.unsettled)
    const behind = !this.#isLevel(standings, pending + notFinal)
    const [waited, waitedAll] = [nowMs - this.#movedSince(standings, nowMs), nowMs - this.#beganMs]
    const isLate = behind ? waited > STANDSTILL_MS || waitedAll > LONGEST_MS : waitedAll > TRADES_MS
    const parts = [
      pending > 0 ? `${pending} calls and readings still wait` : null,
      notFinal > 0 ? `${notFinal} are not final` : null,
      unsettled > 0 ? `${unsettled} trades and delegations go on` : null,
      behind && pending + notFinal === 0 ? 'not everybody is at the newest block' : null,
    ].filter((part) => part !== null)
    return { over: isLate || parts.length === 0, left: parts.length === 0 ? null : parts.join(', ') }
  }

  #isLevel(standings: readonly Standing[], waiting: number): boolean {
    if (waiting > 0) {
      this.#goal = undefined
      return false
    }
    const blocks = standings.map(({ block }) => block ?? 0)
    this.#goal ??= Math.max(...blocks)
    return Math.min(...blocks) >= this.#goal
  }

  #movedSince(standings: readonly Standing[], nowMs: number): number {
    const now = JSON.stringify(standings.map(({ pending, notFinal }) => [pending, notFinal]))
    if (now !== this.#before) this.#movedMs = nowMs
    this.#before = now
    return this.#movedMs
  }
}

const statusesOf = (running: RunningCommunity): Promise<GatewayStatus[]> =>
  Promise.all([
    running.gateway.ask('status') as Promise<GatewayStatus>,
    ...running.homes.map(({ name, process }) => process.ask('status', name) as Promise<GatewayStatus>),
  ])

/**
 * Waits until nothing waits in any outbox and everything is final. What is final is in a saved state, so that
 * the chain is saved as soon as nothing but that is missing.
 */
export async function drain(running: RunningCommunity, tell: Tell): Promise<void> {
  const draining = new Draining(wallClock.nowMs())
  for (;;) {
    const statuses = await statusesOf(running)
    const { over, left } = draining.look(statuses, wallClock.nowMs())
    if (over) {
      if (left !== null) tell(`drain      ${left}`)
      return
    }
    if (statuses.every(({ pending }) => pending === 0)) await running.chain.save().catch(() => undefined)
    await sleep(POLL_MS)
  }
}
