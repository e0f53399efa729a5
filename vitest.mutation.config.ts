import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { z } from 'zod'

/** The fast specs of one group of mutants, as bench/mutation.ts names them. */
const specs = z
  .array(z.string())
  .parse(JSON.parse(process.env['METERHOOD_MUTATION_SPECS'] ?? '["specs/rules/*.spec.ts"]'))

const drawsExamples = ({ moduleId }: TestSpecification): boolean =>
  readFileSync(moduleId, 'utf8').includes("from 'fast-check'")

/** What acts while a file is loaded would count as the loading spec's alone, did it load the file first. */
const loads = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith('/loading.spec.ts')

/** A run ends with the first failure: exact sentences take no time, hundreds of drawn examples do. */
class ExactFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const exact = sorted.filter((file) => !drawsExamples(file) && !loads(file))
    return [...exact, ...sorted.filter(drawsExamples), ...sorted.filter(loads)]
  }
}

export default defineConfig({
  test: {
    include: specs,
    setupFiles: ['specs/setup.ts', 'specs/mutants.ts'],
    pool: 'threads',
    // The specs of a group share no state: their modules are loaded once for each mutant.
    isolate: false,
    sequence: { sequencer: ExactFirst },
    testTimeout: 60_000,
  },
})
