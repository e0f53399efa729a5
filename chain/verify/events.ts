import { Interface } from 'ethers'
import { z } from 'zod'
import type { ChainLog } from './blocks.ts'
import { named } from './named.ts'
import type { Findings } from './report.ts'

/**
 * What `verify` needs of the contracts' interfaces, written out so that a wrong binding cannot hide a wrong
 * chain; a spec compares it with the generated bindings.
 */
export const MONITORING_ABI = [
  'event CommunitySet(address indexed community)',
  'event CommunityKeysAnnounced(uint32 indexed epoch, bytes operationKey, bytes delegationBase)',
  'event HomeAdmitted(address indexed home, bytes32 peerKey)',
  'event HomeRevoked(address indexed home)',
  'event OperationKeyPublished(address indexed home, uint32 indexed epoch, uint64 delegation, bytes ' +
    'key, bytes proof)',
  'event Reading(address indexed home, uint64 indexed slot, uint32 sequence, uint32 epoch, uint64 ' +
    'delegation, bytes32 extended, bytes payload)',
  'event AnchorKept(address indexed home, uint64 indexed period, uint64 slot, bytes32 digest)',
  'event TotalPublished(uint64 indexed period, address[] homes, uint64[3] totals, uint256[3] blindings)',
  'event ReadingVoided(address indexed home, uint64 indexed slot, bytes kemPoint, bytes proof)',
  'event DelegationRegistered(uint64 indexed id, address indexed delegator, address indexed delegatee, ' +
    'uint8 functions, uint64 fromSlot, uint64 untilSlot, uint64 reward, bytes32 terms)',
  'event DelegationEnded(uint64 indexed id, address indexed by, uint64 untilSlot)',
  'event RewardClaimed(uint64 indexed id, address indexed delegatee, uint32 count, bytes32 root, ' +
    'uint64 paid)',
  'event RewardReturned(uint64 indexed id, address indexed delegator, uint64 amount)',
  'function registerDelegation(tuple(uint64 id, address delegator, address delegatee, uint8 functions, ' +
    'uint64 fromSlot, uint64 untilSlot, uint64 reward, bytes32 terms) terms, bytes byDelegator, ' +
    'bytes byDelegatee, tuple(uint32 epoch, bytes key, bytes signature, bytes proof) key)',
  'function claimReward(uint64 id, uint32 count, bytes32 root, bytes witness)',
  'function delegationOf(uint64 id) view returns (tuple(address delegator, uint48 fromSlot, uint32 slots, ' +
    'uint8 functions, uint8 state, address delegatee, uint64 reward, uint32 lasted))',
  'function delegationKey(uint64 id, uint32 epoch) view returns (address keyId, uint64 fromSlot)',
  'function newestDelegation(address home) view returns (uint64 id, uint64 fromSlot, uint64 untilSlot)',
  'function publishKey(uint32 epoch, uint64 delegation, bytes key, bytes signature, bytes proof)',
  'function submit(address recipient, bytes records)',
  'function slotsPerBilling() view returns (uint64)',
  'function sampleMs() view returns (uint64)',
  'function length() view returns (uint32)',
  'function community() view returns (address)',
  'function count(address home) view returns (uint64)',
  'function newest(address home) view returns (uint64 slot, uint32 sequence, bytes32 digest)',
  'function at(address home, uint256 i) view returns (bytes32 digest)',
  'function essentialAt(address home, uint256 i) view returns (bytes payload)',
  'function anchor(address home, uint64 period) view returns (bytes32 digest, uint64 slot, uint64 ' +
    'nextPeriod)',
  'function isVoid(address home, uint64 slot) view returns (bool)',
  'function isAdmitted(address home) view returns (bool)',
  'function totalDigest(uint64 period) view returns (bytes32)',
]

/** A record as the quota contract wants it shown. */
const RECORD =
  'tuple(uint64 slot, uint32 sequence, uint32 epoch, uint64 delegation, ' +
  'bytes32 envelopeHash, bytes points, bytes32 extended)'

/** The same of the quota contract. */
export const QUOTA_ABI = [
  'event CommunityContractSet(uint64 revision, uint64 fromPeriod, uint64 energyWh, uint64 powerW, ' +
    'uint64 waterMl)',
  'event QuotaAllocated(uint64 indexed revision, address indexed home, uint64 energyWh, uint64 ' +
    'powerW, uint64 waterMl)',
  'event AllocationClosed(uint64 revision)',
  'event QuotaMoved(address indexed from, address indexed to, uint64 indexed period, uint8 resource, ' +
    'uint64 amount)',
  'event PowerLent(address indexed lender, address indexed borrower, uint64 indexed period, uint64 amount, ' +
    'uint64 fromSlot, uint64 untilSlot, uint8 lenderPlace, uint8 borrowerPlace)',
  'event QuotaLocked(address indexed home, uint64 indexed period, uint8 indexed resource, uint64 amount, ' +
    'uint8 place)',
  'event QuotaReleased(address indexed home, uint64 indexed period, uint8 indexed resource, uint64 amount, ' +
    'uint8 place)',
  'event ExcessAsserted(address indexed home, uint64 indexed period, uint8 indexed resource, ' +
    'uint64 excess, uint256 lastBlock)',
  'event OpeningDemanded(address indexed home, uint64 indexed period, uint8 indexed resource, ' +
    'uint256 lastBlock, bool byMarket)',
  'event ExcessOpened(address indexed home, uint64 indexed period, uint8 indexed resource, uint64 ' +
    'excess, uint64 value)',
  'event ExcessFinal(address indexed home, uint64 indexed period, uint8 indexed resource, uint64 excess)',
  'event ExcessUnproved(address indexed home, uint64 indexed period, uint8 indexed resource, ' +
    'uint64 excess)',
  'event ExcessVoid(address indexed home, uint64 indexed period, uint8 indexed resource, uint64 excess)',
  `function openExcess(address home, uint64 period, uint8 resource, uint64 startPeriod, ${RECORD} ` +
    `start, ${RECORD} end, uint64 value, uint256 blinding)`,
  `function openPeak(address home, uint64 period, ${RECORD} record, uint64 value, uint256 blinding)`,
  `function openLoan(address home, uint64 period, uint8 place, ${RECORD} record, uint64 value, ` +
    'uint256 blinding)',
  'function quotaOf(address home, uint64 period) view returns (uint64 energyWh, uint64 powerW, ' +
    'uint64 waterMl)',
  'function communityContract(uint64 revision) view returns (uint64 fromPeriod, uint64 energyWh, ' +
    'uint64 powerW, uint64 waterMl, bool closed)',
  'function powerQuotaAt(address home, uint64 slot) view returns (uint64 powerW)',
  'function exchangedOf(address home, uint64 period, uint8 resource) view returns (uint72 bought, ' +
    'uint72 sold, uint64 locked)',
  'function market() view returns (address)',
]

/** The same of the market. */
export const TRADING_ABI = [
  'event Deposited(address indexed account, uint256 amount)',
  'event Withdrawn(address indexed account, uint256 amount)',
  'event OfferMade(uint256 indexed id, address indexed buyer, uint8 indexed resource, uint64 period, ' +
    'uint64 fromSlot, uint64 untilSlot, uint64 amount, uint96 bond, bytes32 seal, uint64 commitEnd, ' +
    'uint64 showEnd, uint32 revealSeconds)',
  'event BidReceived(uint256 indexed id, address indexed seller, uint16 index, bytes32 seal)',
  'event MaxPriceShown(uint256 indexed id, uint96 maxPrice, uint64 revealEnd)',
  'event BidRevealed(uint256 indexed id, address indexed seller, uint96 value)',
  'event AuctionAwarded(uint256 indexed id, address indexed winner, address indexed buyer, uint96 price, ' +
    'uint96 held)',
  'event AuctionFailed(uint256 indexed id, uint8 reason)',
  'event Refunded(uint256 indexed id, address indexed account, uint256 amount)',
  'event ExchangeConfirmed(uint256 indexed id, address indexed seller, address indexed buyer, ' +
    'uint64 delivered, uint96 paid, uint96 penalty)',
  'event ForfeitShared(uint256 indexed id, address indexed home, uint256 amount)',
  'function offer(uint64 number, tuple(uint8 resource, uint64 period, uint64 fromSlot, uint64 untilSlot, ' +
    'uint64 amount, uint32 commitSeconds, uint32 showSeconds, uint32 revealSeconds) terms, bytes32 seal) ' +
    'returns (uint256 id)',
  'function receiveBid(uint256 id, bytes32 seal)',
  'function depositMaxPrice(uint256 id, uint96 maxPrice, bytes32 salt)',
  'function revealBid(uint256 id, uint96 value, bytes32 salt)',
  'function token() view returns (address)',
  'function blockSeconds() view returns (uint32)',
  'function securityBps() view returns (uint16)',
  'function strict() view returns (bool)',
  'function decisionSeconds() view returns (uint32)',
  'function creditOf(address account) view returns (uint256)',
]

/** The same of the token. */
export const TOKEN_ABI = [
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'function totalSupply() view returns (uint256)',
  'function balanceOf(address account) view returns (uint256)',
]

export const monitoringInterface = new Interface(MONITORING_ABI)
export const quotaInterface = new Interface(QUOTA_ABI)
export const tradingInterface = new Interface(TRADING_ABI)
export const tokenInterface = new Interface(TOKEN_ABI)

/** An integer that a number holds exactly; a chain that counts beyond it is refused. */
const natural = z.bigint().max(BigInt(Number.MAX_SAFE_INTEGER)).transform(Number)
const text = z.string()
const account = z.string().transform((address) => address.toLowerCase())
const auctionId = z.bigint().transform((id) => `0x${id.toString(16).padStart(64, '0')}`)
const three = z.tuple([z.bigint(), z.bigint(), z.bigint()])

const locked = z.object({ home: account, period: natural, resource: natural, amount: z.bigint() })
const excess = z.object({ home: account, period: natural, resource: natural, excess: z.bigint() })
const purse = z.object({ account, amount: z.bigint() })

const SHAPES = {
  CommunitySet: z.object({ community: account }),
  CommunityKeysAnnounced: z.object({ epoch: natural, operationKey: text, delegationBase: text }),
  HomeAdmitted: z.object({ home: account }),
  HomeRevoked: z.object({ home: account }),
  OperationKeyPublished: z.object({
    home: account,
    epoch: natural,
    delegation: natural,
    key: text,
    proof: text,
  }),
  Reading: z.object({
    home: account,
    slot: natural,
    sequence: natural,
    epoch: natural,
    delegation: natural,
    extended: text,
    payload: text,
  }),
  DelegationRegistered: z.object({
    id: natural,
    delegator: account,
    delegatee: account,
    functions: natural,
    fromSlot: natural,
    untilSlot: natural,
    reward: z.bigint(),
    terms: text,
  }),
  DelegationEnded: z.object({ id: natural, by: account, untilSlot: natural }),
  RewardClaimed: z.object({ id: natural, delegatee: account, count: natural, root: text, paid: z.bigint() }),
  RewardReturned: z.object({ id: natural, delegator: account, amount: z.bigint() }),
  AnchorKept: z.object({ home: account, period: natural, slot: natural, digest: text }),
  TotalPublished: z.object({ period: natural, homes: z.array(account), totals: three, blindings: three }),
  ReadingVoided: z.object({ home: account, slot: natural, kemPoint: text, proof: text }),
  CommunityContractSet: z.object({
    revision: natural,
    fromPeriod: natural,
    energyWh: z.bigint(),
    powerW: z.bigint(),
    waterMl: z.bigint(),
  }),
  QuotaAllocated: z.object({
    revision: natural,
    home: account,
    energyWh: z.bigint(),
    powerW: z.bigint(),
    waterMl: z.bigint(),
  }),
  AllocationClosed: z.object({ revision: natural }),
  QuotaMoved: z.object({
    from: account,
    to: account,
    period: natural,
    resource: natural,
    amount: z.bigint(),
  }),
  PowerLent: z.object({
    lender: account,
    borrower: account,
    period: natural,
    amount: z.bigint(),
    fromSlot: natural,
    untilSlot: natural,
    lenderPlace: natural,
  }),
  QuotaLocked: locked,
  QuotaReleased: locked,
  ExcessAsserted: excess.extend({ lastBlock: natural }),
  OpeningDemanded: excess.omit({ excess: true }).extend({ lastBlock: natural, byMarket: z.boolean() }),
  ExcessOpened: excess.extend({ value: z.bigint() }),
  ExcessFinal: excess,
  ExcessUnproved: excess,
  ExcessVoid: excess,
  Transfer: z.object({ from: account, to: account, value: z.bigint() }),
  Deposited: purse,
  Withdrawn: purse,
  OfferMade: z.object({
    id: auctionId,
    buyer: account,
    resource: natural,
    period: natural,
    fromSlot: natural,
    untilSlot: natural,
    amount: z.bigint(),
    bond: z.bigint(),
    seal: text,
    commitEnd: natural,
    showEnd: natural,
    revealSeconds: natural,
  }),
  BidReceived: z.object({ id: auctionId, seller: account, index: natural, seal: text }),
  MaxPriceShown: z.object({ id: auctionId, maxPrice: z.bigint(), revealEnd: natural }),
  BidRevealed: z.object({ id: auctionId, seller: account, value: z.bigint() }),
  AuctionAwarded: z.object({
    id: auctionId,
    winner: account,
    buyer: account,
    price: z.bigint(),
    held: z.bigint(),
  }),
  AuctionFailed: z.object({ id: auctionId, reason: natural }),
  Refunded: z.object({ id: auctionId, account, amount: z.bigint() }),
  ExchangeConfirmed: z.object({
    id: auctionId,
    seller: account,
    buyer: account,
    delivered: z.bigint(),
    paid: z.bigint(),
    penalty: z.bigint(),
  }),
  ForfeitShared: z.object({ id: auctionId, home: account, amount: z.bigint() }),
} as const

type Shapes = typeof SHAPES
export type EventName = keyof Shapes
/** The arguments of an event, checked. */
export type EventOf<Name extends EventName> = z.output<Shapes[Name]>
/** An event with its name, as the replay takes it. */
export type ChainEvent = {
  [Name in EventName]: { readonly name: Name; readonly args: EventOf<Name> }
}[EventName]

const isKnown = (name: string): name is EventName => Object.hasOwn(SHAPES, name)

/**
 * The event of a log of one of the contracts; null when it is one that `verify` does not need or cannot read.
 */
export function readEvent(contract: Interface, log: ChainLog, findings: Findings): ChainEvent | null {
  const topic = log.topics[0]
  const fragment = topic === undefined ? null : contract.getEvent(topic)
  if (fragment === null || !isKnown(fragment.name)) return null
  try {
    const values = contract.decodeEventLog(fragment, log.data, log.topics)
    return shaped(fragment.name, named(fragment.inputs, values))
  } catch {
    const says = `a log of block ${log.block} cannot be read as ${fragment.name}`
    findings.chain('event', `${fragment.name}, log ${log.logIndex} of block ${log.block}`, says)
    return null
  }
}

function shaped(name: EventName, values: unknown): ChainEvent {
  const args = SHAPES[name].parse(values)
  const event: { name: EventName; args: unknown } = { name, args }
  if (!matches(event)) throw new Error(`not a ${name}`)
  return event
}

/** The shape named by the event has just been parsed, which the compiler cannot follow through the table. */
function matches(event: { name: EventName; args: unknown }): event is ChainEvent {
  return event.args !== undefined
}

/**
 * What a contract must answer; no answer fits (the empty text) when the history told amounts to less than
 * nothing, or to more than the answer holds.
 */
export function answerDue(face: Interface, name: string, values: readonly unknown[]): string {
  try {
    return face.encodeFunctionResult(name, values)
  } catch {
    return ''
  }
}
