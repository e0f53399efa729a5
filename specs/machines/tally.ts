import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { catalogue } from '../../actors/catalogue.ts'
import { universeOf } from './universe.ts'

/** What a counted run wrote down: a state, a transition, a sneak path, a crash cell wanted or met. */
const factSchema = z.object({
  kind: z.enum(['state', 'transition', 'sneak', 'breach', 'cell', 'crash']),
  machine: z.string(),
  name: z.string(),
})

export interface Share {
  readonly seen: number
  readonly of: number
  readonly missing: readonly string[]
}

export interface MachineTally {
  readonly machine: string
  readonly states: Share
  readonly transitions: Share
  readonly sneakPaths: number
  /** Events that changed something where nobody may hear them. */
  readonly breaches: readonly string[]
  readonly crashCells: Share
}

/** Of each machine this part of the transitions must have been taken. */
export const TRANSITIONS_LEAST = 0.95

type Facts = ReadonlyMap<string, ReadonlySet<string>>

function readFacts(folder: string): Facts {
  const facts = new Map<string, Set<string>>()
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.jsonl'))) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      if (line === '') continue
      const { kind, machine, name } = factSchema.parse(JSON.parse(line))
      const key = `${kind} ${machine}`
      facts.set(key, (facts.get(key) ?? new Set()).add(name))
    }
  }
  return facts
}

const NONE: ReadonlySet<string> = new Set()

function shareOf(all: readonly string[], seen: ReadonlySet<string>, wordsOf = (name: string) => name): Share {
  const missing = all.filter((name) => !seen.has(name)).map(wordsOf)
  return { seen: all.length - missing.length, of: all.length, missing }
}

/** Counts what the processes of a run wrote into a folder, for every machine of the catalogue. */
export function tallyOf(folder: string): MachineTally[] {
  const facts = readFacts(folder)
  return Object.entries(catalogue).map(([name, machine]) => {
    const { states, transitions } = universeOf(machine)
    const of = (kind: string) => facts.get(`${kind} ${machine.id}`) ?? NONE
    return {
      machine: name,
      states: shareOf(states, of('state')),
      transitions: shareOf([...transitions.keys()], of('transition'), (key) => transitions.get(key) ?? key),
      sneakPaths: of('sneak').size,
      breaches: [...of('breach')],
      crashCells: shareOf([...of('cell')].sort(), of('crash')),
    }
  })
}
