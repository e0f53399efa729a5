import type { AnyStateMachine } from 'xstate'

/** Every leaf state of a machine, as its path of names. */
export function leafStates(machine: AnyStateMachine): string[] {
  const leaves: string[] = []
  const visit = (node: AnyStateMachine['root']): void => {
    const children = Object.values(node.states)
    if (children.length === 0) leaves.push(node.path.join('.'))
    for (const child of children) visit(child)
  }
  visit(machine.root)
  return leaves
}

/** Gathers the leaf states that a machine was seen in. */
export class Seen {
  readonly #states = new Set<string>()

  note(value: unknown, path: readonly string[] = []): void {
    if (typeof value === 'string') {
      this.#states.add([...path, value].join('.'))
      return
    }
    if (typeof value !== 'object' || value === null) return
    for (const [name, child] of Object.entries(value)) this.note(child, [...path, name])
  }

  missing(machine: AnyStateMachine): string[] {
    return leafStates(machine).filter((state) => !this.#states.has(state))
  }
}
