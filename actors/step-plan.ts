import type {
  ActorScope,
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyTransitionDefinition,
  ExecutableActionObject,
} from 'xstate'

/** What a step comes to: the next snapshot, and what is asked for. */
export type Stepped = readonly [AnyMachineSnapshot, readonly ExecutableActionObject[]]

type Scope = ActorScope<AnyMachineSnapshot, AnyEventObject>
type StateNode = AnyStateMachine['root']
type Callable = (...given: readonly unknown[]) => unknown

/** One action of a step: a change of the context, or something asked for. */
interface Deed {
  readonly type: string
  readonly assignment: unknown
  readonly params: unknown
  readonly exec: ExecutableActionObject['exec']
}

/** What a machine does in one place when it takes these transitions: always the same. */
interface Plan {
  readonly deeds: readonly Deed[]
  /** A snapshot of the states it comes to. */
  readonly to: AnyMachineSnapshot
}

/** Plans by the transitions that are taken, one after another. */
interface Fork {
  readonly after: Map<AnyTransitionDefinition, Fork>
  /** Null where only XState knows the way. */
  plan?: Plan | null
}

const isCallable = (value: unknown): value is Callable => typeof value === 'function'
const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
const isExec = (value: unknown): value is ExecutableActionObject['exec'] => isCallable(value)
const partOf = (value: unknown, name: string): unknown =>
  (typeof value === 'object' && value !== null) || isCallable(value) ? Reflect.get(value, name) : undefined

/** Undefined for an action that only XState can do. */
function deedOf(machine: AnyStateMachine, action: unknown): Deed | undefined {
  const type = typeof action === 'string' ? action : partOf(action, isCallable(action) ? 'name' : 'type')
  if (typeof type !== 'string') return undefined
  const does: unknown = isCallable(action) ? action : machine.implementations.actions[type]
  const params = isCallable(action) ? undefined : partOf(action, 'params')
  if (partOf(does, 'resolve') === undefined) {
    return { type, assignment: undefined, params, exec: isExec(does) ? does : undefined }
  }
  const assignment = partOf(does, 'type') === 'xstate.assign' ? partOf(does, 'assignment') : undefined
  return assignment === undefined ? undefined : { type, assignment, params, exec: undefined }
}

const isPlain = ({ type, invoke, initial }: StateNode): boolean =>
  type !== 'final' && type !== 'history' && invoke.length === 0 && initial.actions.length === 0

/** Undefined where states are left and entered again, end, or do what only XState can do. */
function deedsOf(
  before: AnyMachineSnapshot,
  after: AnyMachineSnapshot,
  transitions: readonly AnyTransitionDefinition[],
): Deed[] | undefined {
  const [from, to]: [StateNode[], StateNode[]] = [before._nodes, after._nodes]
  const left = from.filter((node) => !to.includes(node)).sort((a, b) => b.order - a.order)
  const entered = to.filter((node) => !from.includes(node)).sort((a, b) => a.order - b.order)
  const stayed = from.filter((node) => to.includes(node))
  const isStill = transitions.every(({ target }) => target === undefined || target.length === 0)
  if (!isStill && stayed.some(({ entry, exit }) => entry.length + exit.length > 0)) return undefined
  if (![...left, ...entered].every(isPlain)) return undefined
  const actions: unknown[] = [
    ...left.flatMap(({ exit }) => exit),
    ...transitions.flatMap((transition) => transition.actions),
    ...entered.flatMap(({ entry }) => entry),
  ]
  const deeds = actions.flatMap((action) => deedOf(before.machine, action) ?? [])
  return deeds.length === actions.length ? deeds : undefined
}

function assigned(assignment: unknown, given: object, params: unknown): Record<string, unknown> {
  if (isCallable(assignment)) return recordOf(assignment(given, params))
  const update = recordOf(assignment)
  for (const [name, value] of Object.entries(update)) {
    if (isCallable(value)) update[name] = value(given, params)
  }
  return update
}

function carryOut(
  { deeds, to }: Plan,
  before: AnyMachineSnapshot,
  event: AnyEventObject,
  scope: Scope,
): Stepped {
  const { self, system } = scope
  const first: unknown = before.context
  let context = recordOf(first)
  let isSame = to.value === before.value
  const asked: ExecutableActionObject[] = []
  for (const { type, assignment, params: of, exec } of deeds) {
    const info = { context, event, self, system }
    const params = isCallable(of) ? of({ context, event }) : of
    if (assignment === undefined) asked.push({ type, info, params, exec })
    else {
      context = { ...context, ...assigned(assignment, info, params) }
      isSame = false
    }
  }
  return isSame ? [before, asked] : [{ ...to, context }, asked]
}

const textOf = ([{ value, context, status }, asked]: Stepped): string =>
  JSON.stringify([value, context, status, asked.map(({ type, params }) => [type, params])])

/**
 * What XState finds anew at every step, though it is the same for the same states and transitions: which
 * states are left and entered, and what is done on the way. A plan is made of a step that XState took, and
 * kept only if it comes to the same; a step by plan costs a fifth.
 */
export class StepPlans {
  readonly #scope: Scope
  readonly #byState = new Map<string, Fork>()
  readonly #states = new WeakMap<object, string>()

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** The step as planned, or as `whole` takes it. */
  step(
    before: AnyMachineSnapshot,
    event: AnyEventObject,
    transitions: readonly AnyTransitionDefinition[],
    whole: () => Stepped,
  ): Stepped {
    const fork = this.#forkOf(before, transitions)
    if (fork.plan === null) return whole()
    if (fork.plan !== undefined) return carryOut(fork.plan, before, event, this.#scope)
    const stepped = whole()
    fork.plan = this.#planOf(before, event, transitions, stepped)
    return stepped
  }

  #planOf(
    before: AnyMachineSnapshot,
    event: AnyEventObject,
    transitions: readonly AnyTransitionDefinition[],
    stepped: Stepped,
  ): Plan | null {
    const [to] = stepped
    const deeds = to.status === 'active' ? deedsOf(before, to, transitions) : undefined
    if (deeds === undefined) return null
    const plan = { deeds, to }
    return textOf(carryOut(plan, before, event, this.#scope)) === textOf(stepped) ? plan : null
  }

  #forkOf({ value }: AnyMachineSnapshot, transitions: readonly AnyTransitionDefinition[]): Fork {
    const state = this.#textOf(value)
    let fork = this.#byState.get(state)
    if (fork === undefined) this.#byState.set(state, (fork = { after: new Map() }))
    for (const transition of transitions) {
      const next: Fork = fork.after.get(transition) ?? { after: new Map() }
      fork.after.set(transition, next)
      fork = next
    }
    return fork
  }

  #textOf(value: unknown): string {
    if (typeof value !== 'object' || value === null) return String(value)
    const known = this.#states.get(value)
    if (known !== undefined) return known
    const text = JSON.stringify(value)
    this.#states.set(value, text)
    return text
  }
}
