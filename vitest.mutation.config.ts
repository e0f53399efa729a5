import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { z } from 'zod'

/** The fast specs of one group of mutants, as bench/mutation.ts names them. */
const specs = z
  .array(z.string())
  .parse(JSON.parse(process.env['METERHOOD_MUTATION_SPECS'] ?? '["specs/rules/*.spec.ts"]'))

/** The specs that are named come first, in their order. */
class NamedFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = specs.findIndex((spec) => moduleId.endsWith(`/${spec}`))
      return place === -1 ? specs.length : place
    }
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => placeOf(a) - placeOf(b))
  }
}

export default defineConfig({
  test: {
    include: specs,
    setupFiles: ['specs/setup.ts', 'specs/mutants.ts'],
    pool: 'threads',
    isolate: false,
    sequence: { sequencer: NamedFirst },
    testTimeout: 60_000,
  },
})
