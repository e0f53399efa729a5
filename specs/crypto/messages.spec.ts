import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AadFields, AAD_BYTES, encodeAad } from '../../protocols/messages/aad.ts'
import {
  type Alarm,
  ALARM_BYTES,
  ALARM_CODES,
  ALARM_RESOURCES,
  ALARM_SEVERITIES,
  ALARM_TEXT_BYTES_MAX,
  type AlarmCode,
  type AlarmResource,
  type AlarmSeverity,
  alarmText,
  decodeAlarm,
  encodeAlarm,
} from '../../protocols/messages/alarm-payload.ts'
import { decodeEssential, encodeEssential, ESSENTIAL_BYTES } from '../../protocols/messages/essential.ts'
import {
  decodeExtended,
  encodeExtended,
  EXTENDED_BYTES,
  EXTENDED_FRAME_BYTES_MAX,
  EXTENDED_FRAMES_MAX,
} from '../../protocols/messages/extended-payload.ts'
import {
  type ChainRecord,
  packRecords,
  RECORD_BYTES,
  recordDigest,
  RECORDS_MAX,
  splitPayload,
  unpackRecords,
} from '../../protocols/messages/record.ts'
import { energyWh, waterMl } from '../../protocols/rules/units.ts'
import {
  address,
  anyEssential,
  anyNatural,
  anyU32,
  direct,
  essential,
  faultOf,
  flipped,
} from './community.ts'

/** Whether a decoder refuses the wire one byte short and one byte long, and nothing at all. */
function refusesOtherLengths(decode: (bytes: Uint8Array) => unknown, wire: Uint8Array): boolean {
  const others = [wire.subarray(1), new Uint8Array([...wire, 0]), new Uint8Array(0)]
  return others.every((bytes) => faultOf(() => decode(bytes)) === 'bad-field')
}

/** The wire with a u64 of 2^53, one beyond what is held exactly. */
function withBeyond(wire: Uint8Array, at: number): Uint8Array {
  const copy = wire.slice()
  new DataView(copy.buffer).setBigUint64(at, 2n ** 53n)
  return copy
}

describe('E^t, 64 bytes', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyEssential, (data) => {
        const wire = encodeEssential(data)
        expect(wire.length).toBe(ESSENTIAL_BYTES)
        expect(decodeEssential(wire)).toEqual(data)
      }),
    )
  })

  it('is refused for its length before anything else', () => {
    expect(refusesOtherLengths(decodeEssential, encodeEssential(essential))).toBe(true)
    expect(() => decodeEssential(new Uint8Array(65).fill(255))).toThrow(/essential\.length/)
  })

  it('is refused for another version and for any reserved byte that is not zero', () => {
    const wire = encodeEssential(essential)
    expect(() => decodeEssential(flipped(wire, 0, 3))).toThrow(/essential\.version/)
    for (const position of [2, 3, 48, 55, 63]) {
      expect(() => decodeEssential(flipped(wire, position))).toThrow(/essential\.reserved/)
    }
  })

  it.each([
    ['t', 8],
    ['energyImportWh', 16],
    ['energyExportWh', 24],
    ['waterMl', 32],
  ])('is refused with %s one beyond 2^53 - 1', (field, at) => {
    const wire = encodeEssential(essential)
    expect(() => decodeEssential(withBeyond(wire, at))).toThrow(new RegExp(field))
  })

  it('is never made from values out of range', () => {
    const wrong = [
      { ...essential, flags: 256 },
      { ...essential, sequence: 2 ** 32 },
      { ...essential, sequence: -1 },
      { ...essential, sequence: 0.5 },
    ]
    expect(wrong.map((data) => faultOf(() => encodeEssential(data)))).toEqual(wrong.map(() => 'bad-field'))
  })

  it('reads a view into a larger buffer', () => {
    const wire = encodeEssential(essential)
    const larger = new Uint8Array(100)
    larger.set(wire, 17)
    expect(decodeEssential(larger.subarray(17, 17 + ESSENTIAL_BYTES))).toEqual(essential)
  })
})

describe('X^t, 1024 bytes', () => {
  const offsets = { importOffsetWh: energyWh(1), exportOffsetWh: energyWh(2), waterOffsetMl: waterMl(3) }
  const frames = (count: number, length: number) =>
    Array.from({ length: count }, () => new Uint8Array(length).fill(1))

  it('comes back as it was', () => {
    const anyFrames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 81 }), {
      maxLength: EXTENDED_FRAMES_MAX,
    })
    fc.assert(
      fc.property(anyFrames, anyNatural, (kept, offset) => {
        const data = { ...offsets, frames: kept, importOffsetWh: energyWh(offset) }
        const wire = encodeExtended(data)
        expect(wire.length).toBe(EXTENDED_BYTES)
        expect(decodeExtended(wire)).toEqual(data)
      }),
    )
  })

  it('holds 12 frames, not 13; 128 bytes in a frame, not 129, nor none; 998 bytes in all, not 999', () => {
    const code = (kept: Uint8Array[]) => faultOf(() => encodeExtended({ ...offsets, frames: kept }))
    expect(code(frames(EXTENDED_FRAMES_MAX, 10))).toBe('none')
    expect(code(frames(EXTENDED_FRAMES_MAX + 1, 10))).toBe('bad-field')
    expect(code(frames(1, EXTENDED_FRAME_BYTES_MAX))).toBe('none')
    expect(code(frames(1, EXTENDED_FRAME_BYTES_MAX + 1))).toBe('bad-field')
    expect(code(frames(1, 0))).toBe('bad-field')
    const full = [...frames(7, 128), ...frames(1, 998 - 7 * 130 - 2)]
    expect(code(full)).toBe('none')
    expect(code([...full.slice(0, 7), new Uint8Array((full[7]?.length ?? 0) + 1)])).toBe('bad-field')
  })

  it('is refused for its length, version, count, frame length, and padding', () => {
    const wire = encodeExtended({ ...offsets, frames: frames(2, 5) })
    expect(refusesOtherLengths(decodeExtended, wire)).toBe(true)
    expect(() => decodeExtended(flipped(wire, 0, 2))).toThrow(/version/)
    expect(() => decodeExtended(flipped(wire, 1, 15))).toThrow(/count/)
    expect(() => decodeExtended(flipped(wire, 26, 1))).toThrow(/frame\.length/)
    expect(() => decodeExtended(flipped(wire, 27, 5))).toThrow(/frame\.length/)
    expect(() => decodeExtended(flipped(wire, 1023))).toThrow(/padding/)
    expect(() => decodeExtended(withBeyond(wire, 18))).toThrow(/waterOffsetMl/)
  })

  it('refuses frames that claim to reach beyond the end', () => {
    const wire = encodeExtended({ ...offsets, frames: [...frames(7, 128), ...frames(1, 86)] })
    expect(decodeExtended(wire).frames.length).toBe(8)
    expect(faultOf(() => decodeExtended(flipped(wire, 26 + 7 * 130 + 1, 1)))).toBe('bad-field')
    expect(faultOf(() => decodeExtended(flipped(wire, 1, 8 ^ 9)))).toBe('bad-field')
  })

  it('never crashes on bytes that came from anywhere', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: EXTENDED_BYTES, maxLength: EXTENDED_BYTES }), (noise) => {
        noise[0] = 1
        noise[1] = (noise[1] ?? 0) % 13
        expect(['bad-field', 'none']).toContain(faultOf(() => decodeExtended(noise)))
      }),
    )
  })
})

describe('an alarm, 128 bytes', () => {
  const alarm: Alarm = {
    code: 'power-over',
    severity: 'critical',
    resource: 'power',
    slot: 12,
    t: 34,
    home: '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf',
    value: 4600,
    limit: 3450,
    text: 'Überlast',
  }
  const names = <Name extends string>(table: Record<Name, number>) => Object.keys(table)
  const codes = (value: string): value is AlarmCode => value in ALARM_CODES
  const severities = (value: string): value is AlarmSeverity => value in ALARM_SEVERITIES
  const resources = (value: string): value is AlarmResource => value in ALARM_RESOURCES

  it('comes back as it was, whichever it is', () => {
    const anyAlarm = fc.record<Alarm>({
      code: fc.constantFrom(...names(ALARM_CODES).filter(codes)),
      severity: fc.constantFrom(...names(ALARM_SEVERITIES).filter(severities)),
      resource: fc.constantFrom(...names(ALARM_RESOURCES).filter(resources)),
      slot: anyNatural,
      t: anyNatural,
      home: fc.constant(alarm.home),
      value: anyNatural,
      limit: anyNatural,
      text: fc.string({ unit: 'grapheme' }).map(alarmText),
    })
    fc.assert(
      fc.property(anyAlarm, (given) => {
        const wire = encodeAlarm(given)
        expect(wire.length).toBe(ALARM_BYTES)
        expect(decodeAlarm(wire)).toEqual(given)
      }),
    )
  })

  it('has another number for each code', () => {
    const numbers = Object.values(ALARM_CODES)
    expect(new Set(numbers).size).toBe(numbers.length)
  })

  it('holds sixty bytes of text, not sixty-one; alarmText cuts between characters', () => {
    const text = 'x'.repeat(ALARM_TEXT_BYTES_MAX)
    expect(decodeAlarm(encodeAlarm({ ...alarm, text })).text).toBe(text)
    expect(faultOf(() => encodeAlarm({ ...alarm, text: `${text}x` }))).toBe('bad-field')
    expect(alarmText(`${text}x`)).toBe(text)
    expect(alarmText(`${'x'.repeat(59)}é`)).toBe('x'.repeat(59))
  })

  it('is refused for its length, version, unknown numbers, text and padding', () => {
    const wire = encodeAlarm(alarm)
    expect(refusesOtherLengths(decodeAlarm, wire)).toBe(true)
    expect(() => decodeAlarm(flipped(wire, 0, 2))).toThrow(/version/)
    expect(() => decodeAlarm(flipped(wire, 1, 0x80))).toThrow(/code/)
    expect(() => decodeAlarm(flipped(wire, 2, 0x80))).toThrow(/severity/)
    expect(() => decodeAlarm(flipped(wire, 3, 0x80))).toThrow(/resource/)
    expect(() => decodeAlarm(flipped(wire, 56, 0x40))).toThrow(/text\.length/)
    expect(() => decodeAlarm(flipped(wire, 57, 0xc3 ^ 0xff))).toThrow(/text/)
    expect(() => decodeAlarm(flipped(wire, 127))).toThrow(/padding/)
    expect(() => decodeAlarm(withBeyond(wire, 40))).toThrow(/value/)
  })
})

describe('the 96 bytes that an envelope is bound to', () => {
  const fields: AadFields = { ...direct, kind: 'essential', recipient: address('recipient') }

  it('differ whenever a field differs', () => {
    const changes: Partial<AadFields>[] = [
      {},
      { kind: 'extended' },
      { kind: 'alarm' },
      { chainId: 1 },
      { monitoring: address('x') },
      { sender: address('x') },
      { recipient: address('x') },
      { epoch: 0 },
      { slot: 0 },
      { delegation: 1 },
    ]
    const all = changes.map((change) => encodeAad({ ...fields, ...change }))
    expect(all.every((bytes) => bytes.length === AAD_BYTES)).toBe(true)
    expect(new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(all.length)
  })

  it('do not depend on the case in which an address is written', () => {
    const upper = { ...fields, sender: `0x${fields.sender.slice(2).toUpperCase()}` }
    expect(encodeAad(upper)).toEqual(encodeAad(fields))
  })

  it.each([
    { epoch: 2 ** 32 },
    { epoch: -1 },
    { slot: 2 ** 53 },
    { delegation: 2 ** 53 },
    { chainId: 0.5 },
    { sender: '0x1234' },
    { sender: `${address('x')}00` },
    { recipient: 'home' },
  ] satisfies Partial<AadFields>[])('are not made of %o', (change) => {
    const field = Object.keys(change).join()
    expect(() => encodeAad({ ...fields, ...change })).toThrow(new RegExp(field))
  })
})

describe('a chain record, 293 bytes', () => {
  const record: ChainRecord = {
    slot: 9,
    sequence: 8,
    epoch: 7,
    extended: new Uint8Array(32).fill(6),
    payload: new Uint8Array(245).fill(5),
  }
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ ...record, slot: index }))

  it('comes back as it was, with those of the same call in their order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: RECORDS_MAX }), anyNatural, anyU32, (count, slot, sequence) => {
        const records = many(count).map((each) => ({ ...each, slot, sequence }))
        const wire = packRecords(records)
        expect(wire.length).toBe(count * RECORD_BYTES)
        expect(unpackRecords(wire)).toEqual(records)
      }),
      { numRuns: 30 },
    )
  })

  it('goes alone or with up to fifteen others', () => {
    expect(faultOf(() => packRecords([]))).toBe('bad-field')
    expect(faultOf(() => packRecords(many(RECORDS_MAX)))).toBe('none')
    expect(faultOf(() => packRecords(many(RECORDS_MAX + 1)))).toBe('bad-field')
    expect(faultOf(() => unpackRecords(new Uint8Array(0)))).toBe('bad-field')
    expect(faultOf(() => unpackRecords(new Uint8Array(RECORD_BYTES * (RECORDS_MAX + 1))))).toBe('bad-field')
  })

  it('is refused one byte short or long', () => {
    expect(refusesOtherLengths(unpackRecords, packRecords([record]))).toBe(true)
    expect(faultOf(() => packRecords([{ ...record, payload: new Uint8Array(244) }]))).toBe('bad-field')
    expect(faultOf(() => packRecords([{ ...record, payload: new Uint8Array(246) }]))).toBe('bad-field')
    expect(faultOf(() => packRecords([{ ...record, extended: new Uint8Array(31) }]))).toBe('bad-field')
    expect(faultOf(() => splitPayload(new Uint8Array(244)))).toBe('bad-field')
  })

  it('has another digest for another home, delegation or byte', () => {
    const home = address('home')
    const owned = { home, delegation: 0 }
    const digests = [
      recordDigest(owned, record),
      recordDigest({ ...owned, delegation: 1 }, record),
      recordDigest({ ...owned, home: address('other') }, record),
      recordDigest(owned, { ...record, sequence: 9 }),
      recordDigest(owned, { ...record, payload: flipped(record.payload, 0) }),
      recordDigest(owned, { ...record, payload: flipped(record.payload, 113) }),
      recordDigest(owned, { ...record, extended: flipped(record.extended, 0) }),
    ]
    expect(new Set(digests.map((digest) => Buffer.from(digest).toString('hex'))).size).toBe(digests.length)
  })
})
