import type { Chance } from './chance.ts'
import type { Gateway } from './gateways/gateway.ts'
import type { NodeAccess } from './chain/access.ts'
import type { Travel } from './chain/node.ts'
import { strangersCall } from './chain/strangers-call.ts'
import { type KillPoint, type Life, NEVER } from './gateways/life.ts'
import type { Strangeness } from './strange-node.ts'
import type { World } from './world.ts'

/** What was injected, by its name. */
export type FaultCounts = Readonly<Record<string, number>>

/** How often something goes wrong, in a million chances, while faults are on. */
const RATES = {
  kill: {
    'before-commit': 20,
    'after-commit': 20,
    'before-send': 120,
    'after-send': 120,
  },
  questionLost: 2_000,
  answerLost: 4_000,
  wordLost: 60_000,
  wordTwice: 40_000,
  wordLate: 30_000,
  refusesCall: 6_000,
  nonceTaken: 4_000,
} as const

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** A node takes sixteen of one account. */
const CALLS_AT_ONCE = 24
/** Every gateway that follows has seen a fork by then, and no next block is there. */
const AFTER_FORK_MS = 1_000
const ASK_AFTER_FORK = 3
const UNLIMITED = String(2n ** 256n - 1n)
const LATE_MS = 20_000
const LOOK_MS = 3_000
const LOOKS = 1_200
/** Who is refused asks again within a block. */
const REFUSED_BLOCKS = 3
/** Intents of people that no contract can do. */
export const MISTAKE = 'mistake:'

const howLong = (ms: number): string => (ms >= HOUR_MS ? 'for an hour and more' : 'for a while')

/** What goes wrong, by a seed: each kind has a stream of its own. */
export class Faults {
  readonly #world: World
  readonly #counts: Record<string, number> = {}
  readonly #kills: Chance
  readonly #network: Chance
  readonly #plan: Chance
  readonly #boards: Chance
  readonly #cutOff = new Set<Gateway>()
  readonly #away = new Set<NodeAccess>()
  readonly #blind = new Set<Gateway>()
  readonly #handingOver = new Set<Gateway>()
  readonly #disturbedAtMs = new Map<Gateway, number>()
  #allDisturbedAtMs = -Infinity
  on = false

  constructor(world: World, chance: Chance) {
    this.#world = world
    this.#kills = chance.of('kills')
    this.#network = chance.of('network')
    this.#plan = chance.of('plan')
    this.#boards = chance.of('boards')
  }

  counts(): FaultCounts {
    return this.#counts
  }

  total(): number {
    return Object.values(this.#counts).reduce((sum, each) => sum + each, 0)
  }

  count(name: string, by = 1): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + by
  }

  // ---- Who has an excuse

  disturb(gateway: Gateway): void {
    this.#disturbedAtMs.set(gateway, this.#world.time.nowMs())
  }

  disturbAll(): void {
    this.#allDisturbedAtMs = this.#world.time.nowMs()
  }

  /** Whether something went wrong at a gateway, or everywhere, since a moment. */
  wasDisturbed(gateway: Gateway, sinceMs: number): boolean {
    const now = this.#away.has(gateway.access) || this.#cutOff.has(gateway) || gateway.life.dead
    const last = Math.max(this.#disturbedAtMs.get(gateway) ?? -Infinity, this.#allDisturbedAtMs)
    return now || last >= sinceMs
  }

  // ---- Deaths

  killsAt(gateway: Gateway, point: KillPoint, life: Life): boolean {
    if (!this.on || life !== gateway.life || !this.#kills.hits(RATES.kill[point])) return false
    this.count(`killed ${point}`)
    return true
  }

  // ---- The way to the chain

  /** Whether a call of a gateway is on its way to a node: its outbox does nothing else meanwhile. */
  isHandingOver(gateway: Gateway): boolean {
    return this.#handingOver.has(gateway)
  }

  isAway(access: NodeAccess): boolean {
    return this.#away.has(access)
  }

  /** What becomes of a question to a node: only calls that are sent take time, and can be lost. */
  travel(gateway: Gateway, life: Life, method: string): Travel | Promise<Travel> {
    if (life.dead) return NEVER
    return method === 'eth_sendRawTransaction' ? this.#carry(gateway, life) : 'answered'
  }

  async #carry(gateway: Gateway, life: Life): Promise<Travel> {
    if (!life.passes('before-send')) return NEVER
    this.#handingOver.add(gateway)
    await this.#passMs(this.#network.whole(10, 400))
    this.#handingOver.delete(gateway)
    await life.alive()
    if (this.#away.has(gateway.access)) return 'question-lost'
    if (!this.on) return 'answered'
    if (this.#network.hits(RATES.nonceTaken)) this.#takeNonce(gateway)
    if (this.#network.hits(RATES.questionLost)) {
      this.count('question to a node lost')
      this.disturb(gateway)
      return 'question-lost'
    }
    if (this.#network.hits(RATES.answerLost)) {
      this.count('answer of a node lost')
      this.disturb(gateway)
      return 'answer-lost'
    }
    return 'answered'
  }

  /** How a gateway's node answers a question, when it does. */
  strangeness(gateway: Gateway, method: string): Strangeness {
    if (!this.on) return 'none'
    if (method === 'eth_getTransactionReceipt') return this.#blind.has(gateway) ? 'blind' : 'none'
    if (method !== 'eth_sendRawTransaction' || !this.#network.hits(RATES.refusesCall)) return 'none'
    this.count('call refused by a node')
    this.disturb(gateway)
    this.#world.stir(REFUSED_BLOCKS)
    return this.#network.hits(500_000) ? 'full' : 'unfunded'
  }

  /** Somebody with a copy of an account's key makes a call just before its gateway, at the same nonce. */
  #takeNonce(gateway: Gateway): void {
    this.count('nonce taken by a stranger')
    this.disturb(gateway)
    this.#world.pool.add(strangersCall(gateway))
    this.#world.stir()
  }

  #passMs(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.time.after(ms, resolve))
  }

  // ---- Words

  isParted(a: Gateway, b: Gateway): boolean {
    return this.#cutOff.has(a) || this.#cutOff.has(b)
  }

  losesWord(from: Gateway, to: Gateway): boolean {
    if (this.isParted(from, to)) return true
    if (!this.on || !this.#network.hits(RATES.wordLost)) return false
    this.count('word lost')
    return true
  }

  copiesOfWord(from: Gateway, to: Gateway): number {
    if (this.losesWord(from, to)) return 0
    if (!this.on || !this.#network.hits(RATES.wordTwice)) return 1
    this.count('word doubled')
    return 2
  }

  wordMs(least: number, most: number): number {
    const usual = this.#network.whole(least, most)
    if (!this.on || !this.#network.hits(RATES.wordLate)) return usual
    this.count('word late')
    return usual + this.#network.whole(MINUTE_MS / 60, LATE_MS)
  }

  // ---- What is planned for a day

  /** Draws what happens to the community on a day. */
  plan(dayStartMs: number): void {
    if (!this.on) return
    const { homes, community } = this.#world
    const chance = this.#plan
    const several = (most: number): number => Math.round(most * this.#world.options.faults)
    const someHome = (): Gateway => chance.pick(homes)
    const when = (): number => dayStartMs + chance.whole(0, 23 * HOUR_MS)
    const perDay = Math.max(1, homes.length / 40)
    this.#times(several(6 * perDay), () => this.#killFor(someHome(), when(), chance.whole(1, 90) * MINUTE_MS))
    this.#times(several(4 * perDay), () => this.#part(someHome(), when(), chance.whole(2, 120) * MINUTE_MS))
    this.#times(several(4 * perDay), () =>
      this.#loseChain(someHome(), when(), chance.whole(1, 60) * MINUTE_MS),
    )
    this.#times(several(2 * perDay), () =>
      this.#blindFor(someHome(), when(), chance.whole(10, 120) * MINUTE_MS),
    )
    this.#times(several(2), () => this.#askTooMuch(chance.pick(homes), when()))
    this.#times(several(1), () => this.#askMuch(someHome(), when()))
    this.#times(several(1), () => this.#killFor(community, when(), chance.whole(1, 20) * MINUTE_MS))
    if (chance.hits(500_000)) this.#loseChain(community, when(), chance.whole(1, 20) * MINUTE_MS)
    this.#times(several(3), () => this.#fork(when()))
    this.#times(several(2), () => this.#losePool(when()))
    if (chance.hits(700_000)) this.#raiseFee(when())
  }

  #times(count: number, work: () => void): void {
    for (let i = 0; i < count; i += 1) work()
  }

  /** More calls at once than a node takes of one account: the rest must wait, and lose nothing. */
  #askMuch(gateway: Gateway, atMs: number): void {
    this.#world.time.at(atMs, () => {
      if (!this.on || gateway.life.dead) return
      this.count('many calls at once')
      for (let each = 0; each < CALLS_AT_ONCE; each += 1) this.#approve(gateway, `much:${atMs}:${each}`)
    })
  }

  /** A call that changes nothing, however often it is done. */
  #approve(gateway: Gateway, id: string): void {
    const spender = this.#world.addressOf('trading')
    const call = { contract: 'token', name: 'approve', spender, amount: UNLIMITED } as const
    void gateway.askNow(id, 'approve', call)
  }

  #killFor(gateway: Gateway, atMs: number, forMs: number): void {
    this.#world.time.at(atMs, () => {
      if (!this.on || gateway.life.dead) return
      this.count(`gateway killed ${howLong(forMs)}`)
      this.#world.killFor(gateway, forMs)
    })
  }

  #part(gateway: Gateway, atMs: number, forMs: number): void {
    this.#world.time.at(atMs, () => {
      if (!this.on) return
      this.count(`gateway parted from the others ${howLong(forMs)}`)
      this.#cutOff.add(gateway)
      this.#world.time.after(forMs, () => this.#cutOff.delete(gateway))
    })
  }

  #loseChain({ access }: Gateway, atMs: number, forMs: number): void {
    this.#world.time.at(atMs, () => {
      if (!this.on) return
      this.count('node away')
      this.#away.add(access)
      this.#world.time.after(forMs, () => {
        this.#away.delete(access)
        for (const gateway of access.gateways) this.disturb(gateway)
        access.poke()
      })
    })
  }

  /** A node that has lost its index of transactions: its blocks tell all the same. */
  #blindFor(gateway: Gateway, atMs: number, forMs: number): void {
    this.#world.time.at(atMs, () => {
      if (!this.on) return
      this.count('index of a node lost')
      this.#blind.add(gateway)
      this.#world.time.after(forMs, () => this.#blind.delete(gateway))
    })
  }

  /** People want to put more into the market than they have: the contract would refuse it. */
  #askTooMuch(home: Gateway, atMs: number): void {
    this.#world.time.at(atMs, () => {
      if (!this.on || home.life.dead) return
      this.count('more asked for than there is')
      const call = { contract: 'trading', name: 'deposit', amount: String(2n ** 90n) } as const
      void home.askNow(`${MISTAKE}${atMs}`, 'deposit', call)
      this.#world.stir()
    })
  }

  #fork(atMs: number): void {
    const depth = this.#plan.whole(1, this.#world.times.finalBlocks - 1)
    const drops = this.#plan.hits(300_000)
    const { pool } = this.#world
    const waits = (): boolean => pool.isCrowded()
    this.#when(atMs, waits, () => {
      this.count('fork')
      this.disturbAll()
      this.#world.fork(depth, drops)
      this.#world.time.after(AFTER_FORK_MS, () => this.#askAfterFork())
    })
  }

  /** Some of those whose calls a fork has taken back ask for one more while no block holds these again. */
  #askAfterFork(): void {
    const { pool, time } = this.#world
    for (const account of pool.accounts().slice(0, ASK_AFTER_FORK)) {
      const gateway = this.#world.gatewayOf(account)
      if (gateway === undefined || gateway.life.dead) continue
      this.count('call asked for just after a fork')
      this.#approve(gateway, `forked:${time.nowMs()}`)
    }
  }

  /** Does something from a moment on, as soon as it hits somebody: a chain that rests has nothing to lose. */
  #when(atMs: number, hits: () => boolean, work: () => void, looks = LOOKS): void {
    this.#world.time.at(atMs, () => {
      if (!this.on) return
      if (hits() || looks === 0) work()
      else this.#when(this.#world.time.nowMs() + LOOK_MS, hits, work, looks - 1)
    })
  }

  #losePool(atMs: number): void {
    const { pool } = this.#world
    const waits = (): boolean => pool.size > 0
    this.#when(atMs, waits, () => {
      const lost = pool.lose(() => this.#plan.hits(500_000))
      this.disturbAll()
      if (lost > 0) this.count('waiting call lost by the nodes', lost)
      this.#world.stir()
    })
  }

  #raiseFee(atMs: number): void {
    const { pool, chain, time, watch } = this.#world
    const waits = (): boolean => pool.size > 0
    this.#when(atMs, waits, () => {
      this.count('fee raised')
      const [before, sinceMs] = [chain.baseFeeWei, time.nowMs()]
      chain.baseFeeWei = before * 40n
      time.after(this.#plan.whole(3, 25) * MINUTE_MS, () => {
        watch.outboxes.feesFollow(sinceMs)
        chain.baseFeeWei = before
        this.disturbAll()
      })
    })
  }

  // ---- Boards

  /** What of a slot's frames goes wrong on the way to the gateway. */
  boardFault(): 'none' | 'lost' | 'twice' | 'restart' | 'spike' {
    if (!this.on) return 'none'
    const drawn = this.#boards.fraction() * 1_000
    if (drawn < 3) return this.#named('frame lost', 'lost')
    if (drawn < 5) return this.#named('frame doubled', 'twice')
    if (drawn < 5.5) return this.#named('board restarted', 'restart')
    if (drawn < 6.5) return this.#named('impossible frame', 'spike')
    return 'none'
  }

  #named<T>(name: string, fault: T): T {
    this.count(name)
    return fault
  }

  /** All is well from now on. */
  heal(): void {
    this.on = false
    this.#cutOff.clear()
    for (const access of this.#away) {
      this.#away.delete(access)
      access.poke()
    }
  }
}
