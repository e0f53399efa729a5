import type { Intent } from '../../actors/contract-proxy/call.ts'
import type { BlockRef, ChainBlock } from '../../chain/proxy/block.ts'
import type { Trail } from '../../chain/proxy/trail.ts'
import { gasOf } from './chain/gas.ts'
import { decodeCall } from './chain/call-bytes.ts'
import type { SignedTransaction } from './chain/signer.ts'
import type { Gateway } from './gateways/gateway.ts'
import type { KeptCall } from './gateways/store.ts'
import type { World } from './world.ts'

interface Checker {
  check(invariant: string, holds: boolean, text: () => string): void
}

/** Bytes as they were first handed to the nodes. */
interface Offered {
  readonly hash: string
  readonly atMs: number
  readonly block: number
  times: number
}

const MINUTE_MS = 60_000
/** A call waits so many blocks before it pays more. */
const PATIENT_BLOCKS = 6
/** … and its bytes are handed over again no more often than this. */
const AGAIN_BLOCKS = 3
const MOST_IN_FLIGHT = 16
/** A gateway has met a block so long after it was made. */
const MET_MS = 2_000
const RECENT_MS = 20 * MINUTE_MS

/** Watches over the calls of all gateways: what they carry, what they pay, and what is thought of them. */
export class OutboxWatch {
  readonly #world: World
  readonly #watch: Checker
  readonly #offered = new Map<string, Offered>()

  constructor(world: World, watch: Checker) {
    this.#world = world
    this.#watch = watch
  }

  /** Bytes reach a node, for the first time or again. */
  offered(transaction: SignedTransaction): void {
    const { from, nonce, hash } = transaction
    const gateway = this.#world.gatewayOf(from)
    if (gateway === undefined) return
    const key = `${from}:${nonce}`
    const before = this.#offered.get(key)
    const block = gateway.feed.head()?.number ?? 0
    if (before?.hash === hash) return this.#again(gateway, before, block)
    this.#offered.set(key, { hash, atMs: this.#world.time.nowMs(), block, times: 1 })
    this.#offered.delete(`${from}:${nonce - 64}`)
    if (before === undefined) this.#checkCarried(gateway, transaction)
    else this.#checkReplaced(gateway, transaction, before)
  }

  #again(gateway: Gateway, before: Offered, block: number): void {
    before.times += 1
    const most = 2 + Math.ceil((block - before.block) / AGAIN_BLOCKS)
    const fine = before.times <= most || this.#isExcused(gateway, before.atMs)
    this.#watch.check('bytes are not handed over at every turn', fine, () => {
      return `${gateway.name}: ${before.times} times within ${block - before.block} blocks`
    })
  }

  #isExcused(gateway: Gateway, sinceMs: number): boolean {
    return this.#world.faults.wasDisturbed(gateway, sinceMs - RECENT_MS)
  }

  /** What a call carries is what waited longest, in order, and nothing else. */
  #checkCarried(gateway: Gateway, transaction: SignedTransaction): void {
    const { store, name } = gateway
    const { nonce, to, data, gas, valueWei } = transaction
    const ids = store.intentsOf.get(nonce) ?? []
    const intents = ids.flatMap((id) => store.intents.get(id) ?? [])
    const [first] = intents
    const kept = store.calls.get(nonce)
    const known = kept !== undefined && first !== undefined && intents.length === ids.length
    this.#watch.check('what is sent was kept before', known, () => `${name}: nonce ${nonce}`)
    if (!known) return
    const bytes = intents.length === 1 && first.kind !== 'submit' ? first.data : mergedOf(intents)
    const same = Buffer.compare(data, bytes) === 0 && to === first.target && valueWei === BigInt(first.value)
    this.#watch.check('a call says what was asked for', same, () => `${name}: ${ids.join(', ')}`)
    const cost = gasOf(decodeCall(data))
    const asked = first.gas ?? (first.kind === 'submit' ? 2 * cost : Math.ceil(1.25 * cost))
    this.#watch.check('a call has the gas that was asked for', gas === asked, () => {
      return `${name}: ${gas} of ${asked} for ${ids.join(', ')}`
    })
    this.#checkFirstFee(gateway, transaction)
    this.#checkOrder(gateway, intents)
  }

  /** The first bytes pay for five full blocks, by the base fee of then or of the blocks before. */
  #checkFirstFee(gateway: Gateway, { maxFeeWei, tipWei, nonce }: SignedTransaction): void {
    const { chain, time } = this.#world
    const bases = chain.blocks.slice(-PATIENT_BLOCKS).map(({ header }) => header.baseFeePerGas)
    const fits = tipWei === 1n && [chain.baseFeeWei, ...bases].some((base) => maxFeeWei === 2n * base + 1n)
    const fair = fits || this.#isExcused(gateway, time.nowMs())
    this.#watch.check('a first fee is twice the base fee', fair, () => {
      return `${gateway.name}: ${maxFeeWei} for nonce ${nonce}`
    })
  }

  #checkOrder({ name, store, account }: Gateway, intents: readonly Intent[]): void {
    const { world, first, last } = { world: this.#world, first: intents[0], last: intents.at(-1) }
    if (first === undefined || last === undefined) return
    const gateway = world.gatewayOf(account)
    if (gateway === undefined || this.#isExcused(gateway, world.time.nowMs())) return
    const waiting = [...store.queued.keys()].flatMap((id) => store.intents.get(id) ?? [])
    // Slots wait for what becomes of the slots before them; who has none of those on its way does not.
    const held = [...store.active.keys()].some((nonce) => isUndecided(store.calls.get(nonce)))
    const older = waiting.filter(
      ({ position, kind }) => position < last.position && !(held && kind === 'submit'),
    )
    this.#watch.check('what waited longest goes first', older.length === 0, () => {
      return `${name}: ${older.map(({ id }) => id).join(', ')} were left for ${first.id}`
    })
    const inFlight = [...store.active.keys()].filter(
      (nonce) => store.calls.get(nonce)?.context.block === null,
    )
    this.#watch.check('a node is given sixteen calls at most', inFlight.length <= MOST_IN_FLIGHT, () => {
      return `${name}: ${inFlight.length} calls`
    })
    if (first.kind !== 'submit') return
    const { batch } = world.options
    const waitedMs = world.time.nowMs() - first.created_at_ms
    const isFull = intents.length === batch
    const isDue = waitedMs >= (batch + 1) * world.times.sampleMs || first.alone === 1
    const others = waiting.some(({ kind }) => kind !== 'submit')
    this.#watch.check('slots go together', intents.length <= batch && (isFull || isDue || others), () => {
      return `${name}: ${intents.length} slots after ${Math.round(waitedMs / 1_000)} s`
    })
  }

  /** Paying more is for a fee that does not cover a block, or a call that none took for long. */
  #checkReplaced(gateway: Gateway, { nonce }: SignedTransaction, before: Offered): void {
    const { chain, time } = this.#world
    const blocks = (gateway.feed.head()?.number ?? 0) - before.block
    const raised =
      chain.baseFeeWei > 1_000_000n ||
      chain.blocks.slice(-60).some(({ header }) => header.baseFeePerGas > 1_000_000n)
    const needed = blocks >= PATIENT_BLOCKS || raised || this.#isExcused(gateway, before.atMs)
    this.#watch.check('a call pays more only when it must', needed, () => {
      return `${gateway.name}: nonce ${nonce} after ${blocks} blocks, ${time.nowMs() - before.atMs} ms`
    })
  }

  /** Who is well has paid what the base fee asks by now, for the call that holds up the others. */
  feesFollow(sinceMs: number): void {
    const { chain, faults } = this.#world
    for (const gateway of this.#world.gateways()) {
      if (faults.wasDisturbed(gateway, sinceMs)) continue
      const { store, name } = gateway
      const waiting = [...store.active.keys()].sort((a, b) => a - b)
      const nonce = waiting.find((each) => store.calls.get(each)?.context.block === null)
      const call = nonce === undefined ? undefined : store.calls.get(nonce)
      const newest = call?.attempts.at(-1)
      if (call === undefined || newest === undefined || call.row.created_at_ms > sinceMs + MINUTE_MS) continue
      const pays = newest.maxFeeWei >= chain.baseFeeWei + newest.tipWei
      this.#watch.check('a call pays what the base fee asks', pays, () => {
        return `${name}: nonce ${nonce} pays ${newest.maxFeeWei} of ${chain.baseFeeWei}`
      })
    }
  }

  // ---- What a gateway has read

  /** Blocks are applied one after another, each once. */
  tookBlock({ name }: Gateway, before: BlockRef | undefined, { number, parentHash }: ChainBlock): void {
    const follows =
      before === undefined ? number === 1 : number === before.number + 1 && parentHash === before.hash
    this.#watch.check('blocks are read one after another', follows, () => {
      return `${name}: block ${number} after ${before?.number ?? 'none'}`
    })
  }

  /** What a fork has left is kept, and nothing else. */
  wentBack({ name }: Gateway, before: Trail, from: number): void {
    const { chain } = this.#world
    const stands = ({ number, hash }: BlockRef): boolean => chain.blockAt(number)?.header.hash === hash
    const right = before.every((ref) => stands(ref) === ref.number < from)
    this.#watch.check('a fork takes back what is gone, and no more', right, () => {
      const all = before.map((ref) => `${ref.number}${stands(ref) ? '' : ' gone'}`)
      return `${name}: from ${from} of ${all.join(' ')}`
    })
  }

  // ---- Every hour

  hour(gateway: Gateway): void {
    const { chain, faults, time } = this.#world
    const { header } = chain.head
    const nowMs = time.nowMs()
    if (nowMs - header.timestamp * 1_000 < MET_MS || faults.wasDisturbed(gateway, nowMs - MINUTE_MS)) return
    const applied = gateway.head
    const knows = gateway.reading?.behind() === 0 && gateway.reading.position()?.hash === header.hash
    const read = applied?.hash === header.hash && gateway.feed.head()?.hash === header.hash && knows
    this.#watch.check('a gateway that is well is at the head', read, () => {
      return `${gateway.name} has read block ${applied?.number} of ${header.number}`
    })
    this.#checkPassed(gateway)
    for (const nonce of gateway.store.active.keys()) this.#checkThought(gateway, nonce)
  }

  /** What is not on its disk had nothing to say to it. */
  #checkPassed(gateway: Gateway): void {
    const { blocks } = this.#world.chain
    const kept = gateway.store.trail.get().at(-1)?.number ?? 0
    const missed = blocks.slice(kept + 1).find(({ header }) => gateway.factsIn(header).length > 0)
    this.#watch.check('a block that was passed told nothing', missed === undefined, () => {
      return `${gateway.name} has kept block ${kept}, and not ${missed?.header.number}`
    })
  }

  /** What a gateway thinks of its call is what the chain holds of it. */
  #checkThought({ name, store }: Gateway, nonce: number): void {
    const { chain, times } = this.#world
    const call = store.calls.get(nonce)
    if (call === undefined) return
    const { context, state } = call
    const held = call.attempts.some(({ hash }) => chain.receiptOf(hash) !== undefined)
    const depth = context.block === null ? 0 : chain.head.header.number - context.block + 1
    const should = !held ? null : depth < 3 ? 'included' : depth < times.finalBlocks ? 'confirmed' : 'final'
    const right = should === null ? context.block === null : state === should
    this.#watch.check('a gateway knows what became of its calls', right, () => {
      return `${name}: nonce ${nonce}, ${depth} deep, is ${state}, should be ${should ?? 'in no block'}`
    })
  }
}

const isUndecided = (call: KeptCall | undefined): boolean =>
  call?.row.kind === 'submit' && (call.context.block === null || !call.context.ok)

const ADDRESS_BYTES = 20

/** The slots of several intents, with the recipient that they share. */
function mergedOf(intents: readonly Intent[]): Uint8Array {
  const [first] = intents
  const records = intents.map(({ data }) => data.subarray(ADDRESS_BYTES))
  return Buffer.concat([
    Uint8Array.of(1),
    first?.data.subarray(0, ADDRESS_BYTES) ?? new Uint8Array(0),
    ...records,
  ])
}
