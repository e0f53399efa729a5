import { Fault, badField } from '../../protocols/rules/fault.ts'
import type { BoardFrame, BoardHeader, BoardKind } from '../../protocols/rules/reading.ts'
import { cobsDecode, cobsEncode } from './cobs.ts'
import { crc16 } from './crc.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import {
  BOARD_KINDS,
  CRC_BYTES,
  FLAGS,
  FRAME_VERSION,
  HEADER_BYTES,
  REPORTS,
  WIRE_MAX_BYTES,
} from './layout.ts'
import { MAC_BYTES, boardMac } from './mac.ts'

const SHORTEST = HEADER_BYTES + MAC_BYTES

/** A header as it stands in any frame, with its type not yet looked up. */
export interface RawHeader {
  readonly type: number
  readonly boardId: number
  readonly sequence: number
  readonly uptimeMs: number
  readonly flags: number
}

/**
 * Opens what stood between two zero bytes: undoes COBS, checks the CRC, removes it.
 * @returns header ‖ body ‖ MAC, the bytes that X^t keeps.
 * @throws Fault `bad-length`, `bad-cobs` or `bad-crc`.
 */
export function openWire(coded: Uint8Array): Uint8Array {
  if (coded.length > WIRE_MAX_BYTES)
    throw badLength(`at most ${WIRE_MAX_BYTES} bytes on the wire`, coded.length)
  return withoutCrc(cobsDecode(coded))
}

/** Removes and checks the CRC at the end of header ‖ body ‖ MAC ‖ CRC. */
export function withoutCrc(bytes: Uint8Array): Uint8Array {
  if (bytes.length < SHORTEST + CRC_BYTES)
    throw badLength(`at least ${SHORTEST + CRC_BYTES} bytes`, bytes.length)
  const end = bytes.length - CRC_BYTES
  const said = ((bytes[end] ?? 0) << 8) | (bytes[end + 1] ?? 0)
  const computed = crc16(bytes.subarray(0, end))
  if (said !== computed) {
    throw new Fault('bad-crc', `frame: CRC is ${hex16(said)}, its bytes give ${hex16(computed)}`, {
      said,
      computed,
    })
  }
  return bytes.subarray(0, end)
}

/** Closes header ‖ body ‖ MAC for the wire: CRC, COBS, the closing zero. */
export function closeWire(bytes: Uint8Array): Uint8Array {
  const crc = crc16(bytes)
  return Uint8Array.of(...cobsEncode(Uint8Array.of(...bytes, crc >> 8, crc & 0xff)), 0)
}

/** The header of header ‖ body ‖ MAC. */
export function decodeHeader(bytes: Uint8Array): RawHeader {
  if (bytes.length < SHORTEST) throw badLength(`at least ${SHORTEST} bytes`, bytes.length)
  const read = new FieldReader(bytes)
  const version = read.u8()
  if (version !== FRAME_VERSION)
    throw badField('version', String(FRAME_VERSION), version, 'update the older side')
  return {
    type: read.u8(),
    boardId: read.u32(),
    sequence: read.u32(),
    uptimeMs: read.u32(),
    flags: read.u16(),
  }
}

/** Header ‖ body ‖ MAC of any frame, its MAC made with `key`. */
export function signFrame(header: RawHeader, body: Uint8Array, key: Uint8Array): Uint8Array {
  const head = new FieldWriter()
    .u8('version', FRAME_VERSION)
    .u8('type', header.type)
    .u32('boardId', header.boardId)
    .u32('sequence', header.sequence)
    .u32('uptimeMs', header.uptimeMs)
    .u16('flags', header.flags)
    .done()
  const signed = Uint8Array.of(...head, ...body)
  return Uint8Array.of(...signed, ...boardMac(key, signed))
}

/** The kind of board that reports with `type`, if any does. */
export function reportKind(type: number): BoardKind | undefined {
  return BOARD_KINDS.find((kind) => REPORTS[kind].type === type)
}

/**
 * Decodes a report from header ‖ body ‖ MAC, with or without the CRC behind it. The MAC is not checked here:
 * only the community gateway has its key (`verifyBoardMac`).
 * @throws Fault that names the field: length, version, type, flags, or the value out of its range.
 */
export function decodeReport(bytes: Uint8Array): BoardFrame {
  const raw = decodeHeader(bytes)
  const kind = reportKind(raw.type)
  if (kind === undefined) throw badField('type', 'a report: 1 power, 2 water or 3 comfort', raw.type)
  const expected = SHORTEST + REPORTS[kind].bodyBytes
  if (bytes.length === expected + CRC_BYTES) return decodeReport(withoutCrc(bytes))
  if (bytes.length !== expected) throw badLength(`${expected} bytes for a ${kind} report`, bytes.length)
  const body = new FieldReader(bytes.subarray(HEADER_BYTES, expected - MAC_BYTES))
  return DECODE_BODY[kind](boardHeader(raw), body)
}

/** What the flags of a header mean. */
export function boardHeader(raw: RawHeader): BoardHeader {
  const known = FLAGS.authorised | FLAGS.calibrated | FLAGS.sensorFault
  if ((raw.flags & ~known) !== 0) throw badField('flags', `only bits ${known}`, raw.flags)
  return {
    boardId: raw.boardId,
    sequence: raw.sequence,
    uptimeMs: raw.uptimeMs,
    authorised: (raw.flags & FLAGS.authorised) !== 0,
    calibrated: (raw.flags & FLAGS.calibrated) !== 0,
    sensorFault: (raw.flags & FLAGS.sensorFault) !== 0,
  }
}

/** The flags that say what a header says. */
export function flagsOf(header: Pick<BoardHeader, 'authorised' | 'calibrated' | 'sensorFault'>): number {
  return (
    (header.authorised ? FLAGS.authorised : 0) |
    (header.calibrated ? FLAGS.calibrated : 0) |
    (header.sensorFault ? FLAGS.sensorFault : 0)
  )
}

const DECODE_BODY: Readonly<Record<BoardKind, (header: BoardHeader, body: FieldReader) => BoardFrame>> = {
  power: (header, body) => ({
    ...header,
    kind: 'power',
    importWh: body.u32(),
    exportWh: body.u32(),
    powerW: body.i32(),
    peakPowerW: body.i32(),
    voltageMv: body.u32(),
    currentMa: body.u32(),
    powerFactorPermille: body.u16UpTo('powerFactorPermille', 1000),
    relayClosed: body.bit('relayClosed'),
  }),
  water: (header, body) => ({
    ...header,
    kind: 'water',
    volumeMl: body.u32(),
    flowMlPerMin: body.i32(),
    valveOpen: body.bit('valveOpen'),
  }),
  comfort: (header, body) => ({
    ...header,
    kind: 'comfort',
    temperatureCentiC: body.i16(),
    humidityPermille: body.u16UpTo('humidityPermille', 1000),
  }),
}

/** Header ‖ body ‖ MAC of a report, as the firmware makes it. */
export function encodeReport(frame: BoardFrame, recordKey: Uint8Array): Uint8Array {
  const { boardId, sequence, uptimeMs } = frame
  const header = { type: REPORTS[frame.kind].type, boardId, sequence, uptimeMs, flags: flagsOf(frame) }
  return signFrame(header, encodeBody(frame), recordKey)
}

function encodeBody(frame: BoardFrame): Uint8Array {
  const write = new FieldWriter()
  switch (frame.kind) {
    case 'power':
      return write
        .u32('importWh', frame.importWh)
        .u32('exportWh', frame.exportWh)
        .i32('powerW', frame.powerW)
        .i32('peakPowerW', frame.peakPowerW)
        .u32('voltageMv', frame.voltageMv)
        .u32('currentMa', frame.currentMa)
        .u16('powerFactorPermille', frame.powerFactorPermille)
        .bit(frame.relayClosed)
        .done()
    case 'water':
      return write
        .u32('volumeMl', frame.volumeMl)
        .i32('flowMlPerMin', frame.flowMlPerMin)
        .bit(frame.valveOpen)
        .done()
    case 'comfort':
      return write
        .i16('temperatureCentiC', frame.temperatureCentiC)
        .u16('humidityPermille', frame.humidityPermille)
        .done()
  }
}

/** A fault of a frame's length. */
export function badLength(expected: string, got: number): Fault {
  return new Fault('bad-length', `frame: expected ${expected}, got ${got}`, {
    field: 'length',
    expected,
    got,
  })
}

function hex16(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`
}
