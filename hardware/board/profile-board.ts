import type { BoardHeader, BoardKind } from '../../protocols/rules/reading.ts'
import type { Board } from './board.ts'
import { commandName, decodeCommand, encodeAnswer } from './command.ts'
import type { BoardCommand } from './command.ts'
import { closeWire, decodeHeader, encodeReport } from './frame.ts'
import type { BoardIdentity } from './identity.ts'
import { CHANNELS, GAIN_PPM, WINDOW_MS } from './layout.ts'
import type { AnswerStatus, CommandName } from './layout.ts'
import { verifyBoardMac } from './mac.ts'
import type { HomeProfile } from './profiles.ts'
import { EMPTY_REGISTERS, addRow } from './profile-rows.ts'
import type { RowClock } from './profile-rows.ts'
import { profileReport } from './profile-report.ts'
import { FrameStream } from './stream.ts'

const FIRMWARE_VERSION = 1
const U32 = 2 ** 32
/** The link light goes out when no command was heard for this long, as the firmware's does. */
const LINK_MEMORY_MS = 60_000
/** Frames a board may be behind before it lets the oldest go: a machine that slept is not flooded. */
const BEHIND_MAX = 8

export interface ProfileBoardOptions {
  readonly identity: BoardIdentity
  readonly profile: HomeProfile
  readonly stepMs: number
  readonly sampleMs: number
  /** Shared by the boards of one home. */
  readonly rows: RowClock
  readonly startMs: number
}

/**
 * A board whose processor is replaced by a profile: the same commands, frames and MACs over the same link.
 * Its reports come at the moments of its `RowClock`, the configured window only decides how many to a sample
 * period.
 */
export class ProfileBoard implements Board {
  readonly kind: BoardKind
  readonly boardId: number
  readonly #options: ProfileBoardOptions
  readonly #stream = new FrameStream()
  #listener: (bytes: Uint8Array) => void = () => undefined
  #nowMs: number
  #nextReportMs = Infinity
  #windowMs: number = WINDOW_MS.default
  #registers = EMPTY_REGISTERS
  #rowsDone = 0
  #sequence = 0
  #lastCommand = 0
  #heardMs = -Infinity
  #authorised = false
  #calibrated = false
  #sensorCut = false
  #conducting = true

  constructor(options: ProfileBoardOptions) {
    this.#options = options
    this.kind = options.identity.kind
    this.boardId = options.identity.boardId
    this.#nowMs = options.startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get conducting(): boolean {
    return this.#conducting
  }

  get lights(): { link: boolean; authorised: boolean } {
    return { link: this.#nowMs - this.#heardMs <= LINK_MEMORY_MS, authorised: this.#authorised }
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener
  }

  setSensorWire(cut: boolean): void {
    this.#sensorCut = cut
  }

  receive(bytes: Uint8Array): void {
    for (const item of this.#stream.push(bytes)) if (item.ok) this.#hear(item.bytes)
  }

  advance(untilMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, untilMs)
    while (this.#nextReportMs <= this.#nowMs) {
      const atMs = this.#nextReportMs
      this.#nextReportMs = this.#options.rows.nextMoment(atMs, this.#reportsPerSample)
      if (this.#nowMs - atMs <= BEHIND_MAX * this.#options.sampleMs) this.#report(atMs)
    }
  }

  skipTo(nowMs: number): void {
    this.#nowMs = nowMs
    if (this.#authorised) this.#nextReportMs = this.#options.rows.nextMoment(nowMs, this.#reportsPerSample)
  }

  get #reportsPerSample(): number {
    return Math.max(1, Math.round(this.#options.sampleMs / this.#windowMs))
  }

  /** Only a command of the board's own gateway is answered; all else is passed over, as the firmware does. */
  #hear(bytes: Uint8Array): void {
    const { linkKey } = this.#options.identity
    if (!verifyBoardMac(linkKey, bytes)) return
    const { type, boardId, sequence } = decodeHeader(bytes)
    const name = commandName(type)
    if (name === undefined || boardId !== this.boardId) return
    this.#heardMs = this.#nowMs
    this.#answer(name, sequence, this.#judge(sequence, bytes))
  }

  #judge(sequence: number, bytes: Uint8Array): AnswerStatus {
    if (sequence <= this.#lastCommand) return 'replayed'
    this.#lastCommand = sequence
    const command = tryDecode(bytes)
    return command === undefined ? 'bad-argument' : this.#obey(command)
  }

  #obey(command: BoardCommand): AnswerStatus {
    switch (command.name) {
      case 'authorise':
        return this.#authorise(command.authorised)
      case 'calibrate':
        return this.#calibrate(command.channel, command.gainPpm)
      case 'relay':
        return this.#actuate('power', command.closed)
      case 'valve':
        return this.#actuate('water', command.open)
      case 'configure':
        return this.#configure(command.windowMs)
      case 'hello':
        return 'done'
    }
  }

  #authorise(authorised: boolean): AnswerStatus {
    this.#authorised = authorised
    if (authorised) this.#options.rows.authorised(this.boardId, this.#nowMs)
    this.skipTo(this.#nowMs)
    if (!authorised) this.#nextReportMs = Infinity
    return 'done'
  }

  /** The calibration is noted, and changes nothing: a recorded row is already right. */
  #calibrate(channel: number, gainPpm: number): AnswerStatus {
    const bad = channel >= CHANNELS[this.kind].length || gainPpm < GAIN_PPM.least || gainPpm > GAIN_PPM.most
    if (bad) return 'bad-argument'
    this.#calibrated = true
    return 'done'
  }

  #actuate(kind: BoardKind, conducting: boolean): AnswerStatus {
    if (kind !== this.kind) return 'not-this-board'
    this.#passRows(this.#nowMs)
    this.#conducting = conducting
    return 'done'
  }

  #configure(windowMs: number): AnswerStatus {
    if (windowMs < WINDOW_MS.least || windowMs > WINDOW_MS.most) return 'bad-argument'
    this.#windowMs = windowMs
    this.skipTo(this.#nowMs)
    return 'done'
  }

  #answer(answers: CommandName, commandSequence: number, status: AnswerStatus): void {
    const answer = {
      ...this.#header(this.#nowMs),
      kind: this.kind,
      answers,
      commandSequence,
      status,
      firmware: FIRMWARE_VERSION,
      lastCommandSequence: this.#lastCommand,
      windowMs: this.#windowMs,
    }
    this.#listener(closeWire(encodeAnswer(answer, this.#options.identity.linkKey)))
  }

  #header(atMs: number): BoardHeader {
    return {
      boardId: this.boardId,
      sequence: ++this.#sequence,
      uptimeMs: Math.max(0, Math.floor(atMs - this.#options.startMs)) % U32,
      authorised: this.#authorised,
      calibrated: this.#calibrated,
      sensorFault: this.#sensorCut,
    }
  }

  /** Rows pass for the registers as long as the wire to the sensor holds and the actuator lets through. */
  #passRows(untilMs: number): void {
    const { profile, stepMs, rows } = this.#options
    for (const due = rows.rowsBy(untilMs); this.#rowsDone < due; this.#rowsDone++) {
      if (this.#conducting && !this.#sensorCut) {
        this.#registers = addRow(this.#registers, profile, this.#rowsDone, stepMs)
      }
    }
  }

  #report(atMs: number): void {
    this.#passRows(atMs)
    const { profile, stepMs, identity } = this.#options
    const frame = profileReport(this.kind, this.#header(atMs), {
      profile,
      stepMs,
      row: Math.max(0, this.#rowsDone - 1),
      registers: this.#registers,
      conducting: this.#conducting,
      sensorCut: this.#sensorCut,
    })
    this.#listener(closeWire(encodeReport(frame, identity.recordKey)))
  }
}

/** A command that its gateway signed and yet is none gets an answer, not silence. */
function tryDecode(bytes: Uint8Array): BoardCommand | undefined {
  try {
    return decodeCommand(bytes).command
  } catch {
    return undefined
  }
}
