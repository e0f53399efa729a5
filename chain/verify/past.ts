import { Transaction } from 'ethers'
import { signedBlocks, type SignedBlock, type SignedReceipt } from '../archive/history.ts'
import { knownArchives, lineage, type KnownArchive } from '../archive/places.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import type { ChainLog, ChainTransaction } from './blocks.ts'
import type { Findings } from './report.ts'
import { cannotRead } from './rpc.ts'
import type { WireTransaction } from './wire.ts'

/** What was before a chain that was begun anew, as its archives have it. */
export interface Past {
  /** Hash of the first block of the community's first chain. */
  readonly origin: string
  /** Height of the newest archived block: the node's own chain counts on from it. */
  readonly base: number
  /** Account whose signature the archives carry. */
  readonly community: string
  readonly transactions: readonly ChainTransaction[]
  /** Hash of an archived block, if it is one. */
  hashAt(height: number): string | undefined
}

/**
 * Reads the archives that a chain with this first block follows from: each line, each signature, and who
 * signed each transaction. Null on a community's first chain. Faults: those of archives, `cannot-read`.
 */
export async function readPast(
  folder: string | null,
  first: string,
  origin: string | null,
  contracts: ReadonlySet<string>,
  findings: Findings,
): Promise<Past | null> {
  if (folder === null || first === origin) return null
  const known = await knownArchives(folder).catch((thrown: unknown) => {
    throw cannotRead(`${folder}: ${messageOf(thrown)}`, 'take whole archives from the manager')
  })
  const newest = known.find(({ next }) => next === first)
  if (newest === undefined) return null
  const line = lineage(known, origin ?? newest.statement.origin, first)
  if (line === null) return null
  return gathered(line, newest, contracts, findings)
}

async function gathered(
  line: readonly KnownArchive[],
  newest: KnownArchive,
  contracts: ReadonlySet<string>,
  findings: Findings,
): Promise<Past> {
  const transactions: ChainTransaction[] = []
  const hashes = new Map<number, string>()
  for (const { folder, statement } of line) {
    if (statement.community !== newest.statement.community) {
      findings.chain('archive', folder, `${folder} is signed by another account than the archive after it`)
    }
    for await (const block of signedBlocks(folder, statement)) {
      hashes.set(block.height, block.hash)
      transactions.push(...sentIn(block, contracts, findings))
    }
  }
  const { origin, block, community } = newest.statement
  return { origin, base: block.height, community, transactions, hashAt: (height) => hashes.get(height) }
}

function sentIn(block: SignedBlock, contracts: ReadonlySet<string>, findings: Findings): ChainTransaction[] {
  return block.receipts.flatMap((receipt): ChainTransaction[] => {
    const logs = placed(block, receipt)
    const isCalled = receipt.to !== null && contracts.has(receipt.to.toLowerCase())
    if (!isCalled && !logs.some(({ address }) => contracts.has(address))) return []
    const transaction = transactionOf(receipt)
    if (transaction === null) {
      const place = `transaction ${receipt.transactionHash} of block ${block.height}`
      findings.chain('archive', place, `${place} is not the one that its sender signed`)
      return []
    }
    const succeeded = receipt.status === '0x1'
    return [{ block: block.height, timestamp: block.time, transaction, succeeded, logs }]
  })
}

function placed({ height, hash }: SignedBlock, receipt: SignedReceipt): ChainLog[] {
  const { transactionHash, transactionIndex } = receipt
  return receipt.logs.map((log) => ({
    address: log.address.toLowerCase(),
    topics: log.topics,
    data: log.data,
    block: height,
    blockHash: hash,
    transactionHash,
    transactionIndex: Number(transactionIndex),
    logIndex: Number(log.logIndex),
  }))
}

/** The transaction, with the account that its signature shows; null when it is not the one of the receipt. */
function transactionOf({ raw, transactionHash, from }: SignedReceipt): WireTransaction | null {
  try {
    const read = Transaction.from(raw)
    const sender = read.from?.toLowerCase()
    const { signature } = read
    if (read.hash !== transactionHash || sender !== from.toLowerCase() || signature === null) return null
    return {
      type: BigInt(read.type ?? 0),
      hash: transactionHash,
      from: sender,
      to: read.to?.toLowerCase() ?? null,
      nonce: BigInt(read.nonce),
      gas: read.gasLimit,
      value: read.value,
      input: read.data,
      chainId: read.chainId,
      v: BigInt(signature.v),
      r: BigInt(signature.r),
      s: BigInt(signature.s),
    }
  } catch {
    return null
  }
}
