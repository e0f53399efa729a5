import { assign, setup } from 'xstate'
import { placeholder } from '../../placeholder.ts'

/** On which side of an auction a home stands. */
export type TradeRole = 'buyer' | 'seller'

/** The calls that a home makes in an auction, by the paper's names (figures 5 and 6). */
export type AuctionCall =
  | 'offer'
  | 'receiveBid'
  | 'cancel'
  | 'depositMaxPrice'
  | 'revealBid'
  | 'checkWinner'
  | 'refund'
  | 'challengeDelivery'
  | 'confirmResourceExchange'

/** Why an auction ended without an award, as the contract says it. */
export const AUCTION_FAILURES = [
  'none',
  'cancelled',
  'no-bids',
  'no-max-price',
  'none-under-max',
  'second-above-max',
  'too-late',
] as const
export type AuctionFailure = (typeof AUCTION_FAILURES)[number]

/** A call that the contract refused, and its words. */
export interface RefusedCall {
  readonly call: AuctionCall
  readonly reason: string
}

export interface NegotiationContext {
  /** 0x hex. */
  readonly auctionId: string
  readonly role: TradeRole
  readonly bids: number
  readonly reveals: number
  /** What the award costs the buyer, in micro-SCT in decimal digits; null before. */
  readonly priceMicroSct: string | null
  readonly failure: AuctionFailure | null
  readonly refused: RefusedCall | null
}

export type NegotiationEvent =
  | { type: 'BID_SEALED'; own: boolean }
  | { type: 'BIDS_CLOSED' }
  /** The blocks between the last bid and the first thing shown have passed. */
  | { type: 'GAP_OVER' }
  | { type: 'MAX_PRICE_SHOWN' }
  | { type: 'SHOWING_CLOSED' }
  | { type: 'BID_REVEALED'; own: boolean }
  | { type: 'REVEALS_CLOSED' }
  | { type: 'AWARDED'; own: boolean; priceMicroSct: string }
  | { type: 'AUCTION_FAILED'; failure: AuctionFailure }
  | { type: 'CALL_REFUSED'; call: AuctionCall; reason: string }

/**
 * The negotiation of one auction at one home (paper §5.3, figure 5): bids are sealed, the buyer shows the
 * highest price, the sellers reveal, and the winner is found. What the chain says decides; a home only sees to
 * it that its own calls are made in their phase.
 */
export const negotiationMachine = setup({
  types: {
    context: {} as NegotiationContext,
    events: {} as NegotiationEvent,
    input: {} as { auctionId: string; role: TradeRole },
  },
  actions: {
    placeBid: placeholder('placeBid'),
    showMaxPrice: placeholder('showMaxPrice'),
    revealBid: placeholder('revealBid'),
    settle: placeholder('settle'),
    cancel: placeholder('cancel'),
    countBid: assign({ bids: ({ context }) => context.bids + 1 }),
    countReveal: assign({ reveals: ({ context }) => context.reveals + 1 }),
    rememberPrice: assign(({ event }) =>
      event.type === 'AWARDED' ? { priceMicroSct: event.priceMicroSct } : {},
    ),
    rememberFailure: assign(({ event }) =>
      event.type === 'AUCTION_FAILED' ? { failure: event.failure } : {},
    ),
    rememberRefusal: assign(({ event }) =>
      event.type === 'CALL_REFUSED' ? { refused: { call: event.call, reason: event.reason } } : {},
    ),
  },
  guards: {
    isBuyer: ({ context }) => context.role === 'buyer',
    nobodyBid: ({ context }) => context.bids === 0,
    isOwn: ({ event }) => 'own' in event && event.own === true,
    bidRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'receiveBid',
    revealRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'revealBid',
    maxPriceRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'depositMaxPrice',
  },
}).createMachine({
  id: 'negotiation',
  context: ({ input }) => ({
    ...input,
    bids: 0,
    reveals: 0,
    priceMicroSct: null,
    failure: null,
    refused: null,
  }),
  initial: 'opening',
  states: {
    opening: { always: [{ guard: 'isBuyer', target: 'buying' }, { target: 'selling' }] },
    buying: {
      initial: 'collecting',
      states: {
        collecting: {
          on: {
            BID_SEALED: { actions: 'countBid' },
            BIDS_CLOSED: [{ guard: 'nobodyBid', target: 'cancelling' }, { target: 'waiting' }],
          },
        },
        // A bid that was in the last block may still be moved by a fork: nothing is shown before.
        waiting: { on: { BID_SEALED: { actions: 'countBid' }, GAP_OVER: 'showing' } },
        showing: {
          entry: 'showMaxPrice',
          on: {
            MAX_PRICE_SHOWN: 'revealing',
            CALL_REFUSED: { guard: 'maxPriceRefused', target: 'withholding', actions: 'rememberRefusal' },
          },
        },
        // The bond is lost unless the call can still be made: it is tried until the phase is over.
        withholding: { on: { MAX_PRICE_SHOWN: 'revealing', GAP_OVER: 'showing', SHOWING_CLOSED: 'settling' } },
        revealing: { on: { BID_REVEALED: { actions: 'countReveal' }, REVEALS_CLOSED: 'settling' } },
        settling: {
          entry: 'settle',
          on: { CALL_REFUSED: { actions: 'rememberRefusal' }, BID_REVEALED: { actions: 'countReveal' } },
        },
        cancelling: {
          entry: 'cancel',
          on: { CALL_REFUSED: { target: 'settling', actions: 'rememberRefusal' } },
        },
      },
    },
    selling: {
      initial: 'bidding',
      states: {
        bidding: {
          entry: 'placeBid',
          on: {
            BID_SEALED: [{ guard: 'isOwn', target: 'sealed', actions: 'countBid' }, { actions: 'countBid' }],
            CALL_REFUSED: {
              guard: 'bidRefused',
              target: '#negotiation.out',
              actions: 'rememberRefusal',
            },
            BIDS_CLOSED: '#negotiation.out',
          },
        },
        sealed: {
          on: {
            BID_SEALED: { actions: 'countBid' },
            MAX_PRICE_SHOWN: 'revealing',
            SHOWING_CLOSED: 'settling',
          },
        },
        revealing: {
          entry: 'revealBid',
          on: {
            BID_REVEALED: [
              { guard: 'isOwn', target: 'revealed', actions: 'countReveal' },
              { actions: 'countReveal' },
            ],
            CALL_REFUSED: { guard: 'revealRefused', target: 'revealed', actions: 'rememberRefusal' },
            REVEALS_CLOSED: 'settling',
          },
        },
        revealed: {
          on: {
            BID_REVEALED: { actions: 'countReveal' },
            REVEALS_CLOSED: 'settling',
          },
        },
        settling: {
          entry: 'settle',
          on: { CALL_REFUSED: { actions: 'rememberRefusal' }, BID_REVEALED: { actions: 'countReveal' } },
        },
      },
    },
    awarded: { type: 'final' },
    lost: { type: 'final' },
    failed: { type: 'final' },
    /** This home has no bid in the auction. */
    out: { type: 'final' },
  },
  on: {
    AWARDED: [
      { guard: 'isBuyer', target: '.awarded', actions: 'rememberPrice' },
      { guard: 'isOwn', target: '.awarded', actions: 'rememberPrice' },
      { target: '.lost', actions: 'rememberPrice' },
    ],
    AUCTION_FAILED: { target: '.failed', actions: 'rememberFailure' },
  },
})
