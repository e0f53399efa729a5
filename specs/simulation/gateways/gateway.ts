import { type AccountOutbox, openOutbox } from '../../../actors/contract-proxy/outbox.ts'
import type { Intent, Outcome } from '../../../actors/contract-proxy/call.ts'
import type { Merged } from '../../../actors/contract-proxy/outbox-options.ts'
import type { BlockRef, ChainBlock } from '../../../chain/proxy/block.ts'
import type { Subscription } from '../../../chain/proxy/subscription.ts'
import { NO_TRAIL, type Trail } from '../../../chain/proxy/trail.ts'
import { RECORD_BYTES } from '../../../protocols/messages/record.ts'
import { encodeCall } from '../chain/call-bytes.ts'
import type { NodeAccess } from '../chain/access.ts'
import type { Heard, HeardFact } from '../chain/heard.ts'
import { SimulatedFeed } from '../chain/feed.ts'
import { gasOf } from '../chain/gas.ts'
import { ERROR_ABIS, SimulatedNode } from '../chain/node.ts'
import { simulatedSigner } from '../chain/signer.ts'
import type { ContractCall } from '../contracts/call.ts'
import { Ledger } from '../ledger.ts'
import { StrangeNode } from '../strange-node.ts'
import type { World } from '../world.ts'
import { DurableMachine, type MachineOptions, type Step } from './durable.ts'
import { keptInMemory } from './keeping.ts'
import { Life } from './life.ts'
import { GatewayStore, type Transaction } from './store.ts'
import type { AnyStateMachine } from 'xstate'

const ADDRESS_BYTES = 20
/** The node's estimate is not asked where earlier calls are still on their way. */
const GAS_MARGIN = 2

/** Calls that can wait for what the node thinks of them. */
const ESTIMATED = new Set(['announceKeys', 'setCeiling', 'publishKey', 'approve', 'deposit'])

const NONE: readonly HeardFact[] = []
const NOTHING: readonly (() => void)[] = []

/** Facts of older blocks are never taken back. */
const KEPT_BLOCKS = 16

/** The bodies of submissions to one recipient go in one call. */
function mergeSubmits(_kind: string, bodies: readonly Uint8Array[]): Merged {
  const recipientOf = (body: Uint8Array): string =>
    `0x${Buffer.from(body.subarray(0, ADDRESS_BYTES)).toString('hex')}`
  const recipient = recipientOf(bodies[0] ?? new Uint8Array(ADDRESS_BYTES))
  const other = bodies.findIndex((body) => recipientOf(body) !== recipient)
  const taken = other === -1 ? bodies.length : other
  const records = new Uint8Array(taken * RECORD_BYTES)
  bodies.slice(0, taken).forEach((body, index) => {
    records.set(body.subarray(ADDRESS_BYTES), index * RECORD_BYTES)
  })
  const call: ContractCall = { contract: 'monitoring', name: 'submit', recipient, records }
  return { data: encodeCall(call), taken, gas: GAS_MARGIN * gasOf(call) }
}

/** What a gateway keeps of the chain, block by block, so that a fork can take it back. */
export class HeardChain {
  readonly ledger = new Ledger()
  readonly #journals = new Map<number, readonly (() => void)[]>()

  /** The block's facts are applied, in a transaction of `store`: if it fails they are taken back. */
  close(block: number, store: GatewayStore): void {
    const journal = this.ledger.taken()
    if (journal.length === 0) return
    this.#journals.set(block, journal)
    for (const old of this.#journals.keys()) {
      if (old > block - KEPT_BLOCKS) break
      this.#journals.delete(old)
    }
    store.ledger.note(() => {
      Ledger.undo(journal)
      this.#journals.delete(block)
    })
  }

  undo(from: number): number[] {
    const blocks = [...this.#journals.keys()].filter((block) => block >= from).sort((a, b) => b - a)
    for (const block of blocks) {
      Ledger.undo(this.#journals.get(block) ?? [])
      this.#journals.delete(block)
    }
    return blocks
  }
}

/** What every gateway is made of: a disk, a way to the chain, an outbox, and machines. */
export abstract class Gateway {
  readonly account: string
  readonly name: string
  readonly world: World
  readonly access: NodeAccess
  readonly store = new GatewayStore()
  /** On the disk too. */
  readonly heard = new HeardChain()
  life: Life
  feed: SimulatedFeed
  outbox: AccountOutbox<Transaction> | null = null
  /** The newest block that it has looked at. */
  head: BlockRef | undefined
  /** Its walk along the chain. */
  reading: Subscription | null = null

  constructor(world: World, name: string, account: string, access: NodeAccess) {
    this.world = world
    this.name = name
    this.account = account
    this.access = access
    access.gateways.push(this)
    this.life = this.#newLife()
    this.feed = this.#newFeed()
  }

  /** Starts the gateway's process. */
  async start(): Promise<void> {
    this.life = this.#newLife()
    this.feed = this.#newFeed()
    const { life, store, world } = this
    world.restarted(this)
    const outbox = await openOutbox<Transaction>({
      keeping: keptInMemory(store, life),
      feed: this.feed,
      signer: simulatedSigner(this.account),
      inspector: world.inspectorOf(this.account),
      clock: world.time,
      abis: ERROR_ABIS,
      mergeable: ['submit'],
      merge: mergeSubmits,
      // As a home has it: slots keep their order. No epoch ends here, so that none is made anew.
      mendable: () => false,
      gather: { count: world.options.batch, longestMs: (world.options.batch + 1) * world.times.sampleMs },
      isFinal: (block) => world.isFinal(block),
      onOutcome: (intent, outcome) => {
        world.watch.outcome(this, intent, outcome)
        this.outcome(intent, outcome)
      },
      onFault: (thrown, about) => world.watch.fault(this, thrown, about),
    })
    if (life.dead) return
    this.outbox = outbox
    await this.begin()
    this.head = store.trail.get().at(-1)
    this.reading = this.feed.subscribe({
      name: `facts of ${this.name}`,
      trail: store.trail.get(),
      start: 1,
      onBlock: (block, trail) => this.#take(life, block, trail),
      glance: (block) => this.#passes(life, block),
      onFork: (from, trail) => this.#goBack(life, from, trail),
    })
    this.feed.poke()
  }

  kill(): void {
    this.life.kill()
    void this.feed.stop()
  }

  /** The machines of a fresh process. */
  protected abstract begin(): Promise<void>
  /** Applies the facts of a block within its transaction; gives what is to be done after it. */
  protected abstract apply(facts: readonly HeardFact[], block: ChainBlock): (() => void)[]
  /** A fork is about to take these blocks' facts back. */
  protected abstract undoing(from: number): void

  /** A fork has taken these blocks' facts back. */
  protected abstract undone(from: number): void
  /** The block is applied. */
  protected abstract looked(block: ChainBlock): void
  protected abstract outcome(intent: Intent, outcome: Outcome): void

  /** Asks for a call, once, within a transaction. */
  async ask(trx: Transaction, id: string, kind: string, call: ContractCall, valueWei = 0n): Promise<void> {
    const to = this.world.addressOf(call.contract)
    const gas = ESTIMATED.has(kind) ? {} : { gas: Math.ceil(GAS_MARGIN * gasOf(call)) }
    await this.outbox?.enqueue(trx, { id, kind, to, data: encodeCall(call), valueWei, ...gas })
  }

  askNow(id: string, kind: string, call: ContractCall, valueWei = 0n): Promise<void> {
    return this.store.transaction(this.life, (trx) => this.ask(trx, id, kind, call, valueWei))
  }

  machine<M extends AnyStateMachine>(
    of: Pick<MachineOptions<M>, 'key' | 'machine' | 'input' | 'stage' | 'effects'>,
  ): DurableMachine<M> {
    const { store, life, world } = this
    return new DurableMachine<M>({
      ...of,
      store,
      life,
      onStep: (step: Step) => world.watch.step(this, step),
      inspector: world.inspectorOf(this.account),
      onFault: (thrown, about) => world.watch.fault(this, thrown, about),
    })
  }

  /** What of a block concerns this gateway. */
  protected abstract chosen(heard: Heard): readonly HeardFact[]

  /** What a block tells this gateway. */
  factsIn({ hash }: BlockRef): readonly HeardFact[] {
    const heard = this.world.chain.blockOf(hash)?.heard
    return heard === undefined ? NONE : this.chosen(heard)
  }

  /** A block that tells nothing is not written down: who dies reads it once more. */
  #passes(life: Life, block: ChainBlock): boolean {
    if (life.dead || this.store.isBusy || this.factsIn(block).length > 0) return false
    this.#after(block, NOTHING)
    return true
  }

  #take(life: Life, block: ChainBlock, trail: Trail): Promise<void> | void {
    const facts = this.factsIn(block)
    const then = this.store.soon(life, () => {
      try {
        return this.#applied(facts, block, trail)
      } catch (thrown) {
        this.heard.ledger.backTo(0)
        throw thrown
      }
    })
    if (then instanceof Promise) return then.then((each) => this.#after(block, each))
    this.#after(block, then)
  }

  #applied(facts: readonly HeardFact[], block: ChainBlock, trail: Trail): (() => void)[] {
    const then = this.apply(facts, block)
    this.heard.close(block.number, this.store)
    this.store.trail.set(trail)
    return then
  }

  #after(block: ChainBlock, then: readonly (() => void)[]): void {
    this.world.watch.outboxes.tookBlock(this, this.head, block)
    this.head = block
    for (const each of then) each()
    this.looked(block)
  }

  async #goBack(life: Life, from: number, trail: Trail): Promise<void> {
    if (!life.dead) this.world.watch.outboxes.wentBack(this, this.reading?.trail() ?? NO_TRAIL, from)
    await this.store.transaction(life, () => {
      this.undoing(from)
      this.heard.undo(from)
      this.store.trail.set(trail)
      this.undone(from)
    })
    this.head = trail.at(-1)
  }

  #newLife(): Life {
    const life = new Life((point, dying) => this.world.faults.killsAt(this, point, dying))
    life.onDeath = () => this.world.died(this)
    return life
  }

  #newFeed(): SimulatedFeed {
    const { life, world } = this
    const node = new SimulatedNode(this.name, world.chain, world.pool, {
      isAway: () => world.faults.isAway(this.access),
      travel: (method) => world.faults.travel(this, life, method),
      outlives: (method) => method !== 'eth_sendRawTransaction' || life.passes('after-send'),
    })
    const strange = new StrangeNode(node, (method) => world.faults.strangeness(this, method))
    return new SimulatedFeed(
      strange,
      world.chain.settings.chainId,
      this.access.lookoutFor(strange),
      (thrown, about) => world.watch.fault(this, thrown, about),
    )
  }
}

export type { HeardFact }
