import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { z } from 'zod'
import { slitherProgram } from '../../../bin/host/cache-folder.ts'

const ROOT = join(import.meta.dirname, '../../..')
const PACKAGED = join(ROOT, 'node_modules/@foundry-rs/forge-linux-amd64/bin/forge')
/** From this folder. */
const CONTRACTS = '../../../chain/contracts'
/** What forge makes is kept, so that an unchanged contract is not compiled again. */
const MADE = join(ROOT, 'node_modules/.cache/forge')
const PLACES = {
  FOUNDRY_OUT: join(MADE, 'out'),
  FOUNDRY_CACHE_PATH: join(MADE, 'cache'),
  FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR: join(MADE, 'failures'),
}

/** A program of the packages, of the cache folder or on the PATH, or null. */
function find(name: string, places: readonly string[]): string | null {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))
  return [...places, ...onPath].find((file) => existsSync(file)) ?? null
}

export const FORGE = find('forge', [PACKAGED])
export const SLITHER = find('slither', [slitherProgram()])

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
  return run(FORGE, [...args, '--color', 'never'], import.meta.dirname, { ...PLACES, ...env })
}

/** Compiles; with what halmos reads, so that it need not compile again. */
export function build(): Promise<Ran> {
  return forge(['build', '--ast', '--extra-output', 'storageLayout', 'metadata'])
}

/** A finding of slither. */
export interface Finding {
  readonly impact: string
  readonly detector: string
  /** File and name of the first thing that it is about. */
  readonly place: string
}

const reportSchema = z.object({
  results: z.object({
    detectors: z.array(
      z.object({
        impact: z.string(),
        check: z.string(),
        elements: z.tuple(
          [z.object({ name: z.string(), source_mapping: z.object({ filename_relative: z.string() }) })],
          z.unknown(),
        ),
      }),
    ),
  }),
})

/**
 * What slither finds in the product's contracts, compiled afresh into `folder`: it reads whole builds only,
 * and what forge keeps of one that it completed is none.
 */
export async function slither(folder: string): Promise<Finding[]> {
  if (SLITHER === null || FORGE === null) throw new Error('there is no slither, or no forge')
  const [out, report] = [join(folder, 'out'), join(folder, 'slither.json')]
  const places = {
    FOUNDRY_SRC: CONTRACTS,
    FOUNDRY_TEST: CONTRACTS,
    FOUNDRY_OUT: out,
    FOUNDRY_CACHE_PATH: join(folder, 'cache'),
    PATH: `${dirname(FORGE)}${delimiter}${process.env['PATH'] ?? ''}`,
  }
  const built = await forge(['build', '--build-info', '--force'], places)
  if (built.code !== 0) throw new Error(built.said)
  const asked = ['--foundry-ignore-compile', '--foundry-out-directory', out, '--json', report]
  const args = ['.', ...asked, '--filter-paths', 'node_modules']
  const { said } = await run(SLITHER, args, import.meta.dirname, places)
  if (!existsSync(report)) throw new Error(said)
  const { results } = reportSchema.parse(JSON.parse(readFileSync(report, 'utf8')))
  return results.detectors.map(({ impact, check, elements: [{ name, source_mapping }] }) => ({
    ...{ impact, detector: check, place: `${basename(source_mapping.filename_relative)} ${name}` },
  }))
}
