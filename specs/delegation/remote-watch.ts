import { fork, type ChildProcess } from 'node:child_process'
import { z } from 'zod'
import { codeOf, Fault, messageOf } from '../../protocols/rules/fault.ts'
import { deathSchema, fromHomeSchema } from './home-wire.ts'
import type { Death, Plan, States, ToldFault, Wish } from './home-wire.ts'

const LIVES_MOST = 100
const diedSchema = z.object({ death: deathSchema, within: z.array(z.string()) })

/** A death that was died, with everything that its machine was in. */
export type Died = z.infer<typeof diedSchema>

/** Answers what a home needs from outside. */
export type Giving = (what: string, body: string) => Promise<string>

export interface RemoteWatchOptions {
  /** The program of the child. */
  readonly program: string
  readonly privateKey: string
  readonly settings: object
  readonly give: Giving
}

const same = (one: Death, other: Death): boolean =>
  one.machine === other.machine && one.state === other.state && one.hook === other.hook

/** A home in a process of its own, started again whenever it was killed. */
export class RemoteWatch {
  readonly died: Died[] = []
  states: States = {}
  readonly #options: RemoteWatchOptions
  readonly #waiting = new Map<number, (fault: ToldFault | null) => void>()
  #plan: Plan = { negotiation: '', deaths: [], skewMs: 0 }
  #child: ChildProcess | undefined
  #up: Promise<boolean> = Promise.resolve(false)
  #asked = 0
  #closed = false

  constructor(options: RemoteWatchOptions) {
    this.#options = options
  }

  /** The leaf states of its delegation. */
  isIn(state: string, machine = 'delegation'): boolean {
    return this.states[machine]?.includes(state) ?? false
  }

  /** A course begins. */
  async plan(plan: Plan): Promise<void> {
    this.#plan = plan
    this.died.length = 0
    this.states = {}
    await this.ask({ do: 'plan', plan })
  }

  /** Has it done: what a death cut off is asked again. Throws what the home throws. */
  async ask(wish: Wish): Promise<void> {
    for (let life = 0; life < LIVES_MOST; life += 1) {
      this.#start()
      if (!(await this.#up)) continue
      const fault = await this.#answer(wish)
      if (fault === 'died') continue
      if (fault !== null) throw new Fault(fault.code, fault.message)
      return
    }
    throw new Error(`${JSON.stringify(this.states)}: died too often`)
  }

  /** It is switched off until something is asked of it. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#closed = true
    const gone = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await gone
    this.#closed = false
  }

  #answer(wish: Wish): Promise<ToldFault | 'died' | null> {
    const child = this.#child
    if (child === undefined) return Promise.resolve('died')
    const id = (this.#asked += 1)
    return new Promise((resolve) => {
      const gone = (): void => {
        this.#waiting.delete(id)
        resolve('died')
      }
      child.once('close', gone)
      this.#waiting.set(id, (fault) => {
        child.off('close', gone)
        this.#waiting.delete(id)
        resolve(fault)
      })
      // What cannot be told is told again: the end of the child follows.
      child.send({ kind: 'wish', id, wish }, () => undefined)
    })
  }

  #start(): void {
    if (this.#child !== undefined) return
    const { program, privateKey, settings } = this.#options
    const died = this.died.map(({ death }) => death)
    const deaths = this.#plan.deaths.filter((death) => !died.some((each) => same(each, death)))
    const told = JSON.stringify({ ...settings, privateKey, plan: { ...this.#plan, deaths } })
    const child = fork(program, [told], { execArgv: [], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#child = child
    child.setMaxListeners(LIVES_MOST)
    child.stderr?.on('data', (data: Buffer) => this.#hear(String(data)))
    this.#up = new Promise((resolve) => {
      child.on('message', (message) => this.#take(child, message, () => resolve(true)))
      // The end of its words comes with `close`, not with `exit`.
      child.once('close', () => {
        this.#child = undefined
        resolve(false)
        if (!this.#closed) this.#start()
      })
    })
  }

  #hear(text: string): void {
    for (const line of text.split('\n')) {
      if (line.startsWith('died ')) this.died.push(diedSchema.parse(JSON.parse(line.slice('died '.length))))
      else if (line !== '') process.stderr.write(`${line}\n`)
    }
  }

  #take(child: ChildProcess, raw: unknown, up: () => void): void {
    const message = fromHomeSchema.parse(raw)
    if (message.kind === 'up') up()
    else if (message.kind === 'done') {
      this.states = message.states
      this.#waiting.get(message.id)?.(message.fault)
    } else {
      const { id, what, body } = message
      void this.#give(what, body).then((given) => {
        if (child.connected) child.send({ kind: 'given', id, ...given }, () => undefined)
      })
    }
  }

  async #give(what: string, body: string) {
    try {
      return { body: await this.#options.give(what, body), fault: null }
    } catch (thrown) {
      const remote = thrown instanceof Fault && thrown.facts['remote'] !== false
      return { body: '', fault: { code: codeOf(thrown), message: messageOf(thrown), remote } }
    }
  }
}
