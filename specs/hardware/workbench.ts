import { spawnSync } from 'node:child_process'
import { EmulatedBoard } from '../../hardware/board/emulator.ts'
import { decodeAnswer, encodeCommand } from '../../hardware/board/command.ts'
import type { BoardAnswer, BoardCommand } from '../../hardware/board/command.ts'
import { firmwareHex } from '../../hardware/board/firmware-files.ts'
import { decodeHeader, decodeReport } from '../../hardware/board/frame.ts'
import type { BoardIdentity } from '../../hardware/board/identity.ts'
import type { Board } from '../../hardware/board/board.ts'
import { FrameStream } from '../../hardware/board/stream.ts'
import { steadyWorld } from '../../hardware/board/world.ts'
import type { SteadyWorld, World } from '../../hardware/board/world.ts'
import type { BoardFrame, BoardKind } from '../../protocols/rules/reading.ts'

export const RECORD_KEY = Uint8Array.from({ length: 32 }, (_, index) => index)
export const LINK_KEY = Uint8Array.from({ length: 32 }, (_, index) => 255 - index)

/** A board commissioned with the keys of these specs. */
export function identityOf(kind: BoardKind, boardId = 0x01020304): BoardIdentity {
  return { kind, boardId, recordKey: RECORD_KEY, linkKey: LINK_KEY }
}

/** A gateway's end of a board's wire: all that the board said, sorted. */
export class Listener {
  readonly reports: BoardFrame[] = []
  /** Header, body and MAC of the reports. */
  readonly reportBytes: Uint8Array[] = []
  readonly answers: BoardAnswer[] = []
  readonly bad: string[] = []
  /** Everything as it came. */
  readonly raw: number[] = []
  readonly #stream = new FrameStream()

  hear(chunk: Uint8Array): void {
    this.raw.push(...chunk)
    for (const item of this.#stream.push(chunk)) {
      if (!item.ok) this.bad.push(item.fault.code)
      else if (decodeHeader(item.bytes).type > 0x80) this.answers.push(decodeAnswer(item.bytes))
      else {
        this.reports.push(decodeReport(item.bytes))
        this.reportBytes.push(item.bytes)
      }
    }
  }

  reportsOf<Kind extends BoardKind>(kind: Kind): Extract<BoardFrame, { kind: Kind }>[] {
    return this.reports.filter((frame): frame is Extract<BoardFrame, { kind: Kind }> => frame.kind === kind)
  }

  get lastAnswer(): BoardAnswer {
    const answer = this.answers.at(-1)
    if (answer === undefined) throw new Error('the board has not answered')
    return answer
  }
}

/** A board on the bench: its wire, the numbers of its commands, and the passing of its time. */
export class Bench<One extends Board> {
  readonly board: One
  readonly heard = new Listener()
  #sequence = 0

  constructor(board: One) {
    this.board = board
    board.onBytes((bytes) => this.heard.hear(bytes))
  }

  /** Sends a command and lets the board live 0.2 s, in which it answers. */
  tell(command: BoardCommand, sequence = ++this.#sequence): void {
    this.#sequence = sequence
    this.board.receive(encodeCommand(this.board.boardId, sequence, command, LINK_KEY))
    this.live(0.2)
  }

  /** Lets the board live for `seconds`. */
  live(seconds: number): void {
    this.board.advance(this.board.nowMs + seconds * 1000)
  }

  authorise(windowMs = 2000): this {
    this.tell({ name: 'authorise', authorised: true })
    this.tell({ name: 'configure', windowMs })
    return this
  }
}

export interface FirmwareOptions {
  readonly plain?: boolean
  readonly seed?: number
  readonly hex?: string
  readonly eeprom?: Uint8Array
  readonly startMs?: number
}

/** A board that runs the committed firmware in the given world. */
export function firmwareBench(
  kind: BoardKind,
  world: World | SteadyWorld = {},
  options: FirmwareOptions = {},
): Bench<EmulatedBoard> {
  const around = 'voltsAt' in world ? world : steadyWorld(world)
  const hex = options.hex ?? firmwareHex(kind)
  return new Bench(
    new EmulatedBoard({ startMs: 0, ...options, identity: identityOf(kind), hex, world: around }),
  )
}

/** The last of a list, which must have one. */
export function last<T>(list: readonly T[]): T {
  const item = list.at(-1)
  if (item === undefined) throw new Error('the list is empty')
  return item
}

/**
 * Whether specs that need `tool` must be skipped. Under CI=true nothing is skipped: a missing tool is a
 * failure.
 */
export function missingTool(tool: string): boolean {
  const found = spawnSync('which', [tool]).status === 0
  if (!found && process.env.CI === 'true')
    throw new Error(`${tool} is missing; CI must have it (.ci/packages.txt)`)
  return !found
}
