import { z } from 'zod'
import { Fault } from '../../protocols/rules/fault.ts'
import type { BlockRef } from '../proxy/block.ts'
import { checked, type CallOptions, type Rpc, type RpcCall } from '../proxy/rpc.ts'
import { History, servedHeader, servedReceipts, type ArchivedBlock } from './history.ts'
import { lineOf, type KnownArchive } from './places.ts'
import { NO_ARCHIVE } from './statement.ts'

/** How a chain that was begun anew is known again as the community's. */
export interface Continuation {
  /** Hash of the first block of the community's first chain. */
  readonly origin: string
  readonly chainId: number
  /** Account that signs the community's archives. */
  readonly community: string
  /** Folder of the archives that the chain was begun anew from. */
  readonly archives: string
}

const GENESIS: RpcCall = { method: 'eth_getBlockByNumber', params: ['0x0', false] }
const firstReply = z.object({ hash: z.string() }).nullable()
const hexNumber = z.string().regex(/^0x[0-9a-f]+$/i)
const located = z.looseObject({ blockNumber: hexNumber })
const receiptShape = z.looseObject({ blockNumber: hexNumber, logs: z.array(located) })
const blockShape = z.looseObject({ number: hexNumber, parentHash: z.string() })

/** Methods whose answers or questions name a block. */
const BLOCKS: ReadonlySet<string> = new Set([
  ...['eth_getBlockByNumber', 'eth_blockNumber', 'eth_getLogs', 'eth_call'],
  ...['eth_getBlockReceipts', 'eth_getTransactionReceipt', 'clique_getSignersAtHash'],
])

/** What the node's chain follows from; null where it is the community's first. */
interface Past {
  readonly genesis: string
  readonly before: { readonly base: number; readonly newest: KnownArchive; readonly history: History } | null
}

/** A node whose chain may have been begun anew. */
export interface ContinuedRpc extends Rpc {
  /** The archived block that its chain goes on from, as of the last answer; null on the first chain. */
  follows(): BlockRef | null
}

/**
 * Lets a chain that was begun anew from an archive look like the one that it goes on with: heights count on,
 * and blocks up to the archive's come from its history. So nothing above knows of the change: what the
 * archive did not hold looks like a fork, and is sent again.
 */
export function continuedRpc(rpc: Rpc, continuation: Continuation): ContinuedRpc {
  const continued = new Continued(rpc, continuation)
  return {
    url: rpc.url,
    follows: () => continued.follows(),
    batch: (calls, options) => continued.batch(calls, options),
    call: async (method, params, reply, options) => {
      const [result] = await continued.batch([{ method, params }], options)
      return checked(reply, result, rpc.url, method)
    },
    close: () => rpc.close(),
  }
}

class Continued {
  readonly #rpc: Rpc
  readonly #continuation: Continuation
  #past: Past | undefined

  constructor(rpc: Rpc, continuation: Continuation) {
    this.#rpc = rpc
    this.#continuation = continuation
  }

  follows(): BlockRef | null {
    const block = this.#past?.before?.newest.statement.block
    return block === undefined ? null : { number: block.height, hash: block.hash }
  }

  /**
   * Each question about blocks asks for the first block, too: a node may be given another chain between any
   * two of them.
   */
  async batch(calls: readonly RpcCall[], options?: CallOptions): Promise<unknown[]> {
    if (!calls.some(({ method }) => BLOCKS.has(method))) return this.#rpc.batch(calls, options)
    for (;;) {
      const past = this.#past ?? (await this.#begin())
      const asked = calls.map((call) => askedOf(past, call))
      const [first, ...answers] = await this.#rpc.batch([GENESIS, ...asked], options)
      const genesis = checked(firstReply, first, this.#rpc.url, GENESIS.method)?.hash ?? ''
      if (genesis === past.genesis) {
        return calls.map((call, index) => answerOf(past, call, answers[index]))
      }
      this.#past = await this.#pastOf(genesis)
    }
  }

  async #begin(): Promise<Past> {
    const [first] = await this.#rpc.batch([GENESIS])
    const genesis = checked(firstReply, first, this.#rpc.url, GENESIS.method)?.hash ?? ''
    this.#past = await this.#pastOf(genesis)
    return this.#past
  }

  async #pastOf(genesis: string): Promise<Past> {
    const { origin, archives, ...rest } = this.#continuation
    if (genesis === origin) return { genesis, before: null }
    const found = { chainId: rest.chainId, genesisHash: genesis }
    const line = await lineOf(found, { ...rest, genesisHash: origin }, archives)
    const newest = line?.at(-1)
    if (line === null || newest === undefined) throw foreign(this.#rpc.url, genesis, this.#continuation)
    const history = await History.load(line)
    return { genesis, before: { base: newest.statement.block.height, newest, history } }
  }
}

function foreign(url: string, genesis: string, { origin, archives }: Continuation): Fault {
  const message =
    `${url} serves a chain with first block ${genesis}, expected ${origin}: give --rpc the right node, ` +
    `or put the archive that it was begun from in ${archives}`
  return new Fault('foreign-chain', message, { url, genesis, expected: origin })
}

const hex = (number: number): string => `0x${number.toString(16)}`

/** A height as the node counts; heights of the archive become its first block. */
function numberOf(past: Past, which: unknown): unknown {
  if (past.before === null || typeof which !== 'string' || !/^0x[0-9a-f]{1,15}$/i.test(which)) return which
  return hex(Math.max(0, Number(which) - past.before.base))
}

function askedOf(past: Past, call: RpcCall): RpcCall {
  const { method, params } = call
  const [first, second] = params
  if (past.before === null) return call
  switch (method) {
    case 'eth_getBlockByNumber':
    case 'eth_getBlockReceipts':
      return { method, params: [numberOf(past, first), ...params.slice(1)] }
    case 'eth_call':
      return { method, params: [first, numberOf(past, second), ...params.slice(2)] }
    case 'eth_getLogs':
      return { method, params: [filterOf(past, first)] }
    case 'clique_getSignersAtHash':
      // Who sealed when the archive was taken seals the new chain: its first block says so.
      return archivedHashed(past.before, first) === undefined ? call : { method, params: [past.genesis] }
    default:
      return call
  }
}

const filterShape = z.looseObject({
  fromBlock: z.string().optional(),
  toBlock: z.string().optional(),
  address: z.union([z.string(), z.array(z.string())]).optional(),
  topics: z.array(z.union([z.string(), z.array(z.string()), z.null()])).optional(),
})
type Filter = z.infer<typeof filterShape>

function filterOf(past: Past, given: unknown): unknown {
  const filter = filterShape.parse(given)
  const bounds = {
    ...(filter.fromBlock === undefined ? {} : { fromBlock: numberOf(past, filter.fromBlock) }),
    ...(filter.toBlock === undefined ? {} : { toBlock: numberOf(past, filter.toBlock) }),
  }
  return { ...filter, ...bounds }
}

function answerOf(past: Past, { method, params }: RpcCall, answer: unknown): unknown {
  const { before } = past
  const [first] = params
  // The first block of the node's own chain, as it is: it lists who seals.
  if (before === null || first === 'earliest') return answer
  switch (method) {
    case 'eth_blockNumber':
      return hex(Number(hexNumber.parse(answer)) + before.base)
    case 'eth_getBlockByNumber':
      return blockAnswer(before, archivedAt(before, first), answer)
    case 'eth_getBlockReceipts':
      return receiptsAnswer(before, archivedAt(before, first) ?? archivedHashed(before, first), answer)
    case 'eth_getTransactionReceipt':
      return receiptAnswer(before, first, answer)
    case 'eth_getLogs':
      return logsAnswer(before, filterShape.parse(first), answer)
    default:
      return answer
  }
}

type Before = NonNullable<Past['before']>

/** The archived block at a height; undefined above them. Fault: `rpc-unknown` for one that is not here. */
function archivedAt({ base, history, newest }: Before, which: unknown): ArchivedBlock | undefined {
  if (typeof which !== 'string' || !/^0x[0-9a-f]{1,15}$/i.test(which)) return undefined
  const height = Number(which)
  if (height > base) return undefined
  const found = history.at(height)
  if (found !== undefined) return found
  const { origin } = newest.statement
  if (height === 0) return { height, hash: origin, parent: NO_ARCHIVE, time: 0, receipts: [] }
  const message = `block ${height} is in an archive before ${newest.folder}; put that archive beside it`
  throw new Fault('rpc-unknown', message, { height })
}

const archivedHashed = ({ history }: Before, hash: unknown): ArchivedBlock | undefined =>
  typeof hash === 'string' ? history.hashed(hash) : undefined

/** The first block of the new chain stands for the archived one. */
function blockAnswer(before: Before, archived: ArchivedBlock | undefined, answer: unknown): unknown {
  const { base, newest, history } = before
  const { rules, block } = newest.statement
  if (archived !== undefined) return servedHeader(archived, rules.gasLimit)
  if (answer === null || answer === undefined) return null
  const header = blockShape.parse(answer)
  const number = Number(header.number)
  const last = history.at(base)
  if (number === 0 && last !== undefined) return servedHeader(last, rules.gasLimit)
  const parentHash = number === 1 ? block.hash : header.parentHash
  return { ...header, number: hex(number + base), parentHash }
}

const moved = <T extends { blockNumber: string }>(base: number, each: T): T => ({
  ...each,
  blockNumber: hex(Number(each.blockNumber) + base),
})

function movedReceipt(base: number, answer: unknown): unknown {
  const receipt = receiptShape.parse(answer)
  return { ...moved(base, receipt), logs: receipt.logs.map((log) => moved(base, log)) }
}

function receiptsAnswer({ base }: Before, archived: ArchivedBlock | undefined, answer: unknown): unknown {
  if (archived !== undefined) return servedReceipts(archived)
  return Array.isArray(answer) ? answer.map((each) => movedReceipt(base, each)) : null
}

function receiptAnswer({ base, history }: Before, hash: unknown, answer: unknown): unknown {
  if (answer !== null && answer !== undefined) return movedReceipt(base, answer)
  const archived = typeof hash === 'string' ? history.holding(hash) : undefined
  if (archived === undefined) return null
  return servedReceipts(archived).find(({ transactionHash }) => transactionHash === hash) ?? null
}

function logsAnswer({ base, history }: Before, filter: Filter, answer: unknown): unknown[] {
  const from = Number(filter.fromBlock ?? '0x0')
  const to = filter.toBlock?.startsWith('0x') === true ? Number(filter.toBlock) : Infinity
  const old: unknown[] = []
  for (let height = from; height <= Math.min(base, to); height += 1) {
    const block = history.at(height)
    if (block === undefined) continue
    for (const { logs } of servedReceipts(block)) old.push(...logs.filter((log) => isWanted(log, filter)))
  }
  if (to <= base) return old
  return [
    ...old,
    ...z
      .array(located)
      .parse(answer)
      .map((log) => moved(base, log)),
  ]
}

function isWanted(log: { address: string; topics: string[] }, { address, topics = [] }: Filter): boolean {
  const addresses = address === undefined ? [] : [address].flat().map((each) => each.toLowerCase())
  if (addresses.length > 0 && !addresses.includes(log.address.toLowerCase())) return false
  return topics.every((wanted, index) => {
    return wanted === null || [wanted].flat().includes(log.topics[index] ?? '')
  })
}
