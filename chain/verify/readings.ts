import { z } from 'zod'
import { decodePoint } from '../../protocols/crypto/group.ts'
import { decodePoints, QUANTITIES } from '../../protocols/crypto/points.ts'
import {
  ENVELOPE_BYTES,
  PAYLOAD_BYTES,
  recordDigest,
  unpackRecords,
  type ChainRecord,
} from '../../protocols/messages/record.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { closePeriod } from './anchors.ts'
import type { ChainTransaction } from './blocks.ts'
import { bytesOf, hexOf } from './encode.ts'
import { readerDue } from './delegation-trail.ts'
import { monitoringInterface, type ChainEvent, type EventOf } from './events.ts'
import type { Findings } from './report.ts'
import { homeOf, type HomeTrail, type KeptRecord, type Trail } from './trail.ts'

type Reading = EventOf<'Reading'>

/** A compressed point at the head of every envelope: R of the KEM. */
const KEM_POINT_BYTES = 33

/** One reading as the contract logged it: who, when, under which epoch, and whether its points are points. */
export function readingLogged(
  event: Reading,
  sent: ChainTransaction,
  trail: Trail,
  findings: Findings,
): void {
  findings.checked.envelopes += 1
  const home = homeOf(trail, event.home)
  checkOrigin(event, home, sent, trail, findings)
  const payload = bytesOf(event.payload)
  if (payload.length !== PAYLOAD_BYTES) {
    const says = `a reading of ${payload.length} bytes is not an envelope and four points`
    findings.home('payload', event.home, event.slot, 'payload', says)
    return
  }
  checkOrder(event, home, findings)
  const record = keep(event, payload, findings)
  closePeriod(home, record, trail)
  home.records.push(record)
}

function checkOrigin(
  event: Reading,
  home: HomeTrail,
  sent: ChainTransaction,
  trail: Trail,
  findings: Findings,
): void {
  const { slot, epoch } = event
  if (sent.transaction.from !== event.home) {
    const says = `slot ${slot} of ${event.home} was sent by ${sent.transaction.from}`
    findings.home('unknown-home', event.home, slot, 'sender', says)
  }
  if (!home.admitted || !home.keyed) {
    const lacks = home.admitted ? 'had published no operation key' : 'was not admitted'
    findings.home('unknown-home', event.home, slot, 'home', `${event.home} ${lacks} when slot ${slot} came`)
  }
  if (!trail.epochs.has(epoch)) {
    findings.home(
      'unknown-epoch',
      event.home,
      slot,
      'epoch',
      `slot ${slot} names epoch ${epoch}, never announced`,
    )
  }
}

function checkOrder(event: Reading, home: HomeTrail, findings: Findings): void {
  const last = home.records.at(-1)
  if (last === undefined) return
  for (const field of ['slot', 'sequence'] as const) {
    if (event[field] > last[field]) continue
    const says = `${field} ${event[field]} of ${event.home} came after ${field} ${last[field]}`
    findings.home('order', event.home, event.slot, field, says)
  }
}

function keep(event: Reading, payload: Uint8Array, findings: Findings): KeptRecord {
  const { slot, sequence, epoch, delegation } = event
  const record: ChainRecord = { slot, sequence, epoch, extended: bytesOf(event.extended), payload }
  const digest = hexOf(recordDigest({ home: event.home, delegation }, record))
  return { ...record, delegation, digest, points: pointsIn(event, payload, findings) }
}

function pointsIn(event: Reading, payload: Uint8Array, findings: Findings): KeptRecord['points'] {
  const note = (field: string) => {
    const says = `${field} of slot ${event.slot} of ${event.home} is not a point of the curve`
    findings.home('point', event.home, event.slot, field, says)
  }
  try {
    decodePoint(payload.subarray(0, KEM_POINT_BYTES))
  } catch {
    note('envelope.R')
  }
  try {
    const points = decodePoints(payload.subarray(ENVELOPE_BYTES))
    findings.checked.commitments += 1
    return points
  } catch (thrown) {
    const field = thrown instanceof Fault ? thrown.facts.field : undefined
    note(`points.${typeof field === 'string' ? field : QUANTITIES.join('|')}`)
    return null
  }
}

const submitArguments = z.object({ recipient: z.string(), records: z.string() })

interface Submission {
  readonly recipient: string
  readonly records: readonly ChainRecord[]
}

/** What a home signed in `submit` against what the contract logged of it: same records, right recipient. */
export function checkCalldata(
  sent: ChainTransaction,
  events: readonly ChainEvent[],
  trail: Trail,
  findings: Findings,
): void {
  const logged = events.flatMap((event) => (event.name === 'Reading' ? [event.args] : []))
  const submission = submissionIn(sent, trail)
  const home = sent.transaction.from
  if (submission === null) {
    for (const { slot } of logged) {
      const says = `slot ${slot} of ${home} is logged by a call that submits nothing`
      findings.home('calldata', home, slot, 'transaction', says)
    }
    return
  }
  const signed = sent.succeeded ? submission.records : []
  for (const [index, record] of signed.entries()) {
    checkRecord(home, record, submission.recipient, logged[index], trail, findings)
  }
  for (const { slot } of logged.slice(signed.length)) {
    findings.home('calldata', home, slot, 'record', `slot ${slot} of ${home} is logged but was never signed`)
  }
}

function submissionIn(sent: ChainTransaction, trail: Trail): Submission | null {
  if (sent.transaction.to !== trail.monitoring) return null
  try {
    const values: unknown = monitoringInterface
      .decodeFunctionData('submit', sent.transaction.input)
      .toObject()
    const { recipient, records } = submitArguments.parse(values)
    return { recipient: recipient.toLowerCase(), records: unpackRecords(bytesOf(records)) }
  } catch {
    return null
  }
}

function checkRecord(
  home: string,
  record: ChainRecord,
  recipient: string,
  logged: Reading | undefined,
  trail: Trail,
  findings: Findings,
): void {
  const { slot } = record
  const field = logged === undefined ? 'record' : firstDifference(record, logged)
  if (field !== null) {
    const says = `the ${field} that ${home} signed for slot ${slot} is not what the contract logged`
    findings.home('calldata', home, slot, field, says)
  }
  if (logged !== undefined && trail.epochs.has(record.epoch)) {
    checkReader(logged, recipient, trail, findings)
  }
}

/** A slot is read by its delegatee within the delegation's window, by the community outside it. */
function checkReader(logged: Reading, recipient: string, trail: Trail, findings: Findings): void {
  const { home, slot, epoch, delegation } = logged
  const due = readerDue(trail, home, slot, epoch)
  if (due.keyId !== recipient) {
    const whose = due.delegation === 0 ? `epoch ${epoch}` : `delegation ${due.delegation} in epoch ${epoch}`
    const says = `slot ${slot} of ${home} is sealed to ${recipient}, the key of ${whose} is ${due.keyId}`
    findings.home('recipient', home, slot, 'recipient', says)
  }
  if (due.delegation === delegation) return
  const says = `slot ${slot} of ${home} is logged under delegation ${delegation}, due is ${due.delegation}`
  findings.home('recipient', home, slot, 'delegation', says)
}

function firstDifference(record: ChainRecord, logged: Reading): string | null {
  for (const field of ['slot', 'sequence', 'epoch'] as const)
    if (record[field] !== logged[field]) return field
  if (hexOf(record.extended) !== logged.extended) return 'extended'
  const signed = hexOf(record.payload)
  if (signed === logged.payload) return null
  const digits = 2 + 2 * ENVELOPE_BYTES
  return signed.slice(0, digits) === logged.payload.slice(0, digits) ? 'points' : 'envelope'
}
