import { Fault } from '../../protocols/rules/fault.ts'
import { bloomOf } from './bloom.ts'
import type { Header, Receipt } from './replies.ts'

/** A block by number and hash: the hash alone says which of two at the same height is meant. */
export interface BlockRef {
  readonly number: number
  readonly hash: string
}

/** A log with where it stands. All hex is lower case. */
export interface ChainLog {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
  readonly logIndex: number
  readonly transactionHash: string
  readonly block: BlockRef
  readonly timestampMs: number
}

/** A block with all its receipts, indexed once for every proxy of the process, when one asks. */
export interface ChainBlock extends BlockRef {
  readonly parentHash: string
  readonly timestampMs: number
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Wei a unit of gas. */
  readonly baseFeeWei: bigint
  readonly miner: string
  readonly receipts: readonly Receipt[]
  receiptOf(transactionHash: string): Receipt | undefined
  logsOf(address: string): readonly ChainLog[]
}

const NO_LOGS: readonly ChainLog[] = []

/** Throws `untrusted-rpc` when the receipts or their logs are not those of the block. */
export function makeBlock(header: Header, receipts: readonly Receipt[]): ChainBlock {
  checkReceipts(header, receipts)
  const block = { number: header.number, hash: header.hash }
  const timestampMs = header.timestamp * 1000
  let byHash: ReadonlyMap<string, Receipt> | undefined
  let byAddress: ReadonlyMap<string, readonly ChainLog[]> | undefined
  return {
    ...block,
    parentHash: header.parentHash,
    timestampMs,
    gasLimit: header.gasLimit,
    gasUsed: header.gasUsed,
    baseFeeWei: header.baseFeePerGas,
    miner: header.miner,
    receipts,
    receiptOf: (hash) => {
      byHash ??= new Map(receipts.map((receipt) => [receipt.transactionHash, receipt]))
      return byHash.get(hash)
    },
    logsOf: (address) => {
      byAddress ??= logsByAddress(receipts, block, timestampMs)
      return byAddress.get(address) ?? NO_LOGS
    },
  }
}

function logsByAddress(
  receipts: readonly Receipt[],
  block: BlockRef,
  timestampMs: number,
): ReadonlyMap<string, readonly ChainLog[]> {
  const byAddress = new Map<string, ChainLog[]>()
  for (const { transactionHash, logs } of receipts) {
    for (const log of logs) {
      const placed = { ...log, transactionHash, block, timestampMs }
      const there = byAddress.get(log.address)
      if (there === undefined) byAddress.set(log.address, [placed])
      else there.push(placed)
    }
  }
  return byAddress
}

function checkReceipts(header: Header, receipts: readonly Receipt[]): void {
  const wrong = receipts.find(
    (receipt, index) =>
      receipt.blockHash !== header.hash || receipt.transactionHash !== header.transactions[index],
  )
  const isWhole = wrong === undefined && receipts.length === header.transactions.length
  const logs = receipts.flatMap((receipt) => receipt.logs)
  if (isWhole && (header.logsBloom === undefined || bloomOf(logs) === header.logsBloom)) return
  throw new Fault(
    'untrusted-rpc',
    `block ${header.number}: the node’s receipts are not those of the block, or logs are missing`,
    { block: header.number, hash: header.hash, receipts: receipts.length },
  )
}
