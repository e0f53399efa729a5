import { defineConfig } from 'vitest/config'

/** The fast specs of one group of mutants: `METERHOOD_MUTATION_SPECS`, as bench/mutation.ts names them. */
export default defineConfig({
  test: {
    include: JSON.parse(process.env['METERHOOD_MUTATION_SPECS'] ?? '["specs/rules/*.spec.ts"]') as string[],
    setupFiles: ['specs/setup.ts'],
    pool: 'threads',
    testTimeout: 60_000,
  },
})
