import type { ArchiveEvent } from '../../actors/archive/machine.ts'
import type { BoardLinkEvent } from '../../actors/board-link/machine.ts'
import type { CaringEvent } from '../../actors/caring/machine.ts'
import type { MachineName } from '../../actors/catalogue.ts'
import type { CommunityGatewayEvent } from '../../actors/community-gateway/machine.ts'
import type { PriceFeedEvent } from '../../actors/community-gateway/price-feed/machine.ts'
import type { CallEvent } from '../../actors/contract-proxy/intent-machine.ts'
import type { ProxyEvent } from '../../actors/contract-proxy/machine.ts'
import type { DelegateeConsent, DelegationEvent, OfferedTerms } from '../../actors/delegation/machine.ts'
import type { DeterminationEvent } from '../../actors/auction/determination/machine.ts'
import type { NegotiationEvent } from '../../actors/auction/negotiation/machine.ts'
import type { PaymentEvent } from '../../actors/auction/payment/machine.ts'
import type { PowerControlEvent } from '../../actors/power-control/machine.ts'
import type { VoterEvent } from '../../actors/signer-voter/machine.ts'
import type { SmartGatewayEvent } from '../../actors/smart-gateway/machine.ts'

/** One event of each kind, such as would do the most harm where it is not allowed. */

const FAR = 9_999_999
const home: readonly SmartGatewayEvent[] = [
  { type: 'COMMUNITY_FOUND' },
  { type: 'JOIN_ACCEPTED' },
  { type: 'JOIN_REFUSED', reason: 'sneaked' },
  { type: 'KEY_RECEIVED', epoch: FAR },
  { type: 'KEY_PUBLISHED', epoch: FAR, recipient: '0xsneaked' },
  { type: 'EPOCH_ANNOUNCED', epoch: FAR, recipient: '0xsneaked' },
  { type: 'READING_COMPLETE', slot: FAR },
  { type: 'READING_REFUSED', slot: FAR, reason: 'sneaked' },
  { type: 'READING_SEALED', slot: FAR, sequence: FAR },
  { type: 'READING_INCLUDED', slot: FAR },
  { type: 'READING_UNDONE', slot: FAR },
  { type: 'ALARM_OPENED', number: FAR },
  { type: 'ALARMS_ACKNOWLEDGED' },
  { type: 'AWAY', what: 'chain' },
  { type: 'BACK', what: 'chain' },
  { type: 'LEAVE' },
  { type: 'LEFT' },
]

const community: readonly CommunityGatewayEvent[] = [
  { type: 'CONTRACTS_READY' },
  { type: 'KEYS_ANNOUNCED', epoch: FAR },
  { type: 'EPOCH_DUE', epoch: 1 },
  { type: 'JOIN_ASKED', account: '0xsneaked', peerKey: '0x01' },
  { type: 'MEMBER_ADMITTED', account: '0xsneaked' },
  { type: 'MEMBER_KEYED', account: '0xsneaked' },
  { type: 'MEMBER_REVOKED', account: '0xsneaked' },
  { type: 'RECORDS_SEEN', count: FAR },
  { type: 'READINGS_OPENED', accepted: 1, faulty: 1 },
  { type: 'PERIOD_ENDED', period: FAR },
  { type: 'PERIOD_CLOSED', period: FAR },
  { type: 'EXCESSES_TOLD' },
  { type: 'EXCESSES_LOOKED', demanded: 1 },
  { type: 'ALARMS_DRAFTED', count: 1 },
  { type: 'ALARMS_PUBLISHED', count: 1 },
  { type: 'PRICES_STALE' },
  { type: 'PRICES_FRESH' },
  { type: 'CHAIN_STALLED' },
  { type: 'CHAIN_REWOUND', block: 1 },
  { type: 'CHAIN_FOLLOWED' },
  { type: 'HAND_OVER' },
  { type: 'HANDED_OVER' },
]

const NOTHING = { energy: null, power: null, water: null }
const feed: readonly PriceFeedEvent[] = [
  { type: 'WOKEN', nowS: 1 },
  { type: 'CHAIN_READ', taken: NOTHING, leastStepS: 1, nowS: 1 },
  { type: 'CHAIN_AWAY', code: 'sneaked', nowS: 1 },
  { type: 'DUE' },
  { type: 'SOURCE_READ', prices: [], nowS: 1 },
  { type: 'SOURCE_FAILED', code: 'sneaked', nowS: 1 },
  { type: 'POST_ENDED', number: 1, resource: 'energy', taken: null, nowS: 1 },
  { type: 'TOKEN_PRICED', buyWei: '1', sellWei: '1' },
  { type: 'BACKING_SHORT', missingWei: '1', nowS: 1 },
  { type: 'PRICE_ENDED', error: 'sneaked', nowS: 1 },
  { type: 'STALE' },
]

const link: readonly BoardLinkEvent[] = [
  { type: 'PORT_OPENED' },
  { type: 'PORT_FAILED', reason: 'sneaked' },
  { type: 'PORT_CLOSED', reason: 'sneaked' },
  { type: 'ANSWERED' },
  { type: 'REFUSED', reason: 'sneaked' },
  { type: 'FRAME' },
  { type: 'CALIBRATE', calibration: { channel: 0, gainPpm: 1, offset: 1 } },
  { type: 'STOP' },
]

const supply: readonly PowerControlEvent[] = [
  { type: 'READING', t: FAR, slot: FAR, powerW: FAR, relayClosed: true },
  { type: 'CONTRACT', contractedW: 1 },
  { type: 'RELAY_OPENED' },
  { type: 'RELAY_CLOSED' },
  { type: 'RELAY_FAILED', reason: 'sneaked' },
  { type: 'RESTORE' },
  { type: 'OVERRIDE', t: 1, untilMs: FAR },
  { type: 'OVERRIDE_END' },
]

const proxy: readonly ProxyEvent[] = [
  { type: 'connected', behind: 0 },
  { type: 'applied', block: FAR, behind: 0 },
  { type: 'forked', from: 1 },
  { type: 'hindered', reason: 'sneaked' },
  { type: 'resumed', behind: 0 },
  { type: 'disconnected' },
]

const INCLUDED = { block: 1, blockHash: '0x1', transactionHash: '0x1', ok: true, gasUsed: 1 }
const intent: readonly CallEvent[] = [
  { type: 'signed', head: FAR, replaces: true },
  { type: 'accepted' },
  { type: 'underpriced' },
  { type: 'refused', error: 'sneaked' },
  { type: 'included', ...INCLUDED, error: null, detail: null },
  { type: 'head', head: FAR, final: true, covered: false },
  { type: 'forked', from: 0 },
  { type: 'lost' },
]

const wish = { valueMicroSct: '1', because: 'sneaked' }
const determination: readonly DeterminationEvent[] = [
  { type: 'OFFERED', auctionId: '0xsneaked' },
  { type: 'OFFER_REFUSED', reason: 'sneaked', again: true },
  { type: 'INTERESTED', wish },
  { type: 'NOT_INTERESTED', because: 'sneaked' },
  { type: 'UNDECIDED', because: 'sneaked' },
  { type: 'PERSON_BIDS', wish },
  { type: 'PERSON_DECLINES' },
  { type: 'BIDS_CLOSED' },
]

const negotiation: readonly NegotiationEvent[] = [
  { type: 'BID_SEALED' },
  { type: 'BIDS_CLOSED', bids: 1 },
  { type: 'GAP_OVER' },
  { type: 'MAX_PRICE_SHOWN' },
  { type: 'SHOWING_CLOSED' },
  { type: 'BID_REVEALED' },
  { type: 'REVEALS_CLOSED', reveals: 1 },
  { type: 'AWARDED', own: true, priceMicroSct: '1' },
  { type: 'AUCTION_FAILED', failure: 'no-bids' },
  { type: 'CALL_REFUSED', call: 'revealBid', reason: 'sneaked' },
  { type: 'PERSON_CANCELS' },
]

const payment: readonly PaymentEvent[] = [
  { type: 'REFUNDED' },
  { type: 'PERIOD_OVER' },
  { type: 'DELIVERY_STATED', fair: false },
  { type: 'DELIVERY_CHALLENGED' },
  { type: 'DELIVERY_DECIDED' },
  { type: 'PERSON_CHALLENGES' },
  { type: 'PAID', delivered: '1', paidMicroSct: '1' },
  { type: 'CALL_REFUSED', call: 'refund', reason: 'sneaked' },
]

const terms: OfferedTerms = {
  functions: ['readings'],
  ...{ fromSlot: 1, untilSlot: FAR, rewardMicroSct: '1', text: 'sneaked' },
}
const consent: DelegateeConsent = {
  ...{ id: FAR, signature: '0x1', epoch: 1, key: '0x1', keySignature: '0x1', proof: '0x1' },
}
const delegation: readonly DelegationEvent[] = [
  { type: 'PEER_OFFERED', round: 2, terms, answerByMs: FAR },
  { type: 'PEER_AGREED', round: 1 },
  { type: 'PEER_CONSENTED', round: 1, consent },
  { type: 'PEER_DECLINED', because: 'sneaked' },
  { type: 'PERSON_OFFERS', terms, answerByMs: FAR },
  { type: 'PERSON_ACCEPTS' },
  { type: 'PERSON_DECLINES' },
  { type: 'PERSON_ENDS' },
  { type: 'KEY_RECEIVED', consent },
  { type: 'TIME_OUT' },
  { type: 'REGISTERED', fromSlot: 1, untilSlot: FAR },
  { type: 'STARTED' },
  { type: 'ENDED', untilSlot: 1 },
  { type: 'EXPIRED' },
  { type: 'CLAIMED', paidMicroSct: '1' },
  { type: 'RETURNED' },
  { type: 'CALL_REFUSED', call: 'registerDelegation', because: 'sneaked' },
]

const caring: readonly CaringEvent[] = [
  { type: 'READING', slot: FAR, peakPowerW: FAR, waterMl: FAR },
  { type: 'NOTHING_CAME', slot: FAR },
  { type: 'QUOTA_KNOWN', peakPowerW: 1, waterMlPerSlot: 1 },
  { type: 'ALARM', number: 1 },
  { type: 'PERSON_SAW' },
  { type: 'CARE_ENDS' },
]

const archive: readonly ArchiveEvent[] = [
  { type: 'BACK_UP', folder: 'sneaked' },
  { type: 'RESTART', folder: 'sneaked' },
  { type: 'SNAPSHOT_TAKEN' },
  { type: 'SIGNED' },
  { type: 'VERIFIED' },
  { type: 'ANCHORED', done: true },
  { type: 'RESTARTED' },
  { type: 'FAILED', code: 'sneaked' },
]

const sneaked = { number: FAR, hash: '0xsneaked' }
const voter: readonly VoterEvent[] = [
  { type: 'CHAIN_SEEN', holds: false, next: sneaked },
  { type: 'VOTE_CAST', number: FAR },
  { type: 'BRANCH_CERTIFIED', block: sneaked },
  { type: 'BEGUN_ANEW', from: sneaked },
  { type: 'EQUIVOCATION_SEEN', signer: '0xsneaked' },
]

export const SNEAK_EVENTS: Readonly<Partial<Record<MachineName, readonly { readonly type: string }[]>>> = {
  'smart-gateway': home,
  'community-gateway': community,
  'price-feed': feed,
  'board-link': link,
  'power-control': supply,
  'contract-proxy': proxy,
  intent,
  determination,
  negotiation,
  payment,
  delegation,
  caring,
  archive,
  'signer-voter': voter,
}
