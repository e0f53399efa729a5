import type { BoardKind, BoardFrame, ExtendedData } from './reading.ts'
import { energyWh, waterMl } from './units.ts'

/** Where a board's registers stand when it starts again: at zero, or at the copy it stored last. */
export type AfterRestart = 'from-zero' | 'from-copy'

/**
 * A board that the community gateway commissioned for a home. At most one power and one water board a home.
 */
export interface CommissionedBoard {
  readonly boardId: number
  readonly kind: BoardKind
  /** False for a source without a record key (P1, Modbus): its readings are marked `unkeyedSource`. */
  readonly keyed: boolean
  readonly afterRestart: AfterRestart
}

/** What the installation can physically do; above it a frame is refused as a spike. */
export interface PhysicalLimits {
  readonly maxImportW: number
  readonly maxExportW: number
  readonly maxFlowMlPerMin: number
  /** Simulated milliseconds per real one: 1 for a real home, more where a profile is played faster. */
  readonly timeScale: number
}

/** Three phases of 63 A, and a DN25 water meter at its permanent flow: more is not a home. */
export const DEFAULT_LIMITS: PhysicalLimits = {
  maxImportW: 44_000,
  maxExportW: 44_000,
  maxFlowMlPerMin: 120_000,
  timeScale: 1,
}

/** What a home's gateway must know to judge its frames. */
export interface HomeSettings {
  /** T, the sample period. */
  readonly sampleMs: number
  readonly boards: readonly CommissionedBoard[]
  readonly limits: PhysicalLimits
}

/** What turns the boards' registers into the home's: home register = offset + board register. */
export interface Offsets {
  readonly importWh: number
  readonly exportWh: number
  readonly waterMl: number
}

export type RegisterName = keyof Offsets

/** One moment of a board's line of frames, as far as the next frame is judged by it. */
export interface Mark {
  readonly sequence: number
  readonly uptimeMs: number
  readonly receivedAtMs: number
  /** Board registers, u32: power [importWh, exportWh], water [volumeMl], comfort []. */
  readonly registers: readonly number[]
}

/** The last frame that was accepted, and how far the board's clock was then ahead of the gateway's. */
export interface Line extends Mark {
  /** Since the two were first compared; negative when the frame came late. */
  readonly leadMs: number
}

/** A restart that no second frame has confirmed yet. */
export interface Trial {
  /** The line that goes on if it was no restart. */
  readonly left: Line
  /** What of the registers is counted since; the rest is owed until the restart is confirmed. */
  readonly given: readonly number[]
}

/**
 * Frames that do not continue the accepted line but continue each other: followed when the line proves dead.
 */
export interface Suspect extends Mark {
  readonly seen: number
  readonly sinceMs: number
}

/** A register level that jumped further than is possible; it stays refused however long one waits. */
export interface HeldSpike {
  readonly sinceMs: number
  readonly registers: readonly number[]
}

/** How far a board has been followed. */
export interface BoardProgress extends Line {
  readonly boardId: number
  readonly kind: BoardKind
  readonly trial: Trial | null
  readonly suspect: Suspect | null
  readonly held: HeldSpike | null
}

/** What a home remembers between slots: plain data, so that it goes into a durable snapshot. */
export interface HomeState {
  readonly version: 1
  readonly boards: readonly BoardProgress[]
  readonly offsets: Offsets
  /** The sequence of the last reading that completed; 0 before the first. */
  readonly sequence: number
  readonly last: { readonly slot: number; readonly t: number } | null
  /** A board's register restarted since the last reading that completed. */
  readonly resetPending: boolean
}

/** A home that has not seen any frame. */
export const NEW_HOME: HomeState = {
  version: 1,
  boards: [],
  offsets: { importWh: 0, exportWh: 0, waterMl: 0 },
  sequence: 0,
  last: null,
  resetPending: false,
}

const REGISTERS: Readonly<Record<BoardKind, readonly RegisterName[]>> = {
  power: ['importWh', 'exportWh'],
  water: ['waterMl'],
  comfort: [],
}

/** The names of a board's registers, in the order of `Mark.registers`. */
export function registerNames(kind: BoardKind): readonly RegisterName[] {
  return REGISTERS[kind]
}

/** The registers that a frame carries, in the order of `registerNames`. */
export function registersOf(frame: BoardFrame): readonly number[] {
  switch (frame.kind) {
    case 'power':
      return [frame.importWh, frame.exportWh]
    case 'water':
      return [frame.volumeMl]
    case 'comfort':
      return []
  }
}

/** The home's registers: offset + board register, the offset alone where no board counts it. */
export function homeRegisters(state: Pick<HomeState, 'boards' | 'offsets'>): Offsets {
  const total = { ...state.offsets }
  for (const board of state.boards) {
    registerNames(board.kind).forEach((name, i) => {
      total[name] += board.registers[i] ?? 0
    })
  }
  return total
}

/** The offsets as X^t carries them. */
export function extendedOffsets(offsets: Offsets): Omit<ExtendedData, 'frames'> {
  return {
    importOffsetWh: energyWh(offsets.importWh),
    exportOffsetWh: energyWh(offsets.exportWh),
    waterOffsetMl: waterMl(offsets.waterMl),
  }
}
