import { bytesToHex } from '@noble/hashes/utils.js'
import { decodePoint, encodePoint, keyId, type Point } from './group.ts'
import { withTable } from './multiply-secret.ts'

/** A public key made ready for many envelopes. */
export interface PreparedRecipient {
  readonly point: Point
  readonly bytes: Uint8Array
  readonly id: string
}

/** Tables kept: the keys of a few epochs and of a few delegatees; each takes about 2 MB. */
export const TABLES_MAX = 16

const prepared = new Map<string, PreparedRecipient>()

/**
 * Checks a public key and builds its table, once in a process for each key: call it when idle, at the start
 * of an epoch. Throws `bad-point`.
 */
export function prepareRecipient(bytes: Uint8Array): PreparedRecipient {
  const name = bytesToHex(bytes)
  const known = prepared.get(name)
  if (known !== undefined) return known
  const recipient = plainRecipient(bytes)
  withTable(recipient.point)
  const oldest = prepared.keys().next()
  if (prepared.size >= TABLES_MAX && oldest.done !== true) prepared.delete(oldest.value)
  prepared.set(name, recipient)
  return recipient
}

/** The same without a table: for a key that is used once or twice, such as an alarm's. Throws `bad-point`. */
export function plainRecipient(bytes: Uint8Array): PreparedRecipient {
  const point = decodePoint(bytes, 'recipient')
  return { point, bytes: encodePoint(point), id: keyId(point) }
}
