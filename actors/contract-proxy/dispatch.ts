import type { BlockRef } from '../../chain/proxy/block.ts'
import { type Fee, type FeeRules, replacementFee } from '../../chain/proxy/fees.ts'
import type { Signer } from '../../chain/proxy/signing.ts'
import { aboveCap, callRefused } from './alarms.ts'
import type { Attempt, Call } from './call.ts'
import type { NodeLink } from './node-link.ts'

const NO_DATA = new Uint8Array(0)
const TRANSFER_GAS = 21_000

/** Rounds of replacing within one turn: a node may want more than one raise. */
const MAX_ROUNDS = 3

export interface DispatchOptions {
  readonly signer: Signer
  readonly link: NodeLink
  readonly fees: FeeRules
  readonly chainId: () => number
  readonly baseFeeWei: () => bigint
  /** Writes new bytes of a call before they leave. */
  readonly keep: (call: Call, attempt: Attempt) => Promise<void>
  readonly onFault: (thrown: unknown, about: string) => void
}

/** Signs calls and hands their bytes to the node, lowest nonce first. */
export class Dispatch {
  readonly #options: DispatchOptions

  constructor(options: DispatchOptions) {
    this.#options = options
  }

  /** The bytes of a call at a fee. */
  sign(row: Call['row'], fee: Fee): Attempt {
    const { signer, chainId } = this.#options
    const { nonce, target: to, data, gas } = row
    const signed = signer.sign({
      chainId: chainId(),
      nonce,
      to,
      data,
      gas,
      valueWei: BigInt(row.value),
      ...fee,
    })
    return { ...signed, ...fee }
  }

  /** What fills a nonce whose bytes are gone: nothing, sent to oneself. */
  gapRow(nonce: number): Call['row'] {
    const target = this.#options.signer.account
    return { nonce, kind: 'gap', target, data: NO_DATA, value: '0', gas: TRANSFER_GAS }
  }

  /**
   * Replaces what must be replaced and sends what is unsent; false when the node was away for one of
   * them.
   */
  async run(calls: readonly Call[]): Promise<boolean> {
    if (!calls.some((call) => call.unsent || call.wantsReplacement)) return true
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      await this.#replaceLowest(calls)
      if (!(await this.#sendAll(calls))) return false
      if (!calls.some((call) => call.wantsReplacement)) return true
    }
    return true
  }

  /** Only the lowest nonce can be the one that holds up the others. */
  async #replaceLowest(calls: readonly Call[]): Promise<void> {
    const lowest = calls.find((call) => call.isOutside)
    for (const call of calls) {
      const wanted = call.wantsReplacement
      call.wantsReplacement = false
      if (wanted && (call === lowest || call.state === 'underpriced')) await this.#replace(call)
    }
  }

  async #replace(call: Call): Promise<void> {
    const { fees, baseFeeWei, keep, onFault } = this.#options
    const before = call.newest
    if (before === undefined) return
    const fee = replacementFee(before, baseFeeWei(), fees)
    if (fee === undefined) {
      onFault(aboveCap(baseFeeWei(), fees), `nonce ${call.nonce}`)
      call.unsent = true
      return
    }
    const attempt = this.sign(call.row, fee)
    await keep(call, attempt)
    call.attempts.push(attempt)
  }

  async #sendAll(calls: readonly Call[]): Promise<boolean> {
    for (const call of calls) {
      if (!call.unsent || !call.isOutside || call.newest === undefined) continue
      const { verdict, detail } = await this.#options.link.send(call.newest)
      if (verdict === 'unknown') return false
      call.unsent = false
      if (verdict === 'accepted') call.step({ type: 'accepted' })
      else if (verdict === 'underpriced') call.step({ type: 'underpriced' })
      else if (verdict === 'nonce-used') await this.#noteUsed(call)
      else this.#noteRefused(call, verdict, detail)
    }
    return true
  }

  /**
   * The nonce is taken: by our own bytes in a block we have not seen yet, or by somebody else. Time will
   * tell.
   */
  async #noteUsed(call: Call): Promise<void> {
    const { link, signer } = this.#options
    const used = await link.usedNonces(signer.account)
    if (used > call.nonce) call.usedAt ??= await link.latest()
  }

  #noteRefused(call: Call, verdict: string, detail: string): void {
    const told = call.state === 'rejected'
    call.step({ type: 'refused', error: verdict })
    if (!told) this.#options.onFault(callRefused(call, verdict, detail), `nonce ${call.nonce}`)
  }
}

/** Whether a noted block is deep enough to be asked about finality. */
export const isDeep = (ref: BlockRef, head: number, blocks: number): boolean =>
  head - ref.number + 1 >= blocks
