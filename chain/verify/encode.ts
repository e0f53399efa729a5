import { RLP, type Input } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { cannotRead } from './rpc.ts'
import type { WireHeader, WireReceipt, WireTransaction } from './wire.ts'

/** Bytes of 0x-prefixed hexadecimal. */
export const bytesOf = (hex: string): Uint8Array => hexToBytes(hex.slice(2))
/** 0x-prefixed lower-case hexadecimal of bytes. */
export const hexOf = (bytes: Uint8Array): string => `0x${bytesToHex(bytes)}`
/** Keccak-256 as 0x-prefixed hexadecimal. */
export const keccakHex = (bytes: Uint8Array): string => hexOf(keccak_256(bytes))

/** The fields of a header in the order of the yellow paper (§4.3); later forks append, they never insert. */
export function headerFields(header: WireHeader): Input[] {
  const fields: Input[] = [
    bytesOf(header.parentHash),
    bytesOf(header.sha3Uncles),
    bytesOf(header.miner),
    bytesOf(header.stateRoot),
    bytesOf(header.transactionsRoot),
    bytesOf(header.receiptsRoot),
    bytesOf(header.logsBloom),
    header.difficulty,
    header.number,
    header.gasLimit,
    header.gasUsed,
    header.timestamp,
    bytesOf(header.extraData),
    bytesOf(header.mixHash),
    bytesOf(header.nonce),
  ]
  const later = [header.baseFeePerGas, hashField(header.withdrawalsRoot), header.blobGasUsed]
  later.push(header.excessBlobGas, hashField(header.parentBeaconBlockRoot), hashField(header.requestsHash))
  return [...fields, ...later.filter((field) => field !== undefined && field !== null)]
}

const hashField = (hex: string | null | undefined): bigint | Uint8Array | undefined =>
  hex === null || hex === undefined ? undefined : bytesOf(hex)

/** The hash of a block: Keccak-256 of the RLP of its header. */
export function headerHash(header: WireHeader): string {
  return keccakHex(RLP.encode(headerFields(header)))
}

/** A receipt as the receipts trie holds it: type byte (EIP-2718) before the RLP, none for a legacy one. */
export function encodeReceipt(receipt: WireReceipt): Uint8Array {
  const logs = receipt.logs.map((log) => [bytesOf(log.address), log.topics.map(bytesOf), bytesOf(log.data)])
  const fields = [receipt.status, receipt.cumulativeGasUsed, bytesOf(receipt.logsBloom), logs]
  return typed(receipt.type, RLP.encode(fields))
}

/** A signed transaction as the transactions trie holds it; its Keccak-256 is the transaction's hash. */
export function encodeTransaction(transaction: WireTransaction): Uint8Array {
  const { v, r, s } = transaction
  return typed(transaction.type, RLP.encode([...unsignedFields(transaction), v, r, s]))
}

/** What the sender signed: EIP-155 for legacy transactions, the unsigned typed payload for later ones. */
export function signedHash(transaction: WireTransaction): Uint8Array {
  const fields = unsignedFields(transaction)
  if (transaction.type !== 0n) return keccak_256(typed(transaction.type, RLP.encode(fields)))
  const { v } = transaction
  return keccak_256(RLP.encode(v < 35n ? fields : [...fields, (v - 35n) / 2n, 0n, 0n]))
}

/** 0 or 1: which of the two points with this x the signature means. */
export function yParity(transaction: WireTransaction): number {
  const { type, v } = transaction
  if (type !== 0n) return Number(v & 1n)
  return Number(v < 35n ? v - 27n : (v - 35n) & 1n)
}

function unsignedFields(transaction: WireTransaction): Input[] {
  const { nonce, gas, value } = transaction
  const to =
    transaction.to === null || transaction.to === undefined ? new Uint8Array() : bytesOf(transaction.to)
  const input = bytesOf(transaction.input)
  const chainId = transaction.chainId ?? 0n
  const list = (transaction.accessList ?? []).map((entry) => [
    bytesOf(entry.address),
    entry.storageKeys.map(bytesOf),
  ])
  const gasPrice = transaction.gasPrice ?? 0n
  if (transaction.type === 0n) return [nonce, gasPrice, gas, to, value, input]
  if (transaction.type === 1n) return [chainId, nonce, gasPrice, gas, to, value, input, list]
  if (transaction.type !== 2n) {
    throw cannotRead(
      `transaction ${transaction.hash} has type ${transaction.type}`,
      'verify knows types 0, 1 and 2',
    )
  }
  const { maxPriorityFeePerGas: tip = 0n, maxFeePerGas: most = 0n } = transaction
  return [chainId, nonce, tip, most, gas, to, value, input, list]
}

const typed = (type: bigint, payload: Uint8Array): Uint8Array =>
  type === 0n ? payload : concatBytes(Uint8Array.of(Number(type)), payload)
