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
  'function publishKey(uint32 epoch, uint64 delegation, bytes key, bytes signature, bytes proof)',
  'function submit(address recipient, bytes records)',
  'function slotsPerBilling() view returns (uint64)',
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
  'event ExcessOpened(address indexed home, uint64 indexed period, uint8 indexed resource, uint64 ' +
    'excess, uint64 value)',
  `function openExcess(address home, uint64 period, uint8 resource, uint64 startPeriod, ${RECORD} ` +
    `start, ${RECORD} end, uint64 value, uint256 blinding)`,
  `function openPeak(address home, uint64 period, ${RECORD} record, uint64 value, uint256 blinding)`,
  `function openLoan(address home, uint64 period, uint8 place, ${RECORD} record, uint64 value, ` +
    'uint256 blinding)',
  'function quotaOf(address home, uint64 period) view returns (uint64 energyWh, uint64 powerW, ' +
    'uint64 waterMl)',
  'function communityContract(uint64 revision) view returns (uint64 fromPeriod, uint64 energyWh, ' +
    'uint64 powerW, uint64 waterMl, bool closed)',
]

export const monitoringInterface = new Interface(MONITORING_ABI)
export const quotaInterface = new Interface(QUOTA_ABI)

/** An integer that a number holds exactly; a chain that counts beyond it is refused. */
const natural = z.bigint().max(BigInt(Number.MAX_SAFE_INTEGER)).transform(Number)
const text = z.string()
const account = z.string().transform((address) => address.toLowerCase())
const three = z.tuple([z.bigint(), z.bigint(), z.bigint()])

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
  ExcessOpened: z.object({
    home: account,
    period: natural,
    resource: natural,
    excess: z.bigint(),
    value: z.bigint(),
  }),
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
