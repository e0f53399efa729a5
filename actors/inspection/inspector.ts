import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import type { Clock } from '../../protocols/rules/clock.ts'
import { catalogue } from '../catalogue.ts'
import { aboutOf } from './about.ts'
import { numberOf } from './chart.ts'
import type { Began, Note, Step } from './recording.ts'
import { shownContext, shownEvent } from './shown.ts'
import type { Microsteps } from './traced.ts'

/** A running machine: which one it is, and the names by which its gateway knows it. */
export interface Subject {
  readonly machine: AnyStateMachine
  readonly actor: string
  /** More names that say what it is about: the intents of a call. */
  readonly names?: readonly string[]
}

/** What became of an event. */
export interface Taken {
  readonly event: { readonly type: string }
  readonly after: AnyMachineSnapshot
  readonly transitions: Microsteps
  readonly actions: readonly string[]
  readonly waiting: number
}

export type Noted = Pick<Note, 'what' | 'name' | 'details' | 'about'> & Partial<Pick<Note, 'peer'>>

/** Told of everything that the machines of one gateway do, while a run is recorded. */
export interface Inspector {
  began(subject: Subject, snapshot: AnyMachineSnapshot): void
  stepped(subject: Subject, taken: Taken): void
  noted(noted: Noted): void
}

const names = new Map<string, string>(Object.entries(catalogue).map(([name, { id }]) => [id, name]))

/** The name of a machine in the catalogue. */
export const nameOf = ({ id }: AnyStateMachine): string => names.get(id) ?? id

const INIT = { type: 'xstate.init' } as const

/** Writes what the machines of a gateway do as lines of a recording, without what must not be shown. */
export function createInspector(
  gateway: string,
  clock: Clock,
  write: (line: Began | Step | Note) => void,
): Inspector {
  const standing = (subject: Subject, snapshot: AnyMachineSnapshot, event: { readonly type: string }) => {
    const machine = nameOf(subject.machine)
    const { actor } = subject
    const context = shownContext(machine, snapshot.context)
    const shown = shownEvent(machine, event)
    const about = aboutOf(machine, [actor, ...(subject.names ?? [])], context, shown)
    const place = { gateway, machine, actor, atMs: clock.nowMs(), about }
    return {
      place,
      event: shown,
      state: snapshot.value as unknown,
      context,
      ended: snapshot.status === 'done',
    }
  }
  return {
    began: (subject, snapshot) => {
      const { place, state, context, ended } = standing(subject, snapshot, INIT)
      write({ kind: 'began', ...place, state, context, ended })
    },
    stepped: (subject, { after, transitions, actions, waiting, event: taken }) => {
      const { place, event, state, context, ended } = standing(subject, after, taken)
      const numbers = transitions.map((each) => each.map((one) => numberOf(one.source.machine, one)))
      const what = { event, transitions: numbers, actions: [...actions], waiting }
      write({ kind: 'step', ...place, ...what, state, context, ended })
    },
    noted: ({ what, name, details, about, peer = null }) => {
      write({ kind: 'note', gateway, atMs: clock.nowMs(), about, what, name, peer, details })
    },
  }
}
