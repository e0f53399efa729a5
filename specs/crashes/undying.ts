import { type ChildProcess, spawn } from 'node:child_process'
import type { z } from 'zod'
import { type Death, type Died, diedSchema } from './wire.ts'

export interface UndyingOptions<Told, Wish extends object> {
  readonly program: string
  readonly settings: object
  readonly deaths: readonly Death[]
  /** What the child says of itself. */
  readonly tells: z.ZodType<Told>
  /** What is wanted of the child from the start on; told it again after each death. */
  readonly wish: Wish
}

/** A process that is started again whenever it was killed. */
export class Undying<Told, Wish extends object> {
  readonly died: Died[] = []
  told: Told | undefined
  /** Everything that it ever told: what passes quickly is found here. */
  readonly tales: Told[] = []
  readonly #options: UndyingOptions<Told, Wish>
  #deaths: readonly Death[]
  #wish: Wish
  #child: ChildProcess | undefined
  #over = false

  constructor(options: UndyingOptions<Told, Wish>) {
    this.#options = options
    this.#deaths = options.deaths
    this.#wish = options.wish
  }

  /** Starts it; it lives on until `stop`. */
  start(): void {
    const { program, settings, tells } = this.#options
    const given = JSON.stringify({ ...settings, wish: this.#wish, deaths: this.#deaths })
    const child = spawn(process.execPath, ['--conditions=development', program, given], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    child.stderr?.on('data', (data: Buffer) => this.#heard(data.toString()))
    child.on('message', (message) => {
      this.told = tells.parse(message)
      this.tales.push(this.told)
    })
    child.once('close', () => {
      this.told = undefined
      if (!this.#over) this.start()
    })
  }

  wish(wish: Partial<Wish>): void {
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

  #heard(text: string): void {
    for (const line of text.split('\n')) {
      const found = /^died (.*)$/u.exec(line)?.[1]
      if (found === undefined) {
        if (line !== '' && !/warning/iu.test(line)) process.stderr.write(line + '\n')
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
