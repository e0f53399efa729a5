import { hash as hashOf } from 'node:crypto'
import { decodeEssential, encodeEssential } from '../../protocols/messages/essential.ts'
import { ENVELOPE_BYTES, PAYLOAD_BYTES } from '../../protocols/messages/record.ts'
import type { EssentialData } from '../../protocols/rules/reading.ts'

/*
 * A stand-in for the envelopes, at their port: a real reading costs 3 ms on the curve. It has the widths
 * of the
 * real one, opens only for who holds the key, and only where its binding is the same; a commitment shows its
 * number. What envelopes must withstand is tried in specs/crypto.
 */

const HEAD = 33
const BODY = 64
const TAG = 16
const POINT = 33
const KEY_HEX = 40
export const SECRET_HEX = 64

/** What binds an envelope to its place. */
export interface Binding {
  readonly sender: string
  readonly epoch: number
  readonly slot: number
  readonly delegation: number
}

const hash = (what: string, of: string, ...more: readonly Uint8Array[]): Buffer =>
  hashOf('sha512', Buffer.concat([Buffer.from(`${what}|${of}`, 'latin1'), ...more]), 'buffer')

const bound = (keyId: string, { sender, epoch, slot, delegation }: Binding): string =>
  `${keyId}|${sender}|${epoch}|${slot}|${delegation}`

/** The secret half of a key by what it is for: nobody says it in the clear (I6). */
export const secretOf = (name: string): string => hash('secret', name).toString('hex').slice(0, SECRET_HEX)

/** The half of a key that everybody may know: 20 bytes, as the ids of real keys. */
const publicOf = (secret: string): string => `0x${hash('key', secret).toString('hex').slice(0, KEY_HEX)}`
export const keyIdOf = (name: string): string => publicOf(secretOf(name))

/** The keys that a gateway can open with: only who has a secret can add its key. */
export class KeyRing {
  readonly #held = new Set<string>()

  /** Gives the key's public half. */
  add(secret: string): string {
    const keyId = publicOf(secret)
    this.#held.add(keyId)
    return keyId
  }

  drop(keyId: string): void {
    this.#held.delete(keyId)
  }

  holds(keyId: string): boolean {
    return this.#held.has(keyId)
  }
}

function masked(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  const made = new Uint8Array(bytes.length)
  for (let i = 0; i < bytes.length; i += 1) made[i] = (bytes[i] ?? 0) ^ (mask[i % mask.length] ?? 0)
  return made
}

/** Envelope and points of a reading, sealed to a key. */
export function sealEssential(keyId: string, binding: Binding, essential: EssentialData): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_BYTES)
  const place = bound(keyId, binding)
  const plain = encodeEssential(essential)
  payload.set(Buffer.from(keyId.slice(2), 'hex'), 0)
  payload.set(masked(plain, hash('mask', place)), HEAD)
  payload.set(hash('tag', place, plain).subarray(0, TAG), HEAD + BODY)
  const { energyImportWh, energyExportWh, waterMl, peakPowerW } = essential
  const view = new DataView(payload.buffer)
  ;[energyImportWh, energyExportWh, waterMl, peakPowerW].forEach((value, index) => {
    view.setBigUint64(ENVELOPE_BYTES + (index + 1) * POINT - 8, BigInt(value))
  })
  return payload
}

/** The numbers that the stand-ins of the four points commit to. */
export function shownBy(payload: Uint8Array): readonly number[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  return [0, 1, 2, 3].map((index) => Number(view.getBigUint64(ENVELOPE_BYTES + (index + 1) * POINT - 8)))
}

/** Opens a reading; null for who does not hold its key, or where it does not belong. */
export function openEssential(ring: KeyRing, binding: Binding, payload: Uint8Array): EssentialData | null {
  const keyId = `0x${Buffer.from(payload.subarray(0, 20)).toString('hex')}`
  if (!ring.holds(keyId)) return null
  const place = bound(keyId, binding)
  const plain = masked(payload.subarray(HEAD, HEAD + BODY), hash('mask', place))
  const tag = hash('tag', place, plain).subarray(0, TAG)
  if (!tag.equals(payload.subarray(HEAD + BODY, HEAD + BODY + TAG))) return null
  return decodeEssential(plain)
}

/** Any bytes sealed to a key: alarms, and what is said in confidence. */
export function sealBytes(keyId: string, binding: Binding, plain: Uint8Array): string {
  const place = bound(keyId, binding)
  const tag = hash('tag', place, plain).subarray(0, TAG)
  return `${keyId}${Buffer.from(masked(plain, hash('mask', place))).toString('hex')}${tag.toString('hex')}`
}

export function openBytes(ring: KeyRing, binding: Binding, sealed: string): Uint8Array | null {
  const keyId = sealed.slice(0, 2 + KEY_HEX)
  if (!ring.holds(keyId)) return null
  const place = bound(keyId, binding)
  const rest = Buffer.from(sealed.slice(2 + KEY_HEX), 'hex')
  const plain = masked(rest.subarray(0, -TAG), hash('mask', place))
  return hash('tag', place, plain).subarray(0, TAG).equals(rest.subarray(-TAG)) ? plain : null
}
