import type { z } from 'zod'
import type { Rpc } from '../../chain/proxy/rpc.ts'
import { Fault } from '../../protocols/rules/fault.ts'

/** What a node does now, beside being there. */
export type Strangeness =
  | 'none'
  /** Its index of transactions lags behind its blocks. */
  | 'blind'
  /** It takes no transaction, and says why in words. */
  | 'full'
  | 'unfunded'

const WORDS = { full: 'txpool is full', unfunded: 'insufficient funds for gas * price + value' } as const

/** A node that answers, and not as it should. */
export class StrangeNode implements Rpc {
  readonly url: string
  readonly #node: Rpc
  readonly #strangeness: (method: string) => Strangeness

  constructor(node: Rpc, strangeness: (method: string) => Strangeness) {
    this.url = node.url
    this.#node = node
    this.#strangeness = strangeness
  }

  call<T>(method: string, params: readonly unknown[], reply: z.ZodType<T>): Promise<T> {
    const strangeness = this.#strangeness(method)
    if (method === 'eth_getTransactionReceipt' && strangeness === 'blind') {
      return Promise.resolve(reply.parse(null))
    }
    if (method === 'eth_sendRawTransaction' && (strangeness === 'full' || strangeness === 'unfunded')) {
      const facts = { method, rpcCode: -32000, rpcMessage: WORDS[strangeness], data: null }
      return Promise.reject(new Fault('rpc-refused', `the node refused ${method}`, facts))
    }
    return this.#node.call(method, params, reply)
  }

  batch(): Promise<unknown[]> {
    return this.#node.batch([])
  }

  close(): void {
    this.#node.close()
  }
}
