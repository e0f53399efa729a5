import { Interface } from 'ethers'
import { monitoringAbi } from '../../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../../chain/bindings/trading.gen.ts'
import type { Rpc } from '../../../chain/proxy/rpc.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { type ContractName, Refused } from '../contracts/call.ts'
import type { SimulatedChain } from './chain.ts'
import type { Pool } from './pool.ts'

const ABIS: Readonly<Record<ContractName, Interface>> = {
  monitoring: new Interface(monitoringAbi),
  quota: new Interface(quotaAbi),
  token: new Interface(tokenAbi),
  trading: new Interface(tradingAbi),
}
export const ERROR_ABIS = [monitoringAbi, quotaAbi, tokenAbi, tradingAbi] as const

/** How a gateway's way to its node is: each answer may be late, lost or refused. */
export interface NodeWay {
  /** Whether the node cannot be reached now. */
  isAway(): boolean
  /** Lets the time of one question pass; false when the answer, or the question, is lost. */
  travel(method: string): Promise<'answered' | 'question-lost' | 'answer-lost'>
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
const bytesOf = (hex: unknown): Uint8Array => Uint8Array.from(Buffer.from(text(hex).slice(2), 'hex'))

interface TrialParams {
  readonly from: string
  readonly to: string
  readonly data: string
  readonly value?: string
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

  async call<T>(method: string, params: readonly unknown[]): Promise<T> {
    if (this.#way.isAway()) throw unreachable()
    const met = await this.#way.travel(method)
    if (met === 'question-lost') throw unreachable()
    const answer = this.#answer(method, params)
    if (met === 'answer-lost') throw unknown()
    // The node's answers are values that the schemas of replies would give: parsing them costs a third.
    return answer as T
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
        return this.#chain.blockOf(text(first))?.receipts ?? null
      case 'eth_getTransactionReceipt':
        return this.#receipt(text(first))
      case 'eth_getTransactionCount':
        return this.#chain.usedNonces(text(first))
      case 'eth_sendRawTransaction':
        return this.#send(method, bytesOf(first))
      case 'eth_estimateGas':
        return this.#estimate(method, first as TrialParams)
      case 'eth_call':
        return this.#tryAgain(method, first as TrialParams, Number(second))
      default:
        throw refusal(method, 'the method does not exist', null)
    }
  }

  #header(which: unknown): unknown {
    const block = which === 'latest' ? this.#chain.head : this.#chain.blockAt(Number(which))
    return block?.header ?? null
  }

  #receipt(hash: string): unknown {
    for (let i = this.#chain.blocks.length - 1; i >= 0; i -= 1) {
      const found = this.#chain.blocks[i]?.receipts.find((each) => each.transactionHash === hash)
      if (found !== undefined) return found
    }
    return null
  }

  #send(method: string, raw: Uint8Array): string {
    const { hash, refusal: why } = this.#pool.offer(raw)
    if (why !== null) throw refusal(method, why, null)
    return hash
  }

  #estimate(method: string, { from, to, data, value }: TrialParams): number {
    const found = this.#chain.trial(from, to, bytesOf(data), BigInt(value ?? 0))
    if (found instanceof Refused) throw refusal(method, 'execution reverted', revertData(found))
    return found
  }

  /** Why a call was reverted: as its block found it. */
  #tryAgain(method: string, { from, data }: TrialParams, near: number): string {
    const wanted = Buffer.from(text(data).slice(2), 'hex')
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
