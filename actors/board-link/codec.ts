import type { BoardAnswer, BoardCommand } from '../../hardware/board/command.ts'
import { answeredName, decodeAnswer, encodeCommand } from '../../hardware/board/command.ts'
import { decodeHeader, decodeReport } from '../../hardware/board/frame.ts'
import { verifyBoardMac } from '../../hardware/board/mac.ts'
import { FrameStream } from '../../hardware/board/stream.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import type { BoardFrame } from '../../protocols/rules/reading.ts'

/** What bytes from a board turned out to be. `report.bytes` are those that X^t keeps. */
export type Heard =
  | { readonly kind: 'report'; readonly frame: BoardFrame; readonly bytes: Uint8Array }
  | { readonly kind: 'answer'; readonly answer: BoardAnswer }
  | { readonly kind: 'bad'; readonly code: string }

/** Frames of one board, both ways, over one connection. */
export interface BoardCodec {
  /** What the bytes that came complete. Never throws: what cannot be read is `bad` with its code. */
  hear(chunk: Uint8Array): Heard[]
  /** A command for the wire. */
  say(sequence: number, command: BoardCommand): Uint8Array
}

/**
 * The codec of a board that shares `linkKey` with its gateway: frames of other boards and forged answers are
 * bad.
 */
export function boardCodec(boardId: number, linkKey: Uint8Array): BoardCodec {
  const stream = new FrameStream()
  const read = (bytes: Uint8Array): Heard => {
    try {
      const header = decodeHeader(bytes)
      if (header.boardId !== boardId) return { kind: 'bad', code: 'other-board' }
      if (answeredName(header.type) === undefined)
        return { kind: 'report', frame: decodeReport(bytes), bytes }
      if (!verifyBoardMac(linkKey, bytes)) return { kind: 'bad', code: 'bad-mac' }
      return { kind: 'answer', answer: decodeAnswer(bytes) }
    } catch (thrown) {
      return { kind: 'bad', code: codeOf(thrown) }
    }
  }
  return {
    hear: (chunk) =>
      stream.push(chunk).map((item) => (item.ok ? read(item.bytes) : { kind: 'bad', code: item.fault.code })),
    say: (sequence, command) => encodeCommand(boardId, sequence, command, linkKey),
  }
}
