import { equalBytes } from '@noble/curves/utils.js'
import { verifyBoardFrame } from '../../protocols/crypto/board-mac.ts'
import type { Binding } from '../../protocols/crypto/seal-reading.ts'
import { extendedDigest } from '../../protocols/messages/record.ts'
import {
  createExtendedReceiver,
  type DigestMatch,
  type ExtendedReceiver,
} from '../../protocols/p2p/extended.ts'
import { checkEssentialFollows, type CheckedReading } from '../../protocols/rules/essential-follows.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import type { HomeSettings } from '../../protocols/rules/home-registers.ts'
import type { BoardFrame, EssentialData, ExtendedData } from '../../protocols/rules/reading.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../protocols/rules/units.ts'
import { readMeta, writeMeta } from '../storage/meta.ts'
import type { EnvelopeTable, ReadingTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { SealedTo } from './opening-keys.ts'
import type { RecoveryPool } from './recovery/pool.ts'

export interface ExtendedDeskOptions {
  readonly store: Store
  readonly pool: RecoveryPool
  readonly bindingOf: (row: Pick<EnvelopeTable, 'home' | 'slot' | 'epoch' | 'delegation'>) => Binding
  readonly recipientOf: (record: SealedTo) => Promise<string | null>
  /** The boards that were commissioned for a home. */
  readonly settingsOf: (home: string) => Promise<HomeSettings>
  readonly recordKeyOf: (boardId: number) => Promise<Uint8Array | null>
  /** Reads a report's bytes, MAC included; throws a fault when it is none. */
  readonly decodeReport: (bytes: Uint8Array) => BoardFrame
  /** E^t does not follow from the boards' own frames, or a MAC is wrong (REQ#7). */
  readonly onMismatch: (home: string, slot: number, code: string) => void
  readonly nowMs: () => number
}

const checkedKey = (home: string): string => `checked:${home}`

const essentialOf = (row: ReadingTable): EssentialData => ({
  flags: row.flags,
  sequence: row.sequence,
  t: unixMs(row.t),
  energyImportWh: energyWh(row.import_wh),
  energyExportWh: energyWh(row.export_wh),
  waterMl: waterMl(row.water_ml),
  meanPowerW: powerW(row.mean_power_w),
  peakPowerW: powerW(row.peak_power_w),
})

const offsetsOf = ({ importOffsetWh, exportOffsetWh, waterOffsetMl }: ExtendedData) => ({
  importWh: importOffsetWh,
  exportWh: exportOffsetWh,
  waterMl: waterOffsetMl,
})

/**
 * Takes extended data, compares it with the chain, and checks that E^t follows from the boards' frames in it.
 */
export function createExtendedDesk(options: ExtendedDeskOptions): ExtendedReceiver {
  const desk = new Desk(options)
  return createExtendedReceiver({
    check: (account, slot, wire) => desk.check(account.toLowerCase(), slot, wire),
    store: (account, slot, wire) => desk.keep(account.toLowerCase(), slot, wire),
  })
}

type Examined = { readonly code: string } | { readonly next: CheckedReading | null }

class Desk {
  readonly #options: ExtendedDeskOptions

  constructor(options: ExtendedDeskOptions) {
    this.#options = options
  }

  #envelopeAt(home: string, slot: number) {
    return this.#options.store.db
      .selectFrom('envelope')
      .select(['home', 'slot', 'epoch', 'delegation', 'extended'])
      .where('home', '=', home)
      .where('slot', '=', slot)
      .executeTakeFirst()
  }

  async #previousOf(home: string, slot: number): Promise<CheckedReading | null> {
    const text = await readMeta(this.#options.store.db, checkedKey(home))
    if (text === null) return null
    const checked = JSON.parse(text) as CheckedReading
    return checked.slot < slot ? checked : null
  }

  async #framesOf(extended: ExtendedData): Promise<BoardFrame[] | null> {
    const frames: BoardFrame[] = []
    for (const bytes of extended.frames) {
      const frame = this.#options.decodeReport(bytes)
      const key = await this.#options.recordKeyOf(frame.boardId)
      if (key === null || !verifyBoardFrame(key, bytes)) return null
      frames.push(frame)
    }
    return frames
  }

  /** The code of what is wrong, or what the next reading is checked against. */
  async #examine(home: string, slot: number, extended: ExtendedData): Promise<Examined> {
    const row = await this.#options.store.db
      .selectFrom('reading')
      .selectAll()
      .where('home', '=', home)
      .where('slot', '=', slot)
      .where('fault', 'is', null)
      .executeTakeFirst()
    // Its envelope is not opened yet or faulty; that is told elsewhere.
    if (row === undefined) return { next: null }
    const frames = await this.#framesOf(extended)
    if (frames === null) return { code: 'mac-mismatch' }
    const checked = checkEssentialFollows({
      slot,
      essential: essentialOf(row),
      offsets: offsetsOf(extended),
      frames,
      previous: await this.#previousOf(home, slot),
      settings: await this.#options.settingsOf(home),
    })
    return checked.ok ? { next: checked.next } : { code: checked.code }
  }

  async #open(home: string, slot: number, wire: Uint8Array): Promise<Examined> {
    const row = await this.#envelopeAt(home, slot)
    const recipient = row === undefined ? null : await this.#options.recipientOf(row)
    if (row === undefined || recipient === null) return { code: 'key-erased' }
    const result = await this.#options.pool.recoverExtended({
      recipient,
      binding: this.#options.bindingOf(row),
      wire,
      digest: row.extended,
    })
    if (!result.ok) return { code: result.code }
    try {
      return await this.#examine(home, slot, result.extended)
    } catch (thrown) {
      return { code: codeOf(thrown) }
    }
  }

  async keep(home: string, slot: number, wire: Uint8Array): Promise<void> {
    const outcome = await this.#open(home, slot, wire)
    const fault = 'code' in outcome ? outcome.code : null
    await this.#options.store.transaction(async (trx) => {
      await trx
        .insertInto('extended')
        .values({
          home,
          slot,
          wire,
          digest: extendedDigest(wire),
          received_at_ms: this.#options.nowMs(),
          checked: 1,
          fault,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      if ('next' in outcome && outcome.next !== null) {
        await writeMeta(trx, checkedKey(home), JSON.stringify(outcome.next))
      }
    })
    if (fault !== null) this.#options.onMismatch(home, slot, fault)
  }

  async check(home: string, slot: number, wire: Uint8Array): Promise<DigestMatch> {
    const row = await this.#envelopeAt(home, slot)
    if (row === undefined) return 'unknown'
    return equalBytes(extendedDigest(wire), row.extended) ? 'match' : 'mismatch'
  }
}
