import { describe, expect, it } from 'vitest'
import {
  type BoardProgress,
  DEFAULT_LIMITS,
  extendedOffsets,
  homeRegisters,
  NEW_HOME,
  registerNames,
  registersOf,
} from '../../protocols/rules/home-registers.ts'
import { comfortFrame, powerFrame, waterFrame } from './board-model.ts'

const progress = (kind: BoardProgress['kind'], registers: readonly number[]): BoardProgress => ({
  boardId: 1,
  kind,
  sequence: 0,
  uptimeMs: 0,
  receivedAtMs: 0,
  registers,
  leadMs: 0,
  trial: null,
  suspect: null,
  held: null,
})

describe('the registers of a board', () => {
  it('have their names in the order in which its frames carry them', () => {
    const power = powerFrame({ importWh: 7, exportWh: 8 })
    expect(registerNames('power')).toEqual(['importWh', 'exportWh'])
    expect(registersOf(power)).toEqual([7, 8])
    expect(registerNames('water')).toEqual(['waterMl'])
    expect(registersOf(waterFrame({ volumeMl: 9 }))).toEqual([9])
    expect(registerNames('comfort')).toEqual([])
    expect(registersOf(comfortFrame())).toEqual([])
  })
})

describe('the registers of a home', () => {
  const offsets = { importWh: 100, exportWh: 200, waterMl: 300 }

  it('are all zero before the first frame', () => {
    expect(homeRegisters(NEW_HOME)).toEqual({ importWh: 0, exportWh: 0, waterMl: 0 })
    expect(NEW_HOME).toEqual({
      version: 1,
      boards: [],
      offsets: { importWh: 0, exportWh: 0, waterMl: 0 },
      sequence: 0,
      last: null,
      resetPending: false,
    })
  })

  it('are the offset and what the board shows, or the offset alone without a board', () => {
    const boards = [progress('power', [1, 2]), progress('comfort', [])]
    expect(homeRegisters({ boards, offsets })).toEqual({ importWh: 101, exportWh: 202, waterMl: 300 })
    const water = [progress('water', [3])]
    expect(homeRegisters({ boards: water, offsets })).toEqual({ importWh: 100, exportWh: 200, waterMl: 303 })
    expect(offsets).toEqual({ importWh: 100, exportWh: 200, waterMl: 300 })
  })

  it('tell their offsets to who checks a reading', () => {
    expect(extendedOffsets(offsets)).toEqual({
      importOffsetWh: 100,
      exportOffsetWh: 200,
      waterOffsetMl: 300,
    })
  })

  it('belong to a home of at most three phases of 63 A and a DN25 water meter, in real time', () => {
    expect(DEFAULT_LIMITS).toEqual({
      maxImportW: 44_000,
      maxExportW: 44_000,
      maxFlowMlPerMin: 120_000,
      timeScale: 1,
    })
  })
})
