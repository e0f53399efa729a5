import { assign, setup } from 'xstate'
import { placeholder } from '../placeholder.ts'

/** How a contract is seen from this gateway. */
export interface ProxyContext {
  /** The last block whose events are applied; -1 before the first. */
  readonly block: number
  /** Blocks still to apply. */
  readonly behind: number
  readonly forks: number
  /** Why it is degraded, as a code. */
  readonly reason: string | null
}

export type ProxyEvent =
  | { type: 'connected'; behind: number }
  | { type: 'applied'; block: number; behind: number }
  | { type: 'forked'; from: number }
  /** The node is away, the chain stands still, or the events cannot be applied (disk full). */
  | { type: 'hindered'; reason: string }
  | { type: 'resumed'; behind: number }
  | { type: 'disconnected' }

/**
 * One contract: disconnected → syncing (its events are applied up to the newest block) → ready, and
 * degraded while the chain or the store is away. Actors wait for `ready` before they rely on what the
 * contract said.
 */
export const contractProxyMachine = setup({
  types: {
    context: {} as ProxyContext,
    events: {} as ProxyEvent,
  },
  guards: {
    isCaughtUp: ({ event }) => 'behind' in event && event.behind === 0,
  },
  actions: {
    notePosition: assign(({ context, event }) => {
      if (event.type === 'applied') return { ...context, block: event.block, behind: event.behind }
      return 'behind' in event ? { ...context, behind: event.behind } : context
    }),
    noteFork: assign(({ context, event }) =>
      event.type === 'forked'
        ? { ...context, block: Math.min(context.block, event.from - 1), forks: context.forks + 1 }
        : context,
    ),
    noteReason: assign({ reason: ({ event }) => (event.type === 'hindered' ? event.reason : null) }),
    forgetReason: assign({ reason: null }),
    tellReady: placeholder('tellReady'),
    tellDegraded: placeholder('tellDegraded'),
  },
}).createMachine({
  id: 'contractProxy',
  context: { block: -1, behind: 0, forks: 0, reason: null },
  initial: 'disconnected',
  on: {
    disconnected: '.disconnected',
    hindered: { target: '.degraded', actions: 'noteReason' },
  },
  states: {
    disconnected: {
      on: {
        connected: [
          { guard: 'isCaughtUp', target: 'ready', actions: 'notePosition' },
          { target: 'syncing', actions: 'notePosition' },
        ],
      },
    },
    syncing: {
      on: {
        applied: [
          { guard: 'isCaughtUp', target: 'ready', actions: 'notePosition' },
          { actions: 'notePosition' },
        ],
        forked: { actions: 'noteFork' },
      },
    },
    ready: {
      entry: 'tellReady',
      on: {
        applied: [
          { guard: 'isCaughtUp', actions: 'notePosition' },
          { target: 'syncing', actions: 'notePosition' },
        ],
        forked: { target: 'syncing', actions: 'noteFork' },
      },
    },
    degraded: {
      entry: 'tellDegraded',
      exit: 'forgetReason',
      on: {
        hindered: { actions: 'noteReason' },
        applied: [
          { guard: 'isCaughtUp', target: 'ready', actions: 'notePosition' },
          { target: 'syncing', actions: 'notePosition' },
        ],
        forked: { actions: 'noteFork' },
        resumed: [
          { guard: 'isCaughtUp', target: 'ready', actions: 'notePosition' },
          { target: 'syncing', actions: 'notePosition' },
        ],
      },
    },
  },
})
