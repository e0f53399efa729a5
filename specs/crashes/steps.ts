import { StateMachine } from 'xstate'
import { z } from 'zod'
import { StepPlans } from '../../actors/step-plan.ts'

/*
 * Tells of the steps of every machine of a process, whoever makes them. A machine binds its step when it
 * is made: this must be imported before any machine is.
 */

type Listener = (machine: string, from: unknown, to: unknown) => void

const valueSchema = z.object({ value: z.unknown() })
const listeners: Listener[] = []
const valueOf = (snapshot: unknown): unknown => valueSchema.parse(snapshot).value

const tell = (machine: string, from: unknown, to: unknown): void => {
  for (const listener of listeners) listener(machine, valueOf(from), valueOf(to))
}

/** Puts a method of a class in the place of another, which it is given. */
function follow(
  { prototype }: { readonly prototype: object },
  name: string,
  told: (self: object, given: readonly unknown[], made: unknown) => void,
): void {
  const method: unknown = Reflect.get(prototype, name)
  Reflect.set(prototype, name, function followed(this: object, ...given: unknown[]): unknown {
    if (typeof method !== 'function') throw new Error('a machine makes its steps in another way')
    const made: unknown = Reflect.apply(method, this, given)
    told(this, given, made)
    return made
  })
}

const machineOf = z.object({ id: z.string() })
const stepSchema = z.object({ machine: machineOf })
/** The snapshot of the step that XState made last: one that goes by a plan is told here, and only here. */
let ofXState: unknown

follow(StateMachine, 'transition', (machine, [before], next) => {
  ofXState = next
  tell(machineOf.parse(machine).id, before, next)
})
follow(StepPlans, 'step', (_plans, [before], stepped) => {
  const next: unknown = Array.isArray(stepped) ? stepped[0] : undefined
  if (next !== ofXState) tell(stepSchema.parse(before).machine.id, before, next)
})

export const onStep = (listener: Listener): void => void listeners.push(listener)
