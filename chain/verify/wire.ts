import { z } from 'zod'
import { cannotRead } from './rpc.ts'

/** The shapes in which a node serves blocks, transactions, receipts and logs; anything else is refused. */
const quantity = z
  .string()
  .regex(/^0x[0-9a-f]{1,64}$/i)
  .transform(BigInt)
const lower = (text: string) => text.toLowerCase()
const data = z
  .string()
  .regex(/^0x([0-9a-f]{2})*$/i)
  .transform(lower)
const word = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/i)
  .transform(lower)
const address = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/i)
  .transform(lower)

const accessList = z.array(z.object({ address, storageKeys: z.array(word) }))

const transaction = z.object({
  type: quantity.default(0n),
  hash: word,
  from: address,
  to: address.nullish(),
  nonce: quantity,
  gas: quantity,
  gasPrice: quantity.optional(),
  maxFeePerGas: quantity.optional(),
  maxPriorityFeePerGas: quantity.optional(),
  value: quantity,
  input: data,
  chainId: quantity.nullish(),
  accessList: accessList.nullish(),
  v: quantity,
  r: quantity,
  s: quantity,
})
/** A transaction as a node serves it inside a block. */
export type WireTransaction = z.output<typeof transaction>

const header = z.object({
  number: quantity,
  hash: word,
  parentHash: word,
  sha3Uncles: word,
  miner: address,
  stateRoot: word,
  transactionsRoot: word,
  receiptsRoot: word,
  logsBloom: data,
  difficulty: quantity,
  gasLimit: quantity,
  gasUsed: quantity,
  timestamp: quantity,
  extraData: data,
  mixHash: word,
  nonce: data,
  baseFeePerGas: quantity.nullish(),
  withdrawalsRoot: word.nullish(),
  blobGasUsed: quantity.nullish(),
  excessBlobGas: quantity.nullish(),
  parentBeaconBlockRoot: word.nullish(),
  requestsHash: word.nullish(),
})
/** A block header as a node serves it. */
export type WireHeader = z.output<typeof header>

const block = header.extend({ transactions: z.array(transaction) })
/** A block with its whole transactions. */
export type WireBlock = z.output<typeof block>

const log = z.object({ address, topics: z.array(word).max(4), data })

const receipt = z.object({
  type: quantity.default(0n),
  status: quantity,
  cumulativeGasUsed: quantity,
  logsBloom: data,
  logs: z.array(log),
  transactionHash: word,
})
/** A receipt; what its block's header does not commit to is not even read. */
export type WireReceipt = z.output<typeof receipt>

const placedLog = log.extend({
  blockNumber: quantity,
  blockHash: word,
  transactionHash: word,
  transactionIndex: quantity,
  logIndex: quantity,
})
/** A log as eth_getLogs answers it, with its place. */
export type WirePlacedLog = z.output<typeof placedLog>

const accountProof = z.object({
  balance: quantity,
  nonce: quantity,
  codeHash: word,
  storageHash: word,
  accountProof: z.array(data),
})
/** An account with the proof of its place in the state (EIP-1186). */
export type WireAccountProof = z.output<typeof accountProof>

const reader =
  <T>(what: string, schema: z.ZodType<T>) =>
  (value: unknown): T => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]
    const field = issue === undefined ? '' : issue.path.join('.')
    const why = issue?.message ?? 'unknown shape'
    throw cannotRead(`the node served no ${what} (${field || 'reply'}: ${why})`, 'ask another node')
  }

export const readQuantity = reader('number', quantity)
export const readData = reader('bytes', data)
export const readHeader = reader('block header', header)
export const readBlock = reader('block', block)
export const readReceipts = reader('list of receipts', z.array(receipt))
export const readLogs = reader('list of logs', z.array(placedLog))
export const readAccountProof = reader('account proof', accountProof)
