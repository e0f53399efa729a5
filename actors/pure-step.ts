import {
  type ActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type ExecutableActionObject,
  type SnapshotFrom,
} from 'xstate'
import { isSnapshotOf } from './durable-snapshot.ts'

/** A scope in which a machine steps without doing anything: what it asks for is gathered. */
interface Stepper {
  readonly scope: ActorScope<AnyMachineSnapshot, AnyEventObject>
  asked: ExecutableActionObject[]
}

const nothing = (): void => undefined

function stepperOf(machine: AnyStateMachine): Stepper {
  const self = createActor(machine)
  const actionExecutor = (action: ExecutableActionObject): void => void stepper.asked.push(action)
  const doing = { defer: nothing, emit: nothing, stopChild: nothing, actionExecutor }
  const scope = { self, id: '', sessionId: '', logger: nothing, system: self.system, ...doing }
  const stepper: Stepper = { scope, asked: [] }
  return stepper
}

const steppers = new WeakMap<AnyStateMachine, Stepper>()

/**
 * The next state of a machine and what it asks for. `transition()` of XState makes an actor and a system of
 * actors for every step, which is two thirds of what the step costs; here each machine keeps one.
 */
export function pureStep<M extends AnyStateMachine>(
  machine: M,
  before: SnapshotFrom<M>,
  event: EventFromLogic<M>,
): [SnapshotFrom<M>, readonly ExecutableActionObject[]] {
  const stepper = steppers.get(machine) ?? stepperOf(machine)
  steppers.set(machine, stepper)
  stepper.asked = []
  const next: unknown = machine.transition(before, event, stepper.scope)
  if (!isSnapshotOf(machine, next)) throw new Error(`${machine.id} did not step`)
  return [next, stepper.asked]
}
