import type { EventFromLogic, SnapshotFrom } from 'xstate'
import type { catalogue, MachineName } from '../catalogue.ts'

type Of<Name extends MachineName> = (typeof catalogue)[Name]
type ContextOf<Name extends MachineName> = SnapshotFrom<Of<Name>>['context']
type KeysOf<T> = T extends unknown ? keyof T & string : never
type Path<Key extends string> = Key | `${Key}.${string}`

/** What of a machine a recording may show. Everything else stays in its gateway. */
interface Shown<Context extends string, Field extends string> {
  readonly context: readonly Path<Context>[]
  readonly event: readonly Path<Field>[]
  /** Of these only the first word: what follows may hold a sealed value, or what people wrote. */
  readonly firstWord?: readonly Path<Context | Field>[]
}

type ShownOf<Name extends MachineName> = Shown<
  KeysOf<ContextOf<Name>>,
  KeysOf<Omit<EventFromLogic<Of<Name>>, 'type'>> | KeysOf<EventFromLogic<Of<Name>>>
>

/**
 * A list of what is shown, not of what is hidden: a new field is a secret until somebody writes it here.
 * Never on it: keys, openings, salts, sealed values and their reasons, envelopes, what a home uses.
 */
const SHOWN: { readonly [Name in MachineName]?: ShownOf<Name> } = {
  'smart-gateway': {
    context: [
      'account',
      'epoch',
      'recipient',
      'lastSlot',
      'lastSequence',
      'waiting',
      'alarmsUnread',
      'away',
      'refusal',
    ],
    event: ['epoch', 'recipient', 'slot', 'sequence', 'number', 'what', 'reason'],
    firstWord: ['refusal', 'reason'],
  },
  'community-gateway': {
    context: ['account', 'epoch', 'members', 'period', 'alarmsWaiting', 'unopened', 'faulty'],
    event: ['epoch', 'account', 'count', 'accepted', 'faulty', 'period', 'demanded', 'block'],
  },
  'price-feed': {
    context: ['startedAtS', 'nextAtS', 'staleAtS', 'calls', 'waiting', 'isPricingDue', 'hindered'],
    event: ['nowS', 'code', 'number', 'resource', 'taken', 'buyWei', 'sellWei', 'missingWei', 'error'],
  },
  'board-link': {
    context: ['boardId', 'sampleMs', 'attempts', 'unanswered', 'away', 'reason', 'calibration'],
    event: ['reason', 'calibration'],
  },
  'power-control': {
    context: ['profile', 'contractedW', 'maxGapMs', 'slot', 'overrideUntilMs', 'relayFailures'],
    event: ['t', 'slot', 'relayClosed', 'contractedW', 'profile', 'untilMs', 'reason'],
    firstWord: ['reason'],
  },
  'contract-proxy': {
    context: ['block', 'behind', 'forks', 'reason'],
    event: ['block', 'behind', 'from', 'reason'],
  },
  intent: {
    context: [
      'sinceBlock',
      'replacements',
      'block',
      'blockHash',
      'transactionHash',
      'ok',
      'gasUsed',
      'error',
    ],
    event: [
      'head',
      'replaces',
      'error',
      'block',
      'transactionHash',
      'ok',
      'gasUsed',
      'final',
      'covered',
      'from',
    ],
    firstWord: ['error'],
  },
  determination: {
    context: ['role', 'subject', 'auctionId'],
    event: ['auctionId', 'again', 'reason'],
    firstWord: ['reason'],
  },
  negotiation: {
    context: [
      'auctionId',
      'role',
      'bids',
      'reveals',
      'priceMicroSct',
      'failure',
      'refusals',
      'refused.call',
      'refused.reason',
    ],
    event: ['bids', 'reveals', 'own', 'priceMicroSct', 'failure', 'call', 'reason'],
    firstWord: ['refused.reason', 'reason'],
  },
  payment: {
    context: [
      'auctionId',
      'role',
      'outcome',
      'delivered',
      'paidMicroSct',
      'refusals',
      'refused.call',
      'refused.reason',
    ],
    event: ['fair', 'delivered', 'paidMicroSct', 'call', 'reason'],
    firstWord: ['refused.reason', 'reason'],
  },
  delegation: {
    context: [
      'negotiation',
      'role',
      'peer',
      'round',
      'answerByMs',
      'fromSlot',
      'untilSlot',
      'paidMicroSct',
      'because',
      'terms.functions',
      'terms.fromSlot',
      'terms.untilSlot',
      'terms.rewardMicroSct',
      'consent.id',
      'consent.epoch',
    ],
    event: [
      'round',
      'answerByMs',
      'fromSlot',
      'untilSlot',
      'paidMicroSct',
      'call',
      'because',
      'consent.id',
      'terms.fromSlot',
      'terms.untilSlot',
      'terms.rewardMicroSct',
    ],
    firstWord: ['because'],
  },
  caring: {
    context: ['delegation', 'watchedTo', 'missed', 'opened', 'unseenAlarms', 'limits.silentSlots'],
    event: ['slot', 'number'],
  },
  archive: {
    context: ['anchored', 'code'],
    event: ['done', 'code'],
  },
  'signer-voter': {
    context: ['standsBy', 'highest', 'evidence', 'begunFrom'],
    event: ['holds', 'next', 'number', 'block', 'signer', 'from'],
  },
}

/** Stands where a recording shows nothing. */
export const HIDDEN = '•••'
const TEXT_MOST = 120
const LIST_MOST = 16

/** A value as a recording holds it: short, and without bytes. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return value.length > TEXT_MOST ? `${value.slice(0, TEXT_MOST)}…` : value
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Uint8Array) return HIDDEN
  if (Array.isArray(value)) return value.slice(0, LIST_MOST).map(plain)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

const firstWordOf = (value: unknown): unknown =>
  typeof value === 'string' ? (/^[\p{L}\p{N}_-]*/u.exec(value)?.[0] ?? '') : plain(value)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The parts of `value` that `paths` allow; an object of which nothing is allowed is hidden as a whole. */
function allowed(
  value: Readonly<Record<string, unknown>>,
  paths: readonly string[],
  firstWord: readonly string[],
  above = '',
): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const [key, each] of Object.entries(value)) {
    const path = `${above}${key}`
    if (paths.includes(path)) shown[key] = firstWord.includes(path) ? firstWordOf(each) : plain(each)
    else if (isObject(each) && paths.some((one) => one.startsWith(`${path}.`))) {
      shown[key] = allowed(each, paths, firstWord, `${path}.`)
    } else shown[key] = each === null ? null : HIDDEN
  }
  return shown
}

const NOTHING: Shown<never, never> = { context: [], event: [] }
const isKnown = (machine: string): machine is MachineName => machine in SHOWN

const shownOf = (machine: string): Shown<string, string> =>
  (isKnown(machine) ? SHOWN[machine] : undefined) ?? NOTHING

/** The context of a machine as a recording shows it. */
export function shownContext(machine: string, context: unknown): Record<string, unknown> {
  const { context: paths, firstWord = [] } = shownOf(machine)
  return isObject(context) ? allowed(context, paths, firstWord) : {}
}

/** An event of a machine as a recording shows it. */
export function shownEvent(
  machine: string,
  event: { readonly type: string },
): Record<string, unknown> & { type: string } {
  const { type, ...fields } = event
  const { event: paths, firstWord = [] } = shownOf(machine)
  return { type, ...allowed(fields, paths, firstWord) }
}
