import { timingSafeEqual } from 'node:crypto'
import {
  DESCRIPTOR_TYPES,
  descriptorHash,
  descriptorMessage,
  joinReply,
  joinRequest,
} from '../messages/join.ts'
import type { CommunityDescriptor, SignedDescriptor } from '../messages/join.ts'
import { Fault } from '../rules/fault.ts'
import type { AccountSigner } from './peer-record.ts'
import { bytesOfHex, hexOfBytes, meterhoodDomain, recoverSigner } from './peer-record.ts'
import type { Exchange } from './request-response.ts'

export type JoinRequest = ReturnType<typeof joinRequest.decode>
export type JoinReply = ReturnType<typeof joinReply.decode>

/** A reply within this time, `pending` if the chain has not answered. */
export const JOIN_PATIENCE_MS = 8_000

/** `/meterhood/join/1`: the one protocol that unknown peers may speak. */
export const joinExchange: Exchange<JoinRequest, JoinReply> = {
  protocol: '/meterhood/join/1',
  request: joinRequest,
  reply: joinReply,
  timeoutMs: JOIN_PATIENCE_MS + 7_000,
  // Hello and record every two seconds while the chain decides, with room for a lost one.
  rate: { burst: 10, perSecond: 2 },
}

function descriptorValue(descriptor: CommunityDescriptor, text: string): Record<string, unknown> {
  const { community, communityPeerKey } = descriptor
  return { community, peerKey: communityPeerKey, content: descriptorHash(text) }
}

/** Writes a descriptor and signs its very bytes with the community's account. @throws Fault `bad-field` */
export async function signDescriptor(
  descriptor: CommunityDescriptor,
  community: AccountSigner,
): Promise<SignedDescriptor> {
  const text = new TextDecoder().decode(descriptorMessage.encode(descriptor))
  const value = descriptorValue(descriptor, text)
  const signature = await community.signTypedData(meterhoodDomain(descriptor), DESCRIPTOR_TYPES, value)
  return { text, signature: bytesOfHex(signature) }
}

/**
 * Reads a descriptor and checks that its own community account signed it for the gateway that shows it.
 * @throws Fault `bad-field`, `descriptor-peer`, `descriptor-signature`
 */
export function verifyDescriptor(signed: SignedDescriptor, gatewayKey: Uint8Array): CommunityDescriptor {
  const descriptor = descriptorMessage.decode(new TextEncoder().encode(signed.text))
  const { community } = descriptor
  if (hexOfBytes(descriptor.communityPeerKey) !== hexOfBytes(gatewayKey)) {
    const message = 'community descriptor: it names another gateway than the one that sent it'
    throw new Fault('descriptor-peer', message, { community })
  }
  const value = descriptorValue(descriptor, signed.text)
  if (recoverSigner(descriptor, DESCRIPTOR_TYPES, value, signed.signature) !== community) {
    const message = 'community descriptor: the signature is not of the community account that it names'
    throw new Fault('descriptor-signature', message, { community })
  }
  return descriptor
}

/** Compares two proofs in constant time. */
export function equalProofs(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
