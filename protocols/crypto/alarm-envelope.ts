import { randomBytes } from '@noble/hashes/utils.js'
import { encodeAad } from '../messages/aad.ts'
import { type Alarm, ALARM_BYTES, decodeAlarm, encodeAlarm } from '../messages/alarm-payload.ts'
import { requireLength } from '../messages/integers.ts'
import type { RandomSource } from '../rules/clock.ts'
import { ENVELOPE_OVERHEAD, open, seal } from './envelope.ts'
import type { PreparedRecipient } from './recipient.ts'
import type { OpeningKey } from './recover-reading.ts'
import type { Binding } from './seal-reading.ts'

/** Bytes of a sealed alarm: 177, whatever it says. */
export const ALARM_ENVELOPE_BYTES = ALARM_BYTES + ENVELOPE_OVERHEAD

/**
 * Seals an alarm to the operation key of the gateway that is responsible for the home. `binding.slot` is
 * the alarm's number, as the contract counts it. Throws `bad-field` when the alarm cannot be encoded.
 */
export function sealAlarm(
  recipient: PreparedRecipient,
  binding: Binding,
  alarm: Alarm,
  random: RandomSource = randomBytes,
): Uint8Array {
  const aad = encodeAad({ ...binding, kind: 'alarm', recipient: recipient.id })
  return seal(recipient, aad, encodeAlarm(alarm), random).wire
}

/** Opens a sealed alarm. Throws `bad-field`, `bad-point` or `bad-tag`. */
export function openAlarm(key: OpeningKey, binding: Binding, wire: Uint8Array): Alarm {
  requireLength(wire, ALARM_ENVELOPE_BYTES, 'alarm.envelope')
  const aad = encodeAad({ ...binding, kind: 'alarm', recipient: key.id })
  return decodeAlarm(open(key.secret, { recipient: key.bytes, aad }, wire).plaintext)
}
