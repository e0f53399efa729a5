import { JsonRpcProvider, Network, type JsonRpcPayload, type JsonRpcResult } from 'ethers'
import { createRpc, type Rpc } from '../proxy/rpc.ts'
import { continuedRpc, type Continuation } from './continued-rpc.ts'

/** A provider of ethers that sees one chain where there are several, each begun anew from an archive. */
export class ContinuedProvider extends JsonRpcProvider {
  readonly #rpc: Rpc

  constructor(url: string, continuation: Continuation) {
    super(url, Network.from(continuation.chainId), { staticNetwork: true })
    this.#rpc = continuedRpc(createRpc({ url }), continuation)
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    const asked = [payload].flat()
    const results = await this.#rpc.batch(
      asked.map(({ method, params }) => ({ method, params: Array.isArray(params) ? params : [params] })),
    )
    return asked.map(({ id }, index) => ({ id, result: results[index] }))
  }

  override destroy(): void {
    super.destroy()
    this.#rpc.close()
  }
}
