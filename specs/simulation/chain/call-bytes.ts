import { createHash, hash as hashOf } from 'node:crypto'
import type { ContractCall } from '../contracts/call.ts'

const TEXT = new TextEncoder()
const WORDS = new TextDecoder()
const ADDRESS_BYTES = 20
const SUBMIT = 1
const OTHER = 2

const hexOf = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`

/** 32 bytes that stand for these, as a hash does. */
export const digestOf = (...parts: readonly (string | Uint8Array)[]): string => {
  const [first] = parts
  // In one go it costs half.
  if (parts.length === 1 && first !== undefined) return `0x${hashOf('sha256', first, 'hex')}`
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return `0x${hash.digest('hex')}`
}

/** The calldata of the simulated chain: the very records of a submission, and all else as plain text. */
export function encodeCall(call: ContractCall): Uint8Array {
  if (call.contract === 'monitoring' && call.name === 'submit') {
    const bytes = new Uint8Array(1 + ADDRESS_BYTES + call.records.length)
    bytes[0] = SUBMIT
    bytes.set(Buffer.from(call.recipient.slice(2), 'hex'), 1)
    bytes.set(call.records, 1 + ADDRESS_BYTES)
    return bytes
  }
  const text = TEXT.encode(JSON.stringify(call))
  const bytes = new Uint8Array(1 + text.length)
  bytes[0] = OTHER
  bytes.set(text, 1)
  return bytes
}

/** What `encodeCall` wrote; nothing else writes calldata here. Undefined for a plain payment. */
export function decodeCall(bytes: Uint8Array): ContractCall | undefined {
  if (bytes[0] === SUBMIT) {
    const recipient = hexOf(bytes.subarray(1, 1 + ADDRESS_BYTES))
    return { contract: 'monitoring', name: 'submit', recipient, records: bytes.subarray(1 + ADDRESS_BYTES) }
  }
  return bytes[0] === OTHER ? (JSON.parse(WORDS.decode(bytes.subarray(1))) as ContractCall) : undefined
}
