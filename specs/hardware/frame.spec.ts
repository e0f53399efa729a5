import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cobsDecode, cobsEncode } from '../../hardware/board/cobs.ts'
import { decodeAnswer, decodeCommand, encodeAnswer, encodeCommand } from '../../hardware/board/command.ts'
import type { BoardAnswer, BoardCommand } from '../../hardware/board/command.ts'
import { crc16 } from '../../hardware/board/crc.ts'
import { closeWire, decodeReport, encodeReport, openWire } from '../../hardware/board/frame.ts'
import { ANSWER_STATUS, FRAME_MAX_BYTES, WIRE_MAX_BYTES } from '../../hardware/board/layout.ts'
import { boardMac, verifyBoardMac } from '../../hardware/board/mac.ts'
import { FrameStream } from '../../hardware/board/stream.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { BoardFrame } from '../../protocols/rules/reading.ts'
import { LINK_KEY, RECORD_KEY } from './workbench.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const permille = fc.integer({ min: 0, max: 1000 })
const header = {
  boardId: u32,
  sequence: u32,
  uptimeMs: u32,
  authorised: fc.boolean(),
  calibrated: fc.boolean(),
  sensorFault: fc.boolean(),
}
const report: fc.Arbitrary<BoardFrame> = fc.oneof(
  fc.record({
    ...header,
    kind: fc.constant('power' as const),
    importWh: u32,
    exportWh: u32,
    powerW: i32,
    peakPowerW: i32,
    voltageMv: u32,
    currentMa: u32,
    powerFactorPermille: permille,
    relayClosed: fc.boolean(),
  }),
  fc.record({
    ...header,
    kind: fc.constant('water' as const),
    volumeMl: u32,
    flowMlPerMin: i32,
    valveOpen: fc.boolean(),
  }),
  fc.record({
    ...header,
    kind: fc.constant('comfort' as const),
    temperatureCentiC: fc.integer({ min: -0x8000, max: 0x7fff }),
    humidityPermille: permille,
  }),
)
const command: fc.Arbitrary<BoardCommand> = fc.oneof(
  fc.record({ name: fc.constant('authorise' as const), authorised: fc.boolean() }),
  fc.record({
    name: fc.constant('calibrate' as const),
    channel: fc.integer({ min: 0, max: 255 }),
    gainPpm: fc.integer({ min: 500_000, max: 2_000_000 }),
    offset: i32,
  }),
  fc.record({ name: fc.constant('relay' as const), closed: fc.boolean() }),
  fc.record({ name: fc.constant('valve' as const), open: fc.boolean() }),
  fc.record({ name: fc.constant('configure' as const), windowMs: fc.integer({ min: 400, max: 60_000 }) }),
  fc.constant({ name: 'hello' as const }),
)
const answer: fc.Arbitrary<BoardAnswer> = fc.record({
  ...header,
  kind: fc.constantFrom('power' as const, 'water' as const, 'comfort' as const),
  answers: fc.constantFrom(
    'authorise' as const,
    'calibrate' as const,
    'hello' as const,
    'configure' as const,
  ),
  commandSequence: u32,
  status: fc.constantFrom(...ANSWER_STATUS),
  firmware: fc.integer({ min: 0, max: 0xffff }),
  lastCommandSequence: u32,
  windowMs: fc.integer({ min: 0, max: 0xffff }),
})

const COMFORT: BoardFrame = {
  kind: 'comfort',
  boardId: 7,
  sequence: 1,
  uptimeMs: 2000,
  authorised: true,
  calibrated: false,
  sensorFault: false,
  temperatureCentiC: 2150,
  humidityPermille: 480,
}

describe('the parts of a frame agree with published vectors', () => {
  it('CRC-16/CCITT-FALSE of "123456789" is 0x29b1 (the catalogue of parametrised CRCs)', () => {
    expect(crc16(new TextEncoder().encode('123456789'))).toBe(0x29b1)
  })

  it.each([
    ['00', '0101'],
    ['0000', '010101'],
    ['11220033', '0311220233'],
    ['11223344', '0511223344'],
    ['11000000', '0211010101'],
  ])('COBS of %s is %s (Cheshire and Baker, 1999)', (plain, coded) => {
    expect(cobsEncode(hex(plain))).toEqual(hex(coded))
    expect(cobsDecode(hex(coded))).toEqual(hex(plain))
  })

  it('BLAKE2s-128 with a key is what CPython hashlib gives (another implementation of RFC 7693)', () => {
    const mac = boardMac(new Uint8Array(32).fill(0x6b), new TextEncoder().encode('abc'))
    expect(Buffer.from(mac).toString('hex')).toBe('da5b50d8f2073c6d2bc49dc3f556bde3')
  })
})

describe('what is encoded is decoded to the same', () => {
  it('COBS, for any bytes, and without a zero on the wire', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (plain) => {
        const coded = cobsEncode(plain)
        expect(coded.includes(0)).toBe(false)
        expect(cobsDecode(coded)).toEqual(plain)
      }),
    )
  })

  it('reports, with their CRC and without', () => {
    fc.assert(
      fc.property(report, (frame) => {
        const bytes = encodeReport(frame, RECORD_KEY)
        const crc = crc16(bytes)
        expect(bytes.length).toBeLessThanOrEqual(FRAME_MAX_BYTES)
        expect(verifyBoardMac(RECORD_KEY, bytes)).toBe(true)
        expect(decodeReport(bytes)).toEqual(frame)
        expect(decodeReport(Uint8Array.of(...bytes, crc >> 8, crc & 0xff))).toEqual(frame)
        expect(openWire(closeWire(bytes).subarray(0, -1))).toEqual(bytes)
      }),
    )
  })

  it('commands and answers', () => {
    fc.assert(
      fc.property(u32, u32, command, answer, (boardId, sequence, wanted, said) => {
        const bytes = openWire(encodeCommand(boardId, sequence, wanted, LINK_KEY).subarray(0, -1))
        expect(verifyBoardMac(LINK_KEY, bytes)).toBe(true)
        expect(decodeCommand(bytes)).toEqual({ boardId, sequence, command: wanted })
        expect(decodeAnswer(encodeAnswer(said, LINK_KEY))).toEqual(said)
      }),
    )
  })
})

describe('a MAC binds every byte', () => {
  it('a report with any one bit changed does not verify, nor with another key', () => {
    const bytes = encodeReport(COMFORT, RECORD_KEY)
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Uint8Array.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(verifyBoardMac(RECORD_KEY, changed)).toBe(false)
      }),
    )
    expect(verifyBoardMac(LINK_KEY, bytes)).toBe(false)
    expect(verifyBoardMac(RECORD_KEY, bytes.subarray(0, 16))).toBe(false)
  })

  it('a key that is not 32 bytes is refused by name', () => {
    expect(() => boardMac(new Uint8Array(16), new Uint8Array(1))).toThrow(/board key: expected 32 bytes/)
  })
})

describe('a door that refuses names the field', () => {
  const bytes = encodeReport(COMFORT, RECORD_KEY)
  const withByte = (at: number, value: number): Uint8Array => {
    const changed = Uint8Array.from(bytes)
    changed[at] = value
    return changed
  }

  it.each([
    ['another version', () => decodeReport(withByte(0, 2)), /^version: expected 1, got 2/],
    ['a type that is no report', () => decodeReport(withByte(1, 9)), /^type: expected a report/],
    ['an unknown flag', () => decodeReport(withByte(14, 0x80)), /^flags: expected only bits 7/],
    [
      'humidity over 1000 permille',
      () => decodeReport(withByte(18, 0xff)),
      /^humidityPermille: expected at most 1000/,
    ],
    [
      'one byte too few',
      () => decodeReport(bytes.subarray(0, -1)),
      /expected 36 bytes for a comfort report, got 35/,
    ],
    ['no frame at all', () => decodeReport(new Uint8Array(3)), /expected at least 32 bytes, got 3/],
    ['a command that is a report', () => decodeCommand(bytes), /^type: expected a command/],
    ['an answer that is a report', () => decodeAnswer(bytes), /^type: expected an answer/],
    [
      'a window out of range',
      () => encodeCommand(1, 1, { name: 'configure', windowMs: 399 }, LINK_KEY),
      /^windowMs: expected 400 to 60000, got 399/,
    ],
    [
      'a board id out of range',
      () => encodeCommand(-1, 1, { name: 'hello' }, LINK_KEY),
      /^boardId: expected an integer from 0 to 4294967295, got -1/,
    ],
  ])('%s', (_what, act, message) => {
    expect(act).toThrow(Fault)
    expect(act).toThrow(message)
  })

  it('a changed byte on the wire is a bad CRC', () => {
    const wire = closeWire(bytes)
    wire[10] = (wire[10] ?? 0) ^ 0x40
    expect(() => openWire(wire.subarray(0, -1))).toThrow(/CRC|COBS/)
  })
})

describe('a stream of bytes', () => {
  const wire = closeWire(encodeReport(COMFORT, RECORD_KEY))

  it('gives the same frames however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (cuts) => {
        const all = Uint8Array.of(...wire, ...wire, ...wire)
        const stream = new FrameStream()
        let at = 0
        let frames = 0
        for (let turn = 0; at < all.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          frames += stream.push(all.subarray(at, at + size)).filter((item) => item.ok).length
          at += size
        }
        expect(frames).toBe(3)
      }),
    )
  })

  it('survives any garbage, and the frame after the next zero is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (garbage) => {
        const stream = new FrameStream()
        const items = stream.push(Uint8Array.of(...garbage, 0, ...wire))
        const final = items.at(-1)
        expect(final?.ok && decodeReport(final.bytes)).toEqual(COMFORT)
        expect(stream.counts.frames + stream.counts.crcErrors + stream.counts.garbage).toBe(items.length)
      }),
    )
  })

  it('keeps no more than a frame of an endless stretch, and says how long it was', () => {
    const stream = new FrameStream()
    const items = stream.push(Uint8Array.of(...new Uint8Array(100_000).fill(7), 0))
    expect(items).toHaveLength(1)
    const [item] = items
    expect(item?.ok === false && item.fault.code).toBe('bad-length')
    expect(item?.ok === false && item.wire.length).toBe(WIRE_MAX_BYTES)
  })

  it('takes a stretch of exactly the longest length, and refuses one byte more', () => {
    const longest = closeWire(new Uint8Array(FRAME_MAX_BYTES).fill(1))
    expect(longest.length - 1).toBe(WIRE_MAX_BYTES)
    expect(new FrameStream().push(longest)[0]?.ok).toBe(true)
    const longer = closeWire(new Uint8Array(FRAME_MAX_BYTES + 1).fill(1))
    expect(new FrameStream().push(longer)[0]?.ok).toBe(false)
  })

  it('counts CRC errors apart from other garbage', () => {
    const spoilt = Uint8Array.from(wire)
    spoilt[spoilt.length - 3] = (spoilt[spoilt.length - 3] ?? 0) ^ 0x10
    const stream = new FrameStream()
    stream.push(Uint8Array.of(...spoilt, 5, 1, 0, ...wire))
    expect(stream.counts).toMatchObject({ frames: 1, crcErrors: 1, garbage: 1 })
  })
})
