import { badField } from '../../protocols/rules/fault.ts'
import type { BoardHeader, BoardKind } from '../../protocols/rules/reading.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import { badLength, boardHeader, closeWire, decodeHeader, flagsOf, signFrame } from './frame.ts'
import type { RawHeader } from './frame.ts'
import { ANSWER_BODY_BYTES, ANSWER_OFFSET, ANSWER_STATUS, BOARD_KINDS, COMMANDS } from './layout.ts'
import { GAIN_PPM, HEADER_BYTES, REPORTS, WINDOW_MS } from './layout.ts'
import type { AnswerStatus, CommandName } from './layout.ts'
import { MAC_BYTES } from './mac.ts'

/** What a gateway may ask of a board. */
export type BoardCommand =
  | { readonly name: 'authorise'; readonly authorised: boolean }
  | {
      readonly name: 'calibrate'
      /** Index into `CHANNELS[kind]`. */
      readonly channel: number
      /** Parts per million: 1,000,000 changes nothing. */
      readonly gainPpm: number
      /** Added after the gain, in the channel's unit. */
      readonly offset: number
    }
  | { readonly name: 'relay'; readonly closed: boolean }
  | { readonly name: 'valve'; readonly open: boolean }
  /**
   * The window begins anew when the board hears this: reports then come every `windowMs` from that moment.
   */
  | { readonly name: 'configure'; readonly windowMs: number }
  | { readonly name: 'hello' }

/** A board's answer to a command. */
export interface BoardAnswer extends BoardHeader {
  readonly kind: BoardKind
  readonly answers: CommandName
  readonly commandSequence: number
  readonly status: AnswerStatus
  readonly firmware: number
  /** The highest command number the board has accepted: the next must be higher. */
  readonly lastCommandSequence: number
  readonly windowMs: number
}

/** A command as a board finds it. */
export interface ReceivedCommand {
  readonly boardId: number
  readonly sequence: number
  readonly command: BoardCommand
}

const COMMAND_NAMES: readonly CommandName[] = [
  'authorise',
  'calibrate',
  'relay',
  'valve',
  'configure',
  'hello',
]

/**
 * A command for the wire, its closing zero included. `sequence` must be higher than any the board has obeyed:
 * keep it, or take `lastCommandSequence` of an answer plus one.
 */
export function encodeCommand(
  boardId: number,
  sequence: number,
  command: BoardCommand,
  linkKey: Uint8Array,
): Uint8Array {
  const header = { type: COMMANDS[command.name].type, boardId, sequence, uptimeMs: 0, flags: 0 }
  return closeWire(signFrame(header, encodeBody(command), linkKey))
}

function encodeBody(command: BoardCommand): Uint8Array {
  const write = new FieldWriter()
  switch (command.name) {
    case 'authorise':
      return write.bit(command.authorised).done()
    case 'calibrate':
      checkRange('gainPpm', command.gainPpm, GAIN_PPM.least, GAIN_PPM.most)
      return write
        .u8('channel', command.channel)
        .u32('gainPpm', command.gainPpm)
        .i32('offset', command.offset)
        .done()
    case 'relay':
      return write.bit(command.closed).done()
    case 'valve':
      return write.bit(command.open).done()
    case 'configure':
      checkRange('windowMs', command.windowMs, WINDOW_MS.least, WINDOW_MS.most)
      return write.u16('windowMs', command.windowMs).done()
    case 'hello':
      return write.done()
  }
}

function checkRange(field: string, value: number, least: number, most: number): void {
  if (value < least || value > most) throw badField(field, `${least} to ${most}`, value)
}

/** The command that a frame type stands for, if any does. */
export function commandName(type: number): CommandName | undefined {
  return COMMAND_NAMES.find((name) => COMMANDS[name].type === type)
}

/** The command that a frame type answers, if any does. */
export function answeredName(type: number): CommandName | undefined {
  return commandName(type - ANSWER_OFFSET)
}

/** Decodes a command from header ‖ body ‖ MAC; the MAC is the caller's to check, before anything else. */
export function decodeCommand(bytes: Uint8Array): ReceivedCommand {
  const header = decodeHeader(bytes)
  const name = commandName(header.type)
  if (name === undefined) throw badField('type', 'a command: 0x41 to 0x46', header.type)
  const expected = HEADER_BYTES + COMMANDS[name].bodyBytes + MAC_BYTES
  if (bytes.length !== expected) throw badLength(`${expected} bytes for ${name}`, bytes.length)
  const body = new FieldReader(bytes.subarray(HEADER_BYTES))
  return { boardId: header.boardId, sequence: header.sequence, command: DECODE_BODY[name](body) }
}

const DECODE_BODY: Readonly<Record<CommandName, (body: FieldReader) => BoardCommand>> = {
  authorise: (body) => ({ name: 'authorise', authorised: body.bit('authorised') }),
  calibrate: (body) => ({ name: 'calibrate', channel: body.u8(), gainPpm: body.u32(), offset: body.i32() }),
  relay: (body) => ({ name: 'relay', closed: body.bit('closed') }),
  valve: (body) => ({ name: 'valve', open: body.bit('open') }),
  configure: (body) => ({ name: 'configure', windowMs: body.u16() }),
  hello: () => ({ name: 'hello' }),
}

/** Decodes an answer from header ‖ body ‖ MAC; check its MAC with the link key (`verifyBoardMac`). */
export function decodeAnswer(bytes: Uint8Array): BoardAnswer {
  const header = decodeHeader(bytes)
  const answers = answeredName(header.type)
  if (answers === undefined) throw badField('type', 'an answer: 0x81 to 0x86', header.type)
  const expected = HEADER_BYTES + ANSWER_BODY_BYTES + MAC_BYTES
  if (bytes.length !== expected) throw badLength(`${expected} bytes for an answer`, bytes.length)
  const body = new FieldReader(bytes.subarray(HEADER_BYTES))
  return { ...answerBody(body), ...boardHeader(header), answers }
}

function answerBody(body: FieldReader): Omit<BoardAnswer, keyof BoardHeader | 'answers'> {
  const commandSequence = body.u32()
  const status = ANSWER_STATUS[body.u8()]
  if (status === undefined) throw badField('status', `0 to ${ANSWER_STATUS.length - 1}`, 'a higher code')
  const kindCode = body.u8()
  const kind = BOARD_KINDS.find((one) => REPORTS[one].type === kindCode)
  if (kind === undefined) throw badField('kind', '1, 2 or 3', kindCode)
  return {
    commandSequence,
    status,
    kind,
    firmware: body.u16(),
    lastCommandSequence: body.u32(),
    windowMs: body.u16(),
  }
}

/** Header ‖ body ‖ MAC of an answer, as the firmware makes it. */
export function encodeAnswer(answer: BoardAnswer, linkKey: Uint8Array): Uint8Array {
  const body = new FieldWriter()
    .u32('commandSequence', answer.commandSequence)
    .u8('status', ANSWER_STATUS.indexOf(answer.status))
    .u8('kind', REPORTS[answer.kind].type)
    .u16('firmware', answer.firmware)
    .u32('lastCommandSequence', answer.lastCommandSequence)
    .u16('windowMs', answer.windowMs)
    .done()
  const header: RawHeader = {
    type: COMMANDS[answer.answers].type + ANSWER_OFFSET,
    boardId: answer.boardId,
    sequence: answer.sequence,
    uptimeMs: answer.uptimeMs,
    flags: flagsOf(answer),
  }
  return signFrame(header, body, linkKey)
}
