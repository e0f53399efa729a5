import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

function under(folder: string, ending = '.ts'): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith(ending) && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name))
    .sort()
}

/** Under mutation a file that cannot be loaded is noticed here, and by no spec that begins with it. */
const FOLDERS: Readonly<Record<string, () => string[]>> = {
  rules: () => under('protocols/rules'),
  // The specs stand on a community whose keys are made while it is loaded.
  crypto: () => [...under('protocols/crypto'), 'specs/crypto/community.ts'],
  messages: () => under('protocols/messages'),
  auction: () => under('actors/auction', 'machine.ts'),
  machines: () => under('actors', 'machine.ts'),
}
const group = process.env['METERHOOD_MUTATION_GROUP']

describe('what everybody must agree on, and every machine, is loaded by itself', () => {
  const files = Object.entries(FOLDERS).flatMap(([name, list]) => {
    return group === undefined || group === name ? list() : []
  })

  it.each(files)('%s', async (file) => {
    const loaded: unknown = await import(join(ROOT, file))
    expect(loaded).toBeTypeOf('object')
  })
})
