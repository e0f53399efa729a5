import type { BoardFrame, BoardHeader, BoardKind } from '../../protocols/rules/reading.ts'
import { netMw, rowValue } from './profile-rows.ts'
import type { RowRegisters } from './profile-rows.ts'
import type { HomeProfile } from './profiles.ts'
import { roomClimate } from './room.ts'

const MAINS_MV = 230_000
const U32 = 2 ** 32
const MS_PER_MINUTE = 60_000

/** What a profile board knows when it reports. */
export interface ProfileState {
  readonly profile: HomeProfile
  readonly stepMs: number
  /** The row that passed last. */
  readonly row: number
  readonly registers: RowRegisters
  readonly conducting: boolean
  readonly sensorCut: boolean
}

/**
 * The report of a board that is fed from a profile. A row has one mean and no peak of its own: the peak is
 * the mean.
 */
export function profileReport(kind: BoardKind, header: BoardHeader, state: ProfileState): BoardFrame {
  switch (kind) {
    case 'power':
      return powerReport(header, state)
    case 'water':
      return waterReport(header, state)
    case 'comfort':
      return comfortReport(header, state)
  }
}

const flows = ({ conducting, sensorCut }: ProfileState): boolean => conducting && !sensorCut

function powerReport(header: BoardHeader, state: ProfileState): BoardFrame {
  const powerW = flows(state) ? Math.round(netMw(state.profile, state.row) / 1_000) : 0
  return {
    ...header,
    kind: 'power',
    importWh: state.registers.importWh % U32,
    exportWh: state.registers.exportWh % U32,
    powerW,
    peakPowerW: powerW,
    voltageMv: state.sensorCut ? 0 : MAINS_MV,
    currentMa: Math.round((Math.abs(powerW) * 1_000_000) / MAINS_MV),
    powerFactorPermille: 1000,
    relayClosed: state.conducting,
  }
}

function waterReport(header: BoardHeader, state: ProfileState): BoardFrame {
  const ul = flows(state) ? rowValue(state.profile.waterUl, state.row) : 0
  return {
    ...header,
    kind: 'water',
    volumeMl: state.registers.waterMl % U32,
    flowMlPerMin: Math.round((ul / 1_000 / state.stepMs) * MS_PER_MINUTE),
    valveOpen: state.conducting,
  }
}

function comfortReport(header: BoardHeader, { row, stepMs }: ProfileState): BoardFrame {
  const { celsius, humidity } = roomClimate(row * stepMs)
  return {
    ...header,
    kind: 'comfort',
    temperatureCentiC: Math.round(celsius * 100),
    humidityPermille: Math.round(humidity * 10),
  }
}
