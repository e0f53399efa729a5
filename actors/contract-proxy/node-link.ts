import type { Interface } from 'ethers'
import { z } from 'zod'
import type { BlockRef } from '../../chain/proxy/block.ts'
import type { ChainFeed } from '../../chain/proxy/feed.ts'
import { type Revert, revertOf, sendVerdict, type SendVerdict } from '../../chain/proxy/refusals.ts'
import {
  bytesReply,
  hashReply,
  headerReply,
  maybeHeaderReply,
  maybeReceiptsReply,
  numberReply,
  receiptReply,
  type Receipt,
} from '../../chain/proxy/replies.ts'
import type { Rpc } from '../../chain/proxy/rpc.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import type { Attempt, Call } from './call.ts'

/** A signed transaction is handed over within this time, or what became of it is unknown. */
const SEND_DEADLINE_MS = 5000

/** So far back is a call looked for whose nonce is used: more than a fork or an outage is long. */
const SEARCHED_BLOCKS = 600

/** A quarter more than the node's estimate: state moves between the estimate and the block. */
const GAS_MARGIN = { numerator: 5, denominator: 4 }

const quantity = (number: number | bigint): string => `0x${number.toString(16)}`

const hexOf = (bytes: Uint8Array): string =>
  `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`

/** A call as the node simulates it. */
export interface Trial {
  readonly from: string
  readonly target: string
  readonly data: Uint8Array
  readonly value: string
}

const asParams = ({ from, target, data, value }: Trial) => ({
  from,
  to: target,
  data: hexOf(data),
  value: quantity(BigInt(value)),
})

/** What the outbox asks of a node, in its own words. */
export interface NodeLink {
  send(attempt: Attempt): Promise<{ verdict: SendVerdict; detail: string }>
  /** Gas with its margin, or the revert that would come. Throws when the node is away. */
  estimate(trial: Trial): Promise<{ gas: number } | { revert: Revert }>
  /** Transactions of the account that the chain holds. */
  usedNonces(account: string): Promise<number>
  /** Why a call that is in this block was reverted. */
  reasonOf(trial: Trial, call: Call, receipt: Receipt): Promise<Revert>
  /** The receipt of whichever bytes of the call stand in a canonical block; undefined when none does. */
  receiptOf(call: Call): Promise<Receipt | undefined>
  /**
   * The same, from the blocks themselves: newest first, down from `last` as far as a call that still waits is
   * looked for. A node's index of transactions may lag behind its blocks, or lose some in a fork.
   */
  receiptAmong(call: Call, last: number): Promise<Receipt | undefined>
  holds(ref: BlockRef): Promise<boolean>
  /** The node's newest block. */
  latest(): Promise<BlockRef>
}

const maybeReceipt = receiptReply.nullable()
const anything = z.unknown()

/** The receipt of whichever of these transactions stands in a block, from `last` downwards. */
async function receiptAmong(
  rpc: Rpc,
  wanted: ReadonlySet<string>,
  last: number,
): Promise<Receipt | undefined> {
  for (let number = last; number >= 0 && number > last - SEARCHED_BLOCKS; number -= 1) {
    const block = await rpc.call('eth_getBlockByNumber', [quantity(number), false], maybeHeaderReply)
    const found = block?.transactions.find((hash) => wanted.has(hash))
    if (block === null || found === undefined) continue
    const receipts = await rpc.call('eth_getBlockReceipts', [block.hash], maybeReceiptsReply)
    return receipts?.find(({ transactionHash }) => transactionHash === found)
  }
  return undefined
}

/** The outbox's link to the node behind `feed`; `errors` are the ABIs whose errors are named. */
export function createNodeLink(feed: ChainFeed, errors: readonly Interface[]): NodeLink {
  const { rpc } = feed

  const revertAt = async (trial: Trial, gas: number, block: number): Promise<Revert | undefined> => {
    const params = { ...asParams(trial), gas: quantity(gas) }
    try {
      await rpc.call('eth_call', [params, quantity(block)], anything)
      return undefined
    } catch (thrown) {
      return revertOf(thrown, errors)
    }
  }

  return {
    holds: (ref) => feed.holds(ref),
    latest: async () => {
      const { number, hash } = await rpc.call('eth_getBlockByNumber', ['latest', false], headerReply)
      return { number, hash }
    },
    send: async ({ raw }) => {
      try {
        const options = { tries: 1, deadlineMs: SEND_DEADLINE_MS }
        await rpc.call('eth_sendRawTransaction', [hexOf(raw)], hashReply, options)
        return { verdict: 'accepted', detail: '' }
      } catch (thrown) {
        return { verdict: sendVerdict(thrown), detail: messageOf(thrown) }
      }
    },
    estimate: async (trial) => {
      try {
        const gas = await rpc.call('eth_estimateGas', [asParams(trial)], numberReply)
        return { gas: Math.ceil((gas * GAS_MARGIN.numerator) / GAS_MARGIN.denominator) }
      } catch (thrown) {
        const revert = revertOf(thrown, errors)
        if (revert === undefined) throw thrown
        return { revert }
      }
    },
    usedNonces: (account) => rpc.call('eth_getTransactionCount', [account, 'latest'], numberReply),
    reasonOf: async (trial, call, receipt) => {
      if (receipt.gasUsed >= BigInt(call.row.gas)) {
        return { error: 'out-of-gas', detail: `all of ${call.row.gas} gas used` }
      }
      try {
        // The state it met lies between these two; the one before comes closer when it was the block's first.
        const found =
          (await revertAt(trial, call.row.gas, receipt.blockNumber - 1)) ??
          (await revertAt(trial, call.row.gas, receipt.blockNumber))
        return found ?? { error: 'revert', detail: 'it does not revert when tried again' }
      } catch {
        return { error: 'revert', detail: 'the node did not tell why' }
      }
    },
    receiptOf: async (call) => {
      for (const { hash } of call.attempts) {
        const receipt = await rpc.call('eth_getTransactionReceipt', [hash], maybeReceipt)
        if (receipt === null) continue
        // Measured on a rewound Geth: receipts of blocks that it no longer has. A receipt alone proves
        // nothing.
        if (await feed.holds({ number: receipt.blockNumber, hash: receipt.blockHash })) return receipt
      }
      return undefined
    },
    receiptAmong: ({ attempts }, last) => receiptAmong(rpc, new Set(attempts.map(({ hash }) => hash)), last),
  }
}

/** Only for reading contracts: the bytes that a view function returns. */
export async function readContract(feed: ChainFeed, to: string, data: string): Promise<string> {
  return feed.rpc.call('eth_call', [{ to, data }, 'latest'], bytesReply)
}
