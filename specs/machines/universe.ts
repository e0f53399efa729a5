import type { AnyStateMachine } from 'xstate'

type StateNode = AnyStateMachine['root']

/** What a machine is made of, in the words in which a counted run tells of it (inspection.mjs). */
export interface Universe {
  /** Leaf states, as their paths. */
  readonly states: readonly string[]
  /** Transitions by source, event and place among those of the source for the event, with words. */
  readonly transitions: ReadonlyMap<string, string>
}

const pathOf = (node: StateNode): string => node.path.join('.')

const nodesOf = (node: StateNode): StateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)]

function transitionsOf(node: StateNode): [string, string][] {
  const told: [string, string][] = []
  const note = (
    event: string,
    definitions: readonly { target?: readonly StateNode[] | undefined }[],
  ): void => {
    for (const [place, { target }] of definitions.entries()) {
      const way = definitions.length > 1 ? ` (way ${place + 1})` : ''
      const to = target === undefined ? 'stays' : `→ ${target.map(pathOf).join()}`
      told.push([
        `${pathOf(node)} ${event} ${place}`,
        `${pathOf(node) || 'any state'} ${event || 'always'}${way} ${to}`,
      ])
    }
  }
  for (const [event, definitions] of node.transitions) note(event, definitions)
  note('', node.always ?? [])
  return told
}

/** Everything that can be counted of a machine. */
export function universeOf(machine: AnyStateMachine): Universe {
  const nodes = nodesOf(machine.root)
  return {
    states: nodes.filter((node) => Object.keys(node.states).length === 0).map(pathOf),
    transitions: new Map(nodes.flatMap(transitionsOf)),
  }
}
