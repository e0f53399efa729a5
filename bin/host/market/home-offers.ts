import type { AuctionTable } from '../../../actors/storage/schema.ts'
import type { CommunityDescriptor } from '../../../protocols/messages/join.ts'
import type { OfferNotice } from '../../../protocols/messages/offer-notice.ts'
import type { PeerNode } from '../../../protocols/p2p/node.ts'
import { openOffers, type Offers } from '../../../protocols/p2p/offers.ts'
import { resourceOf, type Resource } from '../../../protocols/rules/resource.ts'

export interface HomeOffersOptions {
  readonly node: PeerNode
  readonly descriptor: CommunityDescriptor
  /** Resources that the home likes to be asked for. */
  readonly wanted: () => readonly Resource[]
  /** Word of an offer came; the chain says whether it is so. */
  readonly onWord: (offer: OfferNotice) => void
  readonly onFault: (thrown: unknown) => void
}

/** The word of offers, to and from the neighbours. The chain counts: a word only makes look sooner. */
export class HomeOffers {
  readonly #options: HomeOffersOptions
  #offers: Offers

  constructor(options: HomeOffersOptions) {
    this.#options = options
    this.#offers = this.#open()
  }

  #open(): Offers {
    const { node, descriptor, wanted, onWord } = this.#options
    const { chainId, monitoring, communityName } = descriptor
    return openOffers(node, {
      chainId,
      monitoring,
      community: communityName,
      resources: wanted(),
      onOffer: onWord,
    })
  }

  /** Other resources are wanted now. */
  wantedChanged(): void {
    this.#offers.stop()
    this.#offers = this.#open()
  }

  /** Tells the neighbours of an offer that the chain has. */
  tell(auction: AuctionTable): void {
    this.#offers
      .publish({
        auctionId: auction.id,
        buyer: auction.buyer,
        resource: resourceOf(auction.resource),
        period: auction.period,
        fromSlot: auction.from_slot,
        untilSlot: auction.until_slot,
        amount: auction.amount,
        commitEndMs: auction.commit_end_ms,
      })
      .catch((thrown: unknown) => this.#options.onFault(thrown))
  }

  stop(): void {
    this.#offers.stop()
  }
}

/** Homes hear each other by way of their gateway: it follows their topics, though it wants nothing itself. */
export function passOffersOn(
  node: PeerNode,
  { chainId, monitoring, communityName }: CommunityDescriptor,
): void {
  openOffers(node, { chainId, monitoring, community: communityName, onOffer: () => undefined })
}
