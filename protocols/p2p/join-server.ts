import { descriptorHash, JOIN_NONCE_BYTES } from '../messages/join.ts'
import type { CommunityDescriptor, SignedDescriptor } from '../messages/join.ts'
import { Fault } from '../rules/fault.ts'
import type { InviteBook } from './invite-book.ts'
import { gatewayProof, homeProof, inviteKey } from './join-proof.ts'
import type { JoinTranscript } from './join-proof.ts'
import { equalProofs, JOIN_PATIENCE_MS, joinExchange, signDescriptor } from './join.ts'
import type { JoinReply, JoinRequest } from './join.ts'
import type { PeerNode } from './node.ts'
import { keyOfPeerId } from './peer-key.ts'
import type { AccountSigner } from './peer-record.ts'
import { hexOfBytes, verifyPeerRecord } from './peer-record.ts'
import { serveExchange } from './request-response.ts'

/** Exchanges under way: as many as joiners may be connected, with room for repeated hellos. */
const HELLOS_MAX = 64
/** Accounts whose last record sequence is remembered. */
const SEQUENCES_MAX = 4096
/** A home whose admission waits for the chain asks again after this. */
const PENDING_RETRY_MS = 1_500

/** A home that has proved its invite, its peer and its account. */
export interface JoinCandidate {
  /** Names the invite that it came with, without telling its code. */
  readonly inviteId: Uint8Array
  readonly account: string
  readonly peerKey: Uint8Array
  readonly peerId: string
  readonly homeName: string | undefined
}

/** What the community gateway decides: in, or out with a code and a sentence for the home. */
export type JoinDecision =
  { readonly admitted: true } | { readonly admitted: false; readonly code: string; readonly message: string }

export interface ServeJoinOptions {
  readonly descriptor: () => CommunityDescriptor
  /** The community's account. */
  readonly community: AccountSigner
  readonly invites: InviteBook
  /** Admits on chain, pays the first gas. It may take long: the home is told `pending` and asks again. */
  readonly onJoin: (candidate: JoinCandidate) => Promise<JoinDecision>
  /** How long a home waits in one request for the decision, ms, before it is told `pending`. */
  readonly patienceMs?: number
  /** Highest record sequence accepted from an account before this run, where it is kept. */
  readonly lastSequence?: (account: string) => number | undefined
}

interface Hello {
  readonly inviteId: Uint8Array
  readonly transcript: JoinTranscript
}

function trimmed<V>(map: Map<string, V>, max: number): Map<string, V> {
  for (const oldest of map.keys()) {
    if (map.size <= max) break
    map.delete(oldest)
  }
  return map
}

/** Signs each descriptor text once; settings seldom change. */
function descriptorSource(options: ServeJoinOptions): () => Promise<SignedDescriptor> {
  let last: { key: string; signed: Promise<SignedDescriptor> } | undefined
  return () => {
    const descriptor = options.descriptor()
    const key = JSON.stringify({ ...descriptor, communityPeerKey: hexOfBytes(descriptor.communityPeerKey) })
    if (last?.key !== key) last = { key, signed: signDescriptor(descriptor, options.community) }
    return last.signed
  }
}

/** One decision an invite at a time, shared by the requests of a home that asks again while it waits. */
function decisionDesk(node: PeerNode, options: ServeJoinOptions) {
  const running = new Map<string, Promise<JoinDecision>>()
  const decide = async (id: Uint8Array, candidate: JoinCandidate): Promise<JoinDecision> => {
    const { account, peerId, peerKey } = candidate
    const release = options.invites.claim(id, { peerId, account })
    try {
      const decision = await options.onJoin(candidate)
      if (decision.admitted) {
        options.invites.use(id, { peerId, account })
        node.membership.admit({ peerKey, account })
      }
      return decision
    } finally {
      release()
    }
  }
  return (id: Uint8Array, candidate: JoinCandidate): Promise<JoinDecision> => {
    const name = `${hexOfBytes(id)} ${candidate.peerId} ${candidate.account}`
    const decision = running.get(name) ?? decide(id, candidate).finally(() => running.delete(name))
    running.set(name, decision)
    // Nobody may be waiting any more when it fails; the next request hears of it.
    decision.catch(() => undefined)
    return decision
  }
}

function pendingAfter(ms: number): Promise<'pending'> {
  return new Promise((resolve) => setTimeout(() => resolve('pending'), ms).unref())
}

/** The two steps of a join, apart from the transport. */
function joinDesk(node: PeerNode, options: ServeJoinOptions) {
  const { invites } = options
  const hellos = new Map<string, Hello>()
  const sequences = new Map<string, number>()
  const signedDescriptor = descriptorSource(options)
  const decide = decisionDesk(node, options)

  const hello = async (request: JoinRequest & { step: 'hello' }, peerId: string): Promise<JoinReply> => {
    const invite = invites.find(request.inviteId, peerId)
    node.joinerHelloed(peerId)
    const descriptor = await signedDescriptor()
    const transcript: JoinTranscript = {
      gatewayKey: node.peerKey,
      homeKey: keyOfPeerId(peerId),
      homeNonce: request.nonce,
      gatewayNonce: node.random(JOIN_NONCE_BYTES),
      descriptorHash: descriptorHash(descriptor.text),
    }
    hellos.delete(peerId)
    trimmed(hellos.set(peerId, { inviteId: request.inviteId, transcript }), HELLOS_MAX)
    const proof = gatewayProof(inviteKey(invite.code), transcript)
    return { step: 'hello', descriptor, nonce: transcript.gatewayNonce, proof }
  }

  /** The candidate of a record step, all of it proved. */
  const examine = (request: JoinRequest & { step: 'record' }, peerId: string): JoinCandidate => {
    const started = hellos.get(peerId)
    hellos.delete(peerId)
    if (started === undefined || hexOfBytes(started.inviteId) !== hexOfBytes(request.inviteId)) {
      throw new Fault('join-no-hello', 'join: a hello for this invite must come first, each time', {})
    }
    const { code } = invites.find(request.inviteId, peerId)
    const { record } = request
    if (!equalProofs(request.proof, homeProof(inviteKey(code), started.transcript, record.account))) {
      throw new Fault('invite-proof', 'join: the proof does not fit the invite; copy the invite again', {})
    }
    const { chainId, monitoring } = options.descriptor()
    const peerKey = started.transcript.homeKey
    const lastSequence = sequences.get(record.account) ?? options.lastSequence?.(record.account)
    const place = { chainId, monitoring, peerKey, nowMs: node.clock.nowMs(), lastSequence }
    const account = verifyPeerRecord(record, place)
    sequences.delete(account)
    trimmed(sequences.set(account, record.sequence), SEQUENCES_MAX)
    return { inviteId: request.inviteId, account, peerKey, peerId, homeName: request.homeName }
  }

  const record = async (request: JoinRequest & { step: 'record' }, peerId: string): Promise<JoinReply> => {
    const candidate = examine(request, peerId)
    if (invites.find(request.inviteId, peerId).usedBy !== null) {
      // The reply of an earlier admission was lost. Once revoked, the old invite opens no door.
      if (node.membership.find(peerId)?.account === candidate.account) return { step: 'admitted' }
      throw new Fault('invite-used', 'invite: it has been used; ask the manager for a new one', {})
    }
    const decision = await Promise.race([
      decide(request.inviteId, candidate),
      pendingAfter(options.patienceMs ?? JOIN_PATIENCE_MS),
    ])
    if (decision === 'pending') return { step: 'pending', retryMs: PENDING_RETRY_MS }
    if (decision.admitted) return { step: 'admitted' }
    throw new Fault(decision.code, decision.message, {})
  }
  return (request: JoinRequest, peerId: string): Promise<JoinReply> =>
    request.step === 'hello' ? hello(request, peerId) : record(request, peerId)
}

/**
 * Serves `/meterhood/join/1` on the community gateway and lets unknown peers in while an invite is open.
 * Faults that homes meet: `invite-unknown`, `invite-expired`, `invite-used`, `invite-proof`, `join-no-hello`,
 * `record-*`.
 */
export async function serveJoin(node: PeerNode, options: ServeJoinOptions): Promise<() => Promise<void>> {
  const answer = joinDesk(node, options)
  const stop = await serveExchange(node, joinExchange, 'anyone', (request, { peerId }) =>
    answer(request, peerId),
  )
  node.acceptJoiners(() => options.invites.hasOpen())
  return async () => {
    node.acceptJoiners(() => false)
    await stop()
  }
}
