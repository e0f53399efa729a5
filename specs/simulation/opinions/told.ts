import type { Chance } from '../chance.ts'
import { AUCTION_CALLS } from '../../../actors/auction/negotiation/machine.ts'
import { DELEGATION_CALLS } from '../../../actors/delegation/machine.ts'
import { type Facts, factsOf, num } from './chart.ts'

/** What a machine may be told, with numbers about those that it remembers: one less, the same, one more. */
export type Tells = Readonly<Record<string, (chance: Chance, context: Facts) => Facts>>

const about = (chance: Chance, value: unknown): number => num(value) + chance.whole(-1, 2)
const natural = (chance: Chance, value: unknown): number => Math.max(0, about(chance, value))
const either = (chance: Chance): boolean => chance.hits(500_000)
const nothing = (): Facts => ({})
const epoch = (chance: Chance, { epoch: known }: Facts): Facts => {
  return { epoch: natural(chance, known ?? 0), recipient: `0x${chance.whole(1, 9)}` }
}
const slot = (chance: Chance, { lastSlot }: Facts): Facts => ({ slot: about(chance, lastSlot) })
const account = (chance: Chance): Facts => {
  return { account: `0x${chance.whole(1, 9)}`, peerKey: `0x${chance.whole(1, 9)}` }
}
const what = (chance: Chance): Facts => ({ what: chance.pick(['chain', 'community', 'boards']) })
const because = (chance: Chance): Facts => ({ because: `because ${chance.whole(1, 9)}` })

export const HOME_TELLS: Tells = {
  COMMUNITY_FOUND: nothing,
  JOIN_ACCEPTED: nothing,
  JOIN_REFUSED: () => ({ reason: 'unknown' }),
  KEY_RECEIVED: epoch,
  KEY_PUBLISHED: epoch,
  EPOCH_ANNOUNCED: epoch,
  READING_COMPLETE: slot,
  READING_REFUSED: (chance, context) => ({ ...slot(chance, context), reason: 'spike' }),
  READING_SEALED: (chance, context) => ({ ...slot(chance, context), sequence: chance.whole(1, 99) }),
  READING_INCLUDED: slot,
  READING_UNDONE: slot,
  ALARM_OPENED: (chance) => ({ number: chance.whole(1, 9) }),
  ALARMS_ACKNOWLEDGED: nothing,
  AWAY: what,
  BACK: what,
  LEAVE: nothing,
  LEFT: nothing,
}

export const COMMUNITY_TELLS: Tells = {
  CONTRACTS_READY: nothing,
  KEYS_ANNOUNCED: epoch,
  EPOCH_DUE: (chance, { epoch: known }) => ({ epoch: about(chance, known ?? -1) }),
  JOIN_ASKED: account,
  MEMBER_ADMITTED: account,
  MEMBER_KEYED: account,
  MEMBER_REVOKED: account,
  RECORDS_SEEN: (chance) => ({ count: chance.whole(1, 3) }),
  READINGS_OPENED: (chance, { unopened }) => {
    const faulty = chance.whole(0, 1)
    return { accepted: Math.max(0, natural(chance, unopened) - faulty), faulty }
  },
  PERIOD_ENDED: (chance, { period }) => ({ period: about(chance, period) }),
  PERIOD_CLOSED: (_, { period }) => ({ period }),
  EXCESSES_TOLD: nothing,
  EXCESSES_LOOKED: (chance) => ({ demanded: chance.whole(0, 2) }),
  ALARMS_DRAFTED: (chance) => ({ count: chance.whole(1, 3) }),
  ALARMS_PUBLISHED: (chance, { alarmsWaiting }) => ({ count: natural(chance, alarmsWaiting) }),
  PRICES_STALE: nothing,
  PRICES_FRESH: nothing,
  CHAIN_STALLED: nothing,
  CHAIN_REWOUND: (chance) => ({ block: chance.whole(1, 99) }),
  CHAIN_FOLLOWED: nothing,
  HAND_OVER: nothing,
  HANDED_OVER: nothing,
}

const wish = (chance: Chance): Facts => {
  return { wish: { valueMicroSct: String(chance.whole(1, 99)), ...because(chance) } }
}
export const DETERMINATION_TELLS: Tells = {
  OFFERED: (chance) => ({ auctionId: `0x${chance.whole(1, 9)}` }),
  OFFER_REFUSED: (chance) => ({ reason: 'TooEarly', again: either(chance) }),
  INTERESTED: wish,
  NOT_INTERESTED: because,
  UNDECIDED: because,
  PERSON_BIDS: wish,
  PERSON_DECLINES: nothing,
  BIDS_CLOSED: nothing,
}

/** The calls of a part of a trade, and at times one of another part. */
const CALLS_OF = {
  buyer: ['depositMaxPrice', 'cancel', 'checkWinner'],
  seller: ['receiveBid', 'revealBid', 'checkWinner'],
  payment: ['refund', 'challengeDelivery', 'confirmResourceExchange'],
} as const
const refusedOf = (chance: Chance, part: keyof typeof CALLS_OF): Facts => ({
  call: chance.pick(chance.hits(200_000) ? AUCTION_CALLS : CALLS_OF[part]),
  reason: chance.pick(['GapNotOver', 'NoAuction (id)', 'WrongState', 'NothingToRefund', 'TooEarly']),
})
export const NEGOTIATION_TELLS: Tells = {
  BID_SEALED: nothing,
  BIDS_CLOSED: (chance) => ({ bids: chance.whole(0, 2) }),
  GAP_OVER: nothing,
  MAX_PRICE_SHOWN: nothing,
  SHOWING_CLOSED: nothing,
  BID_REVEALED: nothing,
  REVEALS_CLOSED: (chance) => ({ reveals: chance.whole(0, 2) }),
  AWARDED: (chance) => ({ own: either(chance), priceMicroSct: String(chance.whole(1, 99)) }),
  AUCTION_FAILED: (chance) => ({ failure: chance.pick(['no-bids', 'none-under-max']) }),
  CALL_REFUSED: (chance, { role }) => refusedOf(chance, role === 'buyer' ? 'buyer' : 'seller'),
  PERSON_CANCELS: nothing,
}

export const PAYMENT_TELLS: Tells = {
  REFUNDED: nothing,
  PERIOD_OVER: nothing,
  DELIVERY_STATED: (chance) => ({ fair: either(chance) }),
  DELIVERY_CHALLENGED: nothing,
  DELIVERY_DECIDED: nothing,
  PERSON_CHALLENGES: nothing,
  PAID: (chance) => ({ delivered: String(chance.whole(0, 9)), paidMicroSct: String(chance.whole(0, 99)) }),
  CALL_REFUSED: (chance) => refusedOf(chance, 'payment'),
}

export const CALL_TELLS: Tells = {
  signed: (chance, { sinceBlock }) => ({ head: natural(chance, sinceBlock), replaces: either(chance) }),
  accepted: nothing,
  underpriced: nothing,
  refused: () => ({ error: 'refused' }),
  included: (chance, { sinceBlock }) => {
    const failed = chance.hits(300_000)
    const [block, gasUsed] = [natural(chance, sinceBlock), chance.whole(1, 99)]
    const named = { blockHash: `0x${block}`, transactionHash: '0x1', error: failed ? 'TooEarly' : null }
    return { block, gasUsed, ok: !failed, ...named, detail: failed ? 'id=1' : null }
  },
  head: (chance, { sinceBlock, block }) => ({
    head: num(block ?? sinceBlock) + chance.whole(0, 7),
    final: either(chance),
    covered: chance.hits(700_000),
  }),
  forked: (chance, { block }) => ({ from: natural(chance, block ?? 1) }),
  lost: nothing,
}

const terms = (chance: Chance): Facts => ({
  ...{ functions: ['readings'], fromSlot: chance.whole(1, 9), untilSlot: chance.whole(10, 19) },
  ...{ rewardMicroSct: String(chance.whole(1, 99)), text: 'water the plants' },
})
const offer = (chance: Chance): Facts => ({ terms: terms(chance), answerByMs: chance.whole(1, 99) })
const consent = (chance: Chance): Facts => ({
  consent: { id: chance.whole(1, 9), signature: '0x1', epoch: 1 },
})
const round = (chance: Chance, { round: known }: Facts): Facts => ({ round: about(chance, known) })

export const DELEGATION_TELLS: Tells = {
  PEER_OFFERED: (chance, context) => ({ ...offer(chance), ...round(chance, context) }),
  PEER_AGREED: round,
  PEER_CONSENTED: (chance, context) => ({ ...consent(chance), ...round(chance, context) }),
  PEER_DECLINED: because,
  PERSON_OFFERS: offer,
  PERSON_ACCEPTS: nothing,
  PERSON_DECLINES: nothing,
  PERSON_ENDS: nothing,
  KEY_RECEIVED: consent,
  TIME_OUT: nothing,
  REGISTERED: (chance) => ({ fromSlot: chance.whole(1, 9), untilSlot: chance.whole(10, 19) }),
  STARTED: nothing,
  ENDED: (chance) => ({ untilSlot: chance.whole(10, 19) }),
  EXPIRED: nothing,
  CLAIMED: (chance) => ({ paidMicroSct: String(chance.whole(0, 99)) }),
  RETURNED: nothing,
  CALL_REFUSED: (chance) => ({ call: chance.pick(DELEGATION_CALLS), ...because(chance) }),
}

export const CARING_TELLS: Tells = {
  READING: (chance, { watchedTo, newest, limits }) => {
    const { peakPowerW, waterMlPerSlot } = factsOf(limits)
    const next = num(watchedTo ?? 5) + chance.whole(0, 3)
    const passed = newest === null ? 0 : next - num(factsOf(newest)['slot'])
    const ran = num(waterMlPerSlot ?? 10) * passed + chance.whole(-1, 1)
    return {
      ...{ slot: next, peakPowerW: num(peakPowerW ?? 5) + chance.whole(-1, 1) },
      waterMl: num(factsOf(newest)['waterMl'] ?? 100) + Math.max(0, ran),
    }
  },
  NOTHING_CAME: (chance, { watchedTo }) => ({ slot: num(watchedTo ?? 5) + chance.whole(0, 2) }),
  QUOTA_KNOWN: (chance) => ({ peakPowerW: chance.whole(1, 9), waterMlPerSlot: chance.whole(0, 20) }),
  ALARM: () => ({ number: 1 }),
  PERSON_SAW: nothing,
  CARE_ENDS: nothing,
}
