import { z } from 'zod'
import type { Chart, ChartState } from './chart.ts'

/** Raised when a reader of the version before could not read what is written. */
export const RECORDING_VERSION = 1
/** The longest line: a header with the charts of all machines takes less than half of it. */
export const LINE_MOST = 1_000_000

const texts = z.array(z.string())
const chartState: z.ZodType<ChartState> = z.lazy(() =>
  z.object({
    id: z.string(),
    name: z.string(),
    type: z.enum(['atomic', 'compound', 'parallel', 'final', 'history']),
    initial: z.string().nullable(),
    entry: texts,
    exit: texts,
    invokes: texts,
    states: z.array(chartState),
  }),
)

const chart: z.ZodType<Chart> = z.object({
  id: z.string(),
  root: chartState,
  transitions: z.array(
    z.object({
      source: z.string(),
      targets: texts,
      cause: z.enum(['event', 'always', 'after', 'done', 'error']),
      on: z.string(),
      guard: z.string().nullable(),
      actions: texts,
      reenters: z.boolean(),
    }),
  ),
})

/** The first line of a recording: what it is, and how its machines are drawn. */
export const header = z.object({
  kind: z.literal('meterhood-recording'),
  version: z.literal(RECORDING_VERSION),
  startedAtMs: z.number(),
  /** By the machine's name in the catalogue. */
  charts: z.record(z.string(), chart),
})
export type Header = z.infer<typeof header>

const shown = z.record(z.string(), z.unknown())
const place = {
  /** The gateway that says it. */
  gateway: z.string(),
  atMs: z.number(),
  /** What it is about: `trade:0x…`, `delegation:3`, `tx:0x…`, `alarm:7`. */
  about: texts,
}
const actor = { ...place, machine: z.string(), actor: z.string() }
const standing = { state: z.unknown(), context: shown, ended: z.boolean() }

/** A machine begins, or goes on where it stopped: XState's `@xstate.actor`. */
export const began = z.object({ kind: z.literal('began'), ...actor, ...standing })
export type Began = z.infer<typeof began>

/**
 * A machine has taken an event: XState's `@xstate.event`, the transitions of each `@xstate.microstep`, and
 * the `@xstate.snapshot` that came of it.
 */
export const step = z.object({
  kind: z.literal('step'),
  ...actor,
  ...standing,
  event: z.looseObject({ type: z.string() }),
  /** Numbers of transitions in the machine's chart, a list for each microstep. */
  transitions: z.array(z.array(z.number())),
  actions: texts,
  /** Events that wait for this one's end. */
  waiting: z.number(),
})
export type Step = z.infer<typeof step>

export const NOTES = ['decision', 'fact', 'sent', 'heard'] as const

/** Something that is no step of a machine, but a cause of one. */
export const note = z.object({
  kind: z.literal('note'),
  ...place,
  /** A rule decided; the chain said something; a peer was told something; a peer said something. */
  what: z.enum(NOTES),
  name: z.string(),
  /** The account of the peer; null where there is none. */
  peer: z.string().nullable(),
  details: shown,
})
export type Note = z.infer<typeof note>

export const line = z.discriminatedUnion('kind', [began, step, note])
export type Line = z.infer<typeof line>
