import type { ChainBlock } from '../../chain/proxy/block.ts'
import { decoderOf } from '../../chain/proxy/facts.ts'
import type { Subscription } from '../../chain/proxy/feed.ts'
import { DEFAULT_FEES, feeFor, type FeeRules } from '../../chain/proxy/fees.ts'
import type { Receipt } from '../../chain/proxy/replies.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import type { IntentState } from '../storage/schema.ts'
import { aboveCap, callStalled, chainRewound, nonceTaken } from './alarms.ts'
import { heldKinds, isWithin, mergedOf, readyIntents, type Rest } from './batching.ts'
import { Call, type Intent } from './call.ts'
import { Dispatch, isDeep } from './dispatch.ts'
import { CONFIRMED_BLOCKS } from './intent-machine.ts'
import { createNodeLink, type NodeLink, type Trial } from './node-link.ts'
import { type OutboxKeeping, keptIn } from './outbox-keeping.ts'
import type { AccountOutbox, IntentRequest, OutboxOptions, OutboxSettings } from './outbox-options.ts'
import { Tellings } from './tellings.ts'
import { Turns } from './turns.ts'

export type { AccountOutbox, IntentRequest, Merged, OutboxOptions } from './outbox-options.ts'

/** Calls on their way at once; a node keeps 16 of an account for sure (Geth's accountslots). */
const MAX_IN_FLIGHT = 16
/**
 * Blocks that an intent waits while its contract would revert it, in case what it needs is still on its
 * way.
 */
const REVERT_PATIENCE_BLOCKS = 3
/** A call in no block after so many is an alarm. */
const ALARM_BLOCKS = 20
/** More missing nonces than this are not filled: the node is more likely syncing than rewound. */
const MAX_GAP = 16

const DRAIN_POLL_MS = 100

/** Opens the outbox of an account and takes up what was on its way. Only one may exist for an account. */
export function createAccountOutbox(options: OutboxOptions): Promise<AccountOutbox> {
  const { store, signerKey, ...others } = options
  const { inspector } = store
  return openOutbox({ ...others, inspector, keeping: keptIn(store), signer: createSigner(signerKey) })
}

/** … wherever it is kept, and however it signs. */
export async function openOutbox<T>(settings: OutboxSettings<T>): Promise<AccountOutbox<T>> {
  const outbox = new Outbox(settings)
  await outbox.start()
  return outbox
}

class Outbox<T> implements AccountOutbox<T> {
  readonly account: string
  readonly #options: OutboxSettings<T>
  readonly #keeping: OutboxKeeping<T>
  readonly #fees: FeeRules
  readonly #link: NodeLink
  readonly #dispatch: Dispatch
  readonly #tellings: Tellings<T>
  #calls: Call[] = []
  #position = 0
  #nextNonce = 0
  /** Whether what was on its way has been compared with the chain since the start. */
  #reconciled = false
  #frozen = false
  /** Whether no intent waits any more for others to go with. */
  #hurried = false
  /** While nothing that waits can go. */
  #rest: Rest | undefined
  #block: ChainBlock | undefined
  #patience: { readonly id: string; readonly since: number } | undefined
  #subscription: Subscription | undefined
  #forgetState: (() => void) | undefined
  readonly #turns: Turns

  constructor(options: OutboxSettings<T>) {
    const { signer } = options
    this.account = signer.account
    this.#options = options
    this.#keeping = options.keeping
    this.#fees = options.fees ?? DEFAULT_FEES
    this.#link = createNodeLink(
      options.feed,
      (options.abis ?? []).map((abi) => decoderOf(abi).abi),
    )
    this.#tellings = new Tellings(this.account, options)
    this.#turns = new Turns(
      () => this.#work(),
      (thrown) => this.#tell(thrown),
    )
    this.#dispatch = new Dispatch({
      signer,
      link: this.#link,
      fees: this.#fees,
      chainId: () => options.feed.chainId(),
      baseFeeWei: () => this.#newest()?.baseFeeWei ?? 0n,
      keep: async (call, attempt) => {
        const nowMs = options.clock.nowMs()
        await options.keeping.transaction((trx) =>
          options.keeping.insertAttempt(trx, this.account, call.nonce, attempt, nowMs),
        )
        call.step({ type: 'signed', head: this.#head(), replaces: true })
      },
      onFault: options.onFault,
    })
  }

  async start(): Promise<void> {
    const { feed, inspector } = this.#options
    this.#calls = await this.#keeping.activeCalls(this.account)
    for (const call of this.#calls) call.inspectedBy(inspector)
    const last = await this.#keeping.lastNumbers(this.account)
    this.#position = last.position
    this.#nextNonce = last.nonce
    this.#subscription = feed.subscribe({
      name: `outbox of ${this.account}`,
      onBlock: (block) => this.#turns.take(() => this.#takeBlock(block)),
      glance: (block) => this.#isIdle() && this.#seeBlock(block),
      onFork: (from) => this.#turns.take(() => this.#takeFork(from)),
    })
    this.#forgetState = feed.onState((state) => {
      if (state !== 'following') return
      this.#offerAgain()
      this.#kick()
    })
  }

  /** A node that was away or changed its chain may have lost what it was handed. */
  #offerAgain(): void {
    for (const call of this.#calls) call.unsent = call.isOutside
  }

  async enqueue(trx: T, request: IntentRequest): Promise<void> {
    const nowMs = this.#options.clock.nowMs()
    this.#position += 1
    await this.#keeping.insertIntent(trx, this.account, this.#position, request, nowMs)
    this.#keeping.afterCommit(trx, () => this.#kick())
  }

  hurry(): void {
    this.#hurried = true
    this.#kick()
  }

  wake(): void {
    this.#kick()
  }

  counts(): Promise<Partial<Record<IntentState, number>>> {
    return this.#keeping.counts(this.account)
  }

  async drained(limitMs: number): Promise<boolean> {
    const end = performance.now() + limitMs
    for (;;) {
      if (!(await this.#keeping.isWaiting(this.account))) return true
      if (performance.now() >= end || this.#turns.areOver) return false
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS))
    }
  }

  async stop(): Promise<void> {
    this.#turns.stop()
    this.#forgetState?.()
    await this.#subscription?.stop()
    await this.#turns.rest()
    await this.#flush()
  }

  /** Whether no call is on its way, none can be made, and nothing is being done. */
  #isIdle(): boolean {
    return this.#calls.length === 0 && this.#turns.areIdle && this.#reconciled && this.#rests()
  }

  #rests(): boolean {
    return isWithin(this.#options.clock.nowMs(), this.#rest)
  }

  #kick(): void {
    this.#rest = undefined
    this.#turns.kick()
  }

  /** The newest block of the chain; blocks that come late are older. */
  #newest(): ChainBlock | undefined {
    return this.#options.feed.head() ?? this.#block
  }

  #head(): number {
    return this.#newest()?.number ?? 0
  }

  /** All that a block is to an outbox that has nothing to do. */
  #seeBlock(block: ChainBlock): true {
    this.#block = block
    this.#turns.calm()
    return true
  }

  async #takeBlock(block: ChainBlock): Promise<void> {
    this.#seeBlock(block)
    if (!this.#reconciled) await this.#reconcile()
    for (const call of this.#calls) {
      const met = this.#meet(call, block)
      if (met !== undefined) await met
    }
    await this.#flush()
    await this.#work()
  }

  async #takeFork(from: number): Promise<void> {
    for (const call of this.#calls) call.step({ type: 'forked', from })
    this.#offerAgain()
    this.#patience = undefined
    // A fork below the first block that was read may hold a call in a block that is not read any more.
    await this.#reconcile()
    await this.#flush()
    await this.#work()
  }

  /** Compares what is on its way with what the chain holds now, after a start or a fork. */
  async #reconcile(): Promise<void> {
    for (const call of this.#calls) {
      const { block, blockHash } = call.context
      const isGone = block !== null && !(await this.#link.holds({ number: block, hash: blockHash ?? '' }))
      if (isGone) call.step({ type: 'forked', from: block })
      if (!call.isOutside) continue
      // A branch that came while nobody looked may hold it, too.
      const receipt = await this.#link.receiptOf(call)
      if (receipt !== undefined) await this.#include(call, receipt)
    }
    await this.#align(await this.#link.usedNonces(this.account))
    this.#reconciled = true
  }

  /**
   * Brings our nonces in line with the chain's: never backwards, and without a hole before the first that
   * waits.
   */
  async #align(used: number): Promise<void> {
    this.#frozen = false
    this.#nextNonce = Math.max(this.#nextNonce, used)
    const known = new Set(this.#calls.map((call) => call.nonce))
    const count = Math.max(0, this.#nextNonce - used)
    const missing = Array.from({ length: count }, (_, at) => used + at).filter((nonce) => !known.has(nonce))
    const first = missing[0]
    if (first === undefined) return
    const finals = await this.#keeping.finalCallsFrom(this.account, first)
    const revived = finals.filter((call) => missing.includes(call.nonce))
    for (const call of revived) call.inspectedBy(this.#options.inspector).step({ type: 'forked', from: 0 })
    this.#calls = [...this.#calls, ...revived].sort((a, b) => a.nonce - b.nonce)
    const gone = missing.filter((nonce) => !revived.some((call) => call.nonce === nonce))
    if (gone.length <= MAX_GAP) for (const nonce of gone) await this.#fillGap(nonce)
    else {
      this.#frozen = true
      this.#tell(chainRewound(this.account, used, gone.length))
    }
  }

  async #fillGap(nonce: number): Promise<void> {
    const fee = feeFor(this.#newest()?.baseFeeWei ?? 0n, this.#fees)
    if (fee === undefined) return
    const row = this.#dispatch.gapRow(nonce)
    await this.#insert(new Call(row, [], [this.#dispatch.sign(row, fee)]))
  }

  /** One call and one new block; undefined when that was all. */
  #meet(call: Call, block: ChainBlock): Promise<void> | undefined {
    const receipt = call.receiptIn(block)
    if (receipt !== undefined) return this.#include(call, receipt)
    if (call.isOutside) {
      if (call.usedAt === undefined) return this.#wait(call, block)
      return this.#checkUsed(call).then(() => this.#wait(call, block))
    }
    if (call.state === 'included') call.step(this.#headFor(call, block))
    return call.state === 'confirmed' ? this.#endWhenFinal(call, block) : undefined
  }

  #headFor(call: Call, block: ChainBlock) {
    const fee = call.newest
    const { baseFeeWei } = this.#newest() ?? block
    const covered = fee === undefined || fee.maxFeeWei >= baseFeeWei + fee.tipWei
    return { type: 'head', head: block.number, covered, final: false } as const
  }

  #wait(call: Call, block: ChainBlock): undefined {
    call.step(this.#headFor(call, block))
    if (block.number - call.context.sinceBlock === ALARM_BLOCKS) this.#tell(callStalled(call, ALARM_BLOCKS))
  }

  async #endWhenFinal(call: Call, block: ChainBlock): Promise<void> {
    const { block: number, blockHash: hash } = call.context
    const final = number !== null && hash !== null && (await this.#options.isFinal({ number, hash }))
    call.step({ ...this.#headFor(call, block), final })
  }

  #tell(thrown: unknown): void {
    this.#options.onFault(thrown, `outbox of ${this.account}`)
  }

  async #include(call: Call, receipt: Receipt): Promise<void> {
    const { blockNumber: block, blockHash, transactionHash } = receipt
    if (call.context.blockHash === blockHash && !call.isOutside) return
    const ok = receipt.status === 1
    const { error, detail } = ok
      ? { error: null, detail: null }
      : await this.#link.reasonOf(this.#trial(call.row), call, receipt)
    const gasUsed = Number(receipt.gasUsed)
    call.step({ type: 'included', block, blockHash, transactionHash, ok, gasUsed, error, detail })
  }

  /** A nonce that a final block shows as used, by none of our bytes, cannot be ours any more. */
  async #checkUsed(call: Call): Promise<void> {
    const { usedAt } = call
    if (usedAt === undefined) return
    if (!(await this.#link.holds(usedAt))) {
      call.usedAt = undefined
      return
    }
    if (!isDeep(usedAt, this.#head(), CONFIRMED_BLOCKS) || !(await this.#options.isFinal(usedAt))) return
    const receipt = (await this.#link.receiptOf(call)) ?? (await this.#link.receiptAmong(call, usedAt.number))
    if (receipt !== undefined) return this.#include(call, receipt)
    call.step({ type: 'lost' })
    this.#tell(nonceTaken(call))
  }

  async #work(): Promise<void> {
    if (!this.#reconciled) return
    let reached = await this.#dispatch.run(this.#calls)
    while (reached && !this.#turns.areOver && (await this.#signNext()))
      reached = await this.#dispatch.run(this.#calls)
    if (!reached) this.#turns.later()
  }

  async #flush(): Promise<void> {
    if (!this.#calls.some((call) => call.dirty || call.untold.length > 0)) return
    const ended = await this.#tellings.flush(this.#calls)
    if (ended.requeued) this.#kick()
    this.#calls = this.#calls.filter((call) => call.state !== 'final' && call.state !== 'lost')
  }

  /** Gives the next waiting intents a nonce and bytes; false when there is nothing to sign now. */
  async #signNext(): Promise<boolean> {
    const inFlight = this.#calls.filter((call) => call.isOutside).length
    const block = this.#newest()
    const full = inFlight >= (this.#options.maxInFlight ?? MAX_IN_FLIGHT)
    if (this.#frozen || full || block === undefined || this.#rests()) return false
    this.#rest = undefined
    const { intents: waiting, rest } = await readyIntents(this.account, this.#options, {
      hurried: this.#hurried,
      held: heldKinds(this.#calls, this.#options, this.#head()),
    })
    const first = waiting[0]
    if (first === undefined) {
      if (!this.#turns.areDue) this.#rest = rest
      return false
    }
    const fee = feeFor(block.baseFeeWei, this.#fees)
    if (fee === undefined) {
      this.#tell(aboveCap(block.baseFeeWei, this.#fees))
      return false
    }
    const { taken, data, gas } = mergedOf(first, waiting, this.#options)
    const intents = waiting.slice(0, taken)
    const { kind, target, value } = first
    const gasLimit =
      gas ?? (await this.#estimate(intents, { from: this.account, target, data, value }, inFlight))
    if (gasLimit === undefined) return this.#patience === undefined
    const row = { nonce: this.#nextNonce, kind, target, data, value, gas: gasLimit }
    await this.#insert(new Call(row, intents, [this.#dispatch.sign(row, fee)]))
    return true
  }

  /** Undefined when the contract would revert: the intent waits a little, then it is failed. */
  async #estimate(intents: readonly Intent[], trial: Trial, inFlight: number): Promise<number | undefined> {
    const id = intents[0]?.id ?? ''
    const estimated = await this.#link.estimate(trial)
    if ('gas' in estimated) {
      this.#patience = undefined
      return estimated.gas
    }
    const since = this.#patience?.id === id ? this.#patience.since : this.#head()
    this.#patience = { id, since }
    if (inFlight > 0 || this.#head() - since < REVERT_PATIENCE_BLOCKS) return undefined
    this.#patience = undefined
    await this.#tellings.refuse(intents, estimated.revert)
    return undefined
  }

  async #insert(call: Call): Promise<void> {
    const { clock, inspector } = this.#options
    const nowMs = clock.nowMs()
    call.inspectedBy(inspector).step({ type: 'signed', head: this.#head(), replaces: false })
    await this.#keeping.transaction((trx) => this.#keeping.insertCall(trx, this.account, call, nowMs))
    this.#nextNonce = Math.max(this.#nextNonce, call.nonce + 1)
    this.#calls = [...this.#calls, call].sort((a, b) => a.nonce - b.nonce)
  }

  #trial({ target, data, value }: Call['row']): Trial {
    return { from: this.account, target, data, value }
  }
}
