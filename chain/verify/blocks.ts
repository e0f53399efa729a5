import { keccak_256 } from '@noble/hashes/sha3.js'
import { getBytes, Interface } from 'ethers'
import { unpackRecords } from '../../protocols/messages/record.ts'
import { monitoringAbi } from '../bindings/monitoring.gen.ts'
import { encodeReceipt, encodeTransaction, headerHash, hexOf } from './encode.ts'
import type { FinalWatch } from './final.ts'
import type { Findings } from './report.ts'
import { inOrder, split, type RpcReader } from './rpc.ts'
import { createSealWatch, type SealWatch } from './seals.ts'
import { senderOf } from './sender.ts'
import { listRoot } from './trie.ts'
import { readBlock, readQuantity, readReceipts } from './wire.ts'
import type { WireBlock, WireReceipt, WireTransaction } from './wire.ts'

const monitoringFace = new Interface(monitoringAbi)

/** A log in its place, as the receipts tell it. */
export interface ChainLog {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
  readonly block: number
  readonly blockHash: string
  readonly transactionHash: string
  readonly transactionIndex: number
  readonly logIndex: number
}

/** A transaction that touched one of the contracts looked at, with its outcome. */
export interface ChainTransaction {
  readonly block: number
  /** Unix seconds of its block. */
  readonly timestamp: number
  readonly transaction: WireTransaction
  readonly succeeded: boolean
  readonly logs: readonly ChainLog[]
}

/** What a walk over the chain leaves: the head it ended at and the transactions of interest, in order. */
export interface ChainHistory {
  readonly head: WireBlock
  readonly firstHash: string
  readonly blocks: number
  readonly transactions: readonly ChainTransaction[]
}

/** Blocks asked for in one batch, each with its receipts. */
const BLOCKS_A_BATCH = 40
/** Batches read ahead, at once, while the ones before are being checked. */
const BATCHES_A_STRETCH = 3

/** A walk ends when it is this near to the node's head, or has followed it this often. */
const NEAR_BLOCKS = 16
const MOST_ROUNDS = 5

type Fetched = readonly [WireBlock, readonly WireReceipt[]]

/** Where a node's chain stands among those of its community, and who watches the walk. */
export interface Walk {
  /** The node's newest block. */
  readonly head: number
  /** Lower-case addresses. */
  readonly contracts: ReadonlySet<string>
  /** Height of the archived block that the node's chain goes on from; 0 on the first chain. */
  readonly base: number
  readonly final: FinalWatch
}

/**
 * Walks every block from the first to `head` and those that come meanwhile: hashes each header again, follows
 * parent links, recomputes the transactions and receipts roots, and recovers who signed each transaction that
 * touches the contracts.
 */
export async function walkChain(
  rpc: RpcReader,
  { head, contracts, base, final }: Walk,
  findings: Findings,
): Promise<ChainHistory> {
  const transactions: ChainTransaction[] = []
  const seals = createSealWatch()
  let firstHash: string | undefined
  let previous: WireBlock | undefined
  for await (const [block, receipts] of untilNear(rpc, head)) {
    checkHeader(block, previous, findings)
    checkSeal(block, seals, findings)
    await checkRoots(block, receipts, findings)
    transactions.push(...touching(block, receipts, { contracts, base }, findings))
    final.see(Number(block.number) + base, block.hash, seals.signers())
    firstHash ??= block.hash
    previous = block
  }
  if (previous === undefined || firstHash === undefined) throw new Error('a chain has at least one block')
  return { head: previous, firstHash, blocks: Number(previous.number) + base + 1, transactions }
}

/**
 * Yields block after block up to `head`, and then those that came in the meantime, until the node's head is
 * near: a node may keep the state of its newest blocks only, and the state is asked for at the last block
 * yielded.
 */
async function* untilNear(rpc: RpcReader, head: number): AsyncGenerator<Fetched> {
  let next = 0
  let last = head
  for (let rounds = 1; next <= last; rounds += 1) {
    yield* readAhead(rpc, next, last)
    next = last + 1
    const newest = await headOf(rpc)
    if (rounds < MOST_ROUNDS && newest - last > NEAR_BLOCKS) last = newest
  }
}

/** Number of the node's newest block. */
export async function headOf(rpc: RpcReader): Promise<number> {
  return Number(readQuantity(await rpc.call('eth_blockNumber', [])))
}

/** Yields blocks in order while the next stretch is already on its way. */
async function* readAhead(rpc: RpcReader, first: number, last: number): AsyncGenerator<Fetched> {
  const numbers = Array.from({ length: last + 1 - first }, (_, index) => first + index)
  const stretches = split(numbers, BLOCKS_A_BATCH * BATCHES_A_STRETCH)
  let coming = fetchBlocks(rpc, stretches[0] ?? [])
  for (const next of [...stretches.slice(1), []]) {
    const fetched = await coming
    coming = fetchBlocks(rpc, next)
    // A failure of the read-ahead is met when its turn comes, not as an unhandled rejection before.
    coming.catch(() => undefined)
    yield* fetched
  }
}

async function fetchBlocks(rpc: RpcReader, numbers: readonly number[]): Promise<Fetched[]> {
  const batches = await inOrder(split(numbers, BLOCKS_A_BATCH), BATCHES_A_STRETCH, async (part) => {
    const tags = part.map((number) => `0x${number.toString(16)}`)
    const blocks = tags.map((tag) => ({ method: 'eth_getBlockByNumber', params: [tag, true] }))
    const receipts = tags.map((tag) => ({ method: 'eth_getBlockReceipts', params: [tag] }))
    const answers = await rpc.all([...blocks, ...receipts])
    return part.map((_, index): Fetched => {
      return [readBlock(answers[index]), readReceipts(answers[index + part.length])]
    })
  })
  return batches.flat()
}

function checkHeader(block: WireBlock, previous: WireBlock | undefined, findings: Findings): void {
  const expected = previous === undefined ? 0n : previous.number + 1n
  if (block.number !== expected) {
    findings.chain(
      'parent-link',
      `number of block ${expected}`,
      `block ${expected} says that it is ${block.number}`,
    )
  }
  if (headerHash(block) !== block.hash) {
    const says = `block ${expected} does not hash to ${block.hash}: the node changed its header or its hash`
    findings.chain('header-hash', `header of block ${expected}`, says)
  }
  if (previous !== undefined && block.parentHash !== previous.hash) {
    const says = `block ${expected} names ${block.parentHash} as its parent, which is another block`
    findings.chain('parent-link', `parentHash of block ${expected}`, says)
  }
}

function checkSeal(block: WireBlock, seals: SealWatch, findings: Findings): void {
  const fault = seals.check(block)
  if (fault !== null)
    findings.chain('seal', `extraData of block ${block.number}`, `block ${block.number}: ${fault}`)
}

async function checkRoots(
  block: WireBlock,
  receipts: readonly WireReceipt[],
  findings: Findings,
): Promise<void> {
  const encoded = block.transactions.map(encodeTransaction)
  const place = `of block ${block.number}`
  const misnamed = block.transactions.findIndex((transaction, index) => {
    const bytes = encoded[index]
    return bytes === undefined || hexOf(keccak_256(bytes)) !== transaction.hash
  })
  if (misnamed >= 0 || (await listRoot(encoded)) !== block.transactionsRoot) {
    const says = `the transactions served for block ${block.number} are not those its header commits to`
    findings.chain('transactions-root', `transactionsRoot ${place}`, says)
  }
  if ((await listRoot(receipts.map(encodeReceipt))) !== block.receiptsRoot) {
    const says = `the receipts served for block ${block.number} are not those its header commits to`
    findings.chain('receipts-root', `receiptsRoot ${place}`, says)
  }
}

function touching(
  block: WireBlock,
  receipts: readonly WireReceipt[],
  { contracts, base }: Pick<Walk, 'contracts' | 'base'>,
  findings: Findings,
): ChainTransaction[] {
  const height = Number(block.number) + base
  const logs = placeLogs(block, receipts, height)
  const touched = block.transactions.flatMap((transaction, index): ChainTransaction[] => {
    const own = logs[index] ?? []
    const called = transaction.to !== null && transaction.to !== undefined && contracts.has(transaction.to)
    if (!called && !own.some((log) => contracts.has(log.address))) return []
    const succeeded = receipts[index]?.status === 1n
    const timestamp = Number(block.timestamp)
    return [{ block: height, timestamp, transaction, succeeded, logs: own }]
  })
  for (const { transaction } of touched) checkSender(transaction, findings)
  return touched
}

function placeLogs(block: WireBlock, receipts: readonly WireReceipt[], height: number): ChainLog[][] {
  let logIndex = 0
  return receipts.map((receipt, transactionIndex) =>
    receipt.logs.map((log) => ({
      ...log,
      block: height,
      blockHash: block.hash,
      transactionHash: block.transactions[transactionIndex]?.hash ?? receipt.transactionHash,
      transactionIndex,
      logIndex: logIndex++,
    })),
  )
}

function checkSender(transaction: WireTransaction, findings: Findings): void {
  if (senderOf(transaction) === transaction.from) return
  const says = `transaction ${transaction.hash} is served as sent by ${transaction.from}, who did not sign it`
  const slots = slotsOf(transaction.input)
  for (const slot of slots.length === 0 ? [null] : slots) {
    findings.home('transaction-sender', transaction.from, slot, 'from', says)
  }
}

/** The slots that a call of `submit` carries; none for any other call. */
function slotsOf(input: string): number[] {
  try {
    const call = monitoringFace.parseTransaction({ data: input })
    const records: unknown = call?.name === 'submit' ? call.args[1] : undefined
    return typeof records === 'string' ? unpackRecords(getBytes(records)).map(({ slot }) => slot) : []
  } catch {
    return []
  }
}
