import type { HomeProfile } from './profiles.ts'

const MW_MS_PER_WH = 3_600_000_000
const UL_PER_ML = 1_000

/** What the boards of a home have counted, with what does not yet make a whole unit. */
export interface RowRegisters {
  readonly importWh: number
  readonly exportWh: number
  readonly waterMl: number
  readonly importRest: number
  readonly exportRest: number
  readonly waterRest: number
}

export const EMPTY_REGISTERS: RowRegisters = {
  importWh: 0,
  exportWh: 0,
  waterMl: 0,
  importRest: 0,
  exportRest: 0,
  waterRest: 0,
}

/** The value of row `row`, counted on over the end of the file; 0 for a home without the column. */
export function rowValue(values: readonly number[], row: number): number {
  return values[row % Math.max(1, values.length)] ?? 0
}

/** Load minus photovoltaic output in row `row`, mW. */
export function netMw(profile: HomeProfile, row: number): number {
  return rowValue(profile.loadMw, row) - rowValue(profile.pvMw, row)
}

/**
 * The registers after row `row` has passed (DESIGN §13): importWh += max(0, W − PV) · step,
 * exportWh += max(0, PV − W) · step, waterMl += L · 1000; remainders are carried, so that any number of rows
 * sums exactly.
 */
export function addRow(
  before: RowRegisters,
  profile: HomeProfile,
  row: number,
  stepMs: number,
): RowRegisters {
  const energy = netMw(profile, row) * stepMs
  const imported = before.importRest + Math.max(0, energy)
  const exported = before.exportRest + Math.max(0, -energy)
  const water = before.waterRest + rowValue(profile.waterUl, row)
  return {
    importWh: before.importWh + Math.floor(imported / MW_MS_PER_WH),
    exportWh: before.exportWh + Math.floor(exported / MW_MS_PER_WH),
    waterMl: before.waterMl + Math.floor(water / UL_PER_ML),
    importRest: imported % MW_MS_PER_WH,
    exportRest: exported % MW_MS_PER_WH,
    waterRest: water % UL_PER_ML,
  }
}

/**
 * When the rows of a home pass: at every sample period from the moment when all its boards were authorised,
 * so that the first complete reading holds the first row; two sample periods after the first board at the
 * latest.
 */
export class RowClock {
  readonly #sampleMs: number
  readonly #phaseMs: number
  readonly #boards: number
  readonly #authorised = new Map<number, number>()

  /** Rows end at unix ms that leave `phaseMs` modulo `sampleMs`. */
  constructor(options: { readonly sampleMs: number; readonly phaseMs: number; readonly boards: number }) {
    this.#sampleMs = options.sampleMs
    this.#phaseMs = options.phaseMs
    this.#boards = options.boards
  }

  /** A board was authorised; only its first time counts. */
  authorised(boardId: number, atMs: number): void {
    if (!this.#authorised.has(boardId)) this.#authorised.set(boardId, atMs)
  }

  /** Rows that have passed by `ms`. */
  rowsBy(ms: number): number {
    const began = this.#beganMs()
    return began === undefined ? 0 : Math.max(0, this.#gridBy(ms) - this.#gridBy(began))
  }

  /** The first moment after `ms` that divides a sample period into `parts`, counted from where rows end. */
  nextMoment(ms: number, parts: number): number {
    const part = this.#sampleMs / parts
    return (Math.floor((ms - this.#phaseMs) / part) + 1) * part + this.#phaseMs
  }

  #beganMs(): number | undefined {
    if (this.#authorised.size === 0) return undefined
    const moments = [...this.#authorised.values()]
    const latest = Math.min(...moments) + 2 * this.#sampleMs
    return this.#authorised.size < this.#boards ? latest : Math.min(latest, Math.max(...moments))
  }

  #gridBy(ms: number): number {
    return Math.floor((ms - this.#phaseMs) / this.#sampleMs)
  }
}
