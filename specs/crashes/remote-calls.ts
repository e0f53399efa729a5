import { type ChildProcess, spawn } from 'node:child_process'
import { z } from 'zod'
import { type Death, type Died, diedSchema } from './wire.ts'

const statesSchema = z.record(z.string(), z.string())

export interface CallSettings {
  readonly file: string
  readonly rpc: string
  readonly tally: string
  readonly fromBlock: number
}

/** The proxy and the outbox in a process that is started again whenever it was killed. */
export class RemoteCalls {
  readonly died: Died[] = []
  states: Readonly<Record<string, string>> = {}
  readonly #program: string
  readonly #settings: CallSettings
  #deaths: readonly Death[]
  #wish = { finalUpTo: Number.MAX_SAFE_INTEGER, cut: false }
  #child: ChildProcess | undefined
  #over = false

  constructor(program: string, settings: CallSettings, deaths: readonly Death[]) {
    this.#program = program
    this.#settings = settings
    this.#deaths = deaths
  }

  /** Starts it; it lives on until `stop`. */
  start(): void {
    const settings = JSON.stringify({ ...this.#settings, ...this.#wish, deaths: this.#deaths })
    const child = spawn(process.execPath, ['--conditions=development', this.#program, settings], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    child.stderr?.on('data', (data: Buffer) => this.#told(data.toString()))
    child.on('message', (message) => (this.states = statesSchema.parse(message)))
    child.once('close', () => {
      this.states = {}
      if (!this.#over) this.start()
    })
  }

  wish(wish: Partial<{ finalUpTo: number; cut: boolean }>): void {
    this.#wish = { ...this.#wish, ...wish }
    if (this.#child?.connected === true) this.#child.send(this.#wish, () => undefined)
  }

  /** Ways to die that no moment offered. */
  left(): readonly Death[] {
    return this.#deaths
  }

  async stop(): Promise<void> {
    this.#over = true
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await gone
  }

  #told(text: string): void {
    for (const line of text.split('\n')) {
      const found = /^died (.*)$/u.exec(line)?.[1]
      if (found === undefined) {
        if (line !== '' && !/warning/iu.test(line)) process.stderr.write(`${line}\n`)
        continue
      }
      const died = diedSchema.parse(JSON.parse(found))
      this.died.push(died)
      this.#deaths = this.#deaths.filter(
        ({ leaf, hook }) => hook !== died.hook || !died.leaves.includes(leaf),
      )
    }
  }
}
