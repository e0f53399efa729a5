import { z } from 'zod'

/** Hex text of whole bytes, lower case. */
const bytes = (length?: number): z.ZodType<string> => {
  const pattern =
    length === undefined ? /^0x(?:[0-9a-f]{2})*$/iu : new RegExp(`^0x[0-9a-f]{${length * 2}}$`, 'iu')
  return z
    .string()
    .regex(pattern)
    .transform((text) => text.toLowerCase())
}

export const hashReply = bytes(32)
const address = bytes(20)
export const bytesReply = bytes()

/** A hex quantity that fits a safe integer. */
export const numberReply = z
  .string()
  .regex(/^0x[0-9a-f]{1,14}$/iu)
  .transform(Number)
  .pipe(z.number().max(Number.MAX_SAFE_INTEGER))

/** A hex quantity of any size up to 256 bits. */
export const bigReply = z
  .string()
  .regex(/^0x[0-9a-f]{1,64}$/iu)
  .transform((text) => BigInt(text))

export const headerReply = z.object({
  number: numberReply,
  hash: hashReply,
  parentHash: hashReply,
  timestamp: numberReply,
  gasLimit: bigReply,
  gasUsed: bigReply,
  miner: address.default('0x0000000000000000000000000000000000000000'),
  baseFeePerGas: bigReply.default(0n),
  transactions: z.array(hashReply),
  /** Blocks of an archive have none. */
  logsBloom: bytes(256).optional(),
})
export type Header = z.infer<typeof headerReply>

const logReply = z.object({
  address,
  topics: z.array(hashReply).max(4),
  data: bytes(),
  logIndex: numberReply,
})

export const receiptReply = z.object({
  transactionHash: hashReply,
  transactionIndex: numberReply,
  blockHash: hashReply,
  blockNumber: numberReply,
  from: address,
  to: address.nullable(),
  status: numberReply,
  gasUsed: bigReply,
  effectiveGasPrice: bigReply.default(0n),
  logs: z.array(logReply),
})
export type Receipt = z.infer<typeof receiptReply>
export const receiptsReply = z.array(receiptReply)

export const maybeHeaderReply = headerReply.nullable()
export const maybeReceiptsReply = receiptsReply.nullable()
