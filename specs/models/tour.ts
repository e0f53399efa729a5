import type { AnyStateMachine } from 'xstate'
import { z } from 'zod'

/** One event of a tour, the state of the model after it, and what the model says of that state. */
export interface Step {
  readonly event: string
  readonly state: string
  readonly meta: unknown
}

/** What a model says of a state: leaf states that the machine must come to. */
export const metaSchema = z.array(z.string())

interface Way {
  readonly event: string
  readonly to: string
}

type Ways = ReadonlyMap<string, readonly Way[]>
type StateNode = AnyStateMachine['root']

/** The leaf states of a state value, as their paths. */
export const leavesOf = (value: unknown, path: readonly string[] = []): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, child]) => leavesOf(child, [...path, name]))
    : [[...path, String(value)].join('.')]

/** A model is flat: each event of a state leads to one other, whatever happened before. */
function waysOf(root: StateNode): Ways {
  const waysFrom = (node: StateNode): Way[] =>
    [...node.transitions].flatMap(([event, definitions]) =>
      definitions.map(({ target }) => ({ event, to: target?.[0]?.key ?? node.key })),
    )
  return new Map(Object.entries(root.states).map(([name, node]) => [name, waysFrom(node)]))
}

/** The shortest way from a state to one that has an event not yet met; null when there is none. */
function wayToNew(ways: Ways, from: string, met: ReadonlySet<string>): readonly Way[] | null {
  const reached = new Map<string, readonly Way[]>([[from, []]])
  for (const [state, path] of reached) {
    for (const way of ways.get(state) ?? []) {
      if (!met.has(`${state} ${way.event}`)) return [...path, way]
      if (!reached.has(way.to)) reached.set(way.to, [...path, way])
    }
  }
  return null
}

/**
 * Lives that together meet every transition of a model: each goes on until nothing new can be reached. Few
 * long lives cost less than many short ones where each needs a chain and a network of its own.
 */
export function toursOf({ root }: AnyStateMachine): (readonly [name: string, life: readonly Step[]])[] {
  const ways = waysOf(root)
  const start = root.initial.target[0]?.key ?? ''
  const met = new Set<string>()
  const lives: (readonly [string, readonly Step[]])[] = []
  for (;;) {
    const life: Step[] = []
    let at = start
    for (let way = wayToNew(ways, at, met); way !== null; way = wayToNew(ways, at, met)) {
      for (const { event, to } of way) {
        met.add(`${at} ${event}`)
        life.push({ event, state: to, meta: root.states[to]?.meta })
        at = to
      }
    }
    if (life.length === 0) return lives
    lives.push([life.map(({ event }) => event).join(' → '), life])
  }
}

/** What is done for each event of a model. */
export type Deeds<Event extends { readonly type: string }> = Readonly<
  Record<Event['type'], () => Promise<void>>
>

/** Does what stands for an event. */
export async function carryOut(
  deeds: Readonly<Record<string, () => Promise<void>>>,
  event: string,
): Promise<void> {
  const deed = deeds[event]
  if (deed === undefined) throw new Error(`nothing is done for ${event}`)
  await deed()
}
