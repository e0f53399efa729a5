import { type ChildProcess, spawn } from 'node:child_process'
import { type Death, type Died, diedSchema, saidSchema, type Settings } from './wire.ts'

const LIVES_MOST = 200

export interface Stimulus {
  readonly id: string
  readonly event: { readonly type: string }
}

/** How a gateway ended: what its machine holds, what it wrote, what was done outside for it. */
export interface Ended {
  readonly snapshot: string
  readonly counts: Readonly<Record<string, number>>
  readonly deeds: readonly string[]
}

/** A gateway in a process of its own, started again whenever it was killed. */
export class RemoteGateway {
  readonly died: Died[] = []
  /** What it had to say of itself that nobody wanted. */
  readonly faults: string[] = []
  /** What was done outside, each once however often it was asked for. */
  readonly deeds = new Set<string>()
  readonly #program: string
  readonly #settings: Omit<Settings, 'deaths'>
  readonly #refuses: (deed: string) => string | null
  #deaths: readonly Death[]
  #child: ChildProcess | undefined
  #rested: { after: string; snapshot: string; counts: Record<string, number> } | undefined
  #wake = (): void => undefined

  constructor(program: string, settings: Settings, refuses: (deed: string) => string | null) {
    this.#program = program
    this.#settings = settings
    this.#deaths = settings.deaths
    this.#refuses = refuses
  }

  /** Goes through all that happens, and stops. */
  async live(course: readonly Stimulus[], meets: () => void): Promise<Ended> {
    await this.#until('begun', null)
    for (const stimulus of course) {
      meets()
      await this.#until(stimulus.id, stimulus)
    }
    const { snapshot = '', counts = {} } = this.#rested ?? {}
    this.#child?.kill('SIGKILL')
    return { snapshot, counts, deeds: [...this.deeds].sort() }
  }

  /** What a death cut off is said again. */
  async #until(after: string, stimulus: Stimulus | null): Promise<void> {
    for (let life = 0; life < LIVES_MOST; life += 1) {
      if (!(await this.#up(stimulus === null ? after : 'begun'))) continue
      if (stimulus === null) return
      this.#child?.send({ hear: 'event', ...stimulus })
      if (await this.#comes(after)) return
    }
    throw new Error(`${after}: died too often`)
  }

  /** Starts the process unless it runs; false when it died before it rested. */
  async #up(after: string): Promise<boolean> {
    if (this.#child !== undefined) return true
    this.#start()
    return this.#comes(after)
  }

  async #comes(after: string): Promise<boolean> {
    while (this.#child !== undefined && this.#rested?.after !== after) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#child !== undefined
  }

  #start(): void {
    const settings: Settings = { ...this.#settings, deaths: [...this.#deaths] }
    const child = spawn(
      process.execPath,
      ['--conditions=development', this.#program, JSON.stringify(settings)],
      { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
    )
    this.#rested = undefined
    this.#child = child
    child.stderr?.on('data', (data: Buffer) => this.#told(data.toString()))
    child.on('message', (message) => this.#said(child, message))
    child.once('close', () => {
      this.#child = undefined
      this.#wake()
    })
  }

  #told(text: string): void {
    for (const line of text.split('\n')) {
      const found = /^died (.*)$/u.exec(line)?.[1]
      if (line.startsWith('fault ')) this.faults.push(line)
      else if (found === undefined) {
        if (line !== '' && !/warning/iu.test(line)) process.stderr.write(`${line}\n`)
      } else this.#passedAway(diedSchema.parse(JSON.parse(found)))
    }
  }

  #passedAway(died: Died): void {
    this.died.push(died)
    this.#deaths = this.#deaths.filter(({ leaf, hook }) => hook !== died.hook || !died.leaves.includes(leaf))
  }

  #said(child: ChildProcess, message: unknown): void {
    const said = saidSchema.parse(message)
    if (said.say === 'rests') {
      this.#rested = said
      this.#wake()
      return
    }
    const refusal = this.#refuses(said.deed)
    if (refusal === null) this.deeds.add(`${said.deed} ${said.about}`)
    if (child.connected) child.send({ hear: 'done', ask: said.ask, refusal }, () => undefined)
  }

  /** Ways to die that no moment of the course offered. */
  left(): readonly Death[] {
    return this.#deaths
  }
}
