import { z } from 'zod'
import { readMeta, writeMeta } from '../../actors/storage/meta.ts'
import type { Store } from '../../actors/storage/store.ts'
import { FACTORY, QUANTITIES, type ChannelSetting, type Quantity } from '../../protocols/rules/calibration.ts'

const Kept = z.object({
  gainPpm: z.number().int(),
  offset: z.number().int(),
  atMs: z.number().int(),
  /** False from before the command goes out until the board has answered: a crash in between shows. */
  sure: z.boolean(),
})
type Kept = z.infer<typeof Kept>
const SettingsFile = z.partialRecord(z.enum(QUANTITIES), Kept)
type Settings = Readonly<Partial<Record<Quantity, Kept | undefined>>>

/** The setting of a channel, and since when; `setting` is null when nobody here knows it. */
export interface KnownSetting {
  readonly setting: ChannelSetting | null
  readonly atMs: number | null
}

/** What the boards of a home were calibrated to: a board tells that it is, but not how. */
export interface CalibrationBook {
  /** `calibrated` is the board's own word: without a record here its setting is another's. */
  settingOf(boardId: number, quantity: Quantity, calibrated: boolean): KnownSetting
  /** To be written before the board is told. */
  begin(boardId: number, quantity: Quantity, setting: ChannelSetting, atMs: number): Promise<void>
  /** The board has taken it. */
  done(boardId: number, quantity: Quantity): Promise<void>
  /** The board has refused it: what held before still holds. */
  refused(boardId: number, quantity: Quantity): Promise<void>
}

const keyOf = (boardId: number): string => `calibration:${boardId}`

class Book implements CalibrationBook {
  readonly #store: Store
  readonly #boards: Map<number, Settings>
  readonly #before = new Map<string, Kept | undefined>()

  constructor(store: Store, boards: Map<number, Settings>) {
    this.#store = store
    this.#boards = boards
  }

  settingOf(boardId: number, quantity: Quantity, calibrated: boolean): KnownSetting {
    const settings = this.#boards.get(boardId) ?? {}
    const kept = settings[quantity]
    if (kept?.sure === true) {
      const { gainPpm, offset, atMs } = kept
      return { setting: { gainPpm, offset }, atMs }
    }
    const untouched =
      kept === undefined && (!calibrated || Object.values(settings).some((each) => each !== undefined))
    return { setting: untouched ? FACTORY : null, atMs: kept?.atMs ?? null }
  }

  async begin(boardId: number, quantity: Quantity, setting: ChannelSetting, atMs: number): Promise<void> {
    this.#before.set(`${boardId} ${quantity}`, this.#boards.get(boardId)?.[quantity])
    await this.#keep(boardId, quantity, { ...setting, atMs, sure: false })
  }

  async done(boardId: number, quantity: Quantity): Promise<void> {
    const kept = this.#boards.get(boardId)?.[quantity]
    if (kept !== undefined) await this.#keep(boardId, quantity, { ...kept, sure: true })
  }

  async refused(boardId: number, quantity: Quantity): Promise<void> {
    await this.#keep(boardId, quantity, this.#before.get(`${boardId} ${quantity}`))
  }

  async #keep(boardId: number, quantity: Quantity, kept: Kept | undefined): Promise<void> {
    const settings: Settings = { ...this.#boards.get(boardId), [quantity]: kept }
    this.#boards.set(boardId, settings)
    await this.#store.transaction((trx) => writeMeta(trx, keyOf(boardId), JSON.stringify(settings)))
  }
}

/** Opens what is kept of these boards. */
export async function openCalibrationBook(
  store: Store,
  boardIds: readonly number[],
): Promise<CalibrationBook> {
  const boards = new Map<number, Settings>()
  for (const boardId of boardIds) {
    const text = await readMeta(store.db, keyOf(boardId))
    if (text !== null) boards.set(boardId, SettingsFile.parse(JSON.parse(text)))
  }
  return new Book(store, boards)
}
