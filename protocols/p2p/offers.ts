import { offerLifeMs, OFFER_KIND, offerMessage, offersTopic } from '../messages/offer-notice.ts'
import type { OfferNotice } from '../messages/offer-notice.ts'
import { noticeMessage } from '../messages/notice.ts'
import type { Notice, NoticeDomain } from '../messages/notice.ts'
import { badField } from '../rules/fault.ts'
import { type Resource, RESOURCES } from '../rules/resource.ts'
import type { Verdict } from './gossip.ts'
import type { Member } from './membership.ts'
import type { PeerNode } from './node.ts'
import { createNoticeBoard } from './notice-board.ts'
import { authorOf, decodeQuietly, isSigned, signNotice, timeVerdict } from './notice-check.ts'
import { hexOfBytes } from './peer-record.ts'
import { createRateLimiter } from './rate-limit.ts'

/** Offers of one author and resource: a home opens a few auctions an hour. */
const AUTHOR_RATE = { burst: 10, perSecond: 0.2 }

export interface OffersOptions {
  readonly chainId: number
  readonly monitoring: string
  readonly community: string
  /** The topics that are followed; all of them where none are named. Any can be published on. */
  readonly resources?: readonly Resource[]
  /** Once for each word of an offer that is new, timely and its buyer's own. */
  readonly onOffer: (offer: OfferNotice, author: Member) => void
}

export interface Offers {
  /** Tells all of an offer that this node's home has made. @throws Fault `bad-field` when bids are over. */
  publish(offer: OfferNotice): Promise<void>
  stop(): void
}

/** What is said of an offer, unless the notice is none of an offer of this resource by its own buyer. */
function offerIn(notice: Notice, resource: Resource, author: Member): OfferNotice | undefined {
  if (notice.kind !== OFFER_KIND) return undefined
  try {
    const offer = offerMessage.decode(notice.body)
    const own = author.account?.toLowerCase() === offer.buyer.toLowerCase()
    return own && offer.resource === resource && notice.expiresMs <= offer.commitEndMs ? offer : undefined
  } catch {
    return undefined
  }
}

function followTopic(node: PeerNode, resource: Resource, domain: NoticeDomain, options: OffersOptions) {
  const board = createNoticeBoard()
  const limiter = createRateLimiter(AUTHOR_RATE, node.clock)
  const judge = async (data: Uint8Array): Promise<Verdict> => {
    const notice = decodeQuietly(data)
    if (notice === undefined) return 'reject'
    const author = authorOf(node, notice)
    if (author === undefined || board.knows(notice.author, notice.sequence)) return 'ignore'
    // Which account a member speaks for may reach us later than its first word.
    if (author.account === null) return 'ignore'
    const timely = timeVerdict(notice, node.clock.nowMs())
    if (timely !== 'accept') return timely
    if (offerIn(notice, resource, author) === undefined) return 'reject'
    if (!(await isSigned(notice, domain))) return 'reject'
    return limiter.take(hexOfBytes(notice.author)) ? 'accept' : 'ignore'
  }
  return node.gossip.subscribe(domain.topic, judge, (data) => {
    const notice = decodeQuietly(data)
    const author = notice === undefined ? undefined : authorOf(node, notice)
    if (notice === undefined || author === undefined || !board.put(notice)) return
    const offer = offerIn(notice, resource, author)
    if (offer !== undefined) options.onOffer(offer, author)
  })
}

/**
 * Words of offers by gossip, a topic for each resource (DESIGN §8, determination). They wake those who are
 * there; whoever is away finds the offer on the chain, so nothing is kept or fetched here.
 */
export function openOffers(node: PeerNode, options: OffersOptions): Offers {
  const { chainId, monitoring, community, resources = RESOURCES } = options
  const domainOf = (resource: Resource): NoticeDomain => {
    return { chainId, monitoring, topic: offersTopic(community, resource) }
  }
  const stops = resources.map((resource) => followTopic(node, resource, domainOf(resource), options))
  // The clock gives numbers above all that this node used before it was restarted.
  let sequence = node.clock.nowMs()
  return {
    publish: async (offer) => {
      const issuedMs = node.clock.nowMs()
      const lifeMs = offerLifeMs(offer, issuedMs)
      if (lifeMs === 0) throw badField('offer.commitEndMs', `a time after ${issuedMs}`, offer.commitEndMs)
      const body = offerMessage.encode(offer)
      sequence += 1
      const content = { sequence, issuedMs, expiresMs: issuedMs + lifeMs, kind: OFFER_KIND, body }
      const domain = domainOf(offer.resource)
      const notice = await signNotice(node, domain, content)
      await node.gossip.publish(domain.topic, noticeMessage.encode(notice))
    },
    stop: () => stops.forEach((stop) => stop()),
  }
}
