import { assign, setup } from 'xstate'
import { placeholder } from '../../placeholder.ts'

/** On which side of an auction a home stands. */
export type TradeRole = 'buyer' | 'seller'

/** The calls that a home makes in an auction, by the paper's names (figures 5 and 6). */
export const AUCTION_CALLS = [
  'offer',
  'receiveBid',
  'cancel',
  'depositMaxPrice',
  'revealBid',
  'checkWinner',
  'refund',
  'challengeDelivery',
  'confirmResourceExchange',
] as const
export type AuctionCall = (typeof AUCTION_CALLS)[number]

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

/** A call that came too early is made again, at most so often; whoever else may make it does so too. */
const MOST_REFUSALS = 5

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
  /** How many calls were refused: a call that is made again is another one. */
  readonly refusals: number
}

export type NegotiationEvent =
  /** This home's bid is on the chain. */
  | { type: 'BID_SEALED' }
  | { type: 'BIDS_CLOSED'; bids: number }
  /** The blocks between the last bid and the first thing shown have passed. */
  | { type: 'GAP_OVER' }
  | { type: 'MAX_PRICE_SHOWN' }
  | { type: 'SHOWING_CLOSED' }
  /** This home's reveal is on the chain. */
  | { type: 'BID_REVEALED' }
  | { type: 'REVEALS_CLOSED'; reveals: number }
  | { type: 'AWARDED'; own: boolean; priceMicroSct: string }
  | { type: 'AUCTION_FAILED'; failure: AuctionFailure }
  | { type: 'CALL_REFUSED'; call: AuctionCall; reason: string }
  /** The people of the home want no offer any more that nobody has bid on. */
  | { type: 'PERSON_CANCELS' }

/**
 * The negotiation of one auction at one home (paper §5.3, figure 5): bids are sealed, the buyer shows the
 * highest price, the sellers reveal, and the winner is found. What the chain says decides; a home only sees
 * to it that its own calls are made in their phase.
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
    countBids: assign(({ event }) => (event.type === 'BIDS_CLOSED' ? { bids: event.bids } : {})),
    countReveals: assign(({ event }) => (event.type === 'REVEALS_CLOSED' ? { reveals: event.reveals } : {})),
    rememberPrice: assign(({ event }) =>
      event.type === 'AWARDED' ? { priceMicroSct: event.priceMicroSct } : {},
    ),
    rememberFailure: assign(({ event }) =>
      event.type === 'AUCTION_FAILED' ? { failure: event.failure } : {},
    ),
    rememberRefusal: assign(({ context, event }) =>
      event.type === 'CALL_REFUSED'
        ? { refused: { call: event.call, reason: event.reason }, refusals: context.refusals + 1 }
        : {},
    ),
  },
  guards: {
    isBuyer: ({ context }) => context.role === 'buyer',
    nobodyBid: ({ event }) => event.type === 'BIDS_CLOSED' && event.bids === 0,
    isOwn: ({ event }) => event.type === 'AWARDED' && event.own,
    // After a fork a bid may come into a block before the offer that it answers.
    bidTooEarly: ({ context, event }) =>
      event.type === 'CALL_REFUSED' &&
      event.call === 'receiveBid' &&
      event.reason.startsWith('NoAuction') &&
      context.refusals < MOST_REFUSALS,
    bidRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'receiveBid',
    revealRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'revealBid',
    maxPriceRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'depositMaxPrice',
    shownTooEarly: ({ context, event }) =>
      event.type === 'CALL_REFUSED' &&
      event.call === 'depositMaxPrice' &&
      event.reason.startsWith('GapNotOver') &&
      context.refusals < MOST_REFUSALS,
    cancelRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'cancel',
    maySettleAgain: ({ context, event }) =>
      event.type === 'CALL_REFUSED' && event.call === 'checkWinner' && context.refusals < MOST_REFUSALS,
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
    refusals: 0,
  }),
  initial: 'opening',
  states: {
    opening: { always: [{ guard: 'isBuyer', target: 'buying' }, { target: 'selling' }] },
    buying: {
      initial: 'collecting',
      states: {
        collecting: {
          on: {
            BIDS_CLOSED: [
              { guard: 'nobodyBid', target: 'cancelling', actions: 'countBids' },
              { target: 'waiting', actions: 'countBids' },
            ],
            PERSON_CANCELS: 'cancelling',
          },
        },
        // A bid in the newest block may still be moved by a fork: nothing is shown before.
        waiting: { on: { GAP_OVER: 'showing' } },
        showing: {
          entry: 'showMaxPrice',
          on: {
            MAX_PRICE_SHOWN: 'revealing',
            CALL_REFUSED: [
              { guard: 'shownTooEarly', target: 'waiting', actions: 'rememberRefusal' },
              { guard: 'maxPriceRefused', target: 'withholding', actions: 'rememberRefusal' },
            ],
          },
        },
        // The bond is lost: nothing can be shown any more.
        withholding: { on: { SHOWING_CLOSED: 'settling' } },
        revealing: { on: { REVEALS_CLOSED: { target: 'settling', actions: 'countReveals' } } },
        settling: {
          entry: 'settle',
          on: {
            CALL_REFUSED: {
              guard: 'maySettleAgain',
              target: 'settling',
              reenter: true,
              actions: 'rememberRefusal',
            },
          },
        },
        cancelling: {
          entry: 'cancel',
          on: { CALL_REFUSED: { guard: 'cancelRefused', target: 'waiting', actions: 'rememberRefusal' } },
        },
      },
      on: { SHOWING_CLOSED: '.settling' },
    },
    selling: {
      initial: 'bidding',
      states: {
        bidding: {
          entry: 'placeBid',
          on: {
            BID_SEALED: 'sealed',
            CALL_REFUSED: [
              { guard: 'bidTooEarly', target: 'bidding', reenter: true, actions: 'rememberRefusal' },
              { guard: 'bidRefused', target: '#negotiation.out', actions: 'rememberRefusal' },
            ],
            BIDS_CLOSED: { target: '#negotiation.out', actions: 'countBids' },
          },
        },
        sealed: {
          on: {
            BIDS_CLOSED: { actions: 'countBids' },
            MAX_PRICE_SHOWN: 'revealing',
            SHOWING_CLOSED: 'settling',
          },
        },
        revealing: {
          entry: 'revealBid',
          on: {
            BID_REVEALED: 'revealed',
            CALL_REFUSED: { guard: 'revealRefused', target: 'revealed', actions: 'rememberRefusal' },
            REVEALS_CLOSED: { target: 'settling', actions: 'countReveals' },
          },
        },
        revealed: { on: { REVEALS_CLOSED: { target: 'settling', actions: 'countReveals' } } },
        settling: {
          entry: 'settle',
          on: {
            CALL_REFUSED: {
              guard: 'maySettleAgain',
              target: 'settling',
              reenter: true,
              actions: 'rememberRefusal',
            },
          },
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
