import { type AnyMachineSnapshot, type AnyStateMachine, transition } from 'xstate'
import { catalogue, type MachineName } from '../../actors/catalogue.ts'
import { count } from '../machines/inspection.mjs'
import { HEARD } from './heard.ts'
import { SNEAK_EVENTS } from './sneak-events.ts'
import { leavesOf } from './tour.ts'

const nameOf = ({ id }: AnyStateMachine): MachineName | undefined =>
  Object.entries(catalogue).flatMap(([name, machine]) => (machine.id === id ? [name as MachineName] : []))[0]

/** What may be heard in the states that are active, and in those around them. */
function heardIn(name: MachineName, value: unknown): ReadonlySet<string> {
  const leaves = leavesOf(value)
  const active = Object.entries(HEARD[name] ?? {}).filter(([path]) =>
    leaves.some((leaf) => path === '' || leaf === path || leaf.startsWith(`${path}.`)),
  )
  return new Set(active.flatMap(([, events]) => events.split(' ')))
}

const textOf = ({ value, context, status }: AnyMachineSnapshot): string =>
  JSON.stringify([value, context, status])

/**
 * Tells a machine, as it stands in the run, each event that may not be heard there: nothing may change and
 * nothing be asked for. What sneaks through is counted as a breach.
 */
function trySneakPaths(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): void {
  const name = nameOf(machine)
  if (name === undefined || snapshot.status !== 'active') return
  const heard = heardIn(name, snapshot.value)
  for (const event of (SNEAK_EVENTS[name] ?? []).filter(({ type }) => !heard.has(type))) {
    const path = `${JSON.stringify(snapshot.value)} ${event.type}`
    const [next, actions] = transition(machine, snapshot, event)
    const same = textOf(next) === textOf(snapshot) && actions.length === 0
    count(same ? 'sneak' : 'breach', machine.id, path)
  }
}

/** In a counted run, every state that a machine of this process comes to is tried. */
export function watchSneakPaths(): void {
  Reflect.set(globalThis, Symbol.for('meterhood.came'), trySneakPaths)
}
