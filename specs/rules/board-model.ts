import type { CommissionedBoard, HomeSettings } from '../../protocols/rules/home-registers.ts'
import { DEFAULT_LIMITS } from '../../protocols/rules/home-registers.ts'
import type {
  BoardFrame,
  ComfortFrame,
  PowerFrame,
  ReceivedFrame,
  WaterFrame,
} from '../../protocols/rules/reading.ts'

/** T of all homes here, and the slot at which their lives begin. */
export const T = 2_000
export const BEGIN = 1_000_000 * T
const WORD = 2 ** 32

export const POWER: CommissionedBoard = { boardId: 11, kind: 'power', keyed: true, afterRestart: 'from-zero' }
export const WATER: CommissionedBoard = { boardId: 12, kind: 'water', keyed: true, afterRestart: 'from-zero' }
export const COMFORT: CommissionedBoard = {
  boardId: 13,
  kind: 'comfort',
  keyed: true,
  afterRestart: 'from-zero',
}

export const HOME: HomeSettings = { sampleMs: T, boards: [POWER, WATER, COMFORT], limits: DEFAULT_LIMITS }
export const ONLY_POWER: HomeSettings = { ...HOME, boards: [POWER] }

const HEADER = { sequence: 0, uptimeMs: 1_000, authorised: true, calibrated: true, sensorFault: false }

export function powerFrame(change: Partial<PowerFrame> = {}): PowerFrame {
  return {
    ...HEADER,
    boardId: POWER.boardId,
    kind: 'power',
    importWh: 0,
    exportWh: 0,
    powerW: 500,
    peakPowerW: 700,
    voltageMv: 230_000,
    currentMa: 2_200,
    powerFactorPermille: 990,
    relayClosed: true,
    ...change,
  }
}

export function waterFrame(change: Partial<WaterFrame> = {}): WaterFrame {
  return {
    ...HEADER,
    boardId: WATER.boardId,
    kind: 'water',
    volumeMl: 0,
    flowMlPerMin: 0,
    valveOpen: true,
    ...change,
  }
}

export function comfortFrame(change: Partial<ComfortFrame> = {}): ComfortFrame {
  return {
    ...HEADER,
    boardId: COMFORT.boardId,
    kind: 'comfort',
    temperatureCentiC: 2_150,
    humidityPermille: 450,
    ...change,
  }
}

export function received(frame: BoardFrame, receivedAtMs: number): ReceivedFrame {
  return { frame, receivedAtMs, bytes: Uint8Array.of(frame.boardId, frame.sequence & 0xff) }
}

/**
 * A power board that tells the truth, with the energy that its home really used: the reference that the rules
 * are held against. It knows which frames were lost with it, and what a restart makes unknowable.
 */
export class TrueBoard {
  nowMs: number
  /** Energy that an all-knowing meter would bill since the first frame, Wh. */
  usedWh = 0
  /**
   * What copies of registers had lost, and with them nobody can know, Wh: 0 for a board that starts from
   * zero.
   */
  unknowableWh = 0
  #register: number
  #bootMs: number
  #sequence = -1
  /** The newest frame of the present start that the gateway gets. */
  #heard: PowerFrame | null = null
  #unreported = 0
  #lastReported: number | null = null
  readonly #afterRestart: CommissionedBoard['afterRestart']

  constructor(beginMs: number, register: number, afterRestart: CommissionedBoard['afterRestart']) {
    this.nowMs = beginMs
    this.#bootMs = beginMs
    this.#register = register
    this.#afterRestart = afterRestart
  }

  /** Time passes and energy is drawn. */
  live(ms: number, wh: number): void {
    this.nowMs += ms
    this.#register = (this.#register + wh) % WORD
    this.#unreported += wh
  }

  /** The board starts again: its register at zero, or at a copy that is `lostWh` behind. */
  restart(offMs: number, lostWh: number): void {
    this.nowMs += offMs
    this.#bootMs = this.nowMs
    this.#sequence = -1
    this.#heard = null
    this.#unreported = 0
    const copy = Math.max(0, (this.#lastReported ?? this.#register) - lostWh)
    if (this.#afterRestart === 'from-copy') this.unknowableWh += (this.#lastReported ?? copy) - copy
    this.#register = this.#afterRestart === 'from-zero' ? 0 : copy
  }

  /**
   * Can the order and the clock tell that this frame is old? Not when it fits a frame of the present start
   * that was lost, nor when it comes after the board has run twice as long: then it looks like a restart.
   */
  isYoungCopy({ uptimeMs, sequence }: PowerFrame): boolean {
    const heard = this.#heard
    if (heard === null || sequence > heard.sequence || uptimeMs > heard.uptimeMs) return false
    return this.nowMs - this.#bootMs < 2 * uptimeMs
  }

  /** The frame of this moment, lost on its way. */
  skip(): void {
    this.#sequence += 1
  }

  /** The frame of this moment, which the gateway gets sooner or later. */
  report(): PowerFrame {
    this.#sequence += 1
    if (this.#lastReported !== null) this.usedWh += this.#unreported
    this.#lastReported = this.#register
    this.#unreported = 0
    this.#heard = powerFrame({
      sequence: this.#sequence,
      uptimeMs: this.nowMs - this.#bootMs,
      importWh: this.#register,
    })
    return this.#heard
  }
}
