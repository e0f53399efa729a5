import type { Chance } from './chance.ts'
import type { BoardFrame, ReceivedFrame } from '../../protocols/rules/reading.ts'

const MS_PER_HOUR = 3_600_000
/** Shape of a day's use of electricity by the hour, in hundredths of the mean. */
const DAY = [
  55, 48, 45, 44, 46, 55, 80, 120, 125, 105, 95, 95, 105, 115, 105, 95, 95, 110, 140, 175, 185, 165, 115, 80,
]
const SUN = [0, 0, 0, 0, 0, 0, 5, 30, 90, 160, 230, 280, 300, 290, 250, 190, 120, 50, 10, 0, 0, 0, 0, 0]
/** Registers of boards are 32 bits wide. */
const SPAN = 2 ** 32

/** What a home really used since its boards were installed: nobody in the simulation may lose any of it. */
export interface Truth {
  readonly importWh: number
  readonly exportWh: number
  readonly waterMl: number
}

interface Board {
  readonly boardId: number
  sequence: number
  startedMs: number
  /** What its registers show for the truth at its last start. */
  base: Truth
}

/** A household with its boards: what it uses, and what its boards say of it. */
export class Household {
  readonly powerBoard: number
  readonly waterBoard: number
  /** Mean use, W and mL an hour: neighbours differ. */
  readonly meanW: number
  readonly meanMlPerHour: number
  readonly #chance: Chance
  readonly #sunW: number
  readonly #boards: readonly [Board, Board]
  #truth: Truth = { importWh: 0, exportWh: 0, waterMl: 0 }
  #restWh = 0
  #peakW = 0
  #meanW = 0
  #dayFactor = 1
  /** Slots whose frames were tampered with, so that a reading may lag behind the truth for a while. */
  disturbedUntil = -1
  #disturbed = false

  constructor(index: number, startMs: number, chance: Chance) {
    this.#chance = chance
    this.meanW = 180 + chance.whole(0, 420)
    this.meanMlPerHour = 6_000 + chance.whole(0, 14_000)
    this.#sunW = index % 3 === 0 ? 500 + chance.whole(0, 900) : 0
    this.powerBoard = index * 4 + 1
    this.waterBoard = index * 4 + 2
    const board = (boardId: number): Board => {
      return {
        boardId,
        sequence: chance.whole(0, 900),
        startedMs: startMs - chance.whole(1, 9) * MS_PER_HOUR,
        base: this.#truth,
      }
    }
    this.#boards = [board(this.powerBoard), board(this.waterBoard)]
  }

  /** Whether the boards said something wrong lately. */
  wasDisturbed(): boolean {
    return this.#disturbed
  }

  disturb(untilSlot: number): void {
    this.#disturbed = true
    this.disturbedUntil = Math.max(this.disturbedUntil, untilSlot)
  }

  truth(): Truth {
    return this.#truth
  }

  /** A sample period passes. */
  live(slot: number, sampleMs: number): void {
    const atMs = slot * sampleMs
    const hour = Math.floor(atMs / MS_PER_HOUR) % 24
    if (hour === 0 && atMs % MS_PER_HOUR === 0) this.#dayFactor = 0.75 + this.#chance.fraction() * 0.6
    const wanted =
      (this.meanW * this.#dayFactor * (DAY[hour] ?? 100) * (60 + this.#chance.whole(0, 80))) / 10_000
    const sun = (this.#sunW * (SUN[hour] ?? 0) * this.#chance.whole(40, 100)) / 10_000
    const net = wanted - sun
    const wh = (Math.abs(net) * sampleMs) / MS_PER_HOUR + this.#restWh
    const whole = Math.floor(wh)
    this.#restWh = wh - whole
    const flow = this.#chance.hits(450_000) ? this.#chance.whole(0, 2 * this.meanMlPerHour) : 0
    this.#meanW = Math.round(net)
    this.#peakW = Math.round(Math.max(0, net) * 1.6) + this.#chance.whole(0, 900)
    this.#truth = {
      importWh: this.#truth.importWh + (net >= 0 ? whole : 0),
      exportWh: this.#truth.exportWh + (net < 0 ? whole : 0),
      waterMl: this.#truth.waterMl + Math.round((flow * sampleMs) / MS_PER_HOUR),
    }
  }

  /** A board restarts, right after its last frame: its registers begin at zero again. */
  restart(which: 0 | 1, nowMs: number): void {
    const board = this.#boards[which]
    board.sequence = 0
    board.startedMs = nowMs
    board.base = this.#truth
  }

  /** The frames of both boards, as they reach the gateway's ports. */
  frames(nowMs: number): ReceivedFrame[] {
    const [power, water] = this.#boards
    const { importWh, exportWh, waterMl } = this.#truth
    const electric: BoardFrame = {
      boardId: power.boardId,
      sequence: (power.sequence += 1),
      uptimeMs: (nowMs - power.startedMs) % SPAN,
      authorised: true,
      calibrated: true,
      sensorFault: false,
      kind: 'power',
      importWh: (importWh - power.base.importWh) % SPAN,
      exportWh: (exportWh - power.base.exportWh) % SPAN,
      powerW: this.#meanW,
      peakPowerW: this.#peakW,
      voltageMv: 230_000,
      currentMa: Math.round((Math.abs(this.#meanW) / 230) * 1000),
      powerFactorPermille: 950,
      relayClosed: true,
    }
    const wet: BoardFrame = {
      boardId: water.boardId,
      sequence: (water.sequence += 1),
      uptimeMs: (nowMs - water.startedMs) % SPAN,
      authorised: true,
      calibrated: true,
      sensorFault: false,
      kind: 'water',
      volumeMl: (waterMl - water.base.waterMl) % SPAN,
      flowMlPerMin: 0,
      valveOpen: true,
    }
    return [
      { frame: electric, bytes: NO_BYTES, receivedAtMs: nowMs },
      { frame: wet, bytes: NO_BYTES, receivedAtMs: nowMs },
    ]
  }

  /** A frame that no home can have: its registers jump. */
  static spiked(frames: readonly ReceivedFrame[]): ReceivedFrame[] {
    return frames.map(({ frame, ...received }) => ({
      ...received,
      frame: frame.kind === 'power' ? { ...frame, importWh: frame.importWh + 9_000_000 } : frame,
    }))
  }

  peakW(): number {
    return this.#peakW
  }
}

/** Nobody in the simulation looks at the bytes of a frame: their MACs are checked in specs/crypto. */
const NO_BYTES = new Uint8Array(24)
