import { keyId } from '../../protocols/crypto/group.ts'
import type { ChainTransaction } from './blocks.ts'
import { claimingIn, consentedBy, registeringIn, witnessedBy } from './delegation-calls.ts'
import { newestOf, type DelegationTrail } from './delegation-trail.ts'
import type { ChainEvent, EventOf } from './events.ts'
import { pointOf } from './keys.ts'
import { beside, type Moment } from './moment.ts'
import type { Findings } from './report.ts'
import { homeOf, type Trail } from './trail.ts'

/** How long after the end a reward may be claimed before it may go back without a claim. */
export const CLAIM_MS = 7 * 24 * 3_600_000

const DELEGATION_EVENTS = [
  'DelegationRegistered',
  'DelegationEnded',
  'RewardClaimed',
  'RewardReturned',
] as const
type DelegationEvent = Extract<ChainEvent, { name: (typeof DELEGATION_EVENTS)[number] }>

/** Whether an event belongs to a delegation alone. */
export const isDelegationEvent = (event: ChainEvent): event is DelegationEvent =>
  DELEGATION_EVENTS.some((name) => name === event.name)

/** Notes a fault of a delegation when something does not hold. */
type Require = (holds: boolean, field: string, says: string) => void

/** Follows delegations: consents, windows, ends, claims and what goes back. */
export function delegationEvent(
  event: DelegationEvent,
  moment: Moment,
  trail: Trail,
  findings: Findings,
): void {
  const { id } = event.args
  const known = trail.delegations.get(id)
  const home = known?.delegator ?? null
  const require: Require = (holds, field, says) => {
    if (holds) return
    findings.faults.push({
      code: 'delegation',
      home,
      slot: null,
      field: `${field} of delegation ${id}`,
      says,
    })
  }
  if (event.name === 'DelegationRegistered') return registered(event.args, moment.sent, trail, findings)
  if (known === undefined) return require(false, 'registration', `delegation ${id} was never registered`)
  if (event.name === 'DelegationEnded') return ended(event.args, known, moment, trail, require)
  if (event.name === 'RewardClaimed') return claimed(event.args, known, moment.sent, trail, require)
  return returned(event.args, known, moment.sent, trail, require)
}

/** The slot of a block. */
const slotAt = ({ timestamp }: ChainTransaction, { market }: Trail): number =>
  Math.floor((timestamp * 1000) / market.settings.sampleMs)

function registered(
  event: EventOf<'DelegationRegistered'>,
  sent: ChainTransaction,
  trail: Trail,
  findings: Findings,
): void {
  findings.checked.delegations += 1
  const { id, delegator, delegatee, functions, fromSlot, untilSlot, reward } = event
  const call = registeringIn(sent)
  const note = (holds: boolean, field: string, says: string): void => {
    if (!holds) findings.home('delegation', delegator, null, `${field} of delegation ${id}`, says)
  }
  note(!trail.delegations.has(id), 'id', `delegation ${id} was registered twice`)
  for (const party of [delegator, delegatee])
    note(homeOf(trail, party).admitted, 'parties', `${party} was no member when it was registered`)
  note(delegator !== delegatee, 'parties', `${delegator} watches itself`)
  const current = slotAt(sent, trail)
  const before = newestOf(trail, delegator)
  note((before?.untilSlot ?? 0) <= current, 'window', `the delegation before was not over`)
  note(fromSlot > current && untilSlot > fromSlot, 'window', `it lasts from ${fromSlot} to ${untilSlot}`)
  if (call === null) note(false, 'consent', 'it was registered by a call that shows no consent')
  else checkConsents(event, call, trail, note)
  const slots = untilSlot - (call?.terms.fromSlot ?? fromSlot)
  const window = { id, delegator, delegatee, functions, fromSlot, untilSlot, slots }
  trail.delegations.set(id, { ...window, held: reward, state: 'escrowed', keys: new Map() })
}

function checkConsents(
  event: EventOf<'DelegationRegistered'>,
  call: NonNullable<ReturnType<typeof registeringIn>>,
  trail: Trail,
  note: Require,
): void {
  const { delegator, delegatee, fromSlot } = event
  for (const field of ['id', 'delegator', 'delegatee', 'functions', 'untilSlot', 'reward', 'terms'] as const)
    note(event[field] === call.terms[field], field, `the ${field} that was signed is not what was registered`)
  note(fromSlot >= call.terms.fromSlot, 'window', 'it begins before what was signed')
  for (const [party, signature] of [
    [delegator, call.byDelegator],
    [delegatee, call.byDelegatee],
  ] as const)
    note(consentedBy(call, signature, trail) === party, 'consent', `${party} did not sign its terms`)
}

function ended(
  { by, untilSlot }: EventOf<'DelegationEnded'>,
  known: DelegationTrail,
  moment: Moment,
  trail: Trail,
  require: Require,
): void {
  const { sent } = moment
  const revoked = beside(moment, 'HomeRevoked').some(({ args }) => args.home === known.delegator)
  const may = [known.delegator, known.delegatee, trail.community].includes(by) || revoked
  require(may && sent.transaction.from === by, 'end', `it was ended by ${by}, who may not`)
  const due = Math.max(slotAt(sent, trail) + 1, known.fromSlot)
  require(untilSlot === due && due < known.untilSlot, 'end', `it ended at slot ${untilSlot}, due was ${due}`)
  known.untilSlot = untilSlot
}

function claimed(
  { delegatee, count, root, paid }: EventOf<'RewardClaimed'>,
  known: DelegationTrail,
  sent: ChainTransaction,
  trail: Trail,
  require: Require,
): void {
  const lasted = known.untilSlot - known.fromSlot
  const isBy = sent.transaction.from === known.delegatee && delegatee === known.delegatee
  require(isBy, 'claim', `the reward went to ${delegatee}, who is not its delegatee`)
  require(known.state === 'escrowed', 'claim', 'its reward was claimed after it was settled')
  require(slotAt(sent, trail) >= known.untilSlot, 'claim', 'its reward was claimed before it was over')
  require(count <= lasted, 'count', `${count} slots were watched of ${lasted}`)
  const due = (known.held * BigInt(count)) / BigInt(known.slots)
  require(paid === due, 'reward', `${paid} micro-SCT were paid for ${count} slots, due were ${due}`)
  const call = claimingIn(sent)
  const same = call !== null && call.count === count && call.root === root && call.id === known.id
  const witness = same ? witnessedBy(call, trail) : null
  const witnesses = [trail.community, known.delegator]
  require(witness !== null && witnesses.includes(witness), 'witness', 'nobody who may witnessed the count')
  known.held -= paid
  known.state = 'claimed'
}

function returned(
  { amount, delegator }: EventOf<'RewardReturned'>,
  known: DelegationTrail,
  sent: ChainTransaction,
  trail: Trail,
  require: Require,
): void {
  require(known.state !== 'closed', 'return', 'its reward went back twice')
  const overMs = known.untilSlot * trail.market.settings.sampleMs + CLAIM_MS
  const isUnclaimed = known.state === 'escrowed' && known.untilSlot > known.fromSlot
  require(!isUnclaimed || sent.timestamp * 1000 >= overMs, 'return', 'its reward went back before a claim')
  const isWhole = amount === known.held && delegator === known.delegator
  require(isWhole, 'return', `${amount} micro-SCT went back to ${delegator}, ${known.held} were held`)
  known.held = 0n
  known.state = 'closed'
}

/** The key of a delegation, with its registration or by its delegatee: once an epoch, in its time. */
export function delegationKeyed(
  event: EventOf<'OperationKeyPublished'>,
  sent: ChainTransaction,
  trail: Trail,
  findings: Findings,
): void {
  const { delegation, epoch, home } = event
  const note = (says: string): void =>
    findings.home('operation-key', home, null, `key of delegation ${delegation}`, says)
  const known = trail.delegations.get(delegation)
  const point = pointOf(event.key)
  if (known === undefined) return note(`a key was published for delegation ${delegation}, never registered`)
  if (known.delegatee !== home) note(`the key of delegation ${delegation} is of ${home}, not its delegatee`)
  if (known.keys.has(epoch)) note(`delegation ${delegation} got a second key of epoch ${epoch}`)
  const fromSlot = Math.max(slotAt(sent, trail) + 1, known.fromSlot)
  if (fromSlot >= known.untilSlot) note(`delegation ${delegation} got a key after it was over`)
  if (point !== null) known.keys.set(epoch, { point, keyId: keyId(point).toLowerCase(), fromSlot })
}

/** The contract holds what it still owes of all rewards. */
export function checkRewards({ delegations, market, monitoring }: Trail, findings: Findings): void {
  const owed = [...delegations.values()].reduce((sum, { held }) => sum + held, 0n)
  const has = market.balances.get(monitoring) ?? 0n
  if (has >= owed) return
  findings.chain('tokens', 'rewards', `rewards of ${owed} micro-SCT are owed, the contract holds ${has}`)
}
