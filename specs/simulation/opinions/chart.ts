/** What a machine remembers, or is told, as plain data. */
export type Facts = Readonly<Record<string, unknown>>

/** A machine as it stands: the states that are active, as paths, and what it remembers. */
export interface Standing {
  readonly leaves: readonly string[]
  readonly context: Facts
}

export interface Come extends Standing {
  /** What is asked for on the way, with what it is told. */
  readonly asked: readonly { readonly name: string; readonly params: unknown }[]
}

type Holds = (context: Facts, event: Facts) => boolean
type Keeps = (context: Facts, event: Facts) => Facts

/**
 * What a machine should do, written down apart from it: one line for a state and an event,
 * `state | EVENT ?condition … | where it leads | =what is remembered … what is asked for …`. Lines of a state
 * count before those around it, and of several lines the first whose conditions hold. `-` leads nowhere else.
 */
export interface Chart {
  readonly begins: (input: Facts) => Come
  readonly lines: string
  readonly conditions: Readonly<Record<string, Holds>>
  readonly keeps: Readonly<Record<string, Keeps>>
  /** What an effect is told; nothing where it is not named. */
  readonly params?: Readonly<Record<string, (context: Facts, event: Facts) => unknown>>
}

interface Way {
  readonly from: string
  readonly event: string
  readonly conditions: readonly string[]
  readonly to: readonly string[]
  readonly does: readonly string[]
}

/** Lines of what lies within a state, written without its name. */
export function inside(place: string, lines: string): string {
  const within = (state: string): string => (state === '-' || state === '' ? state : `${place}.${state}`)
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [from = '', heard = '', to = '', does = ''] = line.split('|').map((part) => part.trim())
      return [within(from), heard, within(to), does].join(' | ')
    })
    .join('\n')
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')

function wayOf(line: string): Way {
  const [from = '', heard = '', to = '', does = ''] = line.split('|').map((part) => part.trim())
  const [event = '', ...conditions] = words(heard)
  const leads = to === '-' ? [] : words(to)
  return { from, event, conditions: conditions.map((each) => each.slice(1)), to: leads, does: words(does) }
}

const known = new WeakMap<Chart, ReadonlyMap<string, readonly Way[]>>()

/** The lines of a chart by state and event. */
function waysOf(chart: Chart): ReadonlyMap<string, readonly Way[]> {
  const made = known.get(chart)
  if (made !== undefined) return made
  const ways = new Map<string, Way[]>()
  for (const line of chart.lines.split('\n')) {
    if (line.trim() === '') continue
    const way = wayOf(line)
    const key = `${way.from} ${way.event}`
    ways.set(key, [...(ways.get(key) ?? []), way])
  }
  known.set(chart, ways)
  return ways
}

/** How many lines a chart has. */
export const linesOf = (chart: Chart): number => [...waysOf(chart).values()].flat().length

/** A state and those around it, the innermost first. */
function around(leaf: string): string[] {
  const parts = leaf.split('.')
  return [...parts.map((_, index) => parts.slice(0, parts.length - index).join('.')), '']
}

/** Events that mean something in these states, with how many lines speak of them. */
export function heardIn(
  chart: Chart,
  leaves: readonly string[],
): { place: string; event: string; lines: number }[] {
  const places = new Set(leaves.flatMap(around))
  return [...waysOf(chart).values()].flatMap((ways) => {
    const [first] = ways
    if (first === undefined || !places.has(first.from)) return []
    return [{ place: first.from, event: first.event, lines: ways.length }]
  })
}

function wayFrom(chart: Chart, leaf: string, context: Facts, event: Facts): Way | undefined {
  for (const place of around(leaf)) {
    const ways = waysOf(chart).get(`${place} ${String(event['type'])}`) ?? []
    const found = ways.find(({ conditions }) =>
      conditions.every((name) => holds(chart, name, context, event)),
    )
    if (found !== undefined) return found
  }
  return undefined
}

function holds({ conditions }: Chart, name: string, context: Facts, event: Facts): boolean {
  const condition = conditions[name]
  if (condition === undefined) throw new Error(`a chart knows no condition "${name}"`)
  return condition(context, event)
}

const isWithin = (leaf: string, place: string): boolean =>
  place === '' || leaf === place || leaf.startsWith(`${place}.`)

/** The innermost state that holds all of these. */
function shared(paths: readonly string[]): string {
  const [parts = [], ...others] = paths.map((path) => path.split('.'))
  const length = parts.findIndex((part, index) => others.some((other) => other[index] !== part))
  return (length === -1 ? parts : parts.slice(0, length)).join('.')
}

/** What should come of an event. */
export function opinionOn(chart: Chart, before: Standing, event: Facts): Come {
  const ways = new Set(before.leaves.flatMap((leaf) => wayFrom(chart, leaf, before.context, event) ?? []))
  let { leaves, context } = before
  const asked: Come['asked'][number][] = []
  for (const { from, to, does } of ways) {
    if (to.length > 0) {
      const left = shared([from, ...to])
      leaves = [...leaves.filter((leaf) => !isWithin(leaf, left)), ...to]
    }
    for (const name of does) {
      if (name.startsWith('=')) context = { ...context, ...kept(chart, name.slice(1), context, event) }
      else {
        // A wait of one name may be as long as its state says: `wait:silence`.
        const [asks = ''] = name.split(':')
        asked.push({ name: asks, params: chart.params?.[name]?.(context, event) ?? null })
      }
    }
  }
  return { leaves, context, asked }
}

function kept({ keeps }: Chart, name: string, context: Facts, event: Facts): Facts {
  const keep = keeps[name]
  if (keep === undefined) throw new Error(`a chart knows nothing to keep as "${name}"`)
  return keep(context, event)
}

/** The leaf states of a machine's state value, as their paths. */
export const leavesOf = (value: unknown, path: readonly string[] = []): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, child]) => leavesOf(child, [...path, name]))
    : [[...path, String(value)].join('.')]

/** Data with its fields in order, so that it can be compared. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, each]): [string, unknown] => [name, ordered(each)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** How a machine stands and what it asks for, to be compared; parts that act together do so in any order. */
export const textOf = ({ leaves, context, asked }: Come): string => {
  const asks = asked.map((each) => JSON.stringify(ordered(each))).sort()
  return JSON.stringify([[...leaves].sort(), ordered(context), asks])
}

export const num = (value: unknown): number => Number(value)
/** The fields of whatever it is. */
export const factsOf = (value: unknown): Facts =>
  typeof value === 'object' && value !== null ? { ...value } : {}
