import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeCommand } from '../../hardware/board/command.ts'
import { defaultProfilesFolder } from '../../hardware/board/firmware-files.ts'
import { closeWire } from '../../hardware/board/frame.ts'
import { verifyBoardMac } from '../../hardware/board/mac.ts'
import { ProfileBoard } from '../../hardware/board/profile-board.ts'
import { EMPTY_REGISTERS, RowClock, addRow } from '../../hardware/board/profile-rows.ts'
import { loadProfiles, profileOfHome } from '../../hardware/board/profiles.ts'
import type { HomeProfile } from '../../hardware/board/profiles.ts'
import { Bench, LINK_KEY, RECORD_KEY, firmwareBench, identityOf, last } from './workbench.ts'

const SAMPLE_MS = 2_000
const PHASE_MS = 700
const START_MS = 1_800_000_000_000
const STEP_MS = 900_000
const KINDS = ['power', 'water', 'comfort'] as const

const PROFILE: HomeProfile = {
  home: 'H',
  loadMw: [384_300, 254_000, 0],
  pvMw: [0, 1_000_100, 37_000],
  waterUl: [5_900_000, 0, 333_333],
}

interface Home {
  readonly power: Bench<ProfileBoard>
  readonly water: Bench<ProfileBoard>
  readonly comfort: Bench<ProfileBoard>
}

function homeOf(profile: HomeProfile, stepMs = STEP_MS): Home {
  const rows = new RowClock({ sampleMs: SAMPLE_MS, phaseMs: PHASE_MS, boards: 3 })
  const feed = { profile, stepMs, sampleMs: SAMPLE_MS, rows, startMs: START_MS }
  const bench = (kind: (typeof KINDS)[number], boardId: number): Bench<ProfileBoard> =>
    new Bench(new ProfileBoard({ ...feed, identity: identityOf(kind, boardId) }))
  return { power: bench('power', 1), water: bench('water', 2), comfort: bench('comfort', 3) }
}

const live = (home: Home, seconds: number): void => {
  for (const kind of KINDS) home[kind].live(seconds)
}

describe('registers over rows', () => {
  it('are the exact sums of the rows, rounded down once at the end, over any number of wraps', () => {
    const value = fc.integer({ min: 0, max: 6_000_000 })
    const columns = fc.array(fc.record({ load: value, pv: value, water: value }), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(columns, fc.integer({ min: 1, max: 300 }), (rows, count) => {
        const profile = {
          home: 'H',
          loadMw: rows.map(({ load }) => load),
          pvMw: rows.map(({ pv }) => pv),
          waterUl: rows.map(({ water }) => water),
        }
        let registers = EMPTY_REGISTERS
        let [importMw, exportMw, waterUl] = [0n, 0n, 0n]
        for (let row = 0; row < count; row++) {
          registers = addRow(registers, profile, row, STEP_MS)
          const { load, pv, water } = rows[row % rows.length] ?? { load: 0, pv: 0, water: 0 }
          if (load > pv) importMw += BigInt(load - pv)
          else exportMw += BigInt(pv - load)
          waterUl += BigInt(water)
        }
        expect(BigInt(registers.importWh)).toBe(importMw / 4000n)
        expect(BigInt(registers.exportWh)).toBe(exportMw / 4000n)
        expect(BigInt(registers.waterMl)).toBe(waterUl / 1000n)
      }),
    )
  })
})

describe('the boards of a home that is fed from a profile', () => {
  it('give in their first complete reading the first row, and then one row a sample period', () => {
    const home = homeOf(PROFILE)
    for (const kind of KINDS) home[kind].authorise(SAMPLE_MS)
    live(home, 12)
    const power = home.power.heard.reportsOf('power')
    const water = home.water.heard.reportsOf('water')
    expect(power.map(({ importWh }) => importWh)).toEqual([96, 96, 96, 192, 192, 192])
    expect(power.map(({ exportWh }) => exportWh)).toEqual([0, 186, 195, 195, 382, 391])
    expect(power.map(({ powerW }) => powerW)).toEqual([384, -746, -37, 384, -746, -37])
    expect(water.map(({ volumeMl }) => volumeMl)).toEqual([5900, 5900, 6233, 12133, 12133, 12466])
    expect(home.comfort.heard.reports).toHaveLength(6)
  })

  it('match the sums of the committed columns exactly, over the end of the file', async () => {
    const table = await loadProfiles(defaultProfilesFolder())
    const profile = profileOfHome(table, 2, 40)
    const home = homeOf(profile, table.stepMs)
    for (const kind of KINDS) home[kind].authorise(SAMPLE_MS)
    const rows = 2_880 + 100
    for (let row = 0; row < rows; row++) live(home, SAMPLE_MS / 1000)
    const taken = (values: readonly number[]): number[] => [...values, ...values.slice(0, 100)]
    const load = taken(profile.loadMw)
    const net = taken(profile.pvMw).map((pv, row) => ((load[row] ?? 0) - pv) / 4_000)
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
    const power = last(home.power.heard.reportsOf('power'))
    expect(home.power.heard.reports).toHaveLength(rows)
    expect(power.importWh).toBe(Math.floor(sum(net.filter((wh) => wh > 0)) + 1e-6))
    expect(power.exportWh).toBe(Math.floor(-sum(net.filter((wh) => wh < 0)) + 1e-6))
    expect(last(home.water.heard.reportsOf('water')).volumeMl).toBe(
      Math.floor(sum(taken(profile.waterUl)) / 1000),
    )
  })

  it('report at their phase of the sample period, all three at the same moment', () => {
    const home = homeOf(PROFILE)
    for (const kind of KINDS) home[kind].authorise(SAMPLE_MS)
    const moments: number[] = []
    home.power.board.onBytes(() => moments.push(home.power.board.nowMs % SAMPLE_MS))
    for (let step = 0; step < 800; step++) home.power.live(0.01)
    expect(moments).toHaveLength(4)
    for (const moment of moments) expect(Math.abs(moment - PHASE_MS)).toBeLessThanOrEqual(10)
  })

  it('report twice a sample period when the gateway asks for half the window; the row stays one', () => {
    const home = homeOf(PROFILE)
    for (const kind of KINDS) home[kind].authorise(SAMPLE_MS / 2)
    live(home, 6)
    const registers = home.power.heard.reportsOf('power').map(({ exportWh }) => exportWh)
    expect(registers).toEqual([0, 0, 186, 186, 195, 195])
  })

  it('start at the latest two sample periods after the first of them was authorised', () => {
    const home = homeOf(PROFILE)
    home.power.authorise(SAMPLE_MS)
    live(home, 10)
    const registers = home.power.heard.reportsOf('power').map(({ importWh }) => importWh)
    expect(registers).toEqual([0, 0, 96, 96, 96])
  })

  it('count nothing while the relay is open or the valve shut', () => {
    const home = homeOf(PROFILE)
    for (const kind of KINDS) home[kind].authorise(SAMPLE_MS)
    live(home, 2)
    home.power.tell({ name: 'relay', closed: false })
    home.water.tell({ name: 'valve', open: false })
    live(home, 8)
    expect(last(home.power.heard.reportsOf('power'))).toMatchObject({
      importWh: 96,
      powerW: 0,
      relayClosed: false,
    })
    expect(last(home.water.heard.reportsOf('water'))).toMatchObject({ volumeMl: 5900, valveOpen: false })
  })

  it('say so when their sensor wire is cut', () => {
    const home = homeOf(PROFILE)
    home.power.authorise(SAMPLE_MS)
    home.power.board.setSensorWire(true)
    live(home, 6)
    expect(last(home.power.heard.reportsOf('power'))).toMatchObject({
      sensorFault: true,
      powerW: 0,
      voltageMv: 0,
    })
  })

  it('are not flooded with old frames after their machine slept', () => {
    const home = homeOf(PROFILE)
    home.power.authorise(SAMPLE_MS)
    live(home, 4)
    const before = home.power.heard.reports.length
    live(home, 3600)
    expect(home.power.heard.reports.length - before).toBeLessThanOrEqual(9)
  })
})

describe('a profile board obeys as the firmware does', () => {
  it('the same commands get the same answers, and leave the same lights', () => {
    const profile = homeOf(PROFILE).power
    const firmware = firmwareBench('power', {}, {})
    for (const bench of [profile, firmware]) {
      const { boardId } = bench.board
      bench.tell({ name: 'hello' }, 3)
      bench.tell({ name: 'authorise', authorised: true }, 4)
      bench.tell({ name: 'relay', closed: false }, 4)
      bench.tell({ name: 'valve', open: false }, 5)
      bench.tell({ name: 'calibrate', channel: 3, gainPpm: 1_000_000, offset: 0 }, 6)
      bench.tell({ name: 'calibrate', channel: 0, gainPpm: 1_000_001, offset: 0 }, 7)
      bench.tell({ name: 'relay', closed: false }, 8)
      bench.tell({ name: 'configure', windowMs: 400 }, 9)
      bench.board.receive(encodeCommand(boardId, 10, { name: 'relay', closed: true }, RECORD_KEY))
      bench.board.receive(encodeCommand(boardId + 1, 11, { name: 'relay', closed: true }, LINK_KEY))
      bench.board.receive(closeWire(Uint8Array.of(1, 2, 3)))
      bench.live(0.05)
    }
    const told = [profile, firmware].map(({ heard }) =>
      heard.answers.map(({ answers, status, commandSequence, lastCommandSequence, windowMs, calibrated }) => {
        return { answers, status, commandSequence, lastCommandSequence, windowMs, calibrated }
      }),
    )
    expect(told[0]).toEqual(told[1])
    expect(told[0]).toHaveLength(8)
    expect(profile.board.lights).toEqual(firmware.board.lights)
    expect(profile.board.conducting).toBe(firmware.board.conducting)
  })

  it('is silent until it is authorised, and its MACs hold', () => {
    const { power } = homeOf(PROFILE)
    power.live(10)
    expect(power.heard.raw).toEqual([])
    power.authorise(SAMPLE_MS)
    power.live(10)
    expect(power.heard.reportBytes.every((bytes) => verifyBoardMac(RECORD_KEY, bytes))).toBe(true)
    power.tell({ name: 'authorise', authorised: false })
    const before = power.heard.reports.length
    power.live(10)
    expect(power.heard.reports).toHaveLength(before)
  })

  it('survives any garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        const { power } = homeOf(PROFILE)
        power.board.receive(garbage)
        power.board.receive(Uint8Array.of(0))
        power.tell({ name: 'hello' })
        expect(power.heard.lastAnswer.status).toBe('done')
      }),
    )
  })
})
