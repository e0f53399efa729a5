import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

const ENTRY = fileURLToPath(new URL('../../dist/bin/meterhood.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command of the product, as people run it. */
export class Running {
  readonly #child: ChildProcess
  readonly ended: Promise<Ended>
  #stdout = ''
  #stderr = ''

  constructor(words: readonly string[]) {
    this.#child = spawn(process.execPath, [ENTRY, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.on('data', (piece: Buffer) => (this.#stdout += piece.toString()))
    this.#child.stderr?.on('data', (piece: Buffer) => (this.#stderr += piece.toString()))
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }))
    })
  }

  async says(words: string, limitMs: number): Promise<void> {
    for (let waited = 0; !this.#stdout.includes(words); waited += 100) {
      const over = this.#child.exitCode !== null || waited > limitMs
      if (over) throw new Error(`it never said “${words}”: ${this.#stderr || this.#stdout.slice(-300)}`)
      await sleep(100)
    }
  }

  /** The RPC that a run told. */
  rpc(): string {
    return /http:\/\/127\.0\.0\.1:\d+/.exec(this.#stdout)?.[0] ?? ''
  }

  /** The pages that a run told: the community's, then those of its homes. */
  async pages(limitMs: number): Promise<string[]> {
    await this.says('running ', limitMs)
    return [...this.#stdout.matchAll(/ page +(http\S+)/g)].map(([, page = '']) => page)
  }

  async stop(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal)
    return this.ended
  }
}

export const meterhood = (...words: string[]): Promise<Ended> => new Running(words).ended

/** A command that must end well; its output as JSON. */
export async function json<T>(schema: z.ZodType<T>, ...words: string[]): Promise<T> {
  const { code, stdout, stderr } = await meterhood(...words, '--json')
  if (code !== 0) throw new Error(`${words.slice(0, 2).join(' ')} exits ${code}: ${stderr.trim()}`)
  return schema.parse(JSON.parse(stdout))
}

/** A command that must be refused in one line with these words; gives the line. */
export async function refused(words: string, ...command: string[]): Promise<string> {
  const { code, stderr } = await meterhood(...command)
  if (code === 0) throw new Error('it was taken')
  const line = stderr.trim()
  if (!line.includes(words) || line.includes('\n'))
    throw new Error(`exit ${code}, it says: ${line.slice(0, 200)}`)
  return `refused: ${words}`
}

const count = z.number()
export const reportSchema = z.object({
  totals: z.object({
    sealed: count,
    included: count,
    decrypted: count,
    lost: count,
    duplicates: count,
  }),
  chain: z.object({ blocks: count, chainId: count }),
  contracts: z.record(z.string(), z.string()),
  trades: z.object({ offered: count, awarded: count, failed: count, delivered: count }),
  tokens: z.object({ supply: z.string(), balances: z.string(), escrow: z.string() }),
})
export type Report = z.infer<typeof reportSchema>

export const readReport = async (file: string): Promise<Report> =>
  reportSchema.parse(JSON.parse(await readFile(file, 'utf8')))
