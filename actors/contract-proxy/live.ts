import { type Actor, createActor } from 'xstate'
import { z } from 'zod'
import type { ChainBlock, ChainLog } from '../../chain/proxy/block.ts'
import { type Abi, decoderOf, type FactDecoder, type FactOf } from '../../chain/proxy/facts.ts'
import type { ChainFeed, Subscription } from '../../chain/proxy/feed.ts'
import type { Trail } from '../../chain/proxy/trail.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { notedFact } from '../inspection/facts.ts'
import { inspecting } from '../inspection/live-actor.ts'
import type { Database, Trx } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import { contractProxyMachine } from './machine.ts'

export { createAccountOutbox } from './outbox.ts'
export type { AccountOutbox, IntentRequest, Merged, OutboxOptions } from './outbox.ts'
export type { Intent, Outcome } from './call.ts'

/**
 * Without facts the cursor is written this seldom: forty homes would else write their disks at every
 * block.
 */
const CURSOR_EVERY_BLOCKS = 32

export type ProxyState = 'disconnected' | 'syncing' | 'ready' | 'degraded'

export interface ContractProxyOptions<A extends Abi> {
  readonly store: Store
  readonly feed: ChainFeed
  /** The name of its cursor in the store. */
  readonly name: string
  readonly address: string
  /** The generated binding: facts take their names and types from it. */
  readonly abi: A
  /** The block to begin with; the one that deployed the contract. */
  readonly start: number
  /** Chooses by address and topics which logs are decoded at all. */
  readonly wants?: (log: ChainLog) => boolean
  /** Applies the facts of one block, in the transaction that moves the cursor: once each, in order. */
  readonly apply: (trx: Trx, facts: readonly FactOf<A>[], block: ChainBlock) => Promise<void>
  /** Takes back everything that came from blocks at and above `fromBlock`. */
  readonly revert: (trx: Trx, fromBlock: number) => Promise<void>
  /** After the commit of a block with facts. */
  readonly onApplied?: (facts: readonly FactOf<A>[], block: ChainBlock) => void
  /** After each block, whether it held facts or not. */
  readonly onBlock?: (block: ChainBlock) => void
  /** After the commit of a fork. */
  readonly onReverted?: (fromBlock: number) => void
  readonly onState?: (state: ProxyState) => void
}

/** A contract as this gateway knows it: its events, applied to the store up to the newest block. */
export interface ContractProxy {
  readonly name: string
  readonly address: string
  state(): ProxyState
  /** The last block applied; undefined before the first. */
  block(): number | undefined
  /** Resolves when everything up to the newest block is applied. */
  caughtUp(): Promise<void>
  stop(): Promise<void>
}

const trailSchema = z.array(z.object({ number: z.number(), hash: z.string() }))

async function readTrail(db: Database, name: string): Promise<Trail> {
  const row = await db.selectFrom('cursor').select('trail').where('contract', '=', name).executeTakeFirst()
  return row === undefined ? [] : trailSchema.parse(JSON.parse(row.trail))
}

async function writeTrail(trx: Trx, name: string, trail: Trail): Promise<void> {
  const last = trail.at(-1)
  if (last === undefined) {
    await trx.deleteFrom('cursor').where('contract', '=', name).execute()
    return
  }
  const row = { block: last.number, hash: last.hash, trail: JSON.stringify(trail) }
  await trx
    .insertInto('cursor')
    .values({ contract: name, ...row })
    .onConflict((conflict) => conflict.column('contract').doUpdateSet(row))
    .execute()
}

/** Follows a contract from the cursor in the store. */
export async function createContractProxy<const A extends Abi>(
  options: ContractProxyOptions<A>,
): Promise<ContractProxy> {
  return new Following(options, await readTrail(options.store.db, options.name))
}

const nothing = (): void => undefined

const proxyMachine = contractProxyMachine.provide({
  actions: { tellReady: nothing, tellDegraded: nothing },
})

class Following<A extends Abi> implements ContractProxy {
  readonly name: string
  readonly address: string
  readonly #options: ContractProxyOptions<A>
  readonly #decoder: FactDecoder<A>
  readonly #machine: Actor<typeof proxyMachine>
  readonly #subscription: Subscription
  readonly #forgetState: () => void
  readonly #connected: Promise<void>
  /** The block of the cursor in the store. */
  #written: number
  #stopped = false

  constructor(options: ContractProxyOptions<A>, trail: Trail) {
    this.#options = options
    this.name = options.name
    this.address = options.address.toLowerCase()
    this.#decoder = decoderOf(options.abi)
    this.#written = trail.at(-1)?.number ?? -1
    const subject = { machine: proxyMachine, actor: `contract-proxy:${options.name}` }
    this.#machine = createActor(proxyMachine, inspecting(options.store.inspector, subject))
    this.#startMachine()
    this.#subscription = options.feed.subscribe({
      name: options.name,
      trail,
      start: options.start,
      onBlock: (block, after) => this.#watched(() => this.#takeBlock(block, after)),
      onFork: (from, kept) => this.#watched(() => this.#undo(from, kept)),
    })
    this.#connected = this.#connect()
    this.#forgetState = options.feed.onState((state) => {
      if (state === 'following') this.#machine.send({ type: 'resumed', behind: this.#subscription.behind() })
      else if (state !== 'connecting') this.#machine.send({ type: 'hindered', reason: `chain-${state}` })
    })
  }

  state(): ProxyState {
    return this.#machine.getSnapshot().value
  }

  block(): number | undefined {
    return this.#subscription.position()?.number
  }

  caughtUp(): Promise<void> {
    return this.#subscription.caughtUp()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#forgetState()
    await this.#subscription.stop()
    await this.#connected
    this.#machine.stop()
  }

  #startMachine(): void {
    let told: ProxyState = 'disconnected'
    this.#machine.subscribe(({ value }) => {
      if (value === told) return
      told = value
      this.#options.onState?.(value)
    })
    this.#machine.start()
  }

  /** A restart on an unchanged chain brings no block to apply, and is ready all the same. */
  async #connect(): Promise<void> {
    await this.#subscription.caughtUp()
    if (!this.#stopped && this.state() === 'disconnected') {
      this.#machine.send({ type: 'connected', behind: 0 })
    }
  }

  /** What cannot be applied now comes again; until then the proxy says that it is hindered. */
  async #watched(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      this.#machine.send({ type: 'hindered', reason: codeOf(thrown) })
      throw thrown
    }
  }

  async #takeBlock(block: ChainBlock, after: Trail): Promise<void> {
    const behind = Math.max(0, (this.#options.feed.head()?.number ?? block.number) - block.number)
    if (this.state() === 'disconnected') this.#machine.send({ type: 'connected', behind: behind + 1 })
    await this.#apply(block, after)
    this.#options.onBlock?.(block)
    this.#machine.send({ type: 'applied', block: block.number, behind })
  }

  async #apply(block: ChainBlock, after: Trail): Promise<void> {
    const { store, name, apply, onApplied, wants = () => true } = this.#options
    const facts = this.#decoder.decodeAll(block.logsOf(this.address).filter(wants))
    if (facts.length === 0 && block.number - this.#written < CURSOR_EVERY_BLOCKS) return
    await store.transaction(async (trx) => {
      if (facts.length > 0) await apply(trx, facts, block)
      await writeTrail(trx, name, after)
    })
    this.#written = block.number
    for (const fact of facts) store.inspector?.noted(notedFact(name, fact))
    if (facts.length > 0) onApplied?.(facts, block)
  }

  async #undo(from: number, kept: Trail): Promise<void> {
    const { store, name, revert, onReverted } = this.#options
    await store.transaction(async (trx) => {
      await revert(trx, from)
      await writeTrail(trx, name, kept)
    })
    this.#written = kept.at(-1)?.number ?? -1
    this.#machine.send({ type: 'forked', from })
    onReverted?.(from)
  }
}
