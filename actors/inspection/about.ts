import { AUCTION_CALLS } from '../auction/negotiation/machine.ts'
import { DELEGATION_CALLS } from '../delegation/machine.ts'

/** Machines of a trade are named by it in the store, and so are the calls that they ask for. */
const TRADES: ReadonlySet<string> = new Set([
  'determination',
  'negotiation',
  'payment',
  ...AUCTION_CALLS,
  'deposit',
])
const DELEGATIONS: ReadonlySet<string> = new Set(['delegation', 'caring', ...DELEGATION_CALLS])

/** What a name of the store is about: `negotiation:0x…`, `revealBid:0x…:1`, `tx:0x…`. */
function aboutName(name: string): string[] {
  const [kind = '', subject] = name.split(':')
  if (subject === undefined) return []
  if (TRADES.has(kind)) return [`trade:${subject}`]
  if (DELEGATIONS.has(kind)) return [`delegation:${subject}`]
  if (kind === 'alarms') return [`alarm:${subject}`]
  return kind === 'tx' ? [name] : []
}

type Fields = Readonly<Record<string, unknown>>

const FIELDS: readonly (readonly [field: string, about: string])[] = [
  ['auctionId', 'trade'],
  ['subject', 'trade'],
  ['negotiation', 'delegation'],
  ['delegation', 'delegation'],
  ['transactionHash', 'tx'],
]

function aboutFields(fields: Fields): string[] {
  return FIELDS.flatMap(([field, about]) => {
    const value = fields[field]
    return typeof value === 'string' || typeof value === 'number' ? [`${about}:${value}`] : []
  })
}

function aboutConsent({ consent }: Fields): string[] {
  const id: unknown =
    typeof consent === 'object' && consent !== null && 'id' in consent ? consent.id : undefined
  return typeof id === 'number' ? [`delegation:${id}`] : []
}

/** What a step is about, from the names and the shown fields of its machine. */
export function aboutOf(
  machine: string,
  names: readonly string[],
  context: Fields,
  event: Fields & { readonly type: string },
): string[] {
  const alarm =
    machine === 'smart-gateway' && event.type === 'ALARM_OPENED' ? [`alarm:${String(event['number'])}`] : []
  const found = [
    ...names.flatMap(aboutName),
    ...aboutFields(context),
    ...aboutFields(event),
    ...aboutConsent(context),
    ...alarm,
  ]
  return [...new Set(found)]
}
