import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import {
  NEW_WATCH,
  SILENT_SLOTS,
  watchReading,
  watchSilence,
  type Watch,
} from '../../protocols/rules/silence.ts'

/** What the community gateway remembers of its homes' readings, to tell who fell silent. */
export class SilenceWatch {
  readonly #homes = new Map<string, Watch>()
  readonly #left = new Set<string>()
  readonly #limit: number
  #sinceSlot: number
  #resting = false

  /** Listens from `nowSlot` on; a home that gathers its slots speaks `gatherSlots` later. */
  constructor(nowSlot: number, gatherSlots: number) {
    this.#sinceSlot = nowSlot
    this.#limit = SILENT_SLOTS + gatherSlots
  }

  /** A home of which the newest slot is known from before. */
  known(home: string, lastSlot: number | null): void {
    this.#left.delete(home)
    this.#homes.set(home, { ...NEW_WATCH, lastSlot })
  }

  heard(home: string, slot: number): void {
    // A reading from before it left may be opened after that.
    if (this.#left.has(home)) return
    this.#homes.set(home, watchReading(this.#homes.get(home) ?? NEW_WATCH, slot).next)
  }

  /** A home that left: nobody waits for it, nor could an alarm about it be read by anybody. */
  forget(home: string): void {
    this.#homes.delete(home)
    this.#left.add(home)
  }

  /** Nobody could be heard before this slot: homes have their time to catch up. */
  listenFrom(slot: number): void {
    this.#sinceSlot = slot
  }

  /** The homes are about to be switched off on purpose: nobody is to be alarmed. */
  rest(): void {
    this.#resting = true
  }

  /** Who has fallen silent by now. */
  look(nowSlot: number): { readonly home: string; readonly alarm: AlarmDraft }[] {
    if (this.#resting) return []
    return [...this.#homes].flatMap(([home, watch]) => {
      const terms = { limit: this.#limit, sinceSlot: this.#sinceSlot }
      const { next, alarms } = watchSilence(watch, nowSlot, terms)
      this.#homes.set(home, next)
      return alarms.map((alarm) => ({ home, alarm }))
    })
  }
}
