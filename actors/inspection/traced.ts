import {
  type ActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createActor,
  type InspectionEvent,
} from 'xstate'

/** The transitions of one event, a list for each microstep. */
export type Microsteps = readonly (readonly AnyTransitionDefinition[])[]

interface Tracer {
  readonly scope: ActorScope<AnyMachineSnapshot, AnyEventObject>
  heard: (readonly AnyTransitionDefinition[])[]
}

const nothing = (): void => undefined

/** A scope in which a machine steps without doing anything, and says which transitions it takes. */
function tracerOf(machine: AnyStateMachine): Tracer {
  const heard: Tracer['heard'] = []
  const listen = (told: InspectionEvent): void => {
    if (told.type === '@xstate.microstep') tracer.heard.push(told._transitions)
  }
  const self = createActor(machine, { inspect: listen })
  const doing = { defer: nothing, emit: nothing, stopChild: nothing, actionExecutor: nothing }
  const scope = { self, id: '', sessionId: '', logger: nothing, system: self.system, ...doing }
  const tracer: Tracer = { scope, heard }
  return tracer
}

const tracers = new WeakMap<AnyStateMachine, Tracer>()

/**
 * Which transitions a pure step took. `transition()` of XState does not say it: the step is taken once more
 * in a scope that listens.
 */
export function tracedSteps(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot,
  event: AnyEventObject,
): Microsteps {
  const tracer = tracers.get(machine) ?? tracerOf(machine)
  tracers.set(machine, tracer)
  tracer.heard = []
  machine.transition(before, event, tracer.scope)
  return tracer.heard
}
