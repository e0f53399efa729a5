import { setTimeout as sleep } from 'node:timers/promises'
import { descriptorHash, JOIN_NONCE_BYTES } from '../messages/join.ts'
import type { CommunityDescriptor, SignedDescriptor } from '../messages/join.ts'
import { codeOf, Fault } from '../rules/fault.ts'
import { parseInvite } from './invite.ts'
import type { Invite } from './invite.ts'
import { gatewayProof, homeProof, inviteId, inviteKey } from './join-proof.ts'
import type { JoinTranscript } from './join-proof.ts'
import { equalProofs, joinExchange, verifyDescriptor } from './join.ts'
import type { JoinReply } from './join.ts'
import type { PeerNode } from './node.ts'
import { keyOfPeerId } from './peer-key.ts'
import { signPeerRecord } from './peer-record.ts'
import type { AccountSigner } from './peer-record.ts'
import { callExchange } from './request-response.ts'

/** A record made for a join need not outlive it. */
const RECORD_LIFE_MS = 10 * 60_000
/**
 * Between tries while the gateway is not found or not reachable: from the first, doubled each time, up to the
 * last.
 */
const RETRY_FIRST_MS = 250
/** Each try costs the gateway a handshake; a crowd that joins at once must not keep it busy with refusals. */
const RETRY_LAST_MS = 4_000

/** What passes by itself: the gateway not yet found, a link that broke, a gateway under load. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'no-address',
  'dial-failed',
  'exchange-refused',
  'exchange-timeout',
  'peer-busy',
  'rate-limited',
  'join-no-hello',
])

export interface JoinOptions {
  /** `mh1-…` or an invite already read. */
  readonly invite: string | Invite
  /** The home's chain account. */
  readonly account: AccountSigner
  readonly homeName?: string
  /** Ends the attempt; without it the home tries until it is admitted or refused. */
  readonly signal?: AbortSignal
  /**
   * Checks the community before the record is signed (chain id and genesis by RPC, say); throws to refuse it.
   */
  readonly inspect?: (descriptor: CommunityDescriptor) => void | Promise<void>
  readonly onProgress?: (step: 'searching' | 'hello' | 'pending' | 'admitted', code?: string) => void
}

export interface Joined {
  readonly gatewayPeerId: string
  readonly descriptor: CommunityDescriptor
  /** As sent, for keeping. */
  readonly signed: SignedDescriptor
}

interface Attempt {
  readonly node: PeerNode
  readonly invite: Invite
  readonly options: JoinOptions
  readonly nextSequence: () => number
}

function ask(
  attempt: Attempt,
  request: Parameters<typeof joinExchange.request.encode>[0],
): Promise<JoinReply> {
  return callExchange(
    attempt.node,
    joinExchange,
    attempt.invite.gatewayPeerId,
    request,
    attempt.options.signal,
  )
}

function outOfStep(reply: JoinReply): Fault {
  return new Fault('join-out-of-step', `join: the gateway answered "${reply.step}" out of turn`, {
    step: reply.step,
  })
}

/** Step 1: learn the community, and that the gateway knows the code. */
async function sayHello(attempt: Attempt) {
  const { node, invite } = attempt
  const homeNonce = node.random(JOIN_NONCE_BYTES)
  const reply = await ask(attempt, { step: 'hello', inviteId: inviteId(invite.code), nonce: homeNonce })
  if (reply.step !== 'hello') throw outOfStep(reply)
  const gatewayKey = keyOfPeerId(invite.gatewayPeerId)
  const transcript: JoinTranscript = {
    gatewayKey,
    homeKey: node.peerKey,
    homeNonce,
    gatewayNonce: reply.nonce,
    descriptorHash: descriptorHash(reply.descriptor.text),
  }
  if (!equalProofs(reply.proof, gatewayProof(inviteKey(invite.code), transcript))) {
    throw new Fault('gateway-proof', 'join: the gateway does not know the code of this invite', {})
  }
  const descriptor = verifyDescriptor(reply.descriptor, gatewayKey)
  return { descriptor, signed: reply.descriptor, transcript }
}

/** Step 2: the record for that chain, with the proof of the code. */
async function sendRecord(attempt: Attempt, descriptor: CommunityDescriptor, transcript: JoinTranscript) {
  const { node, invite, options, nextSequence } = attempt
  const record = await signPeerRecord(options.account, descriptor, {
    peerKey: node.peerKey,
    sequence: nextSequence(),
    expiresMs: node.clock.nowMs() + RECORD_LIFE_MS,
  })
  const proof = homeProof(inviteKey(invite.code), transcript, record.account)
  const name = options.homeName === undefined ? {} : { homeName: options.homeName }
  return ask(attempt, { step: 'record', inviteId: inviteId(invite.code), proof, record, ...name })
}

async function tryOnce(attempt: Attempt): Promise<Joined | { retryMs: number }> {
  const { options, invite } = attempt
  const { descriptor, signed, transcript } = await sayHello(attempt)
  options.onProgress?.('hello')
  await options.inspect?.(descriptor)
  const reply = await sendRecord(attempt, descriptor, transcript)
  if (reply.step === 'hello') throw outOfStep(reply)
  if (reply.step === 'pending') {
    options.onProgress?.('pending')
    return { retryMs: reply.retryMs }
  }
  return { gatewayPeerId: invite.gatewayPeerId, descriptor, signed }
}

async function tryUntilDecided(attempt: Attempt): Promise<Joined> {
  const { signal, onProgress } = attempt.options
  let backoffMs = RETRY_FIRST_MS
  for (;;) {
    // A crowd that was turned away together must not come back together: from half to one and a half times as
    // long.
    let waitMs = backoffMs * (0.5 + (attempt.node.random(1)[0] ?? 0) / 255)
    try {
      const outcome = await tryOnce(attempt)
      if ('descriptor' in outcome) return outcome
      waitMs = outcome.retryMs
    } catch (thrown) {
      if (!TRANSIENT.has(codeOf(thrown)) || signal?.aborted === true) throw thrown
      onProgress?.('searching', codeOf(thrown))
      backoffMs = Math.min(2 * backoffMs, RETRY_LAST_MS)
    }
    await sleep(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw new Fault('join-timeout', 'join: the gateway was not found or did not decide in time', {})
    })
  }
}

/**
 * Joins a community with an invite: finds the gateway (by the invite's addresses or mDNS), learns and checks
 * its descriptor, proves the code and the account, and waits for admission. Then it connects anew, as a
 * member.
 * @throws Fault `invite-*`, `gateway-proof`, `descriptor-*`, `record-*`, `join-timeout`, and the gateway's
 * refusal
 */
export async function joinCommunity(node: PeerNode, options: JoinOptions): Promise<Joined> {
  const invite = typeof options.invite === 'string' ? parseInvite(options.invite) : options.invite
  const { gatewayPeerId } = invite
  const peerKey = keyOfPeerId(gatewayPeerId)
  const known = node.membership.has(gatewayPeerId)
  node.membership.admit({ peerKey, role: 'community' })
  node.learnAddresses(gatewayPeerId, invite.addresses)
  let last = 0
  const nextSequence = (): number => (last = Math.max(last + 1, node.clock.nowMs()))
  try {
    const joined = await tryUntilDecided({ node, invite, options, nextSequence })
    node.membership.admit({ peerKey, role: 'community', account: joined.descriptor.community })
    node.learnAddresses(gatewayPeerId, joined.descriptor.gatewayAddresses)
    options.onProgress?.('admitted')
    // Identify and gossip were refused on the joiner's connection: a new one begins as a member's.
    await node.hangUp(gatewayPeerId)
    await node.connect(gatewayPeerId, options.signal).catch(() => undefined)
    return joined
  } catch (thrown) {
    if (!known) node.membership.revoke(peerKey)
    throw thrown
  }
}
