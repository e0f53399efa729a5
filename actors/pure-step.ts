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
import { StepPlans, type Stepped } from './step-plan.ts'

/** A scope in which a machine steps without doing anything: what it asks for is gathered. */
interface Stepper {
  readonly scope: ActorScope<AnyMachineSnapshot, AnyEventObject>
  /** Null for a machine that moves on by itself: its steps follow from more than the event. */
  readonly plans: StepPlans | null
  asked: ExecutableActionObject[]
}

const nothing = (): void => undefined

const movesAlone = ({ always, states }: AnyStateMachine['root']): boolean =>
  always !== undefined || Object.values(states).some(movesAlone)

function stepperOf(machine: AnyStateMachine): Stepper {
  const self = createActor(machine)
  const actionExecutor = (action: ExecutableActionObject): void => void stepper.asked.push(action)
  const doing = { defer: nothing, emit: nothing, stopChild: nothing, actionExecutor }
  const scope = { self, id: '', sessionId: '', logger: nothing, system: self.system, ...doing }
  const plans = movesAlone(machine.root) ? null : new StepPlans(scope)
  const stepper: Stepper = { scope, plans, asked: [] }
  return stepper
}

const steppers = new WeakMap<AnyStateMachine, Stepper>()

function stepperFor(machine: AnyStateMachine): Stepper {
  const known = steppers.get(machine)
  if (known !== undefined) return known
  const made = stepperOf(machine)
  steppers.set(machine, made)
  return made
}

/**
 * The next state of a machine and what it asks for. `transition()` of XState makes an actor and a system of
 * actors for every step, which is two thirds of what the step costs; here each machine keeps one. What is
 * left goes mostly to finding which states a step leaves and enters: each machine keeps that too.
 */
export function pureStep<M extends AnyStateMachine>(
  machine: M,
  before: SnapshotFrom<M>,
  event: EventFromLogic<M>,
): [SnapshotFrom<M>, readonly ExecutableActionObject[]] {
  const [next, asked] = stepped(machine, stepperFor(machine), before, event)
  if (!isSnapshotOf(machine, next)) throw new Error(`${machine.id} did not step`)
  return [next, asked]
}

/** The first state of a machine, and what it asks for. */
export function begun<M extends AnyStateMachine>(
  machine: M,
  input: unknown,
): [SnapshotFrom<M>, readonly ExecutableActionObject[]] {
  const stepper = stepperFor(machine)
  stepper.asked = []
  const first: unknown = machine.getInitialSnapshot(stepper.scope, input)
  if (!isSnapshotOf(machine, first)) throw new Error(`${machine.id} did not begin`)
  return [first, stepper.asked]
}

const NONE: readonly ExecutableActionObject[] = []

function stepped(
  machine: AnyStateMachine,
  stepper: Stepper,
  before: AnyMachineSnapshot,
  event: AnyEventObject,
): Stepped {
  const { plans, scope } = stepper
  const whole = (): Stepped => {
    stepper.asked = []
    return [machine.transition(before, event, scope), stepper.asked]
  }
  if (plans === null || before.status !== 'active' || event.type.startsWith('xstate.')) return whole()
  const transitions = machine.getTransitionData(before, event)
  return transitions.length === 0 ? [before, NONE] : plans.step(before, event, transitions, whole)
}
