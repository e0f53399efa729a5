import type { Header, Receipt } from '../../../chain/proxy/replies.ts'

/** A block as a node says it: hex text that the product's own schemas read. */
export interface BlockReplies {
  readonly header: object
  readonly receipts: readonly object[]
}

export const quantity = (number: number | bigint): string => `0x${number.toString(16)}`

function receiptReply(receipt: Receipt): object {
  const { transactionIndex, blockNumber, status, gasUsed, effectiveGasPrice } = receipt
  return {
    ...receipt,
    transactionIndex: quantity(transactionIndex),
    blockNumber: quantity(blockNumber),
    status: quantity(status),
    gasUsed: quantity(gasUsed),
    effectiveGasPrice: quantity(effectiveGasPrice),
  }
}

export function repliesOf(header: Header, receipts: readonly Receipt[]): BlockReplies {
  const { number, timestamp, gasLimit, gasUsed, baseFeePerGas } = header
  return {
    header: {
      ...header,
      number: quantity(number),
      timestamp: quantity(timestamp),
      gasLimit: quantity(gasLimit),
      gasUsed: quantity(gasUsed),
      baseFeePerGas: quantity(baseFeePerGas),
    },
    receipts: receipts.map(receiptReply),
  }
}
