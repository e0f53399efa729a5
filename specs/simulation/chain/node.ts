import { Interface } from 'ethers'
import { monitoringAbi } from '../../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../../chain/bindings/trading.gen.ts'
import type { Rpc } from '../../../chain/proxy/rpc.ts'
import { z } from 'zod'
import { Fault } from '../../../protocols/rules/fault.ts'
import { type ContractName, Refused } from '../contracts/call.ts'
import { NEVER } from '../gateways/life.ts'
import type { SimulatedChain } from './chain.ts'
import type { Pool } from './pool.ts'
import { quantity } from './wire.ts'

const ABIS: Readonly<Record<ContractName, Interface>> = {
  monitoring: new Interface(monitoringAbi),
  quota: new Interface(quotaAbi),
  token: new Interface(tokenAbi),
  trading: new Interface(tradingAbi),
}
export const ERROR_ABIS = [monitoringAbi, quotaAbi, tokenAbi, tradingAbi] as const

/** What becomes of a question to a node. */
export type Travel = 'answered' | 'question-lost' | 'answer-lost'

/** How a gateway's way to its node is: each answer may be late, lost or refused. */
export interface NodeWay {
  /** Whether the node cannot be reached now. */
  isAway(): boolean
  /** Lets the time of one question pass. */
  travel(method: string): Travel | Promise<Travel>
  /** Whether who asked still lives when the node has done it. */
  outlives(method: string): boolean
}

const unreachable = (): Fault => new Fault('rpc-unreachable', 'the simulated node is away')
const unknown = (): Fault => new Fault('rpc-unknown', 'the simulated node gave no answer')
const refusal = (method: string, rpcMessage: string, data: string | null): Fault =>
  new Fault('rpc-refused', `the node refused ${method}: ${rpcMessage}`, {
    method,
    rpcCode: -32000,
    rpcMessage,
    data,
  })

/** The bytes that a contract reverts with. */
function revertData({ contract, error, args }: Refused): string {
  const fragment = ABIS[contract].getError(error)
  if (fragment === null) return '0x'
  try {
    return ABIS[contract].encodeErrorResult(fragment, [...args])
  } catch {
    // A short text that stands for an enumeration: the name is what counts.
    return fragment.selector + '0'.repeat(64 * fragment.inputs.length)
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const bytesOf = (hex: unknown): Uint8Array => Buffer.from(text(hex).slice(2), 'hex')

const trialSchema = z.object({
  from: z.string(),
  to: z.string(),
  data: z.string(),
  value: z.string().optional(),
})

/** A reply as its schema has read it. */
interface Read<T> {
  readonly schema: z.ZodType<T>
  readonly value: T
}

const isReadBy = <T>(schema: z.ZodType<T>, read: Read<unknown> | undefined): read is Read<T> =>
  read?.schema === schema

/** Replies that all gateways get alike are read once by their schema: reading them costs a third of all. */
const readReplies = new WeakMap<object, Read<unknown>>()

function readBy<T>(schema: z.ZodType<T>, answer: unknown): T {
  if (typeof answer !== 'object' || answer === null) return schema.parse(answer)
  const known = readReplies.get(answer)
  if (isReadBy(schema, known)) return known.value
  const value = schema.parse(answer)
  readReplies.set(answer, { schema, value })
  return value
}

/** One node's JSON-RPC, as far as the product's proxies ask it. */
export class SimulatedNode implements Rpc {
  readonly url: string
  readonly #chain: SimulatedChain
  readonly #pool: Pool
  readonly #way: NodeWay

  constructor(name: string, chain: SimulatedChain, pool: Pool, way: NodeWay) {
    this.url = `simulated:${name}`
    this.#chain = chain
    this.#pool = pool
    this.#way = way
  }

  async call<T>(method: string, params: readonly unknown[], reply: z.ZodType<T>): Promise<T> {
    if (this.#way.isAway()) throw unreachable()
    const travels = this.#way.travel(method)
    const met = typeof travels === 'string' ? travels : await travels
    if (met === 'question-lost') throw unreachable()
    const answer = this.#answer(method, params)
    if (!this.#way.outlives(method)) return NEVER
    if (met === 'answer-lost') throw unknown()
    return readBy(reply, answer)
  }

  async batch(): Promise<unknown[]> {
    throw unreachable()
  }

  close(): void {
    return undefined
  }

  #answer(method: string, [first, second]: readonly unknown[]): unknown {
    switch (method) {
      case 'eth_getBlockByNumber':
        return this.#header(first)
      case 'eth_getBlockReceipts':
        return this.#chain.blockOf(text(first))?.replies.receipts ?? null
      case 'eth_getTransactionReceipt':
        return this.#chain.receiptOf(text(first)) ?? null
      case 'eth_getTransactionCount':
        return quantity(this.#chain.usedNonces(text(first)))
      case 'eth_sendRawTransaction':
        return this.#send(method, bytesOf(first))
      case 'eth_estimateGas':
        return this.#estimate(method, first)
      case 'eth_call':
        return this.#tryAgain(method, first, Number(second))
      default:
        throw refusal(method, 'the method does not exist', null)
    }
  }

  #header(which: unknown): unknown {
    const block = which === 'latest' ? this.#chain.head : this.#chain.blockAt(Number(which))
    return block?.replies.header ?? null
  }

  #send(method: string, raw: Uint8Array): string {
    const { hash, refusal: why } = this.#pool.offer(raw)
    if (why !== null) throw refusal(method, why, null)
    return hash
  }

  #estimate(method: string, asked: unknown): string {
    const { from, to, data, value } = trialSchema.parse(asked)
    const found = this.#chain.trial(from, to, bytesOf(data), BigInt(value ?? 0))
    if (found instanceof Refused) throw refusal(method, 'execution reverted', revertData(found))
    return quantity(found)
  }

  /** Why a call was reverted: as its block found it. */
  #tryAgain(method: string, asked: unknown, near: number): string {
    const { from, data } = trialSchema.parse(asked)
    const wanted = Buffer.from(data.slice(2), 'hex')
    for (const number of [near, near + 1]) {
      const ending = this.#chain
        .blockAt(number)
        ?.endings.find(
          ({ transaction, refused }) =>
            refused !== null && transaction.from === from && wanted.equals(transaction.data),
        )
      if (ending !== undefined && ending.refused !== null)
        throw refusal(method, 'execution reverted', revertData(ending.refused))
    }
    return '0x'
  }
}
