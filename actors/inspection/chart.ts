import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

/** A state of a machine as data: what a drawing needs. */
export interface ChartState {
  readonly id: string
  readonly name: string
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  /** The state that a compound state begins with. */
  readonly initial: string | null
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  readonly invokes: readonly string[]
  readonly states: readonly ChartState[]
}

/** A transition; its place in the list of its chart is its number. */
export interface ChartTransition {
  readonly source: string
  /** Empty: the machine stays where it is. */
  readonly targets: readonly string[]
  readonly cause: 'event' | 'always' | 'after' | 'done' | 'error'
  /** The event's type, the delay's name, or what was invoked. */
  readonly on: string
  readonly guard: string | null
  readonly actions: readonly string[]
  readonly reenters: boolean
}

/** A machine as data, for drawings and recordings. */
export interface Chart {
  readonly id: string
  readonly root: ChartState
  readonly transitions: readonly ChartTransition[]
}

/** XState's own actions (timers, assignments without a name) say nothing to people. */
const isNamed = (name: string): boolean => !name.startsWith('xstate.')

function nameOf(found: unknown): string {
  if (typeof found === 'string') return found
  if (typeof found === 'function' && 'type' in found && typeof found.type === 'string') return found.type
  if (typeof found === 'object' && found !== null && 'type' in found) return String(found.type)
  return 'unnamed'
}

const namesOf = (actions: readonly unknown[]): readonly string[] => actions.map(nameOf).filter(isNamed)

/** The definitions of all transitions of a machine, in the order of its states; the order is their number. */
function definitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  const own = [...node.transitions.values()].flat()
  // A state that has none has no list of them.
  const always: readonly AnyTransitionDefinition[] = node.always ?? []
  return [...own, ...always, ...Object.values(node.states).flatMap(definitionsOf)]
}

function stateOf(node: AnyStateNode): ChartState {
  return {
    id: node.id,
    name: node.key,
    type: node.type,
    initial: node.type === 'compound' ? (node.initial.target[0]?.id ?? null) : null,
    entry: namesOf(node.entry),
    exit: namesOf(node.exit),
    invokes: node.invoke.map(({ src }) => nameOf(src)),
    states: Object.values(node.states).map(stateOf),
  }
}

function causeOf(eventType: string): Pick<ChartTransition, 'cause' | 'on'> {
  if (eventType === '') return { cause: 'always', on: '' }
  const after = /^xstate\.after\.([^.]+)\./.exec(eventType)?.[1]
  if (after !== undefined) return { cause: 'after', on: after }
  const [, ended, what = ''] = /^xstate\.(done|error)\.(?:actor|state)\.(.+)$/.exec(eventType) ?? []
  if (ended === 'done' || ended === 'error') return { cause: ended, on: what.split('.').at(-1) ?? what }
  return { cause: 'event', on: eventType }
}

function transitionOf(definition: AnyTransitionDefinition): ChartTransition {
  const { source, target, guard, actions, reenter } = definition
  return {
    source: source.id,
    targets: (target ?? []).map(({ id }) => id),
    ...causeOf(String(definition.eventType)),
    guard: guard === undefined ? null : nameOf(guard),
    actions: namesOf(actions),
    reenters: reenter,
  }
}

/** A machine as data. */
export function chartOf(machine: AnyStateMachine): Chart {
  return {
    id: machine.id,
    root: stateOf(machine.root),
    transitions: definitionsOf(machine.root).map(transitionOf),
  }
}

const numbers = new WeakMap<AnyStateMachine, ReadonlyMap<AnyTransitionDefinition, number>>()

/** The number of a transition in its machine's chart. */
export function numberOf(machine: AnyStateMachine, definition: AnyTransitionDefinition): number {
  let known = numbers.get(machine)
  if (known === undefined) {
    known = new Map(definitionsOf(machine.root).map((each, at) => [each, at]))
    numbers.set(machine, known)
  }
  return known.get(definition) ?? -1
}
