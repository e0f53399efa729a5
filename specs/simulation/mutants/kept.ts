import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, SEARCH, type Search, type Verdict, Workplace } from './workplace.ts'

const FOLDER = join(ROOT, 'specs', 'simulation', 'mutants')

/** A bug that is kept as a patch. */
export interface KeptMutant {
  readonly name: string
  readonly patch: string
  /** What goes wrong, in words: the patch's first line. */
  readonly what: string
}

export function keptMutants(): KeptMutant[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.patch'))
  return files.sort().map((file) => {
    const patch = join(FOLDER, file)
    return {
      name: file.slice(0, -'.patch'.length),
      patch,
      what: readFileSync(patch, 'utf8').split('\n')[0] ?? '',
    }
  })
}

/** Simulates each of some bugs, one after another. */
export async function searchKept(
  mutants: readonly KeptMutant[],
  onVerdict: (mutant: KeptMutant, verdict: Verdict) => void,
  search: Search = SEARCH,
): Promise<number> {
  const workplace = new Workplace()
  let found = 0
  try {
    for (const mutant of mutants) {
      workplace.apply(mutant.patch)
      const verdict = await workplace.simulate(search)
      workplace.takeBack(mutant.patch)
      if (verdict.found) found += 1
      onVerdict(mutant, verdict)
    }
  } finally {
    workplace.remove()
  }
  return found
}
