import { checkEssentialFollows, type FollowInput } from '../../../protocols/rules/essential-follows.ts'
import { powerOf } from '../../../protocols/rules/process-frames.ts'
import { DEFAULT_LIMITS, type HomeSettings } from '../../../protocols/rules/home-registers.ts'
import type { BoardFrame, EssentialData } from '../../../protocols/rules/reading.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../../protocols/rules/units.ts'
import type { Chance } from '../chance.ts'
import type { Ask } from './asked.ts'

const SAMPLE_MS = 900_000
const TURN = 2 ** 32
const BOARD = { keyed: true, afterRestart: 'from-zero' } as const
const SETTINGS: HomeSettings = {
  sampleMs: SAMPLE_MS,
  boards: [
    { ...BOARD, boardId: 1, kind: 'power' },
    { ...BOARD, boardId: 2, kind: 'water' },
  ],
  limits: DEFAULT_LIMITS,
}

const electric = (chance: Chance, sequence: number, importWh: number): BoardFrame => ({
  ...{ boardId: 1, kind: 'power', sequence, uptimeMs: chance.pick([10_000, 5_000_000]), authorised: true },
  ...{ calibrated: true, sensorFault: false, importWh, exportWh: 5, powerW: chance.whole(-300, 900) },
  ...{
    peakPowerW: chance.whole(-300, 2_000),
    voltageMv: 1,
    currentMa: 1,
    powerFactorPermille: 1,
    relayClosed: true,
  },
})
const wet = (sequence: number, volumeMl: number): BoardFrame => ({
  ...{ boardId: 2, kind: 'water', sequence, uptimeMs: 5_000_000, authorised: true, calibrated: true },
  ...{ sensorFault: false, volumeMl, flowMlPerMin: 0, valveOpen: true },
})

const essentialOf = (flags: number, sequence: number, slot: number, of: readonly number[]): EssentialData => {
  const [importWh = 0, exportWh = 0, water = 0, meanW = 0, peakW = 0] = of
  return {
    ...{ flags, sequence, t: unixMs(slot * SAMPLE_MS + 500_000) },
    ...{ energyImportWh: energyWh(importWh), energyExportWh: energyWh(exportWh), waterMl: waterMl(water) },
    ...{ meanPowerW: powerW(meanW), peakPowerW: powerW(peakW) },
  }
}

/** Mean and peak of the power frames, of which exports count as nothing. */
function wattsOf(frames: readonly BoardFrame[]): [number, number] {
  const watts = frames.flatMap((frame) => (frame.kind === 'power' ? [frame] : []))
  if (watts.length === 0) return [0, 0]
  const sum = watts.reduce((all, frame) => all + frame.powerW, 0)
  const peak = watts.reduce((most, frame) => (frame.peakPowerW > most ? frame.peakPowerW : most), 0)
  return [Math.max(0, Math.round(sum / watts.length)), peak]
}

/** A reading, true or with one thing changed by the gateway that entered it. */
function readingOf(chance: Chance): FollowInput {
  const [slot, gap] = [100, chance.pick([1, 1, 1, 2, 3])]
  const before = essentialOf(0, 7, slot - gap, [1_000, 50, 9_000, 0, 0])
  const offsets = { importWh: 900, exportWh: 40, waterMl: 8_000 }
  const used = chance.pick([0, 10, 11_000 * (gap + 2), 11_000 * (gap + 2) + 1, 11_000 * (gap + 2) + 2])
  const first = electric(chance, chance.pick([21, 22]), 100 + Math.min(used, 5))
  const frames = [
    first,
    electric(chance, chance.pick([22, 23, 20]), 100 + used),
    wet(31, 1_000 + chance.pick([0, 500])),
  ]
  const moved = chance.pick([0, 0, 0, 0, 1, TURN])
  const given = { ...offsets, importWh: offsets.importWh + moved }
  const newest = frames.at(-1)
  const water = given.waterMl + (newest?.kind === 'water' ? newest.volumeMl : 0)
  const flags = (chance.hits(250_000) ? 1 : 0) + (gap > 1 !== chance.hits(100_000) ? 2 : 0)
  const honest = [given.importWh + 100 + used, given.exportWh + 5, water, ...wattsOf(frames)]
  const lie = chance.hits(250_000) ? chance.whole(0, 4) : -1
  const told = honest.map((value, index) =>
    index === lie ? Math.max(0, value + chance.pick([-1, 1])) : value,
  )
  const essential = essentialOf(flags, chance.pick([8, 8, 8, 9, 7]), slot, told)
  const boards = [
    { boardId: 1, sequence: 20 },
    { boardId: 2, sequence: chance.pick([30, 30, 30, 31]) },
  ]
  const previous = { slot: slot - (chance.hits(50_000) ? 0 : gap), essential: before, offsets, boards }
  const kept = chance.hits(80_000) ? frames.slice(0, 2) : frames
  return {
    slot,
    essential,
    offsets: given,
    frames: kept,
    settings: SETTINGS,
    previous: chance.hits(60_000) ? null : previous,
  }
}

/** A slot's power is that of its power frames, and nothing where none came. */
export function askWatts(ask: Ask, chance: Chance): void {
  const frames = Array.from({ length: chance.whole(0, 3) }, (_, sequence) =>
    chance.hits(300_000) ? wet(sequence, 9_000) : electric(chance, sequence, 100),
  )
  ask(
    'power of a slot',
    frames,
    () => Object.values(powerOf(frames)),
    () => wattsOf(frames),
  )
}

export function askFollowing(ask: Ask, chance: Chance): void {
  const input = readingOf(chance)
  const say = () => {
    const result = checkEssentialFollows(input)
    return result.ok ? result.next : result.code
  }
  ask('readings that follow', input, say, () => {
    const { slot, essential, offsets, frames, previous } = input
    const code = orderOf(input) ?? boardsOf(input) ?? valuesOf(input) ?? changesOf(input)
    if (code !== null) return code
    const seen = new Map((previous?.boards ?? []).map((board) => [board.boardId, board]))
    for (const { boardId, sequence } of frames) seen.set(boardId, { boardId, sequence })
    return { slot, essential, offsets, boards: [...seen.values()] }
  })
}

function orderOf({ slot, essential, previous }: FollowInput): string | null {
  if (previous === null) return null
  if (previous.slot >= slot) return 'slot-not-rising'
  const steps = essential.sequence - previous.essential.sequence
  if (steps < 1) return 'sequence-not-rising'
  const tells = Math.floor(essential.flags / 2) % 2 === 1
  return steps === 1 && tells !== slot - previous.slot > 1 ? 'flag-mismatch' : null
}

function boardsOf({ frames, essential, previous, settings }: FollowInput): string | null {
  for (const { boardId, kind } of settings.boards) {
    if (frames.every((frame) => frame.boardId !== boardId || frame.kind !== kind)) return 'board-missing'
  }
  if (previous === null) return null
  const ms = essential.t - previous.essential.t + 2 * SAMPLE_MS
  const newest = new Map(previous.boards.map(({ boardId, sequence }) => [boardId, sequence]))
  for (const { boardId, sequence, uptimeMs } of frames) {
    const had = newest.get(boardId)
    // A board that began anew since then counts from one again.
    if (had !== undefined && sequence <= had && uptimeMs > ms) return 'frame-replayed'
    newest.set(boardId, sequence)
  }
  return null
}

function valuesOf({ essential, offsets, frames }: FollowInput): string | null {
  const [importWh, exportWh, volumeMl] = [1, 1, 1].map((_, index) => {
    const own = frames.flatMap((frame) => {
      if (frame.kind === 'power') return index === 0 ? [frame.importWh] : index === 1 ? [frame.exportWh] : []
      return frame.kind === 'water' && index === 2 ? [frame.volumeMl] : []
    })
    return own.at(-1) ?? 0
  })
  const should = [
    offsets.importWh + (importWh ?? 0),
    offsets.exportWh + (exportWh ?? 0),
    offsets.waterMl + (volumeMl ?? 0),
  ]
  const are = [essential.energyImportWh, essential.energyExportWh, essential.waterMl]
  if (should.some((value, index) => value !== are[index])) return 'register-mismatch'
  const [meanW, peakW] = wattsOf(frames)
  return essential.meanPowerW !== meanW || essential.peakPowerW !== peakW ? 'power-mismatch' : null
}

function changesOf({ slot, essential, offsets, previous }: FollowInput): string | null {
  if (previous === null) return null
  const periods = slot - previous.slot + 2
  const told = essential.flags % 2 === 1
  const next = essential.sequence - previous.essential.sequence === 1
  const was = previous.essential
  const rows = [
    [essential.energyImportWh - was.energyImportWh, 11_000, offsets.importWh - previous.offsets.importWh],
    [essential.energyExportWh - was.energyExportWh, 11_000, offsets.exportWh - previous.offsets.exportWh],
    [essential.waterMl - was.waterMl, 1_800_000, offsets.waterMl - previous.offsets.waterMl],
  ] as const
  for (const [add, perPeriod, moved] of rows) {
    if (add < 0) return 'register-back'
    if (!told && add > perPeriod * periods + 1) return 'spike'
    if (!told && next && moved !== 0 && moved !== TURN) return 'offset-moved'
  }
  return null
}
