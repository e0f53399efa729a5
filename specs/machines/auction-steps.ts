import type { AnyStateMachine } from 'xstate'
import type { StepRecord } from '../../actors/durable.ts'

/** A transition of a machine, told by where it starts, what it hears and where it leads. */
export type TransitionName = string

type StateNode = AnyStateMachine['root']

const pathOf = (node: StateNode): string => node.path.join('.')

/** Every transition of a machine; those of its beginning, which hear no event, are left out. */
export function transitionsOf(machine: AnyStateMachine): TransitionName[] {
  const names = new Set<TransitionName>()
  const visit = (node: StateNode): void => {
    for (const [event, definitions] of node.transitions) {
      for (const { target } of definitions) {
        const to = target?.map(pathOf).join() ?? pathOf(node)
        names.add(`${pathOf(node)} ${event} → ${to}`)
      }
    }
    for (const child of Object.values(node.states)) visit(child)
  }
  visit(machine.root)
  return [...names]
}

const leafOf = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([name, child]) => `${name}.${leafOf(child)}`)
        .join()
    : String(value)

const isWithin = (leaf: string, path: string): boolean =>
  path === '' || leaf === path || leaf.startsWith(`${path}.`)

/** Which transitions a step may have been: of the innermost state that hears the event. */
export function transitionOf(machine: AnyStateMachine, step: StepRecord): TransitionName[] {
  const [before, after] = [leafOf(step.before), leafOf(step.after)]
  const matching = transitionsOf(machine).filter((name) => {
    const [from = '', event, to = ''] = name.split(/ (?:→ )?/)
    return isWithin(before, from) && event === step.event.type && isWithin(after, to)
  })
  const innermost = matching.reduce((most, name) => Math.max(most, depthOf(name)), 0)
  return matching.filter((name) => depthOf(name) === innermost)
}

const depthOf = (name: TransitionName): number => {
  const [from = ''] = name.split(' ')
  return from === '' ? 0 : from.split('.').length
}
