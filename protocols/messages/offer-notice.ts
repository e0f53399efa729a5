import { z } from 'zod'
import { LOT_AMOUNT_MOST } from '../rules/lot-price.ts'
import { type Resource, RESOURCES } from '../rules/resource.ts'
import { addressField, defineMessage, hash32Field, naturalField } from './json-message.ts'
import { NOTICE_MAX_LIFE_MS } from './notice.ts'

/** What a notice of an offer is called within the signed notice that carries it. */
export const OFFER_KIND = 'offer'
/** A hash, an address and six numbers with their names. */
export const OFFER_MAX_BYTES = 512

/** The gossip topic of a community's offers of one resource. */
export const offersTopic = (community: string, resource: Resource): string =>
  `/${community}/offers/${resource}`

/** An auction's id holds its buyer (ITradingEnabler): 4 zero bytes, 20 of the buyer, 8 of the number. */
const buyerOf = (auctionId: string): string => `0x${auctionId.slice(10, 50)}`

const offerSchema = z
  .strictObject({
    auctionId: hash32Field(),
    buyer: addressField(),
    resource: z.enum(RESOURCES),
    period: naturalField(),
    /** The window of power, in slots; 0 and 0 for energy and water. */
    fromSlot: naturalField(),
    untilSlot: naturalField(),
    /** Wh, W or mL. */
    amount: naturalField(LOT_AMOUNT_MOST).min(1),
    /** Unix ms until which bids are taken. */
    commitEndMs: naturalField(),
  })
  .refine(({ auctionId, buyer }) => buyerOf(auctionId) === buyer.toLowerCase(), {
    path: ['auctionId'],
    error: 'expected an auction of the buyer',
  })
  .refine(
    ({ resource, fromSlot, untilSlot }) =>
      resource === 'power' ? fromSlot < untilSlot : fromSlot === 0 && untilSlot === 0,
    { path: ['untilSlot'], error: 'expected a window of slots for power, and none for the rest' },
  )

/**
 * Word of an offer, the body of a signed and numbered notice. It only wakes: what counts is `OfferMade` on
 * the chain, and who missed the word reads it there. The maximum price is sealed, so no price is told.
 */
export type OfferNotice = z.output<typeof offerSchema>

export const offerMessage = defineMessage('offer', OFFER_MAX_BYTES, offerSchema)

/** How long the word of an offer lives: while bids are taken, and no longer than any notice; 0 when over. */
export function offerLifeMs({ commitEndMs }: OfferNotice, nowMs: number): number {
  return Math.max(0, Math.min(commitEndMs - nowMs, NOTICE_MAX_LIFE_MS))
}
