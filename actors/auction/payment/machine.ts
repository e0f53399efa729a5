import { assign, setup } from 'xstate'
import { placeholder } from '../../placeholder.ts'
import type { RefusedCall, TradeRole } from '../negotiation/machine.ts'

/** A call that came too early is made again, at most so often; whoever else may make it does so too. */
const MOST_REFUSALS = 5

/** How the negotiation ended for this home. */
export type NegotiationOutcome = 'awarded' | 'lost' | 'failed'

export interface PaymentContext {
  /** 0x hex. */
  readonly auctionId: string
  readonly role: TradeRole
  readonly outcome: NegotiationOutcome
  /** What was delivered in the lot's unit and what the seller was paid, in decimal digits; null before. */
  readonly delivered: string | null
  readonly paidMicroSct: string | null
  readonly refused: RefusedCall | null
  /** How many calls were refused: a call that is made again is another one. */
  readonly refusals: number
}

export type PaymentEvent =
  /** What this home had put down and does not owe is its credit again. */
  | { type: 'REFUNDED' }
  /** The lot's period, or its window of power, is over. */
  | { type: 'PERIOD_OVER' }
  /** The community said by how much the seller exceeded; `fair` as far as this home can tell. */
  | { type: 'DELIVERY_STATED'; fair: boolean }
  /** Somebody forced the opening. */
  | { type: 'DELIVERY_CHALLENGED' }
  /** What was delivered stands: by the statement, by an opening, or by silence. */
  | { type: 'DELIVERY_DECIDED' }
  | { type: 'PERSON_CHALLENGES' }
  | { type: 'PAID'; delivered: string; paidMicroSct: string }
  | ({ type: 'CALL_REFUSED' } & RefusedCall)

/**
 * Payment and delivery (paper §5.3, figure 6). What a home does not owe comes back at once; what was sold is
 * used or left unused until the billing period is over; then the facts say how much was delivered, which may
 * be challenged, and the payment follows it pro rata.
 */
export const paymentMachine = setup({
  types: {
    context: {} as PaymentContext,
    events: {} as PaymentEvent,
    input: {} as Pick<PaymentContext, 'auctionId' | 'role' | 'outcome'>,
  },
  actions: {
    refund: placeholder('refund'),
    challengeDelivery: placeholder('challengeDelivery'),
    confirmExchange: placeholder('confirmExchange'),
    rememberPayment: assign(({ event }) =>
      event.type === 'PAID' ? { delivered: event.delivered, paidMicroSct: event.paidMicroSct } : {},
    ),
    rememberRefusal: assign(({ context, event }) =>
      event.type === 'CALL_REFUSED'
        ? { refused: { call: event.call, reason: event.reason }, refusals: context.refusals + 1 }
        : {},
    ),
  },
  guards: {
    isAwarded: ({ context }) => context.outcome === 'awarded',
    mayRefundAgain: ({ context, event }) =>
      event.type === 'CALL_REFUSED' &&
      event.call === 'refund' &&
      !event.reason.startsWith('NothingToRefund') &&
      context.refusals < MOST_REFUSALS,
    refundRefusedOfAward: ({ context, event }) =>
      event.type === 'CALL_REFUSED' && event.call === 'refund' && context.outcome === 'awarded',
    mayConfirmAgain: ({ context, event }) =>
      event.type === 'CALL_REFUSED' &&
      event.call === 'confirmResourceExchange' &&
      context.refusals < MOST_REFUSALS,
    isUnfair: ({ event }) => event.type === 'DELIVERY_STATED' && !event.fair,
    refundRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'refund',
    challengeRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'challengeDelivery',
  },
}).createMachine({
  id: 'payment',
  context: ({ input }) => ({ ...input, delivered: null, paidMicroSct: null, refused: null, refusals: 0 }),
  initial: 'refunding',
  states: {
    refunding: {
      entry: 'refund',
      on: {
        REFUNDED: [{ guard: 'isAwarded', target: 'delivering' }, { target: 'closed' }],
        // Somebody else may have asked for it before: then there is nothing left to ask for.
        CALL_REFUSED: [
          { guard: 'mayRefundAgain', target: 'refunding', reenter: true, actions: 'rememberRefusal' },
          { guard: 'refundRefusedOfAward', target: 'delivering', actions: 'rememberRefusal' },
          { guard: 'refundRefused', target: 'closed', actions: 'rememberRefusal' },
        ],
      },
    },
    delivering: { on: { PERIOD_OVER: 'judging' } },
    judging: {
      initial: 'awaitingWord',
      states: {
        awaitingWord: {
          on: {
            DELIVERY_STATED: [{ guard: 'isUnfair', target: 'challenging' }, { target: 'awaitingWindow' }],
          },
        },
        awaitingWindow: { on: { PERSON_CHALLENGES: 'challenging' } },
        challenging: {
          entry: 'challengeDelivery',
          on: {
            CALL_REFUSED: {
              guard: 'challengeRefused',
              target: 'awaitingWindow',
              actions: 'rememberRefusal',
            },
          },
        },
        awaitingOpening: {},
      },
      on: { DELIVERY_CHALLENGED: '.awaitingOpening', DELIVERY_DECIDED: 'closing' },
    },
    closing: {
      entry: 'confirmExchange',
      on: {
        CALL_REFUSED: {
          guard: 'mayConfirmAgain',
          target: 'closing',
          reenter: true,
          actions: 'rememberRefusal',
        },
      },
    },
    paid: { type: 'final' },
    /** A trade that was not made: nothing is owed. */
    closed: { type: 'final' },
  },
  on: { PAID: { target: '.paid', actions: 'rememberPayment' } },
})
