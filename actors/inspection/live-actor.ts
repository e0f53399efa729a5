import type { AnyEventObject, AnyMachineSnapshot, AnyTransitionDefinition, InspectionEvent } from 'xstate'
import type { Inspector, Subject } from './inspector.ts'

const isMachineSnapshot = (found: object): found is AnyMachineSnapshot =>
  'machine' in found && 'value' in found

/**
 * What XState's `createActor` is given as `inspect`, so that a machine that runs as a live actor is recorded
 * like one that is stepped. An empty object when nobody inspects: nothing is spent then.
 */
export function inspecting(
  inspector: Inspector | undefined,
  subject: Subject,
): { inspect?: (told: InspectionEvent) => void } {
  if (inspector === undefined) return {}
  let begun = false
  let transitions: (readonly AnyTransitionDefinition[])[] = []
  let actions: string[] = []
  const settled = (event: AnyEventObject, after: AnyMachineSnapshot): void => {
    if (begun) inspector.stepped(subject, { event, after, transitions, actions, waiting: 0 })
    else inspector.began(subject, after)
    begun = true
    transitions = []
    actions = []
  }
  return {
    inspect: (told) => {
      if (told.type === '@xstate.microstep') transitions.push(told._transitions)
      if (told.type === '@xstate.action' && !told.action.type.startsWith('xstate.')) {
        actions.push(told.action.type)
      }
      if (told.type === '@xstate.snapshot' && isMachineSnapshot(told.snapshot)) {
        settled(told.event, told.snapshot)
      }
    },
  }
}
