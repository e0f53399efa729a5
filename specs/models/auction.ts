import { setup, type SnapshotFrom } from 'xstate'

/*
 * What may happen to a lot, as a person would tell it: the model from which paths are made. Each event is
 * carried out on real desks and a real chain (specs/market/model.spec.ts), and each state says in which
 * states the two machines must then be.
 */

export type WorldEvent =
  | { type: 'ORDER' }
  | { type: 'ORDER_UNDER_TAKEN_NUMBER' }
  | { type: 'ORDER_OF_PAST_PERIOD' }
  | { type: 'ORDER_OF_TOO_MUCH' }
  | { type: 'SELLER_DECLINES' }
  | { type: 'PERSON_DECLINES' }
  | { type: 'PERSON_IS_SILENT' }
  | { type: 'BUYER_CANCELS' }
  | { type: 'PERSON_BIDS' }
  | { type: 'PERSON_BIDS_TOO_LATE' }
  | { type: 'SELLER_BIDS' }
  | { type: 'BID_BEFORE_THE_OFFER' }
  | { type: 'SELLER_BIDS_ABOVE' }
  | { type: 'SELLER_IS_OUTBID' }
  | { type: 'LOSER_REFUND_REFUSED' }
  | { type: 'PRICE_SHOWN' }
  | { type: 'PRICE_SHOWN_TOO_EARLY' }
  | { type: 'CANCEL_MEETS_A_BID' }
  | { type: 'BUYER_AWAY' }
  | { type: 'SETTLING_REFUSED' }
  | { type: 'SALT_DAMAGED' }
  | { type: 'REVEALED' }
  | { type: 'REVEALED_BUT_REFUND_REFUSED' }
  | { type: 'REVEAL_REFUSED' }
  | { type: 'REVEAL_LOST' }
  | { type: 'CHECKED_TOO_EARLY' }
  | { type: 'PERIOD_OVER' }
  | { type: 'SILENCE' }
  | { type: 'FAIR_STATEMENT' }
  | { type: 'SELLER_CHALLENGES' }
  | { type: 'BUYER_CHALLENGES' }
  | { type: 'PERSON_CHALLENGES_TOO_LATE' }
  | { type: 'CHALLENGE_REFUSED' }
  | { type: 'CONFIRMATION_REFUSED' }
  | { type: 'SELLER_AWAY' }

/** Ends of the two machines by name of the state: buyer, seller; null while it makes no odds. */
export interface Ends {
  readonly buyer: string | null
  readonly seller: string | null
}
const ends = (buyer: string | null, seller: string | null): Ends => ({ buyer, seller })

export const auctionModel = setup({
  types: { events: {} as WorldEvent, meta: {} as Ends },
}).createMachine({
  id: 'auction',
  initial: 'idle',
  states: {
    idle: {
      on: {
        ORDER: 'offered',
        ORDER_UNDER_TAKEN_NUMBER: 'offered',
        ORDER_OF_PAST_PERIOD: 'refused',
        ORDER_OF_TOO_MUCH: 'tooMuch',
      },
    },
    refused: { type: 'final', meta: ends('determination.refused', null) },
    tooMuch: { type: 'final', meta: ends('payment.closed', 'negotiation.out') },
    offered: {
      meta: ends('negotiation.buying.collecting', null),
      on: {
        SELLER_DECLINES: 'cancelled',
        PERSON_DECLINES: 'cancelled',
        PERSON_IS_SILENT: 'cancelled',
        BUYER_CANCELS: 'takenBack',
        PERSON_BIDS_TOO_LATE: 'outrun',
        PERSON_BIDS: 'sealed',
        SELLER_BIDS: 'sealed',
        BID_BEFORE_THE_OFFER: 'sealed',
        SELLER_BIDS_ABOVE: 'noneUnder',
        SELLER_IS_OUTBID: 'lost',
        LOSER_REFUND_REFUSED: 'lost',
      },
    },
    cancelled: { type: 'final', meta: ends('payment.closed', 'determination.declined') },
    takenBack: { type: 'final', meta: ends('payment.closed', null) },
    outrun: { type: 'final', meta: ends('payment.closed', 'negotiation.out') },
    noneUnder: { type: 'final', meta: ends('payment.closed', 'payment.closed') },
    sealed: {
      meta: ends(null, 'negotiation.selling.sealed'),
      on: {
        PRICE_SHOWN: 'shown',
        PRICE_SHOWN_TOO_EARLY: 'shown',
        CANCEL_MEETS_A_BID: 'shown',
        BUYER_AWAY: 'unshown',
        SETTLING_REFUSED: 'unshown',
        SALT_DAMAGED: 'unshown',
      },
    },
    unshown: { type: 'final', meta: ends('payment.closed', 'payment.closed') },
    shown: {
      meta: ends('negotiation.buying.revealing', null),
      on: {
        REVEALED: 'awarded',
        REVEALED_BUT_REFUND_REFUSED: 'awarded',
        REVEAL_REFUSED: 'unrevealed',
        REVEAL_LOST: 'unrevealed',
        CHECKED_TOO_EARLY: 'unrevealed',
      },
    },
    lost: { type: 'final', meta: ends(null, 'payment.closed') },
    unrevealed: { type: 'final', meta: ends('payment.closed', 'payment.closed') },
    awarded: {
      meta: ends('payment.delivering', 'payment.delivering'),
      on: { PERIOD_OVER: 'judged' },
    },
    judged: {
      meta: ends('payment.judging.awaitingWord', 'payment.judging.awaitingWord'),
      on: {
        SILENCE: 'paid',
        FAIR_STATEMENT: 'paid',
        SELLER_CHALLENGES: 'paid',
        BUYER_CHALLENGES: 'paid',
        PERSON_CHALLENGES_TOO_LATE: 'paid',
        CHALLENGE_REFUSED: 'paid',
        CONFIRMATION_REFUSED: 'paid',
        SELLER_AWAY: 'paidByBuyer',
      },
    },
    paid: { type: 'final', meta: ends('payment.paid', 'payment.paid') },
    paidByBuyer: { type: 'final', meta: ends('payment.paid', null) },
  },
})

/** In which states the model wants the machines of a state. */
export function endsOf(snapshot: SnapshotFrom<typeof auctionModel>): Ends {
  return Object.values(snapshot.getMeta()).at(-1) ?? { buyer: null, seller: null }
}
