import { WHOLE_NETWORK, type Cable } from '../../protocols/rules/cable.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { codeOf, Fault } from '../../protocols/rules/fault.ts'
import { type Announcements, listenForBlocks, webSocketUrl } from './announcements.ts'
import type { BlockRef, ChainBlock } from './block.ts'
import { type FeedState, Following } from './following.ts'
import { headerReply, numberReply } from './replies.ts'
import { checked, type Rpc } from './rpc.ts'
import type { Subscriber, Subscription } from './subscription.ts'

export type { Subscriber, Subscription } from './subscription.ts'

export type { FeedState } from './following.ts'

export interface FeedOptions {
  readonly rpc: Rpc
  readonly clock: Clock
  /** What the chain must be; without it, what it is at the first contact. */
  readonly expect?: { readonly chainId: number; readonly genesisHash?: string }
  /** The block period, ms: the measure of a stalled chain. */
  readonly blockPeriodMs?: number
  /** Where blocks are announced; null polls only. */
  readonly webSocket?: string | null
  /** The way to the announcements; that of `rpc` is its own. */
  readonly cable?: Cable
  readonly onFault?: (thrown: unknown, about: string) => void
}

/** The chain of one node, read once for all proxies of the process. */
export interface ChainFeed {
  readonly rpc: Rpc
  chainId(): number
  genesisHash(): string
  /** The newest block; undefined before the first contact. */
  head(): ChainBlock | undefined
  state(): FeedState
  /** Is told each change of state. */
  onState(listener: (state: FeedState) => void): () => void
  /** Delivers every block after the subscriber's place, in order, one at a time, and every fork. */
  subscribe(subscriber: Subscriber): Subscription
  /** Whether the node's chain holds this very block now. */
  holds(ref: BlockRef): Promise<boolean>
  /** Looks at once. */
  poke(): void
  stop(): Promise<void>
}

/** While announcements come, the poll only guards; without them it is what finds blocks. */
const GUARD_POLL_MS = 1000
const POLL_MS = 80
const AWAY_POLL_MS = 500
const FOREIGN_POLL_MS = 5000

const STALLED_AFTER_PERIODS = 5
const LEAST_STALL_MS = 2000
/** A timer takes no endless wait; it looks again after this. */
const LONGEST_WATCH_MS = 60_000

interface Identity {
  readonly chainId: number
  readonly genesisHash: string
}

async function askIdentity(rpc: Rpc): Promise<Identity> {
  const [chain, genesis] = await rpc.batch([
    { method: 'eth_chainId', params: [] },
    { method: 'eth_getBlockByNumber', params: ['0x0', false] },
  ])
  return {
    chainId: checked(numberReply, chain, rpc.url, 'eth_chainId'),
    genesisHash: checked(headerReply, genesis, rpc.url, 'eth_getBlockByNumber').hash,
  }
}

/**
 * Follows the chain behind `rpc`. Throws `foreign-chain` when the node serves another chain than
 * expected; a node that is away is waited for.
 */
export async function createChainFeed(options: FeedOptions): Promise<ChainFeed> {
  const feed = new Feed(options)
  await feed.start()
  return feed
}

class Feed implements ChainFeed {
  readonly rpc: Rpc
  readonly #options: FeedOptions
  readonly #following: Following
  #identity: Identity | undefined
  /** Whether the node was asked who it is since it last came back. */
  #identified = false
  #announcements: Announcements | undefined
  #looking: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #newestAtMs: number
  #stopped = false

  constructor(options: FeedOptions) {
    this.rpc = options.rpc
    this.#options = options
    this.#following = new Following(options.rpc, (thrown, about) => options.onFault?.(thrown, about))
    this.#newestAtMs = options.clock.nowMs()
  }

  async start(): Promise<void> {
    try {
      await this.#lookOnce()
    } catch (thrown) {
      if (codeOf(thrown) === 'foreign-chain') throw thrown
      this.#failed(thrown)
    }
    const { webSocket = webSocketUrl(this.rpc.url), cable = WHOLE_NETWORK.chain } = this.#options
    if (webSocket !== null) this.#announcements = listenForBlocks(webSocket, cable, () => this.poke())
    this.#schedule()
  }

  chainId(): number {
    return this.#knownIdentity().chainId
  }

  genesisHash(): string {
    return this.#knownIdentity().genesisHash
  }

  head(): ChainBlock | undefined {
    return this.#following.head()
  }

  state(): FeedState {
    return this.#following.state()
  }

  onState(listener: (state: FeedState) => void): () => void {
    return this.#following.onState(listener)
  }

  subscribe(subscriber: Subscriber): Subscription {
    return this.#following.subscribe(subscriber)
  }

  holds(ref: BlockRef): Promise<boolean> {
    return this.#following.holds(ref)
  }

  poke(): void {
    if (this.#stopped) return
    if (this.#looking !== undefined) {
      this.#again = true
      return
    }
    clearTimeout(this.#timer)
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined
      if (this.#again) this.poke()
      else this.#schedule()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#announcements?.stop()
    await this.#looking
    await this.#following.stop()
  }

  async #look(): Promise<void> {
    this.#again = false
    const forget = this.#watchStall()
    await this.#lookOnce().catch((thrown: unknown) => this.#failed(thrown))
    forget()
  }

  /** A node that is frozen takes a question and gives no answer: nobody else would see that time passes. */
  #watchStall(): () => void {
    const { clock } = this.#options
    const beganAtMs = clock.nowMs()
    let timer: NodeJS.Timeout | undefined
    const watch = (): void => {
      const leftMs = this.#stallMs() - (clock.nowMs() - Math.max(beganAtMs, this.#newestAtMs))
      if (leftMs <= 0 && this.state() === 'following') this.#following.enter('stalled')
      else if (leftMs > 0) timer = setTimeout(watch, Math.min(leftMs, LONGEST_WATCH_MS))
    }
    watch()
    return () => clearTimeout(timer)
  }

  async #lookOnce(): Promise<void> {
    if (!this.#identified) await this.#identify()
    await this.#following.advance(() => {
      this.#newestAtMs = this.#options.clock.nowMs()
    })
    const waitedMs = this.#options.clock.nowMs() - this.#newestAtMs
    this.#following.enter(waitedMs > this.#stallMs() ? 'stalled' : 'following')
  }

  async #identify(): Promise<void> {
    const found = await askIdentity(this.rpc)
    const { expect } = this.#options
    const chainId = this.#identity?.chainId ?? expect?.chainId ?? found.chainId
    const genesisHash = this.#identity?.genesisHash ?? expect?.genesisHash ?? found.genesisHash
    if (found.chainId !== chainId || found.genesisHash !== genesisHash) {
      const told = `chain ${found.chainId} with first block ${found.genesisHash}`
      const wanted = `chain ${chainId} with first block ${genesisHash}`
      const facts = { url: this.rpc.url, chainId: found.chainId, expected: chainId }
      throw new Fault(
        'foreign-chain',
        `${this.rpc.url} serves ${told}, expected ${wanted}: give --rpc the right node`,
        facts,
      )
    }
    this.#identity = found
    this.#identified = true
  }

  #knownIdentity(): Identity {
    const expected = this.#options.expect
    if (this.#identity !== undefined) return this.#identity
    if (expected?.genesisHash !== undefined) return { ...expected, genesisHash: expected.genesisHash }
    throw new Fault('rpc-unreachable', `${this.rpc.url} has not answered yet, so its chain is not known`)
  }

  /** Without a block for so long the chain is stalled; for ever when its period is not known. */
  #stallMs(): number {
    const { blockPeriodMs } = this.#options
    return blockPeriodMs === undefined
      ? Infinity
      : Math.max(LEAST_STALL_MS, STALLED_AFTER_PERIODS * blockPeriodMs)
  }

  #failed(thrown: unknown): void {
    this.#identified = false
    const foreign = codeOf(thrown) === 'foreign-chain'
    const state = foreign ? 'foreign' : 'away'
    // Told once for each change, not at every poll.
    if (state !== this.state()) this.#options.onFault?.(thrown, 'chain feed')
    this.#following.enter(state)
  }

  #schedule(): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.poke(), this.#pause())
  }

  #pause(): number {
    if (this.state() === 'foreign') return FOREIGN_POLL_MS
    if (this.state() === 'away') return AWAY_POLL_MS
    return this.#announcements?.live() === true ? GUARD_POLL_MS : POLL_MS
  }
}
