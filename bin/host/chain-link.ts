import { concat, getBytes, hexlify, Interface } from 'ethers'
import { z } from 'zod'
import type { ChainFact } from '../../actors/chain-fact.ts'
import { createContractProxy, type ContractProxy } from '../../actors/contract-proxy/live.ts'
import { createAccountOutbox, type AccountOutbox, type Merged } from '../../actors/contract-proxy/outbox.ts'
import type { Gathering, OutboxOptions } from '../../actors/contract-proxy/outbox-options.ts'
import type { OutboxPort } from '../../actors/outbox-port.ts'
import type { IntentState, Trx } from '../../actors/storage/schema.ts'
import type { Store } from '../../actors/storage/store.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import type { ChainBlock, ChainLog } from '../../chain/proxy/block.ts'
import { continuedRpc, type ContinuedRpc } from '../../chain/archive/continued-rpc.ts'
import { createChainFeed, type ChainFeed, type FeedState } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { RECORD_BYTES } from '../../protocols/messages/record.ts'
import { WHOLE_NETWORK, type Cable } from '../../protocols/rules/cable.ts'
import type { ChainView } from '../../web/read-model.ts'
import { wallClock } from '../clock.ts'
import { createFinality, type Finality, type FinalityKind } from './finality.ts'
import { ledgerOf, type SignedLedger } from './ledger.ts'
import type { GatewayLog } from './log.ts'

/** A contract that a gateway follows; facts are applied in the transaction that moves the cursor. */
export interface Followed {
  readonly name: keyof typeof ABIS
  readonly address: string
  readonly apply: (trx: Trx, facts: readonly ChainFact[]) => Promise<void>
  readonly revert: (trx: Trx, fromBlock: number) => Promise<void>
  /** Which logs concern this gateway; the others are not even decoded. */
  readonly wants?: (log: ChainLog) => boolean
  /** After each block, once its facts are applied. */
  readonly onBlock?: (block: ChainBlock) => void
}

/** How many calls are on their way. */
export interface OutboxCounts {
  /** Not yet in a block. */
  readonly waiting: number
  /** In a block that is not final. */
  readonly notFinal: number
  readonly final: number
}

/** How a call stands: told at every change. */
export interface CallOutcome {
  readonly id: string
  readonly kind: string
  readonly state: IntentState
  readonly error: string | null
}

/** One gateway's way to the chain. */
export interface ChainLink {
  readonly outbox: OutboxPort
  follow(contract: Followed): Promise<void>
  /** From now on no reading waits for others to go with. */
  hurry(): void
  /** A free call of a contract's getter; returns the data. */
  read(to: string, data: string): Promise<string>
  /** What an account has of the chain's currency, wei. */
  balanceWei(account: string): Promise<bigint>
  /** Looks at once whether there is a newer block. */
  look(): void
  /** Looks again at calls that wait. */
  wake(): void
  counts(): Promise<OutboxCounts>
  view(): ChainView
  forks(): number
  /** The last block whose facts are applied, in every contract it follows; 0 before the first. */
  applied(): number
  /** The embedded chain was saved up to this block: what it holds is final once it is deep enough. */
  saved(block: number): void
  /** The chain as votes are counted on it. */
  readonly ledger: SignedLedger
  /** What makes its blocks final. */
  readonly finality: Finality
  readonly blockTimeS: number
  /** Another node of the same chain, by its link or its socket; who asks for it closes it. */
  nodeAt(url: string): ContinuedRpc
  onOutcome(listener: (outcome: CallOutcome) => void): void
  /** Tells of each change, and at once how the node stands when that is known. */
  onState(listener: (state: FeedState) => void): void
  onBlock(listener: (block: ChainBlock) => void): void
  close(): Promise<void>
}

export interface ChainLinkOptions {
  readonly rpc: string
  /** The way to that node. */
  readonly cable?: Cable
  readonly finality: FinalityKind
  readonly chainId: number
  readonly genesisHash: string
  /** What a chain that was begun anew is known by: who signs archives, and where they are. */
  readonly continuation?: { readonly community: string; readonly archives: string }
  readonly blockTimeS: number
  /** The block of the deployment: events are read from here. */
  readonly fromBlock: number
  readonly store: Store
  readonly signerKey: string
  /** How readings wait for each other, to go in one call. */
  readonly gather?: Gathering
  /** Looks once more at what is about to be signed, and what the contract refused may be made anew. */
  readonly mending?: Pick<OutboxOptions, 'refresh' | 'singly' | 'mendable'>
  readonly log: GatewayLog
}

const ABIS = { monitoring: monitoringAbi, quota: quotaAbi, token: tokenAbi, trading: tradingAbi } as const
const monitoring = new Interface(monitoringAbi)
const ADDRESS_BYTES = 20
const COUNT_AFTER_MS = 500
/**
 * A record costs at most this much: a fresh ring slot (eight words in the `storage` profile), a fresh anchor
 * and the call itself. What is not used is not paid.
 */
const SUBMIT_GAS = { base: 60_000, record: 340_000 } as const
/** Calls that are not in a block. */
export const WAITING: readonly IntentState[] = [
  'queued',
  'signed',
  'sent',
  'underpriced',
  'stalled',
  'rejected',
  'reorged',
]

const hexData = z.string().regex(/^0x[0-9a-f]*$/i)
const hexQuantity = z
  .string()
  .regex(/^0x[0-9a-f]{1,64}$/i)
  .transform(BigInt)

interface SharedFeed {
  readonly feed: Promise<ChainFeed>
  users: number
}

/** One feed for each node and process, however many gateways it hosts. */
const feeds = new Map<string, SharedFeed>()

async function takeFeed(options: ChainLinkOptions): Promise<ChainFeed> {
  const known = feeds.get(options.rpc)
  if (known !== undefined) {
    known.users += 1
    return known.feed
  }
  const { cable = WHOLE_NETWORK.chain } = options
  const feed = createChainFeed({
    rpc: rpcOf(options.rpc, options, cable),
    cable,
    clock: wallClock,
    expect: { chainId: options.chainId, genesisHash: options.genesisHash },
    blockPeriodMs: options.blockTimeS * 1_000,
    onFault: (thrown, about) => options.log.fault(thrown, about),
  })
  feeds.set(options.rpc, { feed, users: 1 })
  return feed
}

function rpcOf(
  url: string,
  { genesisHash, chainId, continuation }: ChainLinkOptions,
  cable: Cable,
): ContinuedRpc {
  const plain = createRpc({ url, cable })
  return continuation === undefined
    ? { ...plain, follows: () => null }
    : continuedRpc(plain, { origin: genesisHash, chainId, ...continuation })
}

async function giveBack(rpc: string): Promise<void> {
  const shared = feeds.get(rpc)
  if (shared === undefined) return
  shared.users -= 1
  if (shared.users > 0) return
  feeds.delete(rpc)
  const feed = await shared.feed
  await feed.stop()
  feed.rpc.close()
}

/** Bodies of `submit` are recipient ‖ record: those to one recipient go in one call. */
function mergeSubmits(bodies: readonly Uint8Array[]): Merged {
  const first = bodies[0] ?? new Uint8Array(ADDRESS_BYTES + RECORD_BYTES)
  const recipient = hexlify(first.subarray(0, ADDRESS_BYTES))
  const other = bodies.findIndex((body) => hexlify(body.subarray(0, ADDRESS_BYTES)) !== recipient)
  const taken = other === -1 ? bodies.length : other
  const records = concat(bodies.slice(0, taken).map((body) => body.subarray(ADDRESS_BYTES)))
  const data = getBytes(monitoring.encodeFunctionData('submit', [recipient, records]))
  return { data, taken, gas: SUBMIT_GAS.base + SUBMIT_GAS.record * taken }
}

class Link implements ChainLink {
  readonly outbox: OutboxPort
  readonly #options: ChainLinkOptions
  readonly #feed: ChainFeed
  readonly #proxies: ContractProxy[] = []
  readonly #outcomes: ((outcome: CallOutcome) => void)[] = []
  readonly #forget: (() => void)[] = []
  #account: AccountOutbox | undefined
  readonly finality: Finality
  readonly ledger: SignedLedger
  readonly blockTimeS: number
  #forks = 0
  #pending = 0
  #counting: NodeJS.Timeout | undefined

  constructor(options: ChainLinkOptions, feed: ChainFeed) {
    this.#options = options
    this.#feed = feed
    this.finality = createFinality(options.finality)
    this.ledger = ledgerOf(feed)
    this.blockTimeS = options.blockTimeS
    this.outbox = {
      enqueue: async (trx, { id, kind, to, data, valueWei, gas }) => {
        if (this.#account === undefined) throw new Error('the outbox is not open')
        await this.#account.enqueue(trx, {
          id,
          kind,
          to,
          data: getBytes(data),
          ...(valueWei === undefined ? {} : { valueWei }),
          ...(gas === undefined ? {} : { gas }),
        })
      },
    }
  }

  async open(): Promise<this> {
    const { store, signerKey, gather, mending, log } = this.#options
    this.#account = await createAccountOutbox({
      store,
      feed: this.#feed,
      signerKey: getBytes(signerKey),
      clock: wallClock,
      mergeable: ['submit'],
      merge: (_kind, bodies) => mergeSubmits(bodies),
      ...(gather === undefined ? {} : { gather }),
      ...mending,
      abis: Object.values(ABIS),
      isFinal: ({ number }) => this.#isFinal(number),
      onOutcome: (intent, outcome) => {
        const told = { id: intent.id, kind: intent.kind, state: outcome.state, error: outcome.error }
        for (const listener of this.#outcomes) listener(told)
        this.#countAgain()
      },
      onFault: (thrown, about) => log.fault(thrown, about),
    })
    return this
  }

  #isFinal(block: number): boolean {
    const newest = this.#finalBlock()
    return newest !== null && block <= newest
  }

  #finalBlock(): number | null {
    const head = this.#feed.head()
    return head === undefined ? null : this.finality.newest(head.number)
  }

  async follow({ name, address, apply, revert, wants, onBlock }: Followed): Promise<void> {
    const { store, fromBlock } = this.#options
    this.#proxies.push(
      await createContractProxy({
        store,
        feed: this.#feed,
        name,
        address: address.toLowerCase(),
        abi: ABIS[name],
        start: fromBlock,
        ...(wants === undefined ? {} : { wants }),
        ...(onBlock === undefined ? {} : { onBlock }),
        apply,
        revert: async (trx, from) => {
          // Both contracts see each fork; it is one.
          if (name === 'monitoring') this.#forks += 1
          await revert(trx, from)
        },
      }),
    )
  }

  hurry(): void {
    this.#account?.hurry()
  }

  read(to: string, data: string): Promise<string> {
    return this.#feed.rpc.call('eth_call', [{ to, data }, 'latest'], hexData)
  }

  balanceWei(account: string): Promise<bigint> {
    return this.#feed.rpc.call('eth_getBalance', [account, 'latest'], hexQuantity)
  }

  look(): void {
    this.#feed.poke()
  }

  wake(): void {
    this.#account?.wake()
  }

  /** What the page shows as waiting follows each change, many of them at once. */
  #countAgain(): void {
    if (this.#counting !== undefined) return
    this.#counting = setTimeout(() => {
      this.#counting = undefined
      this.counts().catch((thrown: unknown) => this.#options.log.fault(thrown, 'calls that wait'))
    }, COUNT_AFTER_MS)
  }

  async counts(): Promise<OutboxCounts> {
    const counts = (await this.#account?.counts()) ?? {}
    const of = (states: readonly IntentState[]): number =>
      states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
    this.#pending = of(WAITING)
    return { waiting: this.#pending, notFinal: of(['included', 'confirmed']), final: of(['final']) }
  }

  view(): ChainView {
    const head = this.#feed.head()
    const state = this.#feed.state()
    const shown = {
      following: 'ready',
      away: 'away',
      stalled: 'stalled',
      connecting: 'connecting',
      foreign: 'away',
    } as const
    return {
      state: shown[state],
      chainId: this.#options.chainId,
      head: head?.number ?? null,
      headAtMs: head?.timestampMs ?? null,
      lagMs: head === undefined ? null : Math.max(0, wallClock.nowMs() - head.timestampMs),
      final: this.#finalBlock(),
      pending: this.#pending,
      notice: this.finality.notice(),
    }
  }

  forks(): number {
    return this.#forks
  }

  applied(): number {
    return Math.min(...this.#proxies.map((proxy) => proxy.block() ?? 0))
  }

  nodeAt(url: string): ContinuedRpc {
    return rpcOf(url, this.#options, WHOLE_NETWORK.chain)
  }

  saved(block: number): void {
    this.finality.saved(block)
  }

  onOutcome(listener: (outcome: CallOutcome) => void): void {
    this.#outcomes.push(listener)
  }

  onState(listener: (state: FeedState) => void): void {
    this.#forget.push(this.#feed.onState(listener))
    const state = this.#feed.state()
    if (state !== 'connecting') listener(state)
  }

  onBlock(listener: (block: ChainBlock) => void): void {
    const subscription = this.#feed.subscribe({
      name: 'blocks shown',
      onBlock: listener,
      onFork: () => undefined,
    })
    this.#forget.push(() => void subscription.stop())
  }

  async close(): Promise<void> {
    clearTimeout(this.#counting)
    for (const forget of this.#forget) forget()
    await this.#account?.stop()
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()))
    await giveBack(this.#options.rpc)
  }
}

/** Opens a gateway's way to the chain. Throws `foreign-chain` when the node serves another one. */
export async function openChainLink(options: ChainLinkOptions): Promise<ChainLink> {
  return new Link(options, await takeFeed(options)).open()
}
