import { badField } from '../rules/fault.ts'
import {
  ADDRESS_BYTES,
  addressBytes,
  addressOf,
  readU64,
  requireLength,
  requireVersion,
  requireZero,
  viewOf,
  writeU64,
} from './integers.ts'

/** Bytes of an alarm: fixed, so that its size does not tell which one it is. */
export const ALARM_BYTES = 128
export const ALARM_VERSION = 1
/** UTF-8 bytes of the text that people read. */
export const ALARM_TEXT_BYTES_MAX = 60

/** What an alarm says, by its number on the wire. Numbers are never reused. */
export const ALARM_CODES = {
  'quota-80': 1,
  'quota-90': 2,
  'quota-100': 3,
  'power-over': 4,
  'power-trip': 5,
  'power-restored': 6,
  silence: 7,
  'bad-data': 8,
  'board-away': 9,
  'mac-mismatch': 10,
  residual: 11,
  'point-mismatch': 12,
  'board-fault': 13,
  'leak-suspected': 14,
} as const
export type AlarmCode = keyof typeof ALARM_CODES

export const ALARM_SEVERITIES = { info: 1, warning: 2, critical: 3 } as const
export type AlarmSeverity = keyof typeof ALARM_SEVERITIES

export const ALARM_RESOURCES = { none: 0, energy: 1, power: 2, water: 3 } as const
export type AlarmResource = keyof typeof ALARM_RESOURCES

/** An alarm in the clear. `value` and `limit` are in the resource's unit: Wh, W or mL. */
export interface Alarm {
  readonly code: AlarmCode
  readonly severity: AlarmSeverity
  readonly resource: AlarmResource
  readonly slot: number
  /** Unix ms. */
  readonly t: number
  /** The home that it is about. */
  readonly home: string
  readonly value: number
  readonly limit: number
  readonly text: string
}

const AT = {
  code: 1,
  severity: 2,
  resource: 3,
  slot: 4,
  t: 12,
  home: 20,
  value: 40,
  limit: 48,
  textLength: 56,
  text: 57,
}

/** An alarm on the wire. Throws `bad-field` for a value out of range or a text over 60 bytes. */
export function encodeAlarm(alarm: Alarm): Uint8Array {
  const bytes = new Uint8Array(ALARM_BYTES)
  const view = new DataView(bytes.buffer)
  const { code, severity, resource } = alarm
  bytes.set([ALARM_VERSION, ALARM_CODES[code], ALARM_SEVERITIES[severity], ALARM_RESOURCES[resource]])
  writeU64(view, AT.slot, alarm.slot, 'slot')
  writeU64(view, AT.t, alarm.t, 't')
  bytes.set(addressBytes(alarm.home, 'home'), AT.home)
  writeU64(view, AT.value, alarm.value, 'value')
  writeU64(view, AT.limit, alarm.limit, 'limit')
  const text = new TextEncoder().encode(alarm.text)
  if (text.length > ALARM_TEXT_BYTES_MAX) {
    throw badField(
      'text',
      `at most ${ALARM_TEXT_BYTES_MAX} UTF-8 bytes`,
      text.length,
      'shorten it with alarmText',
    )
  }
  bytes[AT.textLength] = text.length
  bytes.set(text, AT.text)
  return bytes
}

/**
 * Reads an alarm strictly: throws `bad-field` for a wrong length, an unknown number, bad UTF-8 or padding.
 */
export function decodeAlarm(bytes: Uint8Array): Alarm {
  requireLength(bytes, ALARM_BYTES, 'alarm')
  requireVersion(bytes, ALARM_VERSION, 'alarm')
  const view = viewOf(bytes)
  return {
    code: named(ALARM_CODES, view.getUint8(AT.code), 'alarm.code'),
    severity: named(ALARM_SEVERITIES, view.getUint8(AT.severity), 'alarm.severity'),
    resource: named(ALARM_RESOURCES, view.getUint8(AT.resource), 'alarm.resource'),
    slot: readU64(view, AT.slot, 'alarm.slot'),
    t: readU64(view, AT.t, 'alarm.t'),
    home: addressOf(bytes.subarray(AT.home, AT.home + ADDRESS_BYTES)),
    value: readU64(view, AT.value, 'alarm.value'),
    limit: readU64(view, AT.limit, 'alarm.limit'),
    text: readText(bytes),
  }
}

/** The longest beginning of a text that fits an alarm and ends between two characters. */
export function alarmText(text: string): string {
  let kept = ''
  for (const character of text) {
    if (new TextEncoder().encode(kept + character).length > ALARM_TEXT_BYTES_MAX) break
    kept += character
  }
  return kept
}

function readText(bytes: Uint8Array): string {
  const length = bytes[AT.textLength] ?? 0
  if (length > ALARM_TEXT_BYTES_MAX)
    throw badField('alarm.text.length', `at most ${ALARM_TEXT_BYTES_MAX}`, length)
  requireZero(bytes, AT.text + length, ALARM_BYTES, 'alarm.padding')
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return decoder.decode(bytes.subarray(AT.text, AT.text + length))
  } catch {
    throw badField('alarm.text', 'UTF-8', 'other bytes')
  }
}

function named<Name extends string>(
  table: Readonly<Record<Name, number>>,
  value: number,
  field: string,
): Name {
  for (const name in table) if (table[name] === value) return name
  throw badField(field, `one of ${Object.values(table).join(', ')}`, value)
}
