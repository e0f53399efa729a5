import { fork, type ChildProcess } from 'node:child_process'
import { z } from 'zod'
import type { TradeOrder } from '../../actors/auction/ports.ts'
import type { TradingLab } from './trading-lab.ts'
import type { Participant } from './trading-home.ts'

const CHILD = new URL('./trading-child.ts', import.meta.url).pathname
const LIVES_MOST = 100
const replySchema = z.object({
  stages: z.array(z.string()),
  faults: z.array(z.string()),
  state: z.string(),
})

/** Where a home is killed: in a state, and there at a moment. */
export interface Death {
  readonly state: string
  readonly hook: 'after persist' | 'before send' | 'after send' | 'after receipt'
  /** The call that the state waits for, if any. */
  readonly kind: string | null
}

export interface RemoteOptions {
  readonly order: TradeOrder | null
  readonly bid: bigint | null
  /** No rule decides of requests. */
  readonly asks: boolean
  readonly fair: boolean
  readonly damaged: boolean
  readonly deaths: readonly Death[]
}

const same = (one: Death, other: Death): boolean => one.state === other.state && one.hook === other.hook

/** A home in a process of its own, started again whenever it was killed. */
export class RemoteHome implements Participant {
  readonly account: string
  /** Deaths that it died so far. */
  readonly died: Death[] = []
  stages: readonly string[] = []
  state = ''
  faults: readonly string[] = []
  readonly #lab: TradingLab
  readonly #options: RemoteOptions
  readonly #number: number
  readonly #file: string
  #child: ChildProcess | undefined

  constructor(lab: TradingLab, number: number, options: RemoteOptions) {
    this.account = lab.accounts[number] ?? ''
    this.#lab = lab
    this.#number = number
    this.#options = options
    this.#file = lab.fileOf(number)
  }

  settled(): Promise<void> {
    return this.#ask({ do: 'settle' })
  }

  call(kind: string, to: string, data: string): Promise<void> {
    return this.#ask({ do: 'call', kind, to, data })
  }

  decline(): Promise<void> {
    return this.#ask({ do: 'decline' })
  }

  async close(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  /** Asks until it is done: what a death cut off is asked again. */
  async #ask(wish: object): Promise<void> {
    for (let life = 0; life < LIVES_MOST; life += 1) {
      if (this.#child === undefined && !(await this.#start())) continue
      const child = this.#child
      if (child === undefined) continue
      const answer = this.#answer(child)
      child.send(wish)
      if (await answer) return
    }
    throw new Error(`${this.account} died too often`)
  }

  #start(): Promise<boolean> {
    const { fromBlock, market, rpc } = this.#lab
    const { order, bid, asks, fair, damaged, deaths } = this.#options
    const kind = asks ? 'ask' : bid === null ? 'decline' : 'bid'
    const child = fork(
      CHILD,
      [
        JSON.stringify({
          rpc,
          contracts: market.lab.contracts,
          number: this.#number,
          file: this.#file,
          fromBlock,
          order,
          judgement: { kind, valueMicroSct: String(bid ?? 0n) },
          fair,
          damaged,
          deaths: deaths.filter((death) => !this.died.some((each) => same(each, death))),
        }),
      ],
      {
        execArgv: ['--conditions=development', '--import', 'tsx'],
        stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      },
    )
    child.stderr?.on('data', (data: Buffer) => this.#hear(String(data)))
    this.#child = child
    return this.#answer(child)
  }

  #hear(text: string): void {
    for (const line of text.split('\n')) {
      const found = this.#options.deaths.find((death) => line === `died ${JSON.stringify(death)}`)
      if (found !== undefined) this.died.push(found)
      else if (line !== '') process.stderr.write(`${line}\n`)
    }
  }

  /** False when it died before it answered. */
  #answer(child: ChildProcess): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (answered: boolean) => {
        child.removeAllListeners('message')
        child.removeAllListeners('close')
        resolve(answered)
      }
      child.once('message', (message) => {
        const { stages, faults, state } = replySchema.parse(message)
        ;[this.stages, this.faults, this.state] = [stages, faults, state]
        settle(true)
      })
      // The end of its words comes with `close`, not with `exit`.
      child.once('close', () => {
        this.#child = undefined
        settle(false)
      })
    })
  }
}
