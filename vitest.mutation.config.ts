import { defineConfig } from 'vitest/config'
import { z } from 'zod'

/** The fast specs of one group of mutants, as bench/mutation.ts names them. */
const specs = z
  .array(z.string())
  .parse(JSON.parse(process.env['METERHOOD_MUTATION_SPECS'] ?? '["specs/rules/*.spec.ts"]'))

export default defineConfig({
  test: {
    include: specs,
    setupFiles: ['specs/setup.ts', 'specs/mutants.ts'],
    pool: 'threads',
    isolate: false,
    testTimeout: 60_000,
  },
})
