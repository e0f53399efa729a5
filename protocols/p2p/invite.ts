import { sha256 } from '@noble/hashes/sha2.js'
import { multiaddr } from '@multiformats/multiaddr'
import { INVITE_CODE_MAX_BYTES, INVITE_CODE_MIN_BYTES } from '../messages/join.ts'
import { badField, Fault } from '../rules/fault.ts'
import { keyOfPeerId, PEER_KEY_BYTES, peerIdOfKey } from './peer-key.ts'
import { addressOfPeer } from './dialler.ts'

/** What a new home is given: whom to ask, where (mDNS finds it otherwise), and the secret code. */
export interface Invite {
  readonly gatewayPeerId: string
  /** Multiaddresses without the peer id; may be empty on a LAN. */
  readonly addresses: readonly string[]
  /** 16 to 32 secret random bytes, used once. */
  readonly code: Uint8Array
}

export const INVITE_PREFIX = 'mh1-'
/** An invite must fit in a QR code that a telephone reads, and be typed in the worst case. */
export const INVITE_ADDRESSES_MAX = 4
/**
 * Longest text: prefix, key, code, four addresses of up to 255 bytes and the checksum in base 32, dashes
 * aside.
 */
export const INVITE_TEXT_MAX = 2048

const CHECKSUM_BYTES = 4
/** RFC 4648 base 32 in lower case: no 0/o and 1/l to confuse. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** RFC 4648 base 32, lower case, no padding. */
export function toBase32(bytes: Uint8Array): string {
  let text = ''
  let buffer = 0
  let bits = 0
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET.charAt((buffer >>> bits) & 31)
    }
    buffer &= 31
  }
  return bits === 0 ? text : text + ALPHABET.charAt((buffer << (5 - bits)) & 31)
}

/** The inverse of `toBase32`. @throws Fault `invite-characters`, `invite-length` */
export function fromBase32(text: string): Uint8Array {
  const bytes: number[] = []
  let buffer = 0
  let bits = 0
  for (const [index, character] of Array.from(text).entries()) {
    const value = ALPHABET.indexOf(character)
    if (value < 0) {
      const message = `invite: character ${index + 1} is "${character}"; only a-z and 2-7 may occur`
      throw new Fault('invite-characters', message, { position: index + 1, character })
    }
    buffer = (buffer << 5) | value
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push(buffer >>> bits)
    buffer &= (1 << bits) - 1
  }
  // Spare bits must be zero, so that one invite is one text.
  if (bits >= 5 || buffer !== 0)
    throw new Fault('invite-length', 'invite: its last character is wrong or extra', {})
  return Uint8Array.from(bytes)
}

function checksum(body: Uint8Array): Uint8Array {
  const prefix = new TextEncoder().encode(INVITE_PREFIX)
  return sha256(Uint8Array.from([...prefix, ...body])).subarray(0, CHECKSUM_BYTES)
}

/** The address as it travels: without the peer id, which the invite holds once. */
function bareAddress(gatewayPeerId: string, address: string): Uint8Array {
  return addressOfPeer(gatewayPeerId, address).decapsulateCode(421).bytes
}

/**
 * Writes an invite as `mh1-…`: key 32 ‖ code length ‖ code ‖ count ‖ (length ‖ multiaddress)* ‖ checksum 4,
 * in base 32.
 * @throws Fault `bad-field`
 */
export function formatInvite(invite: Invite): string {
  const { code, addresses, gatewayPeerId } = invite
  if (code.length < INVITE_CODE_MIN_BYTES || code.length > INVITE_CODE_MAX_BYTES) {
    throw badField('invite.code', `${INVITE_CODE_MIN_BYTES} to ${INVITE_CODE_MAX_BYTES} bytes`, code.length)
  }
  if (addresses.length > INVITE_ADDRESSES_MAX) {
    throw badField('invite.addresses', `at most ${INVITE_ADDRESSES_MAX} addresses`, addresses.length)
  }
  const body = [...keyOfPeerId(gatewayPeerId), code.length, ...code, addresses.length]
  for (const address of addresses) {
    const bytes = bareAddress(gatewayPeerId, address)
    if (bytes.length > 255) throw badField('invite.addresses', 'addresses of at most 255 bytes', address)
    body.push(bytes.length, ...bytes)
  }
  const whole = Uint8Array.from(body)
  return INVITE_PREFIX + toBase32(Uint8Array.from([...whole, ...checksum(whole)]))
}

function shortInvite(): Fault {
  return new Fault('invite-length', 'invite: it ends too early; copy it whole', {})
}

/** Reads fields of stated length, one after the other. */
function reader(bytes: Uint8Array) {
  let offset = 0
  const take = (count: number): Uint8Array => {
    if (offset + count > bytes.length) throw shortInvite()
    offset += count
    return bytes.slice(offset - count, offset)
  }
  return { take, byte: () => take(1)[0] ?? 0, left: () => bytes.length - offset }
}

function readBody(body: Uint8Array): Invite {
  const from = reader(body)
  const gatewayPeerId = peerIdOfKey(from.take(PEER_KEY_BYTES)).toString()
  const code = from.take(from.byte())
  if (code.length < INVITE_CODE_MIN_BYTES || code.length > INVITE_CODE_MAX_BYTES) throw shortInvite()
  const count = from.byte()
  if (count > INVITE_ADDRESSES_MAX) throw shortInvite()
  const addresses = Array.from({ length: count }, () => multiaddr(from.take(from.byte())).toString())
  if (from.left() !== 0) throw new Fault('invite-length', 'invite: it is longer than it should be', {})
  return { gatewayPeerId, code, addresses }
}

/**
 * Reads an invite; case, spaces and dashes do not matter.
 * @throws Fault `invite-prefix`, `invite-characters`, `invite-length`, `invite-checksum`
 */
export function parseInvite(text: string): Invite {
  if (text.length > INVITE_TEXT_MAX) {
    throw new Fault(
      'invite-length',
      `invite: longer than ${INVITE_TEXT_MAX} characters; it is not an invite`,
      {},
    )
  }
  const clean = text.toLowerCase().replace(/\s/g, '')
  if (!clean.startsWith(INVITE_PREFIX)) {
    throw new Fault('invite-prefix', `invite: expected it to start with ${INVITE_PREFIX}`, {
      expected: INVITE_PREFIX,
    })
  }
  const bytes = fromBase32(clean.slice(INVITE_PREFIX.length).replaceAll('-', ''))
  if (bytes.length <= CHECKSUM_BYTES) throw shortInvite()
  const body = bytes.slice(0, -CHECKSUM_BYTES)
  const expected = checksum(body)
  if (!bytes.slice(-CHECKSUM_BYTES).every((byte, i) => byte === expected[i])) {
    const message = 'invite: a character is wrong or missing (the checksum differs); copy it again'
    throw new Fault('invite-checksum', message, {})
  }
  try {
    return readBody(body)
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown
    throw new Fault('invite-length', 'invite: its key or an address cannot be read', {})
  }
}
