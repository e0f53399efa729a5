import { expect } from 'vitest'
import { SimulatedClock } from 'xstate'
import type { BoardCodec, Heard } from '../../actors/board-link/codec.ts'
import { boardCodec } from '../../actors/board-link/codec.ts'
import type { BoardLink, LinkNotice } from '../../actors/board-link/live.ts'
import { startBoardLink } from '../../actors/board-link/live.ts'
import type { Board } from '../../hardware/board/board.ts'
import type { BoardPort } from '../../hardware/ports/port.ts'
import type { BoardKind, ReceivedFrame } from '../../protocols/rules/reading.ts'
import { firmwareBench, LINK_KEY } from '../hardware/workbench.ts'
import { Seen } from './coverage.ts'

/** The sample period of these specs. */
export const T = 2_000
const STEP = 50
/** The states that any gateway of these specs was in. */
export const seen = new Seen()

/** A line in memory between a link and a board: it can be cut, closed, and fed with foreign bytes. */
class Line implements BoardPort {
  closed = false
  readonly sent: Uint8Array[] = []
  #data: (bytes: Uint8Array) => void = () => undefined
  #close: (reason: string) => void = () => undefined
  readonly #toBoard: (bytes: Uint8Array) => void

  constructor(toBoard: (bytes: Uint8Array) => void) {
    this.#toBoard = toBoard
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes)
    this.#toBoard(bytes)
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#data = listener
  }

  onClose(listener: (reason: string) => void): void {
    this.#close = listener
  }

  hear(bytes: Uint8Array): void {
    if (!this.closed) this.#data(bytes)
  }

  drop(reason: string): void {
    this.closed = true
    this.#close(reason)
  }

  close(): void {
    this.drop('closed')
  }
}

interface GatewayOptions {
  readonly kind?: BoardKind
  readonly unreachable?: boolean
  readonly held?: boolean
  /** Every answer of the board says that it is another one. */
  readonly refuse?: boolean
}

/** A codec whose answers all refuse. */
function refusing(codec: BoardCodec): BoardCodec {
  const refused = (heard: Heard): Heard =>
    heard.kind === 'answer'
      ? { kind: 'answer', answer: { ...heard.answer, status: 'not-this-board' } }
      : heard
  return { ...codec, hear: (chunk) => codec.hear(chunk).map(refused) }
}

/** A gateway with one board that runs the real firmware, in simulated time. */
export class Gateway {
  readonly clock = new SimulatedClock()
  readonly notices: LinkNotice[] = []
  readonly frames: ReceivedFrame[] = []
  readonly opened: number[] = []
  readonly lines: Line[] = []
  board: Board
  cutToBoard = false
  cutFromBoard = false
  /** The board hears so many commands of a connection. */
  hears = Number.POSITIVE_INFINITY
  /** The port does not open. */
  unreachable: boolean
  /** What the board says waits here while it is a list. */
  waiting: Uint8Array[] | null = null
  readonly link: BoardLink
  #now = 0
  #early: (() => void)[] = []
  /** The port opens only when it is released. */
  readonly held: boolean

  constructor({ kind = 'comfort', unreachable = false, held = false, refuse = false }: GatewayOptions = {}) {
    this.unreachable = unreachable
    this.held = held
    this.board = this.#connect(firmwareBench(kind).board)
    this.link = startBoardLink({
      boardId: this.board.boardId,
      sampleMs: T,
      open: () => this.#open(),
      codec: () => {
        const codec = boardCodec(this.board.boardId, LINK_KEY)
        return refuse ? refusing(codec) : codec
      },
      clock: { nowMs: () => this.#now },
      timers: this.clock,
      onFrame: (frame) => this.frames.push(frame),
      onNotice: (notice) => this.notices.push(notice),
    })
  }

  get line(): Line {
    const line = this.lines.at(-1)
    if (line === undefined) throw new Error('no port was opened')
    return line
  }

  get told(): string[] {
    return this.notices.map(({ kind }) => kind)
  }

  /** Time passes for the board and the gateway alike. */
  async live(ms: number): Promise<void> {
    const end = this.#now + ms
    while (this.#now < end) {
      await this.settle()
      this.#now += STEP
      this.board.advance(this.board.nowMs + STEP)
      this.clock.increment(STEP)
      seen.note(this.link.state)
    }
    await this.settle()
    seen.note(this.link.state)
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 4; i++) await Promise.resolve()
  }

  /** The board is taken away and another, fresh one put in its place. */
  replaceBoard(kind: BoardKind = 'comfort'): void {
    this.board = this.#connect(firmwareBench(kind).board)
  }

  release(): void {
    for (const open of this.#early) open()
  }

  #connect(board: Board): Board {
    board.onBytes((bytes) => {
      if (this.waiting !== null) this.waiting.push(bytes)
      else if (!this.cutFromBoard) this.line.hear(bytes)
    })
    return board
  }

  async #open(): Promise<BoardPort> {
    this.opened.push(this.#now)
    if (this.unreachable) throw new Error('connection refused')
    if (this.held) await new Promise<void>((resolve) => this.#early.push(resolve))
    const line = new Line((bytes) => {
      if (!this.cutToBoard && line.sent.length <= this.hears) this.board.receive(bytes)
    })
    this.lines.push(line)
    return line
  }
}

/** A gateway whose link is live. */
export async function living(kind: BoardKind = 'comfort'): Promise<Gateway> {
  const gateway = new Gateway({ kind })
  await gateway.live(4_000)
  expect(gateway.link.state).toBe('live')
  return gateway
}
