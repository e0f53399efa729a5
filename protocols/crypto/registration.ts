import { getAddress, hexlify, TypedDataEncoder, type TypedDataField, verifyTypedData } from 'ethers'
import { PEER_RECORD_TYPES } from '../messages/peer-record.ts'
import { Fault } from '../rules/fault.ts'
import { decodePoint } from './group.ts'

/** What the signed bytes begin with, so that no signature counts on another chain or contract. */
export interface RegistrationDomain {
  readonly chainId: number
  /** Address of the resource monitoring contract. */
  readonly monitoring: string
}

/** The community vouches for a home's operation key; the contract checks it in `publishKey`. */
export interface OpKeyRecord {
  readonly home: string
  readonly epoch: number
  /** 0 for the gateway's own key. */
  readonly delegation: number
  /** X_sg, 33 bytes. */
  readonly key: Uint8Array
}

/** A home's account vouches for the auxiliary key that its operation key is to be sealed to. */
export interface AuxKeyRecord {
  readonly home: string
  readonly epoch: number
  readonly delegation: number
  /** X25519 public key, 32 bytes. */
  readonly key: Uint8Array
}

/**
 * An account vouches for the libp2p peer that speaks for it; the field meanings are in
 * `messages/peer-record.ts`.
 */
export interface PeerBinding {
  readonly account: string
  /** Ed25519 public key of the peer id, 32 bytes. */
  readonly peerKey: Uint8Array
  readonly sequence: number
  readonly expiresMs: number
}

/** The signing side of an ethers wallet. */
export interface TypedDataSigner {
  signTypedData(
    domain: { name: string; version: string; chainId: number; verifyingContract: string },
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string>
}

/** A record in the form that EIP-712 signs. */
export interface TypedRecord {
  readonly types: Record<string, TypedDataField[]>
  readonly value: Record<string, unknown>
}

const KEY_BYTES = 32

const OP_KEY: TypedDataField[] = [
  { name: 'sg', type: 'address' },
  { name: 'epoch', type: 'uint32' },
  { name: 'dlgId', type: 'uint64' },
  { name: 'x', type: 'bytes32' },
  { name: 'parity', type: 'uint8' },
]
const AUX_KEY: TypedDataField[] = [
  { name: 'sg', type: 'address' },
  { name: 'epoch', type: 'uint32' },
  { name: 'dlgId', type: 'uint64' },
  { name: 'key', type: 'bytes32' },
]

/**
 * `OpKey(address sg,uint32 epoch,uint64 dlgId,bytes32 x,uint8 parity)`: parity 0 for the prefix 02, 1 for
 * 03.
 */
export function opKeyTyped({ home, epoch, delegation, key }: OpKeyRecord): TypedRecord {
  decodePoint(key, 'operationKey')
  const parity = key[0] === 3 ? 1 : 0
  return {
    types: { OpKey: OP_KEY },
    value: { sg: home, epoch, dlgId: delegation, x: hexlify(key.subarray(1)), parity },
  }
}

/** `AuxKey(address sg,uint32 epoch,uint64 dlgId,bytes32 key)`. */
export function auxKeyTyped({ home, epoch, delegation, key }: AuxKeyRecord): TypedRecord {
  requireKeyLength('auxiliaryKey', key)
  return { types: { AuxKey: AUX_KEY }, value: { sg: home, epoch, dlgId: delegation, key: hexlify(key) } }
}

/** `PeerRecord(address account,bytes32 peerKey,uint64 sequence,uint64 expiresMs)`. */
export function peerRecordTyped({ account, peerKey, sequence, expiresMs }: PeerBinding): TypedRecord {
  requireKeyLength('peerKey', peerKey)
  return { types: PEER_RECORD_TYPES, value: { account, peerKey: hexlify(peerKey), sequence, expiresMs } }
}

/** The 32 bytes that are signed, in hex. */
export function registrationDigest(domain: RegistrationDomain, record: TypedRecord): string {
  return TypedDataEncoder.hash(separatorOf(domain), record.types, record.value)
}

/** Signs a record with an account: 65 bytes in hex. */
export async function signRegistration(
  signer: TypedDataSigner,
  domain: RegistrationDomain,
  record: TypedRecord,
): Promise<string> {
  return signer.signTypedData(separatorOf(domain), record.types, record.value)
}

/** Throws `bad-signature` unless the account signed exactly this record for this chain and contract. */
export function requireSignature(
  domain: RegistrationDomain,
  record: TypedRecord,
  signature: string,
  account: string,
): void {
  const signer = signerOf(domain, record, signature)
  if (signer === getAddress(account)) return
  const message = `signature: expected that of ${account}, got ${signer ?? 'one that cannot be read'}`
  throw new Fault('bad-signature', message, { account, signer: signer ?? null })
}

function signerOf(domain: RegistrationDomain, record: TypedRecord, signature: string): string | undefined {
  try {
    return verifyTypedData(separatorOf(domain), record.types, record.value, signature)
  } catch {
    return undefined
  }
}

function separatorOf({ chainId, monitoring }: RegistrationDomain) {
  return { name: 'Meterhood', version: '1', chainId, verifyingContract: monitoring }
}

function requireKeyLength(field: string, key: Uint8Array): void {
  if (key.length === KEY_BYTES) return
  const message = `${field}: expected ${KEY_BYTES} bytes, got ${key.length}`
  throw new Fault('bad-key-length', message, { field, expected: KEY_BYTES, got: key.length })
}
