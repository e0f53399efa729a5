import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { PAGE, penaltiesPage } from '../../../bench/penalties.ts'

it('says of every way to fail what it costs, as the contracts do', { timeout: 300_000 }, async () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(await penaltiesPage())
})
