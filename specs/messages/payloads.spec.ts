import { describe, expect, it } from 'vitest'
import {
  type Alarm,
  ALARM_BYTES,
  alarmText,
  decodeAlarm,
  encodeAlarm,
} from '../../protocols/messages/alarm-payload.ts'
import { decodeEssential, encodeEssential, ESSENTIAL_BYTES } from '../../protocols/messages/essential.ts'
import {
  decodeExtended,
  encodeExtended,
  EXTENDED_BYTES,
  EXTENDED_FRAMES_MAX,
} from '../../protocols/messages/extended-payload.ts'
import { addressBytes } from '../../protocols/messages/integers.ts'
import {
  type ChainRecord,
  packRecords,
  PAYLOAD_BYTES,
  recordDigest,
  RECORD_BYTES,
  unpackRecords,
} from '../../protocols/messages/record.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../protocols/rules/units.ts'

const HOME = `0x${'ab'.repeat(20)}`
const MOST = 'an integer from 0 to 9007199254740991'
const U32 = 'an integer from 0 to 4294967295'
const alarm: Alarm = {
  ...{ code: 'power-over', severity: 'warning', resource: 'power', slot: 7, t: 9, home: HOME },
  ...{ value: 5_000, limit: 4_600, text: 'too much' },
}
const essential = {
  ...{ flags: 1, sequence: 2, t: unixMs(3), energyImportWh: energyWh(4), energyExportWh: energyWh(5) },
  ...{ waterMl: waterMl(6), meanPowerW: powerW(7), peakPowerW: powerW(8) },
}
const extended = (...frames: Uint8Array[]) => ({
  ...{ frames, importOffsetWh: energyWh(0), exportOffsetWh: energyWh(0), waterOffsetMl: waterMl(0) },
})
const record: ChainRecord = {
  ...{ slot: 1, sequence: 2, epoch: 3, extended: new Uint8Array(32) },
  payload: new Uint8Array(PAYLOAD_BYTES),
}
/** Bytes with some of them changed. */
const changed = (bytes: Uint8Array, at: number, ...values: number[]): Uint8Array => {
  const copy = bytes.slice()
  copy.set(values, at)
  return copy
}
const TOO_LARGE = [0xff, 0, 0, 0, 0, 0, 0, 0]

describe('an alarm', () => {
  const wire = encodeAlarm(alarm)

  it.each([
    ['a slot', { slot: -1 }, `slot: expected ${MOST}, got -1`],
    ['a time', { t: 0.5 }, `t: expected ${MOST}, got 0.5`],
    ['a home', { home: 'mine' }, 'home: expected 0x and 40 hexadecimal digits, got "mine"'],
    ['a home with something before it', { home: ` ${HOME}` }, 'home: expected 0x and 40 hexadecimal digits'],
    ['a value', { value: 2 ** 53 }, `value: expected ${MOST}`],
    ['a limit', { limit: -2 }, `limit: expected ${MOST}, got -2`],
    [
      'a text',
      { text: 'x'.repeat(61) },
      'text: expected at most 60 UTF-8 bytes, got 61; shorten it with alarmText',
    ],
  ])('is not made of %s that does not fit, by its name', (_, change, says) => {
    expect(() => encodeAlarm({ ...alarm, ...change })).toThrow(says)
  })

  it.each([
    ['its length', wire.subarray(1), 'alarm.length: expected 128 bytes, got 127'],
    ['its version', changed(wire, 0, 2), 'alarm.version: expected 1, got 2; update the older of the two'],
    [
      'its code',
      changed(wire, 1, 15),
      'alarm.code: expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, got 15',
    ],
    ['its severity', changed(wire, 2, 0), 'alarm.severity: expected one of 1, 2, 3, got 0'],
    ['its resource', changed(wire, 3, 4), 'alarm.resource: expected one of 0, 1, 2, 3, got 4'],
    ['its slot', changed(wire, 4, ...TOO_LARGE), `alarm.slot: expected ${MOST}, got "18374686479671623680"`],
    ['its time', changed(wire, 12, ...TOO_LARGE), `alarm.t: expected ${MOST}`],
    ['its value', changed(wire, 40, ...TOO_LARGE), `alarm.value: expected ${MOST}`],
    ['its limit', changed(wire, 48, ...TOO_LARGE), `alarm.limit: expected ${MOST}`],
    ['the length of its text', changed(wire, 56, 61), 'alarm.text.length: expected at most 60, got 61'],
    ['its text', changed(wire, 57, 0xff), 'alarm.text: expected UTF-8, got "other bytes"'],
    [
      'what follows it',
      changed(wire, ALARM_BYTES - 1, 1),
      'alarm.padding: expected zero in the reserved bytes 65 to 127',
    ],
  ])('is refused for %s, by its name', (_, bytes, says) => {
    expect(() => decodeAlarm(bytes)).toThrow(says)
  })

  it('carries a text to the last byte, as it was written', () => {
    const full = alarmText('\u{feff}é'.repeat(20))
    expect(new TextEncoder().encode(full)).toHaveLength(60)
    expect(decodeAlarm(encodeAlarm({ ...alarm, text: full })).text).toBe(full)
  })
})

describe('essential data', () => {
  const wire = encodeEssential(essential)

  it.each([
    ['flags', { flags: 256 }, 'flags: expected an integer from 0 to 255, got 256'],
    ['a sequence', { sequence: 2 ** 32 }, `sequence: expected ${U32}`],
  ])('are not made of %s out of range, by its name', (_, change, says) => {
    expect(() => encodeEssential({ ...essential, ...change })).toThrow(says)
  })

  it.each([
    ['its version', changed(wire, 0, 0), 'essential.version: expected 1, got 0'],
    [
      'a reserved byte',
      changed(wire, 3, 1),
      'essential.reserved: expected zero in the reserved bytes 2 to 3, got "0001"',
    ],
    [
      'a byte of its tail',
      changed(wire, ESSENTIAL_BYTES - 1, 1),
      'expected zero in the reserved bytes 48 to 63',
    ],
    ['its time', changed(wire, 8, ...TOO_LARGE), `t: expected ${MOST}`],
  ])('are refused for %s, by its name', (_, bytes, says) => {
    expect(() => decodeEssential(bytes)).toThrow(says)
  })
})

describe('extended data', () => {
  const frames = Array.from({ length: EXTENDED_FRAMES_MAX }, (_, i) => new Uint8Array(70).fill(i))
  const wire = encodeExtended(extended(...frames))

  it('hold twelve frames, and say which to keep of more', () => {
    expect(decodeExtended(wire).frames).toEqual(frames)
    expect(() => encodeExtended(extended(...frames, new Uint8Array(1)))).toThrow(
      'frames: expected at most 12, got 13; keep the newest of each board',
    )
  })

  it('end with their bytes, not before', () => {
    // 26 bytes come first, and two of length before each frame: seven of 128 leave one of 86.
    const seven = Array.from({ length: 7 }, () => new Uint8Array(128))
    const full = extended(...seven, new Uint8Array(86))
    expect(decodeExtended(encodeExtended(full)).frames[7]).toHaveLength(86)
    expect(() => encodeExtended(extended(...seven, new Uint8Array(87)))).toThrow(
      'frames: expected frames that fit 1024 bytes, got 1025',
    )
    expect(() => decodeExtended(changed(encodeExtended(full), EXTENDED_BYTES - 87, 87))).toThrow(
      'extended.frame: expected frames that fit 1024 bytes, got 1025',
    )
    // A ninth frame would begin where nothing is.
    expect(() => decodeExtended(changed(encodeExtended(full), 1, 9))).toThrow(
      'extended.frame.length: expected 1 to 128 bytes, got 0',
    )
  })

  it.each([
    ['their length', wire.subarray(1), 'extended.length: expected 1024 bytes'],
    ['their version', changed(wire, 0, 9), 'extended.version: expected 1, got 9'],
    ['the number of frames', changed(wire, 1, 13), 'extended.count: expected at most 12, got 13'],
    ['an import', changed(wire, 2, ...TOO_LARGE), 'importOffsetWh: expected'],
    ['an export', changed(wire, 10, ...TOO_LARGE), 'exportOffsetWh: expected'],
    ['water', changed(wire, 18, ...TOO_LARGE), 'waterOffsetMl: expected'],
    ['a frame of nothing', changed(wire, 26, 0, 0), 'extended.frame.length: expected 1 to 128 bytes, got 0'],
    ['what follows them', changed(wire, EXTENDED_BYTES - 1, 1), 'extended.padding: expected zero'],
  ])('are refused for %s, by its name', (_, bytes, says) => {
    expect(() => decodeExtended(bytes)).toThrow(says)
  })
})

describe('a record of the chain', () => {
  it.each([
    ['a slot', { slot: -1 }, `slot: expected ${MOST}`],
    ['a sequence', { sequence: -1 }, `sequence: expected ${U32}`],
    ['an epoch', { epoch: 2 ** 32 }, `epoch: expected ${U32}`],
    ['a digest', { extended: new Uint8Array(31) }, 'extended.length: expected 32 bytes, got 31'],
    ['a payload', { payload: new Uint8Array(244) }, 'payload.length: expected 245 bytes, got 244'],
  ])('is neither packed nor stood for with %s that does not fit', (_, change, says) => {
    expect(() => packRecords([{ ...record, ...change }])).toThrow(says)
    expect(() => recordDigest({ home: HOME, delegation: 0 }, { ...record, ...change })).toThrow(says)
  })

  it('is stood for under a home and a delegation that can be', () => {
    expect(() => recordDigest({ home: '0x1', delegation: 0 }, record)).toThrow('home: expected 0x and 40')
    expect(() => recordDigest({ home: HOME, delegation: -1 }, record)).toThrow(`delegation: expected ${MOST}`)
  })

  it('goes with one to sixteen in a call, each as it was', () => {
    const sixteen = Array.from({ length: 16 }, (_, slot) => ({ ...record, slot }))
    expect(unpackRecords(packRecords(sixteen))).toEqual(sixteen)
    expect(() => packRecords([])).toThrow('records: expected 1 to 16 records, got 0')
    expect(() => packRecords([...sixteen, record])).toThrow('records: expected 1 to 16 records, got 17')
    expect(() => unpackRecords(new Uint8Array(RECORD_BYTES + 1))).toThrow(
      'records.length: expected a multiple of 293 bytes, got 294',
    )
    expect(() => unpackRecords(changed(packRecords([record]), 0, ...TOO_LARGE))).toThrow('slot: expected')
  })

  it('names an account by its twenty bytes, in either case', () => {
    expect(addressBytes(HOME.toUpperCase().replace('0X', '0x'), 'home')).toEqual(
      new Uint8Array(20).fill(0xab),
    )
  })
})
