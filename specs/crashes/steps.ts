import { StateMachine } from 'xstate'
import { z } from 'zod'

/*
 * Tells of the steps of every machine of a process, whoever makes them. A machine binds its step when it
 * is made: this must be imported before any machine is.
 */

type Listener = (machine: string, from: unknown, to: unknown) => void

const valueSchema = z.object({ value: z.unknown() })
const listeners: Listener[] = []
const valueOf = (snapshot: unknown): unknown => valueSchema.parse(snapshot).value

const step: unknown = Reflect.get(StateMachine.prototype, 'transition')
Reflect.set(
  StateMachine.prototype,
  'transition',
  function follow(this: { readonly id: string }, ...given: unknown[]): unknown {
    if (typeof step !== 'function') throw new Error('a machine makes its steps in another way')
    const next: unknown = Reflect.apply(step, this, given)
    for (const listener of listeners) listener(this.id, valueOf(given[0]), valueOf(next))
    return next
  },
)

export const onStep = (listener: Listener): void => void listeners.push(listener)
