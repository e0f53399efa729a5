import { codeOf, messageOf } from '../../protocols/rules/fault.ts'
import type { BoardFrame } from '../../protocols/rules/reading.ts'
import { answeredName, commandName, decodeAnswer, decodeCommand } from './command.ts'
import type { BoardAnswer, ReceivedCommand } from './command.ts'
import { decodeHeader, decodeReport } from './frame.ts'
import { FrameStream } from './stream.ts'
import type { StreamItem } from './stream.ts'

/**
 * One stretch of a recorded wire, ready for JSON. The MAC is shown, not checked: that takes the board's key.
 */
export type DecodedLine =
  | { readonly offset: number; readonly type: 'report'; readonly mac: string; readonly report: BoardFrame }
  | { readonly offset: number; readonly type: 'answer'; readonly mac: string; readonly answer: BoardAnswer }
  | {
      readonly offset: number
      readonly type: 'command'
      readonly mac: string
      readonly command: ReceivedCommand
    }
  | {
      readonly offset: number
      readonly type: 'bad'
      readonly code: string
      readonly reason: string
      readonly hex: string
    }

/**
 * Decodes raw bytes with their 0x00 delimiters, both directions alike; never throws: a bad stretch becomes a
 * line with its offset and reason. Bytes after the last zero are an unfinished frame, and are said to be.
 */
export function decodeRecording(bytes: Uint8Array): DecodedLine[] {
  const stream = new FrameStream()
  const lines = stream.push(bytes).map(decodeItem)
  const rest = bytes.subarray(bytes.lastIndexOf(0) + 1)
  if (rest.length === 0) return lines
  const reason = `frame: ${rest.length} bytes without the closing zero; the recording ends inside a frame`
  return [
    ...lines,
    { offset: bytes.length - rest.length, type: 'bad', code: 'unfinished', reason, hex: hexOf(rest) },
  ]
}

function decodeItem(item: StreamItem): DecodedLine {
  const { offset } = item
  if (!item.ok) return badLine(offset, item.fault, item.wire)
  const mac = hexOf(item.bytes.subarray(-16))
  try {
    const { type } = decodeHeader(item.bytes)
    if (answeredName(type) !== undefined)
      return { offset, type: 'answer', mac, answer: decodeAnswer(item.bytes) }
    if (commandName(type) !== undefined)
      return { offset, type: 'command', mac, command: decodeCommand(item.bytes) }
    return { offset, type: 'report', mac, report: decodeReport(item.bytes) }
  } catch (thrown) {
    return badLine(offset, thrown, item.bytes)
  }
}

function badLine(offset: number, thrown: unknown, bytes: Uint8Array): DecodedLine {
  return { offset, type: 'bad', code: codeOf(thrown), reason: messageOf(thrown), hex: hexOf(bytes) }
}

/** The first bytes in hexadecimal; garbage may be long. */
function hexOf(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 96)).toString('hex')
  return bytes.length > 96 ? `${shown}…` : shown
}
