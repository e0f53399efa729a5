import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { addressBytes, u32, u64 } from '../messages/integers.ts'
import { Fault } from '../rules/fault.ts'
import { keyPair, type KeyPair, Scalars, toScalar, WIDE_BYTES } from './group.ts'
import { tag } from './tag.ts'

/**
 * Bytes of a chain key, of the community's root secret and of the stored randomness of a homomorphic
 * constant.
 */
export const SECRET_BYTES = 32

/** What a key of one epoch is bound to: it opens nothing of another chain, contract or epoch. */
export interface EpochContext {
  readonly chainId: number
  /** Address of the resource monitoring contract. */
  readonly monitoring: string
  readonly epoch: number
}

/** Whom an operation key of a smart gateway is for; delegation 0 is the gateway's own key. */
export interface KeyOwner {
  readonly home: string
  readonly delegation: number
}

/** k*_cg of the paper: the key that readings are sealed to, and the base that operation keys grow from. */
export interface CommunityKeys {
  readonly operation: KeyPair
  /** Kept apart from `operation` so that a leaked constant and one home's key do not open direct readings. */
  readonly delegationBase: KeyPair
}

/**
 * ck_0, the root chain key (eq. 2): HKDF-Extract over the community's secret k_cg and further entropy p_1 …
 * p_n. Erase k_cg afterwards, or the ratchet forgets nothing.
 */
export function rootChainKey(communitySecret: Uint8Array, entropy: readonly Uint8Array[]): Uint8Array {
  requireLength('communitySecret', communitySecret)
  return extract(sha256, concatBytes(communitySecret, ...entropy), tag('root'))
}

/** ck_{e+1} from ck_e. One way: erase ck_e once its epoch's readings need not be opened any more. */
export function nextChainKey(chainKey: Uint8Array): Uint8Array {
  requireLength('chainKey', chainKey)
  return expand(sha256, chainKey, tag('ratchet'), SECRET_BYTES)
}

/** X_cg and X_dl of an epoch (eq. 2). */
export function communityKeys(chainKey: Uint8Array, context: EpochContext): CommunityKeys {
  const bound = contextBytes(context)
  return {
    operation: keyPair(deriveScalar(chainKey, 'cg-op', bound)),
    delegationBase: keyPair(deriveScalar(chainKey, 'dlg-base', bound)),
  }
}

/**
 * m_sg, the homomorphic constant (eq. 4). `stored` is 32 random bytes that the community gateway keeps
 * beside (home, epoch, delegation); without the chain key they are worth nothing, so that the constant
 * itself is never stored.
 */
export function homomorphicConstant(
  chainKey: Uint8Array,
  context: EpochContext,
  owner: KeyOwner,
  stored: Uint8Array,
): bigint {
  requireLength('stored', stored)
  return deriveScalar(chainKey, 'hom', concatBytes(ownerBytes(context, owner), stored))
}

/** k*_sg (eq. 4): x_sg = x_dl·m_sg, so that the constant ties the home's key to the community's (eq. 5). */
export function operationKey(delegationSecret: bigint, constant: bigint): KeyPair {
  return keyPair(mergedSecret(delegationSecret, constant))
}

/** x_dl·m_sg mod n: recovers in one multiplication what eqs 6 and 7 recover in two. */
export function mergedSecret(delegationSecret: bigint, constant: bigint): bigint {
  return Scalars.mul(delegationSecret, constant)
}

/** ctx_e = chainId(8) ‖ RMSC(20) ‖ epoch(4). */
export function contextBytes({ chainId, monitoring, epoch }: EpochContext): Uint8Array {
  return concatBytes(u64(chainId, 'chainId'), addressBytes(monitoring, 'monitoring'), u32(epoch, 'epoch'))
}

/** ctx_e ‖ sg(20) ‖ dlgId(8): what an operation key, its proof and its delivery are bound to. */
export function ownerBytes(context: EpochContext, { home, delegation }: KeyOwner): Uint8Array {
  return concatBytes(contextBytes(context), addressBytes(home, 'home'), u64(delegation, 'delegation'))
}

function deriveScalar(chainKey: Uint8Array, purpose: string, context: Uint8Array): bigint {
  requireLength('chainKey', chainKey)
  return toScalar(expand(sha256, chainKey, concatBytes(tag(purpose), context), WIDE_BYTES))
}

function requireLength(field: string, bytes: Uint8Array): void {
  if (bytes.length === SECRET_BYTES) return
  const message = `${field}: expected ${SECRET_BYTES} bytes, got ${bytes.length}`
  throw new Fault('bad-secret-length', message, { field, expected: SECRET_BYTES, got: bytes.length })
}
