import type { EnergyWh, PowerW, UnixMs, WaterMl } from './units.ts'

/** The three kinds of board of a home. */
export type BoardKind = 'power' | 'water' | 'comfort'

/** What every frame of a board says of itself. */
export interface BoardHeader {
  readonly boardId: number
  /** Counts frames since the board started; a smaller one than the last is a restart or a replay. */
  readonly sequence: number
  /** Milliseconds since the board started. */
  readonly uptimeMs: number
  readonly authorised: boolean
  readonly calibrated: boolean
  readonly sensorFault: boolean
}

/** A frame of the power board: registers since commissioning, mean and peak over its report window. */
export interface PowerFrame extends BoardHeader {
  readonly kind: 'power'
  readonly importWh: number
  readonly exportWh: number
  /** Mean active power of the report window, W; negative while exporting. */
  readonly powerW: number
  /** Highest mean over 0.4 s within the report window, W; negative while exporting. */
  readonly peakPowerW: number
  readonly voltageMv: number
  readonly currentMa: number
  readonly powerFactorPermille: number
  readonly relayClosed: boolean
}

/** A frame of the water board. */
export interface WaterFrame extends BoardHeader {
  readonly kind: 'water'
  readonly volumeMl: number
  readonly flowMlPerMin: number
  readonly valveOpen: boolean
}

/** A frame of the comfort board. */
export interface ComfortFrame extends BoardHeader {
  readonly kind: 'comfort'
  readonly temperatureCentiC: number
  readonly humidityPermille: number
}

export type BoardFrame = PowerFrame | WaterFrame | ComfortFrame

/**
 * A frame as it came: decoded, with the very bytes (MAC included, CRC and COBS removed) and the time at the
 * port.
 */
export interface ReceivedFrame {
  readonly frame: BoardFrame
  readonly bytes: Uint8Array
  readonly receivedAtMs: number
}

/** E^t of the paper's eq. 1: what quota control needs; 64 bytes on the wire (DESIGN §4). */
export interface EssentialData {
  readonly flags: number
  readonly sequence: number
  readonly t: UnixMs
  readonly energyImportWh: EnergyWh
  readonly energyExportWh: EnergyWh
  readonly waterMl: WaterMl
  readonly meanPowerW: PowerW
  readonly peakPowerW: PowerW
}

/** Bits of `EssentialData.flags`. */
export const ESSENTIAL_FLAGS = {
  /** A board's register restarted; the home's own register went on. */
  registerReset: 1,
  /** Slots before this one were missed. */
  gapBefore: 2,
  /**
   * The source has no board key (P1, Modbus): the community gateway cannot check the agent that entered it.
   */
  unkeyedSource: 4,
} as const

/**
 * X^t of eq. 1: the frames of the slot, with the offsets that turn board registers into the home's registers.
 */
export interface ExtendedData {
  readonly frames: readonly Uint8Array[]
  readonly importOffsetWh: EnergyWh
  readonly exportOffsetWh: EnergyWh
  readonly waterOffsetMl: WaterMl
}
