import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
/** What a simulation is made of. */
const COPIED = ['actors', 'bin', 'chain', 'protocols', 'specs/simulation', 'package.json', 'tsconfig.json']

/** How the simulation of a changed source ended. */
export interface Verdict {
  readonly found: boolean
  /** The invariant that broke first, or how the program ended. */
  readonly by: string
  readonly tookMs: number
}

/** Which simulation looks for a mutant. */
export interface Search {
  readonly homes: number
  readonly days: number
  readonly seed: string
  readonly limitMs: number
}
export const SEARCH: Search = { homes: 12, days: 4, seed: '9', limitMs: 240_000 }

/** A copy of the sources in a temporary folder, to be changed and simulated. */
export class Workplace {
  readonly folder: string

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'meterhood-mutant-'))
    for (const each of COPIED) cpSync(join(ROOT, each), join(this.folder, each), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'))
  }

  /** Puts a bug in. Throws with git's words when the patch does not fit any more. */
  apply(patch: string): void {
    this.#patch(patch, [])
  }

  /** Takes it out again. */
  takeBack(patch: string): void {
    this.#patch(patch, ['--reverse'])
  }

  path(file: string): string {
    return join(this.folder, file)
  }

  /** Simulates the copy until something breaks, or the time is over. */
  simulate({ homes, days, seed, limitMs }: Search): Promise<Verdict> {
    const began = performance.now()
    const flags = ['--homes', `${homes}`, '--days', `${days}`, '--seed', seed, '--json', '--stop-at-first']
    const child = spawn(
      process.execPath,
      ['--max-semi-space-size=64', '--import', 'tsx', 'bin/meterhood.ts', 'simulate', ...flags],
      {
        cwd: this.folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    const out: Buffer[] = []
    const errors: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => out.push(part))
    child.stderr.on('data', (part: Buffer) => errors.push(part))
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
      child.on('close', (status, signal) => {
        clearTimeout(timer)
        const tookMs = performance.now() - began
        if (signal !== null) return resolve({ found: true, by: 'it does not come to an end', tookMs })
        const by = status === 0 ? '' : whyOf(Buffer.concat(out).toString(), Buffer.concat(errors).toString())
        resolve({ found: status !== 0, by, tookMs })
      })
    })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #patch(patch: string, flags: readonly string[]): void {
    const { status, stderr } = spawnSync('git', ['apply', ...flags, patch], {
      cwd: this.folder,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${patch} does not fit the sources any more: ${stderr}`)
  }
}

/** The first broken invariant of a report, or the first words of a crash. */
function whyOf(out: string, errors: string): string {
  try {
    const report: unknown = JSON.parse(out.trim().split('\n').at(-1) ?? '')
    const found: unknown = typeof report === 'object' && report !== null ? Reflect.get(report, 'found') : []
    const first: unknown = Array.isArray(found) ? found.at(0) : undefined
    if (typeof first === 'object' && first !== null) return String(Reflect.get(first, 'invariant'))
  } catch {
    return `it stops: ${errors.split('\n').find((line) => /Error/.test(line)) ?? errors.slice(0, 80)}`
  }
  return 'it ends with a fault'
}
