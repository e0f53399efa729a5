import type { AnyMachineSnapshot, ExecutableActionObject } from 'xstate'
import { type Chart, type Come, type Facts, factsOf, leavesOf, opinionOn, textOf } from './chart.ts'

/** What a machine came to, in the words of its chart. */
export function comeOf(snapshot: AnyMachineSnapshot, actions: readonly ExecutableActionObject[]): Come {
  const context = factsOf(snapshot.context)
  return { leaves: leavesOf(snapshot.value), context, asked: actions.flatMap(askedOf) }
}

/** What is asked for; a delay is a wait, and its end before time is nobody's concern. */
function askedOf({ type, params }: ExecutableActionObject): Come['asked'][number][] {
  if (type === 'xstate.cancel') return []
  if (type === 'xstate.raise') return [{ name: 'wait', params: factsOf(params)['delay'] }]
  return [{ name: type, params: params ?? null }]
}

/** What is wrong with a machine's first state, in words; nothing when all is well. */
export function faultOfBegin(chart: Chart, input: Facts, come: Come): string | null {
  const expected = textOf(chart.begins(input))
  const got = textOf(come)
  return got === expected ? null : `began with ${got}, expected ${expected}`
}

/** What is wrong with a step. */
export function faultOfStep(
  chart: Chart,
  before: AnyMachineSnapshot,
  event: Facts,
  come: Come,
): string | null {
  const standing = { leaves: leavesOf(before.value), context: factsOf(before.context) }
  const expected = textOf(opinionOn(chart, standing, event))
  const got = textOf(come)
  if (got === expected) return null
  return `${JSON.stringify(event)} in ${standing.leaves.join(' ')} came to ${got}, expected ${expected}`
}
