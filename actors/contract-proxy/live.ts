import { createActor } from 'xstate'
import { z } from 'zod'
import type { ChainBlock, ChainLog } from '../../chain/proxy/block.ts'
import { type Abi, decoderOf, type FactOf } from '../../chain/proxy/facts.ts'
import type { ChainFeed } from '../../chain/proxy/feed.ts'
import type { Trail } from '../../chain/proxy/trail.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import type { Database, Trx } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import { contractProxyMachine } from './machine.ts'

export { createAccountOutbox } from './outbox.ts'
export type { AccountOutbox, IntentRequest, Merged, OutboxOptions } from './outbox.ts'
export type { Intent, Outcome } from './call.ts'

/** Without facts the cursor is written this seldom: forty homes would else write their disks at every block. */
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
  const { store, feed, name, start, wants = () => true } = options
  const address = options.address.toLowerCase()
  const decoder = decoderOf(options.abi)
  const machine = createActor(
    contractProxyMachine.provide({ actions: { tellReady: nothing, tellDegraded: nothing } }),
  )
  const trail = await readTrail(store.db, name)
  let written = trail.at(-1)?.number ?? -1

  const applyBlock = async (block: ChainBlock, after: Trail): Promise<void> => {
    const facts = decoder.decodeAll(block.logsOf(address).filter(wants))
    if (facts.length === 0 && block.number - written < CURSOR_EVERY_BLOCKS) return
    await store.transaction(async (trx) => {
      if (facts.length > 0) await options.apply(trx, facts, block)
      await writeTrail(trx, name, after)
    })
    written = block.number
    if (facts.length > 0) options.onApplied?.(facts, block)
  }

  const undo = async (from: number, kept: Trail): Promise<void> => {
    await store.transaction(async (trx) => {
      await options.revert(trx, from)
      await writeTrail(trx, name, kept)
    })
    written = kept.at(-1)?.number ?? -1
    machine.send({ type: 'forked', from })
    options.onReverted?.(from)
  }

  /** What cannot be applied now comes again; until then the proxy says that it is hindered. */
  const watched = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (thrown) {
      machine.send({ type: 'hindered', reason: codeOf(thrown) })
      throw thrown
    }
  }

  machine.start()
  let told: ProxyState = 'disconnected'
  machine.subscribe(({ value }) => {
    if (value === told) return
    told = value
    options.onState?.(value)
  })

  const subscription = feed.subscribe({
    name,
    trail,
    start,
    onBlock: (block, after) =>
      watched(async () => {
        const behind = Math.max(0, (feed.head()?.number ?? block.number) - block.number)
        if (machine.getSnapshot().value === 'disconnected')
          machine.send({ type: 'connected', behind: behind + 1 })
        await applyBlock(block, after)
        machine.send({ type: 'applied', block: block.number, behind })
      }),
    onFork: (from, kept) => watched(() => undo(from, kept)),
  })

  let stopped = false
  // A restart on an unchanged chain brings no block to apply, and is ready all the same.
  const connected = subscription.caughtUp().then(() => {
    if (!stopped && machine.getSnapshot().value === 'disconnected')
      machine.send({ type: 'connected', behind: 0 })
  })

  const forgetState = feed.onState((state) => {
    if (state === 'following') machine.send({ type: 'resumed', behind: subscription.behind() })
    else if (state !== 'connecting') machine.send({ type: 'hindered', reason: `chain-${state}` })
  })

  return {
    name,
    address,
    state: () => machine.getSnapshot().value,
    block: () => subscription.position()?.number,
    caughtUp: () => subscription.caughtUp(),
    stop: async () => {
      stopped = true
      forgetState()
      await subscription.stop()
      await connected
      machine.stop()
    },
  }
}

const nothing = (): void => undefined
