import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Ipc } from '../network/geth/ipc.ts'
import { encodeTransaction, hexOf } from '../verify/encode.ts'
import { readBlock, type WireTransaction } from '../verify/wire.ts'
import { archiveFault } from './fault.ts'
import { checkedEntries, type Entry } from './lines.ts'
import { HISTORY_FILE, type Statement } from './statement.ts'

const text = z.string()
const logSchema = z.object({ address: text, topics: z.array(text), data: text, logIndex: text })
const receiptSchema = z.object({
  transactionHash: text,
  transactionIndex: text,
  from: text,
  to: text.nullable(),
  status: text,
  gasUsed: text,
  effectiveGasPrice: text.default('0x0'),
  logs: z.array(logSchema),
})
/** A receipt in the form in which nodes serve it, without what its block says already. */
export type ArchivedReceipt = z.infer<typeof receiptSchema>

const blockSchema = z.object({
  hash: text,
  /** Seconds. */
  time: z.number(),
  /** Given where the entry before is not the parent. */
  parent: text.optional(),
  head: z.object({ gasUsed: text, miner: text, baseFeePerGas: text }).optional(),
  receipts: z.array(receiptSchema).default([]),
})

/** A block of the past: what its transactions did, not how. */
export interface ArchivedBlock extends z.infer<typeof blockSchema> {
  readonly height: number
  readonly parent: string
}

const quantity = z.string().transform(Number)
const headerReply = z.object({
  number: quantity,
  hash: text,
  parentHash: text,
  timestamp: quantity,
  gasUsed: text,
  miner: text,
  baseFeePerGas: text.default('0x0'),
})

const at = (number: number): string => `0x${number.toString(16)}`

/** The entries of blocks `first` to `last` of a node's chain; `parent` is what stands before the first. */
export async function* blockEntries(
  ipc: Ipc,
  first: number,
  last: number,
  parent: string,
): AsyncGenerator<Entry> {
  for (let number = first; number <= last; number += 1) {
    const served = await ipc.ask('eth_getBlockByNumber', [at(number), true], z.unknown())
    const header = headerReply.parse(served)
    const { transactions } = readBlock(served)
    const before = number === first ? { parent } : {}
    const block = { hash: header.hash, time: header.timestamp, ...before }
    if (transactions.length === 0) {
      yield block
      continue
    }
    const answer = await ipc.ask('eth_getBlockReceipts', [header.hash], z.array(receiptSchema))
    // As their senders signed them: what a home said must be known to be the home's for ever.
    const receipts = answer.map((receipt, index) => ({ ...receipt, raw: rawOf(transactions[index]) }))
    const { gasUsed, miner, baseFeePerGas } = header
    yield { ...block, head: { gasUsed, miner, baseFeePerGas }, receipts }
  }
}

const rawOf = (transaction: WireTransaction | undefined): string =>
  transaction === undefined ? '0x' : hexOf(encodeTransaction(transaction))

/** Height of the first block of an archive's history. */
export const firstHeight = ({ block, history }: Statement): number => block.height - history.entries + 1

const signedReceipt = receiptSchema.extend({ raw: text })
const signedBlock = blockSchema.extend({ receipts: z.array(signedReceipt).default([]) })
/** A receipt with the transaction as its sender signed it, in hex. */
export type SignedReceipt = z.infer<typeof signedReceipt>
/** A block of the past with its transactions. */
export interface SignedBlock extends z.infer<typeof signedBlock> {
  readonly height: number
}

/** … with their transactions, which only a verifier needs. */
export async function* signedBlocks(folder: string, statement: Statement): AsyncGenerator<SignedBlock> {
  const path = join(folder, HISTORY_FILE)
  let height = firstHeight(statement)
  for await (const entry of checkedEntries(path, 'history', statement.history)) {
    const block = signedBlock.safeParse(entry)
    if (!block.success) throw archiveFault('archive-edited', `${path}: has no signed transactions`, { path })
    yield { ...block.data, height }
    height += 1
  }
}

/** The blocks of an archive, oldest first, checked. Faults as of `checkedEntries`. */
export async function* archivedBlocks(folder: string, statement: Statement): AsyncGenerator<ArchivedBlock> {
  const path = join(folder, HISTORY_FILE)
  let height = firstHeight(statement)
  let parent = ''
  for await (const entry of checkedEntries(path, 'history', statement.history)) {
    const block = blockSchema.safeParse(entry)
    if (!block.success)
      throw archiveFault('archive-edited', `${path}: holds a line that is no block`, { path })
    yield { ...block.data, height, parent: block.data.parent ?? parent }
    parent = block.data.hash
    height += 1
  }
}

/** Blocks of the past in memory, as a gateway asks for them. */
export class History {
  readonly #byHeight = new Map<number, ArchivedBlock>()
  readonly #byHash = new Map<string, ArchivedBlock>()
  readonly #byTransaction = new Map<string, ArchivedBlock>()

  static async load(archives: readonly { folder: string; statement: Statement }[]): Promise<History> {
    const history = new History()
    for (const { folder, statement } of archives) {
      // What is older than any gateway needs may be kept elsewhere.
      if (!existsSync(join(folder, HISTORY_FILE))) continue
      for await (const block of archivedBlocks(folder, statement)) history.#keep(block)
    }
    return history
  }

  #keep(block: ArchivedBlock): void {
    this.#byHeight.set(block.height, block)
    this.#byHash.set(block.hash, block)
    for (const { transactionHash } of block.receipts) this.#byTransaction.set(transactionHash, block)
  }

  at(height: number): ArchivedBlock | undefined {
    return this.#byHeight.get(height)
  }

  hashed(hash: string): ArchivedBlock | undefined {
    return this.#byHash.get(hash)
  }

  /** The block that holds a transaction. */
  holding(transactionHash: string): ArchivedBlock | undefined {
    return this.#byTransaction.get(transactionHash)
  }
}

/** A block in the form in which nodes serve it. */
export function servedHeader(
  { height, hash, parent, time, head, receipts }: ArchivedBlock,
  gasLimit: string,
) {
  return {
    number: at(height),
    hash,
    parentHash: parent,
    timestamp: at(time),
    gasLimit,
    gasUsed: head?.gasUsed ?? '0x0',
    miner: head?.miner ?? `0x${'00'.repeat(20)}`,
    baseFeePerGas: head?.baseFeePerGas ?? '0x0',
    transactions: receipts.map(({ transactionHash }) => transactionHash),
    // Of the past it matters no more how its blocks were sealed.
    ...{ difficulty: '0x2', nonce: `0x${'00'.repeat(8)}`, extraData: '0x' },
  }
}

/** The receipts of a block in the form in which nodes serve them. */
export function servedReceipts({ height, hash, receipts }: ArchivedBlock) {
  return receipts.map((receipt) => {
    const place = { blockHash: hash, blockNumber: at(height) }
    const { transactionHash, transactionIndex } = receipt
    const logs = receipt.logs.map((log) => {
      return { ...log, ...place, transactionHash, transactionIndex, removed: false }
    })
    return { ...receipt, ...place, logs }
  })
}
