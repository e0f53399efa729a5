import { availableParallelism } from 'node:os'
import { homeName } from './community-run.ts'

/** What one thread serves without readings that wait for each other (measured: 2.5 % of a core a home). */
const HOMES_OF_A_PROCESS = 10

interface HomesOfARun {
  readonly homes: number
  readonly isolate: boolean
}

/**
 * The name of the process that serves each home, in the order of the homes: its own with `--isolate`, else
 * one for all, or as many as this machine has cores for when they are many.
 */
export function processesOfHomes({ homes, isolate }: HomesOfARun, cores = availableParallelism()): string[] {
  const count = Math.max(1, Math.min(cores, Math.ceil(homes / HOMES_OF_A_PROCESS)))
  const nameOf = (at: number): string => {
    if (isolate) return homeName(at + 1)
    return count === 1 ? 'homes' : `homes-${(at % count) + 1}`
  }
  return Array.from({ length: homes }, (_, at) => nameOf(at))
}
