import { getAddress, verifyTypedData } from 'ethers'
import type { TypedDataDomain, TypedDataField } from 'ethers'
import { PEER_RECORD_MAX_LIFE_MS, PEER_RECORD_TYPES } from '../messages/peer-record.ts'
import type { PeerRecord } from '../messages/peer-record.ts'
import { Fault } from '../rules/fault.ts'

/** An account that signs EIP-712 data; an ethers wallet is one. */
export interface AccountSigner {
  readonly address: string
  signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string>
}

/** The chain and contract that a signature counts for. */
export interface ChainPlace {
  readonly chainId: number
  /** The resource monitoring contract. */
  readonly monitoring: string
}

/** The EIP-712 domain of everything signed for one community. */
export function meterhoodDomain(place: ChainPlace): TypedDataDomain {
  return { name: 'Meterhood', version: '1', chainId: place.chainId, verifyingContract: place.monitoring }
}

/** Bytes of a 0x hex text. */
export function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.slice(2), 'hex'))
}

/** 0x hex of bytes. */
export function hexOfBytes(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`
}

/** The account that signed typed data, or undefined when the signature is none. */
export function recoverSigner(
  place: ChainPlace,
  types: Record<string, TypedDataField[]>,
  value: Record<string, unknown>,
  signature: Uint8Array,
): string | undefined {
  // ethers also takes other spellings of v; the contracts and we take one, so that a signature has one form.
  if (signature[64] !== 27 && signature[64] !== 28) return undefined
  try {
    return verifyTypedData(meterhoodDomain(place), types, value, hexOfBytes(signature))
  } catch {
    return undefined
  }
}

/** Makes and signs the record that binds a peer to the signer's account; `sequence` must rise. */
export async function signPeerRecord(
  signer: AccountSigner,
  place: ChainPlace,
  entry: { peerKey: Uint8Array; sequence: number; expiresMs: number },
): Promise<PeerRecord> {
  const value = { account: getAddress(signer.address), ...entry }
  const signature = await signer.signTypedData(meterhoodDomain(place), PEER_RECORD_TYPES, value)
  const { chainId } = place
  return { ...value, chainId, monitoring: getAddress(place.monitoring), signature: bytesOfHex(signature) }
}

/** What a record is judged against. */
export interface RecordContext extends ChainPlace {
  /** The key that Noise proved for the peer that presents the record. */
  readonly peerKey: Uint8Array
  readonly nowMs: number
  /** The highest sequence accepted from the account before; undefined when none was. */
  readonly lastSequence: number | undefined
}

function refuse(code: string, message: string, record: PeerRecord): Fault {
  return new Fault(code, `peer record: ${message}`, { account: record.account, sequence: record.sequence })
}

/**
 * The account that a peer speaks for (DESIGN §9).
 * @throws Fault `record-foreign` (another chain or contract), `record-peer` (another peer's), `record-
 * expired`,
 *   `record-too-long` (lives too long), `record-replayed` (not newer than the last), `record-signature`
 */
export function verifyPeerRecord(record: PeerRecord, context: RecordContext): string {
  const { chainId, monitoring, peerKey, nowMs, lastSequence } = context
  if (record.chainId !== chainId || record.monitoring !== getAddress(monitoring)) {
    throw refuse('record-foreign', `made for chain ${record.chainId}, ${record.monitoring}, not ours`, record)
  }
  if (hexOfBytes(record.peerKey) !== hexOfBytes(peerKey)) {
    throw refuse('record-peer', 'it names another peer than the one that shows it', record)
  }
  if (record.expiresMs <= nowMs) throw refuse('record-expired', 'it has expired; sign a new one', record)
  if (record.expiresMs - nowMs > PEER_RECORD_MAX_LIFE_MS) {
    throw refuse(
      'record-too-long',
      `it lives longer than ${PEER_RECORD_MAX_LIFE_MS} ms; check the clocks`,
      record,
    )
  }
  if (lastSequence !== undefined && record.sequence <= lastSequence) {
    throw refuse('record-replayed', `sequence ${record.sequence} is not above ${lastSequence}`, record)
  }
  const { account, sequence, expiresMs } = record
  const value = { account, peerKey: record.peerKey, sequence, expiresMs }
  const signer = recoverSigner({ chainId, monitoring }, PEER_RECORD_TYPES, value, record.signature)
  if (signer !== account) throw refuse('record-signature', 'the signature is not of the account', record)
  return account
}
