import { encodePoint, keyId, type Point } from '../../protocols/crypto/group.ts'
import { ephemeralPoint } from '../../protocols/crypto/envelope.ts'
import { verifyKemPoint } from '../../protocols/crypto/proofs.ts'
import { judgeReading } from '../../protocols/crypto/recover-reading.ts'
import { encodeAad } from '../../protocols/messages/aad.ts'
import { splitPayload } from '../../protocols/messages/record.ts'
import { bytesOf } from './encode.ts'
import type { EventOf } from './events.ts'
import { pointOf } from './keys.ts'
import type { Findings } from './report.ts'
import { homeOf, type KeptRecord, type Trail } from './trail.ts'

/**
 * A reading declared void: the KEM point shown must be proved, and must show that the reading is not whole.
 */
export function readingVoided(event: EventOf<'ReadingVoided'>, trail: Trail, findings: Findings): void {
  const home = homeOf(trail, event.home)
  home.voided.add(event.slot)
  const record = home.records.find((each) => each.slot === event.slot)
  const says = record === undefined ? 'it never came' : whyNotVoid(event, record, trail)
  if (says === null) return
  const sentence = `slot ${event.slot} of ${event.home} was declared void, but ${says}`
  findings.home('void', event.home, event.slot, 'kemPoint', sentence)
}

function whyNotVoid(event: EventOf<'ReadingVoided'>, record: KeptRecord, trail: Trail): string | null {
  const publicKey = keyOf(record, trail)
  const kemPoint = pointOf(event.kemPoint)
  if (publicKey === null || kemPoint === null) return 'the point shown is none'
  const { chainId, monitoring } = trail
  const { slot, epoch, delegation } = record
  const binding = { chainId, monitoring, sender: event.home, epoch, slot, delegation }
  const key = { bytes: encodePoint(publicKey), id: keyId(publicKey) }
  const ephemeral = ephemeralOf(record)
  // A reading whose R is no point is void without any proof: nothing could be proved about it.
  if (ephemeral === null) return null
  const aad = encodeAad({ ...binding, kind: 'essential', recipient: key.id })
  if (!verifyKemPoint(bytesOf(event.proof), { publicKey, ephemeral, kemPoint, aad })) {
    return 'the proof of its point does not hold'
  }
  const judged = judgeReading(kemPoint, key, { binding, payload: record.payload })
  return judged.ok ? 'the point shown opens it to exactly what its points hold' : null
}

/** The key that a record was sealed to: that of its delegation, else the community's. */
function keyOf({ epoch, delegation }: KeptRecord, trail: Trail): Point | null {
  if (delegation === 0) return trail.epochs.get(epoch)?.operation ?? null
  return trail.delegations.get(delegation)?.keys.get(epoch)?.point ?? null
}

function ephemeralOf(record: KeptRecord): Point | null {
  try {
    return ephemeralPoint(splitPayload(record.payload).envelope)
  } catch {
    return null
  }
}
