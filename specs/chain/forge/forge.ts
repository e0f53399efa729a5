import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '../../../bin/host/cache-folder.ts'

const ROOT = join(import.meta.dirname, '../../..')
const PACKAGED = join(ROOT, 'node_modules/@foundry-rs/forge-linux-amd64/bin/forge')
/** Where .ci/run puts programs from PyPI. */
const PYTHON = join(cacheFolder(), 'python/bin')
/** What forge makes is kept, so that an unchanged contract is not compiled again. */
const MADE = join(ROOT, 'node_modules/.cache/forge')

/** A program of the packages, of the cache folder or on the PATH, or null. */
function find(name: string, places: readonly string[]): string | null {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))
  return [...places, ...onPath].find((file) => existsSync(file)) ?? null
}

export const FORGE = find('forge', [PACKAGED])
export const SLITHER = find('slither', [join(PYTHON, 'slither')])

export interface Ran {
  readonly code: number | null
  readonly said: string
}

/** Runs a program to its end; what it said on both streams. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env } })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    }
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, said }))
  })
}

/** Runs forge over the contracts of this folder. */
export function forge(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  if (FORGE === null) throw new Error('there is no forge')
  const places = {
    FOUNDRY_OUT: join(MADE, 'out'),
    FOUNDRY_CACHE_PATH: join(MADE, 'cache'),
    FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR: join(MADE, 'failures'),
  }
  return run(FORGE, [...args, '--color', 'never'], import.meta.dirname, { ...places, ...env })
}
