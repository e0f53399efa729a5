import type { HomeSettings } from '../../../protocols/rules/home-registers.ts'
import type { ReceivedFrame } from '../../../protocols/rules/reading.ts'
import { type Believed, believes, type BoardTerms, resumes, type Seen, suspects } from './board-opinion.ts'

const REGISTERS = { power: ['importWh', 'exportWh'], water: ['waterMl'], comfort: [] } as const
type Name = 'importWh' | 'exportWh' | 'waterMl'
const U32: readonly [number, number] = [0, 2 ** 32 - 1]
const I32: readonly [number, number] = [-(2 ** 31), 2 ** 31 - 1]
const I16: readonly [number, number] = [-(2 ** 15), 2 ** 15 - 1]
const WIDTHS: Readonly<Record<string, readonly [number, number]>> = {
  ...{ boardId: U32, sequence: U32, uptimeMs: U32, importWh: U32, exportWh: U32, volumeMl: U32 },
  ...{ powerW: I32, peakPowerW: I32, flowMlPerMin: I32, voltageMv: U32, currentMa: U32 },
  ...{ powerFactorPermille: I16, temperatureCentiC: I16, humidityPermille: [0, 2 ** 16 - 1] },
}

const seenOf = ({ frame, receivedAtMs }: ReceivedFrame): Seen => {
  const { sequence, uptimeMs } = frame
  const registers =
    frame.kind === 'power' ? [frame.importWh, frame.exportWh] : frame.kind === 'water' ? [frame.volumeMl] : []
  return { sequence, uptimeMs, atMs: receivedAtMs, registers }
}

/** Whether a frame has a number that its bytes cannot hold. */
const isImpossible = ({ frame, receivedAtMs }: ReceivedFrame): boolean => {
  const numbers = Object.entries(frame).filter(([name]) => name in WIDTHS)
  const fits = (value: unknown, [least, most]: readonly [number, number]): boolean =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
  const wide = numbers.every(([name, value]: [string, unknown]) => fits(value, WIDTHS[name] ?? U32))
  return !wide || !fits(receivedAtMs, [0, Number.MAX_SAFE_INTEGER])
}

/** Whether an installation cannot reach what a frame says of the moment. */
function isBeyond({ frame }: ReceivedFrame, { limits }: HomeSettings): boolean {
  if (frame.kind === 'power') {
    return [frame.powerW, frame.peakPowerW].some(
      (watts) => watts > limits.maxImportW || -watts > limits.maxExportW,
    )
  }
  if (frame.kind === 'water') return Math.abs(frame.flowMlPerMin) > limits.maxFlowMlPerMin
  return frame.humidityPermille > 1_000 || frame.humidityPermille < 0
}

const lastOf = (frames: readonly ReceivedFrame[], startMs: number): number =>
  frames.reduce((last, { receivedAtMs }) => (receivedAtMs > last ? receivedAtMs : last), startMs)

/** Of each board the newest frame, and of the others the three with the highest peaks; as they came. */
function keptOf(frames: readonly ReceivedFrame[]): ReceivedFrame[] {
  const kept = new Set<ReceivedFrame>()
  for (const board of new Set(frames.map(({ frame }) => frame.boardId))) {
    const own = frames.filter(({ frame }) => frame.boardId === board).reverse()
    const peaks = own
      .slice(1)
      .map((each, age) => ({ each, age, peak: 'peakPowerW' in each.frame ? each.frame.peakPowerW : 0 }))
    peaks.sort((a, b) => b.peak - a.peak || a.age - b.age)
    for (const each of [own[0], ...peaks.slice(0, 3).map((one) => one.each)])
      if (each !== undefined) kept.add(each)
  }
  return frames.filter((each) => kept.has(each))
}

/** A home's registers, by what is believed of its boards. */
export class HomeOpinion {
  #settings: HomeSettings
  readonly #boards = new Map<number, Believed & { readonly kind: 'power' | 'water' | 'comfort' }>()
  readonly home: Record<Name, number> = { importWh: 0, exportWh: 0, waterMl: 0 }
  /** Whether a register began anew since the last reading. */
  reset = false
  #last: number | null = null
  #sequence = 0

  constructor(settings: HomeSettings) {
    this.#settings = settings
  }

  /** Other boards are there from now on. */
  settle(settings: HomeSettings): void {
    this.#settings = settings
  }

  /** What comes of the frames of a slot: what was refused, and the reading, or why there is none. */
  slot(slot: number, frames: readonly ReceivedFrame[], referenceMs: number | undefined): unknown {
    const { sampleMs, boards } = this.#settings
    const startMs = slot * sampleMs
    if (this.#last !== null && this.#last >= slot) return [[], 'slot-not-rising']
    if (referenceMs !== undefined && Math.abs(startMs - referenceMs) > 3 * sampleMs)
      return [[], 'clock-suspect']
    const codes: { readonly code: string; readonly boardId: number }[] = []
    const taken: ReceivedFrame[] = []
    for (const each of frames) {
      const outside = each.receivedAtMs < startMs - 2 * sampleMs || each.receivedAtMs >= startMs + sampleMs
      const code = outside ? 'outside-slot' : this.take(each)
      if (code === null) taken.push(each)
      else codes.push({ code, boardId: each.frame.boardId })
    }
    const told = codes.map(({ code }) => code)
    for (const { boardId } of boards) {
      if (taken.some(({ frame, receivedAtMs }) => frame.boardId === boardId && receivedAtMs >= startMs))
        continue
      return [told, codes.filter((each) => each.boardId === boardId).at(-1)?.code ?? 'board-silent']
    }
    return [told, ...this.#reading(slot, keptOf(taken))]
  }

  #reading(slot: number, kept: readonly ReceivedFrame[]): unknown[] {
    const watts = kept.flatMap(({ frame }) => (frame.kind === 'power' ? [frame] : []))
    const sum = watts.reduce((all, { powerW }) => all + powerW, 0)
    const peak = watts.reduce((most, { peakPowerW }) => (peakPowerW > most ? peakPowerW : most), 0)
    const gap = this.#last !== null && slot - this.#last > 1
    const unkeyed = this.#settings.boards.some(({ keyed }) => !keyed)
    this.#sequence += 1
    const flags = (this.reset ? 1 : 0) + (gap ? 2 : 0) + (unkeyed ? 4 : 0)
    const { importWh, exportWh, waterMl } = this.home
    const essential = {
      ...{ flags, sequence: this.#sequence, t: lastOf(kept, slot * this.#settings.sampleMs) },
      ...{ energyImportWh: importWh, energyExportWh: exportWh, waterMl },
      ...{ meanPowerW: Math.max(0, Math.round(sum / Math.max(1, watts.length))), peakPowerW: peak },
    }
    this.#last = slot
    this.reset = false
    return [essential, kept.length, this.#offsets(), kept.map(({ frame }) => frame.sequence)]
  }

  /** What the home shows beside its boards' own registers. */
  #offsets() {
    const beside = { ...this.home }
    for (const { kind, registers } of this.#boards.values()) {
      const names: readonly Name[] = REGISTERS[kind]
      for (const [index, name] of names.entries()) beside[name] -= registers[index] ?? 0
    }
    return { importOffsetWh: beside.importWh, exportOffsetWh: beside.exportWh, waterOffsetMl: beside.waterMl }
  }

  /** Why a frame is refused; nothing when it is taken. */
  take(received: ReceivedFrame): string | null {
    const { frame } = received
    const board = this.#settings.boards.find(({ boardId }) => boardId === frame.boardId)
    if (board === undefined) return 'unknown-board'
    if (board.kind !== frame.kind) return 'wrong-kind'
    if (isImpossible(received)) return 'bad-field'
    if (frame.sensorFault) return 'sensor-fault'
    if (isBeyond(received, this.#settings)) return 'value-impossible'
    const now = seenOf(received)
    const known = this.#boards.get(frame.boardId)
    if (known === undefined) return this.#begin(frame.boardId, frame.kind, now)
    const { sampleMs, limits } = this.#settings
    const names: readonly Name[] = REGISTERS[frame.kind]
    const terms: BoardTerms = {
      sampleMs,
      limits,
      registers: names,
      fromZero: board.afterRestart === 'from-zero',
    }
    const home = names.map((name) => this.home[name])
    const verdict = believes(known, now, terms, home)
    if (typeof verdict !== 'string') return this.#count(frame.boardId, now, verdict)
    const suspected = { ...known, ...suspects(known, now, verdict, terms) }
    const again = resumes(suspected, now, terms, home)
    if (again !== null) return this.#count(frame.boardId, now, again)
    this.#boards.set(frame.boardId, suspected)
    return verdict
  }

  /** The first frame of a board: a home goes on from where a board that is not there any more left it. */
  #begin(boardId: number, kind: 'power' | 'water' | 'comfort', now: Seen): string | null {
    const names: readonly Name[] = REGISTERS[kind]
    const old = [...this.#boards.entries()].find(([id, board]) => {
      return board.kind === kind && this.#settings.boards.every((each) => each.boardId !== id)
    })
    if (old !== undefined) {
      if (names.some((name, index) => (now.registers[index] ?? 0) > this.home[name])) return 'spike'
      this.#boards.delete(old[0])
      this.reset = true
    } else for (const [index, name] of names.entries()) this.home[name] += now.registers[index] ?? 0
    this.#boards.set(boardId, { ...now, kind, leadMs: 0, doubt: null, suspect: null, held: null })
    return null
  }

  #count(
    boardId: number,
    now: Seen,
    { adds, leadMs, doubt }: { adds: readonly number[]; leadMs: number; doubt: Believed['doubt'] },
  ): null {
    const known = this.#boards.get(boardId)
    if (known === undefined) return null
    const names: readonly Name[] = REGISTERS[known.kind]
    for (const [index, name] of names.entries()) {
      const add = adds[index] ?? 0
      this.home[name] += add
      const shown = (now.registers[index] ?? 0) - (known.registers[index] ?? 0)
      // A register that rolls over did not begin anew.
      this.reset ||= add !== shown && add !== shown + 2 ** 32
    }
    this.#boards.set(boardId, { ...now, kind: known.kind, leadMs, doubt, suspect: null, held: null })
    return null
  }
}
