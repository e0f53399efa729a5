import { VOTE_LIFE_MS, VOTE_SKEW_MS, voteMessage, votePage, votePull, votesTopic } from '../messages/vote.ts'
import type { Vote, VoteMessage, VotePage, VotePull } from '../messages/vote.ts'
import type { Verdict } from './gossip.ts'
import type { PeerNode } from './node.ts'
import { createRateLimiter } from './rate-limit.ts'
import { callExchange, serveExchange, type Exchange } from './request-response.ts'

/** A signer votes at most once a block and says its newest vote again now and then; blocks take a second. */
const AUTHOR_RATE = { burst: 60, perSecond: 8 }

/** `/meterhood/votes/1`: the votes that a peer missed. */
export const votesExchange: Exchange<VotePull, VotePage> = {
  protocol: '/meterhood/votes/1',
  request: votePull,
  reply: votePage,
  timeoutMs: 10_000,
  rate: { burst: 20, perSecond: 1 },
}

export interface VotesOptions {
  readonly community: string
  /** Says of a vote whether a signer cast it, and whether it is news. */
  readonly judge: (vote: Vote) => Verdict
  readonly onVote: (vote: Vote) => void
  /** What a peer that was away is given. */
  readonly page: (from: number) => readonly Vote[]
  /** The newest final block here: what is below it is not asked for. */
  readonly from: () => number
  readonly onFault: (thrown: unknown, about: string) => void
}

/** The votes of a community's signers, as they come and go. */
export interface Votes {
  /** Tells all of a vote of this gateway's own signer. */
  publish(vote: Vote): Promise<void>
  stop(): Promise<void>
}

function decodeQuietly(data: Uint8Array): VoteMessage | undefined {
  try {
    return voteMessage.decode(data)
  } catch {
    return undefined
  }
}

/**
 * Follows the votes: gossip for those who are there, a pull from each peer that comes (DESIGN §9). A vote
 * carries its signer's own signature, so that any member may pass it on.
 */
export async function openVotes(node: PeerNode, options: VotesOptions): Promise<Votes> {
  const topic = votesTopic(options.community)
  const limiter = createRateLimiter(AUTHOR_RATE, node.clock)
  const judge = (data: Uint8Array, author: string): Verdict => {
    const message = decodeQuietly(data)
    if (message === undefined) return 'reject'
    const leftMs = message.expiresMs - node.clock.nowMs()
    if (leftMs <= 0) return 'ignore'
    if (leftMs > VOTE_LIFE_MS + VOTE_SKEW_MS) return 'reject'
    // Before the signature, which costs the most, is looked at.
    return limiter.take(author) ? options.judge(message.vote) : 'ignore'
  }
  const pull = (peerId: string): void => {
    callExchange(node, votesExchange, peerId, { from: Math.max(0, options.from()) }).then(
      ({ votes }) => {
        for (const vote of votes) if (options.judge(vote) === 'accept') options.onVote(vote)
      },
      // A peer that is gone again is asked when it comes back.
      () => undefined,
    )
  }
  const unsubscribe = node.gossip.subscribe(topic, judge, (data) => {
    const message = decodeQuietly(data)
    if (message !== undefined) options.onVote(message.vote)
  })
  const stopServing = await serveExchange(node, votesExchange, 'members', ({ from }) => ({
    votes: [...options.page(from)],
  }))
  const unwatch = node.gossip.onListener(topic, pull)
  node.connectedMembers().forEach(pull)
  return {
    publish: (vote) => {
      const data = voteMessage.encode({ vote, expiresMs: node.clock.nowMs() + VOTE_LIFE_MS })
      return node.gossip.publish(topic, data)
    },
    stop: async () => {
      unwatch()
      unsubscribe()
      await stopServing()
    },
  }
}
