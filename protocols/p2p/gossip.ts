import { gossipsub, StrictSign, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type {
  GossipSub,
  GossipSubComponents,
  Message,
  SubscriptionChangeData,
} from '@chainsafe/libp2p-gossipsub'
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../rules/clock.ts'
import type { Membership } from './membership.ts'
import { membersOnly } from './members-only.ts'
import { createMeter } from './paced.ts'

/**
 * What a judge says of a message: pass it on, drop it silently, or drop it and count it against the
 * forwarder.
 */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** Judges a message by its author (proved by the signature) before it is delivered or passed on. */
export type Judge = (data: Uint8Array, authorPeerId: string) => Verdict | Promise<Verdict>

/** Largest gossip message: a notice with room for the envelope. */
export const GOSSIP_MAX_BYTES = 8 * 1024
/** Topics of one peer cost 1 KiB each in the table: 64 topics are more than a community has. */
const TOPIC_BYTES_PER_PEER = 64 * 1024
/**
 * Each rejected message costs this much score; gossipsub's gray list starts at -80, so 16 bad ones silence a
 * peer.
 */
const SCORE_PER_REJECTION = -5
/** Half of a peer's rejections are forgiven in this time. */
const FORGIVENESS_HALF_LIFE_MS = 60_000
const PEERS_MAX = 1024
/**
 * Bytes of gossip that are taken of one peer: each word costs a signature to be checked before anybody can
 * judge it. The hub of forty homes passes on some 10 kB a second.
 */
const GOSSIP_RATE = { burst: 48 * 1024, perSecond: 32 * 1024 } as const
/**
 * The gateway is the hub of a star: every home must be in its mesh, or a home's message reaches the others by
 * luck (at the default of 12, gossip tells 21 of the other 28 homes of it before it is forgotten).
 */
const MESH_MAX = 256

/** So many rejections are the gray list, and the end of the connection. */
const BARRED_AT = 16

/** Counts rejected messages per peer, forgiving with time; `onBarred` is told of one that goes too far. */
export function createPenalties(clock: Clock, onBarred: (peerId: string) => void) {
  const counts = new Map<string, { count: number; atMs: number }>()
  const of = (peerId: string): number => {
    const entry = counts.get(peerId)
    if (entry === undefined) return 0
    return entry.count * 0.5 ** ((clock.nowMs() - entry.atMs) / FORGIVENESS_HALF_LIFE_MS)
  }
  const isBarred = (peerId: string): boolean => of(peerId) > BARRED_AT - 1
  return {
    of,
    isBarred,
    add: (peerId: string): void => {
      const wasBarred = isBarred(peerId)
      const entry = { count: of(peerId) + 1, atMs: clock.nowMs() }
      counts.delete(peerId)
      counts.set(peerId, entry)
      for (const oldest of counts.keys()) {
        if (counts.size <= PEERS_MAX) break
        counts.delete(oldest)
      }
      if (!wasBarred && isBarred(peerId)) onBarred(peerId)
    },
  }
}
export type Penalties = ReturnType<typeof createPenalties>

/** gossipsub for members: signed messages only, scored by what our judges reject. */
export function gossipService(
  membership: Membership,
  penalties: Penalties,
  clock: Clock,
): (components: GossipSubComponents) => GossipSub {
  const service = gossipsub({
    globalSignaturePolicy: StrictSign,
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    doPX: false,
    Dhi: MESH_MAX,
    maxInboundDataLength: GOSSIP_MAX_BYTES,
    maxTopicBytesPerPeer: TOPIC_BYTES_PER_PEER,
    scoreParams: {
      // Homes of one building share an address; the default punishes the eleventh silently.
      IPColocationFactorWeight: 0,
      appSpecificScore: (peerId) => penalties.of(peerId) * SCORE_PER_REJECTION,
      appSpecificWeight: 1,
    },
  })
  const meter = createMeter(GOSSIP_RATE, clock)
  return membersOnly(service, (peer) => membership.has(peer.toString()), meter)
}

export interface Gossip {
  /** Judges, then delivers, each message of a topic once. The result ends the subscription. */
  subscribe(
    topic: string,
    judge: Judge,
    deliver: (data: Uint8Array, authorPeerId: string) => void,
  ): () => void
  publish(topic: string, data: Uint8Array): Promise<void>
  /** Calls back when a member starts to listen to a topic; the result ends that. */
  onListener(topic: string, listener: (peerId: string) => void): () => void
  /** How many peers we know to listen to a topic. */
  listeners(topic: string): number
}

/** Topics over gossipsub; only members are authors, whoever forwards. */
export function createGossip(pubsub: GossipSub, membership: Membership, penalties: Penalties): Gossip {
  const judged = async (message: Message, judge: Judge): Promise<Verdict> => {
    if (message.type !== 'signed' || message.data.length > GOSSIP_MAX_BYTES) return 'reject'
    const author = message.from.toString()
    // A member whom the forwarder knows and we do not yet (or no longer) is not the forwarder's fault.
    if (!membership.has(author)) return 'ignore'
    return judge(message.data, author)
  }
  const results = {
    accept: TopicValidatorResult.Accept,
    ignore: TopicValidatorResult.Ignore,
    reject: TopicValidatorResult.Reject,
  }
  return {
    subscribe: (topic, judge, deliver) => {
      const onMessage = (event: CustomEvent<Message>): void => {
        const { detail } = event
        if (detail.topic === topic && detail.type === 'signed') deliver(detail.data, detail.from.toString())
      }
      pubsub.topicValidators.set(topic, async (forwarder: PeerId, message: Message) => {
        const verdict = await judged(message, judge)
        if (verdict === 'reject') penalties.add(forwarder.toString())
        return results[verdict]
      })
      pubsub.addEventListener('message', onMessage)
      pubsub.subscribe(topic)
      return () => {
        pubsub.unsubscribe(topic)
        pubsub.removeEventListener('message', onMessage)
        pubsub.topicValidators.delete(topic)
      }
    },
    publish: async (topic, data) => {
      await pubsub.publish(topic, data)
    },
    onListener: (topic, listener) => {
      const onChange = ({ detail }: CustomEvent<SubscriptionChangeData>): void => {
        const peerId = detail.peerId.toString()
        const began = detail.subscriptions.some((each) => each.topic === topic && each.subscribe)
        if (began && membership.has(peerId)) listener(peerId)
      }
      pubsub.addEventListener('subscription-change', onChange)
      return () => pubsub.removeEventListener('subscription-change', onChange)
    },
    listeners: (topic) => pubsub.getSubscribers(topic).length,
  }
}
