import {
  requireSignature,
  signRegistration,
  type RegistrationDomain,
  type TypedDataSigner,
} from '../crypto/registration.ts'
import {
  DELEGATION_MAX_LIFE_MS,
  delegationBody,
  delegationMessageTyped,
  delegationReply,
  delegationRequest,
  type DelegationMessage,
  type DelegationRequest,
} from '../messages/delegation.ts'
import { Fault } from '../rules/fault.ts'
import { getBytes, hexlify } from 'ethers'
import type { PeerNode } from './node.ts'
import { callExchange, serveExchange, type Exchange } from './request-response.ts'

/** So far two homes' clocks may be apart. */
export const DELEGATION_CLOCKS_APART_MS = 120_000

/** `/meterhood/delegation/1`: one word of a negotiation, and whether it was taken. */
export const delegationExchange: Exchange<DelegationRequest, { taken: true }> = {
  protocol: '/meterhood/delegation/1',
  request: delegationRequest,
  reply: delegationReply,
  timeoutMs: 10_000,
  // A negotiation has a dozen words; people write them.
  rate: { burst: 20, perSecond: 0.5 },
}

export interface DelegationPlace extends RegistrationDomain {
  /** The account of this home. */
  readonly account: string
}

export interface ServeDelegationOptions extends DelegationPlace {
  /**
   * Takes a word for good before it returns; the same word may come again. @throws Fault that the sender is
   * told
   */
  readonly take: (message: DelegationMessage) => void | Promise<void>
}

/** Refuses a word that is too old, of the future, or good for too long. */
function requireTimely({ issuedMs, expiresMs }: DelegationMessage, nowMs: number): void {
  if (expiresMs - issuedMs > DELEGATION_MAX_LIFE_MS || expiresMs <= issuedMs) {
    throw new Fault('message-life', 'delegation: a word lives a day at most', { issuedMs, expiresMs })
  }
  if (issuedMs > nowMs + DELEGATION_CLOCKS_APART_MS) {
    const message = 'delegation: the word is of the future; set the clock of one of the two gateways'
    throw new Fault('message-early', message, { issuedMs, nowMs })
  }
  if (expiresMs < nowMs - DELEGATION_CLOCKS_APART_MS) {
    throw new Fault('message-expired', 'delegation: the word is too old; make it anew', { expiresMs, nowMs })
  }
}

/** Reads a request as `account` may trust it. @throws Fault as `serveDelegation` says */
function checked(request: DelegationRequest, place: DelegationPlace, nowMs: number): DelegationMessage {
  const message = delegationBody.decode(new TextEncoder().encode(request.text))
  const { sender, recipient } = message
  if (recipient.toLowerCase() !== place.account.toLowerCase()) {
    throw new Fault('not-for-us', 'delegation: the word is for another home', { recipient })
  }
  const typed = delegationMessageTyped(message, request.text)
  requireSignature(place, typed, hexlify(request.signature), sender)
  requireTimely(message, nowMs)
  return message
}

/**
 * Takes words from other homes. Faults that they meet: `account-mismatch` (the word is of another account
 * than the peer's), `not-for-us`, `bad-signature`, `message-early`, `message-expired`, `message-life`, those
 * of decoding and of `take`.
 */
export function serveDelegation(
  node: PeerNode,
  options: ServeDelegationOptions,
): Promise<() => Promise<void>> {
  return serveExchange(node, delegationExchange, 'members', async (request, { member }) => {
    const message = checked(request, options, node.clock.nowMs())
    if (member?.account?.toLowerCase() !== message.sender.toLowerCase()) {
      const registered = member?.account ?? null
      const text = 'delegation: the word is of another account than the one of this peer'
      throw new Fault('account-mismatch', text, { account: message.sender, registered })
    }
    await options.take(message)
    return { taken: true }
  })
}

/** Signs a word and sends it to the home it is for. @throws Fault `member-unknown`, those of the exchange */
export async function sendDelegation(
  node: PeerNode,
  signer: TypedDataSigner,
  domain: RegistrationDomain,
  message: DelegationMessage,
  signal?: AbortSignal,
): Promise<void> {
  const member = node.membership.findByAccount(message.recipient)
  if (member === undefined) {
    const text = 'delegation: no gateway is registered for this account'
    throw new Fault('member-unknown', text, { account: message.recipient })
  }
  const text = new TextDecoder().decode(delegationBody.encode(message))
  const signature = await signRegistration(signer, domain, delegationMessageTyped(message, text))
  const request = { text, signature: getBytes(signature) }
  await callExchange(node, delegationExchange, member.peerId, request, signal)
}
