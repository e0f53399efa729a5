import { assign, setup } from 'xstate'
import { placeholder } from '../placeholder.ts'

/** Whose home is watched, and who watches. */
export type DelegationRole = 'delegator' | 'delegatee'

/** What is on the table; amounts are micro-SCT in decimal digits. */
export interface OfferedTerms {
  readonly functions: readonly ('readings' | 'alarms')[]
  readonly fromSlot: number
  readonly untilSlot: number
  readonly rewardMicroSct: string
  readonly text: string
}

/** What the delegatee brings with its consent; bytes are 0x hex, so that a snapshot holds them. */
export interface DelegateeConsent {
  readonly id: number
  readonly signature: string
  readonly epoch: number
  readonly key: string
  readonly keySignature: string
  readonly proof: string
}

export const DELEGATION_CALLS = [
  'approve',
  'registerDelegation',
  'endDelegation',
  'claimReward',
  'returnReward',
] as const
export type DelegationCall = (typeof DELEGATION_CALLS)[number]

/** Rounds of offers, as the messages count them: the delegator's are odd, the delegatee's even. */
export const ROUNDS_MOST = 8

export interface DelegationContext {
  /** The negotiation's name, hex. */
  readonly negotiation: string
  readonly role: DelegationRole
  readonly peer: string
  readonly round: number
  readonly terms: OfferedTerms
  /** Until when an answer is waited for, unix ms; after that nobody is bound. */
  readonly answerByMs: number
  readonly consent: DelegateeConsent | null
  /** The window as the chain has it. */
  readonly fromSlot: number | null
  readonly untilSlot: number | null
  readonly because: string | null
  readonly paidMicroSct: string | null
}

type Answer = { readonly round: number; readonly terms: OfferedTerms; readonly answerByMs: number }

export type DelegationEvent =
  /** The other home has written: an offer, that it takes ours, its consent, or that it does not go on. */
  | ({ type: 'PEER_OFFERED' } & Answer)
  | { type: 'PEER_AGREED'; round: number }
  | { type: 'PEER_CONSENTED'; round: number; consent: DelegateeConsent }
  | { type: 'PEER_DECLINED'; because: string }
  | ({ type: 'PERSON_OFFERS' } & Omit<Answer, 'round'>)
  | { type: 'PERSON_ACCEPTS' }
  | { type: 'PERSON_DECLINES' }
  | { type: 'PERSON_ENDS' }
  /** The community gave a number and a key. */
  | { type: 'KEY_RECEIVED'; consent: DelegateeConsent }
  | { type: 'TIME_OUT' }
  /** What the chain says, once it is final. */
  | { type: 'REGISTERED'; fromSlot: number; untilSlot: number }
  | { type: 'STARTED' }
  | { type: 'ENDED'; untilSlot: number }
  | { type: 'EXPIRED' }
  | { type: 'CLAIMED'; paidMicroSct: string }
  | { type: 'RETURNED' }
  | { type: 'CALL_REFUSED'; call: DelegationCall; because: string }

/** Whether the last offer is this home's own: the delegator's are odd. */
const isOwnRound = (round: number, role: DelegationRole): boolean =>
  (round % 2 === 1) === (role === 'delegator')

/**
 * One delegation at one of its two homes, from the proposal to the last micro-SCT (paper §4.2, processes 4 to
 * 6). The homes take turns with their offers; whoever has the turn may take the other's last one. The
 * delegatee consents first, with the number and the key that the community gave it; the delegator consents by
 * registering. From then on the chain decides, and words only hurry.
 */
export const delegationMachine = setup({
  types: {
    context: {} as DelegationContext,
    events: {} as DelegationEvent,
    input: {} as Pick<DelegationContext, 'negotiation' | 'role' | 'peer' | 'terms' | 'answerByMs'>,
  },
  actions: {
    sendOffer: placeholder('sendOffer'),
    sendAgreement: placeholder('sendAgreement'),
    sendConsent: placeholder('sendConsent'),
    sendDecline: placeholder('sendDecline'),
    sendEnd: placeholder('sendEnd'),
    askPeople: placeholder('askPeople'),
    requestKey: placeholder('requestKey'),
    register: placeholder('register'),
    end: placeholder('end'),
    eraseKey: placeholder('eraseKey'),
    claimReward: placeholder('claimReward'),
    returnReward: placeholder('returnReward'),
    takeOffer: assign(({ event }) =>
      event.type === 'PEER_OFFERED'
        ? { round: event.round, terms: event.terms, answerByMs: event.answerByMs }
        : {},
    ),
    makeOffer: assign(({ context, event }) =>
      event.type === 'PERSON_OFFERS'
        ? { round: context.round + 1, terms: event.terms, answerByMs: event.answerByMs }
        : {},
    ),
    keepConsent: assign(({ event }) =>
      event.type === 'PEER_CONSENTED' || event.type === 'KEY_RECEIVED' ? { consent: event.consent } : {},
    ),
    keepWindow: assign(({ event }) =>
      event.type === 'REGISTERED' ? { fromSlot: event.fromSlot, untilSlot: event.untilSlot } : {},
    ),
    keepEnd: assign(({ event }) => (event.type === 'ENDED' ? { untilSlot: event.untilSlot } : {})),
    keepPayment: assign(({ event }) =>
      event.type === 'CLAIMED' ? { paidMicroSct: event.paidMicroSct } : {},
    ),
    keepReason: assign(({ event }) =>
      event.type === 'PEER_DECLINED' || event.type === 'CALL_REFUSED' ? { because: event.because } : {},
    ),
    keepTimeOut: assign({ because: 'No answer came in time.' }),
  },
  guards: {
    isDelegator: ({ context }) => context.role === 'delegator',
    isNextOffer: ({ context, event }) =>
      event.type === 'PEER_OFFERED' &&
      event.round === context.round + 1 &&
      !isOwnRound(event.round, context.role),
    mayOffer: ({ context }) => context.round < ROUNDS_MOST,
    isThisRound: ({ context, event }) =>
      (event.type === 'PEER_AGREED' || event.type === 'PEER_CONSENTED') && event.round === context.round,
    registerRefused: ({ event }) =>
      event.type === 'CALL_REFUSED' && (event.call === 'registerDelegation' || event.call === 'approve'),
    endRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'endDelegation',
    claimRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'claimReward',
    returnRefused: ({ event }) => event.type === 'CALL_REFUSED' && event.call === 'returnReward',
  },
}).createMachine({
  id: 'delegation',
  context: ({ input }) => ({
    ...input,
    round: 1,
    consent: null,
    fromSlot: null,
    untilSlot: null,
    because: null,
    paidMicroSct: null,
  }),
  initial: 'opening',
  states: {
    opening: {
      always: [{ guard: 'isDelegator', target: 'proposed.sent' }, { target: 'proposed.received' }],
    },
    proposed: {
      initial: 'sent',
      states: {
        sent: {
          entry: 'sendOffer',
          on: {
            PEER_CONSENTED: { guard: 'isThisRound', target: '#delegation.consented.registering' },
            PEER_OFFERED: {
              guard: 'isNextOffer',
              target: '#delegation.negotiating.ourTurn',
              actions: 'takeOffer',
            },
          },
        },
        received: {
          entry: 'askPeople',
          on: {
            PERSON_ACCEPTS: '#delegation.consented.preparing',
            PERSON_OFFERS: { target: '#delegation.negotiating.theirTurn', actions: 'makeOffer' },
          },
        },
      },
      on: {
        PEER_DECLINED: { target: 'declined', actions: 'keepReason' },
        PERSON_DECLINES: { target: 'declined', actions: 'sendDecline' },
        TIME_OUT: { target: 'declined', actions: 'keepTimeOut' },
      },
    },
    negotiating: {
      initial: 'theirTurn',
      states: {
        theirTurn: {
          entry: 'sendOffer',
          on: {
            PEER_CONSENTED: { guard: 'isThisRound', target: '#delegation.consented.registering' },
            PEER_AGREED: { guard: 'isThisRound', target: '#delegation.consented.preparing' },
            PEER_OFFERED: { guard: 'isNextOffer', target: 'ourTurn', actions: 'takeOffer' },
          },
        },
        ourTurn: {
          entry: 'askPeople',
          on: {
            PERSON_ACCEPTS: [
              { guard: 'isDelegator', target: '#delegation.consented.agreed' },
              { target: '#delegation.consented.preparing' },
            ],
            PERSON_OFFERS: { guard: 'mayOffer', target: 'theirTurn', actions: 'makeOffer' },
          },
        },
      },
      on: {
        PEER_DECLINED: { target: 'declined', actions: 'keepReason' },
        PERSON_DECLINES: { target: 'declined', actions: 'sendDecline' },
        TIME_OUT: { target: 'declined', actions: 'keepTimeOut' },
      },
    },
    consented: {
      initial: 'preparing',
      states: {
        /** The delegatee asks the community for the number and the key: nobody is bound yet. */
        preparing: {
          entry: 'requestKey',
          on: {
            KEY_RECEIVED: { target: 'given', actions: 'keepConsent' },
            PERSON_DECLINES: { target: '#delegation.declined', actions: 'sendDecline' },
            PEER_DECLINED: { target: '#delegation.declined', actions: 'keepReason' },
            TIME_OUT: { target: '#delegation.declined', actions: 'keepTimeOut' },
          },
        },
        /** The delegatee's consent is out: until the window is over the delegator may use it. */
        given: { entry: 'sendConsent', on: { PERSON_DECLINES: 'withdrawn', PERSON_ENDS: 'withdrawn' } },
        /** It cannot be taken back, but what comes of it is ended at once. */
        withdrawn: {
          entry: 'sendDecline',
          on: { REGISTERED: { target: '#delegation.ending', actions: 'keepWindow' } },
        },
        /** The delegator has taken the delegatee's offer, which still has to consent. */
        agreed: {
          entry: 'sendAgreement',
          on: {
            PEER_CONSENTED: { guard: 'isThisRound', target: 'registering' },
            PEER_DECLINED: { target: '#delegation.declined', actions: 'keepReason' },
            PERSON_DECLINES: { target: '#delegation.declined', actions: 'sendDecline' },
            TIME_OUT: { target: '#delegation.declined', actions: 'keepTimeOut' },
          },
        },
        registering: {
          entry: ['keepConsent', 'register'],
          on: {
            CALL_REFUSED: { guard: 'registerRefused', target: '#delegation.failed', actions: 'keepReason' },
          },
        },
      },
      on: {
        REGISTERED: { target: 'registered', actions: 'keepWindow' },
        EXPIRED: { target: 'failed', actions: 'keepTimeOut' },
      },
    },
    registered: {
      on: {
        STARTED: 'active',
        PERSON_ENDS: 'ending',
        ENDED: { target: 'ended', actions: 'keepEnd' },
        EXPIRED: 'ended',
      },
    },
    active: {
      on: { PERSON_ENDS: 'ending', ENDED: { target: 'ended', actions: 'keepEnd' }, EXPIRED: 'ended' },
    },
    ending: {
      entry: ['end', 'sendEnd'],
      on: {
        ENDED: { target: 'ended', actions: 'keepEnd' },
        EXPIRED: 'ended',
        // The other home may have ended it before: the chain says so in its time.
        CALL_REFUSED: { guard: 'endRefused', actions: 'keepReason' },
      },
    },
    ended: {
      initial: 'parting',
      states: {
        parting: {
          always: [{ guard: 'isDelegator', target: 'owed' }, { target: 'claiming' }],
        },
        claiming: {
          entry: ['eraseKey', 'claimReward'],
          on: {
            CLAIMED: { target: 'settled', actions: 'keepPayment' },
            RETURNED: 'settled',
            CALL_REFUSED: { guard: 'claimRefused', target: 'settled', actions: 'keepReason' },
          },
        },
        owed: {
          on: {
            CLAIMED: { target: 'returning', actions: 'keepPayment' },
            TIME_OUT: 'returning',
            RETURNED: 'settled',
          },
        },
        returning: {
          entry: 'returnReward',
          on: {
            RETURNED: 'settled',
            CLAIMED: { actions: 'keepPayment' },
            CALL_REFUSED: { guard: 'returnRefused', target: 'settled', actions: 'keepReason' },
          },
        },
        settled: { type: 'final' },
      },
      onDone: 'closed',
    },
    closed: { type: 'final' },
    declined: { type: 'final' },
    failed: { type: 'final' },
  },
})
