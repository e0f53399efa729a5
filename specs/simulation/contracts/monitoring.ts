import {
  unpackRecords,
  type ChainRecord,
  RECORD_BYTES,
  RECORDS_MAX,
} from '../../../protocols/messages/record.ts'
import type { Ledger } from '../ledger.ts'
import { Cell, Table } from '../ledger.ts'
import { type Caller, Refused } from './call.ts'

export interface MonitoringSettings {
  readonly sampleMs: number
  readonly slotsPerBilling: number
  readonly manager: string
  /** What the stand-in for a commitment shows: import, export, water, peak. */
  readonly shown: (payload: Uint8Array) => readonly number[]
}

interface HomeWord {
  readonly slot: number
  readonly count: number
  readonly sequence: number
  readonly admitted: boolean
  readonly keyed: boolean
  readonly delegation: number
  readonly delegatedUntil: number
  readonly newest: readonly number[]
}

export interface Anchor {
  readonly slot: number
  readonly nextPeriod: number
  readonly values: readonly number[]
}

interface OwnKey {
  readonly keyId: string
  readonly epoch: number
}

/** Who a record of a delegated slot is sealed to. */
export interface Watches {
  recipientOf(
    home: { delegation: number; delegatedUntil: number },
    slot: number,
    epoch: number,
  ): WatchKey | null
  alarmRecipient(
    home: { delegation: number; delegatedUntil: number },
    slot: number,
    epoch: number,
  ): AlarmKey | null
}
export interface WatchKey {
  readonly keyId: string
  readonly delegation: number
}
export type AlarmKey = WatchKey & { readonly epoch: number }

const NEW_HOME_WORD: HomeWord = {
  slot: 0,
  count: 0,
  sequence: 0,
  admitted: false,
  keyed: false,
  delegation: 0,
  delegatedUntil: 0,
  newest: [],
}

/** The resource monitoring contract: the homes, their keys, their readings and the anchors of periods. */
export class Monitoring {
  readonly settings: MonitoringSettings
  readonly graceSlots: number
  readonly #homes: Table<string, HomeWord>
  readonly #keys: Table<string, OwnKey>
  readonly #epochs: Table<number, { keyId: string; fromSlot: number }>
  readonly #anchors: Table<string, Anchor>
  readonly #totals: Table<number, true>
  readonly #epoch: Cell<number>
  readonly nextAlarm: Cell<number>
  watches: Watches = { recipientOf: () => null, alarmRecipient: () => null }

  constructor(ledger: Ledger, settings: MonitoringSettings) {
    this.settings = settings
    this.graceSlots = Math.max(64, Math.ceil(60_000 / settings.sampleMs))
    this.#homes = new Table(ledger)
    this.#keys = new Table(ledger)
    this.#epochs = new Table(ledger)
    this.#anchors = new Table(ledger)
    this.#totals = new Table(ledger)
    this.#epoch = new Cell(ledger, -1)
    this.nextAlarm = new Cell(ledger, 1)
  }

  homeOf(home: string): HomeWord {
    return this.#homes.get(home) ?? NEW_HOME_WORD
  }

  setHome(home: string, word: HomeWord): void {
    this.#homes.set(home, word)
  }

  currentSlot({ timeS }: Pick<Caller, 'timeS'>): number {
    return Math.floor((timeS * 1000) / this.settings.sampleMs)
  }

  currentPeriod(by: Pick<Caller, 'timeS'>): number {
    return Math.floor(this.currentSlot(by) / this.settings.slotsPerBilling)
  }

  currentEpoch(): number {
    return this.#epoch.get()
  }

  anchorOf(home: string, period: number): Anchor | undefined {
    return this.#anchors.get(`${home}:${period}`)
  }

  requireAdmitted(home: string): HomeWord {
    const word = this.homeOf(home)
    if (!word.admitted) throw new Refused('monitoring', 'NotAdmitted', [home])
    return word
  }

  requireManager(by: Caller): void {
    if (by.sender !== this.settings.manager) {
      throw new Refused('monitoring', 'AccessManagedUnauthorized', [by.sender])
    }
  }

  admit(by: Caller, home: string): void {
    this.requireManager(by)
    const word = this.homeOf(home)
    if (word.admitted) throw new Refused('monitoring', 'AlreadyAdmitted', [home])
    this.setHome(home, { ...word, admitted: true })
    by.tell('monitoring', { name: 'HomeAdmitted', home })
  }

  revoke(by: Caller, home: string): void {
    this.requireManager(by)
    const word = this.requireAdmitted(home)
    this.setHome(home, { ...word, admitted: false, keyed: false })
    this.#keys.delete(home)
    by.tell('monitoring', { name: 'HomeRevoked', home })
  }

  announceKeys(by: Caller, epoch: number, keyId: string): void {
    this.requireManager(by)
    const old = this.#epoch.get()
    if (old !== -1 && epoch !== old + 1) throw new Refused('monitoring', 'EpochNotNext', [epoch, old + 1])
    this.#epoch.set(epoch)
    this.#epochs.set(epoch, { keyId, fromSlot: this.currentSlot(by) })
    by.tell('monitoring', { name: 'CommunityKeysAnnounced', epoch, keyId })
  }

  requireEpoch(epoch: number): void {
    const current = this.#epoch.get()
    if (epoch !== current) throw new Refused('monitoring', 'EpochNotNext', [epoch, current])
  }

  publishOwnKey(by: Caller, epoch: number, keyId: string): void {
    const word = this.requireAdmitted(by.sender)
    this.requireEpoch(epoch)
    by.tell('monitoring', { name: 'OperationKeyPublished', home: by.sender, epoch, delegation: 0 })
    this.#keys.set(by.sender, { keyId, epoch })
    this.setHome(by.sender, { ...word, keyed: true })
  }

  submit(by: Caller, recipient: string, bytes: Uint8Array): void {
    const number = bytes.length / RECORD_BYTES
    if (!Number.isInteger(number) || number < 1 || number > RECORDS_MAX) {
      throw new Refused('monitoring', 'RecordsLength', [bytes.length, RECORD_BYTES, RECORDS_MAX])
    }
    let word = this.homeOf(by.sender)
    if (!word.admitted) throw new Refused('monitoring', 'NotAdmitted', [by.sender])
    if (!word.keyed) throw new Refused('monitoring', 'KeyNotPublished', [by.sender])
    const furthest = this.currentSlot(by) + this.graceSlots
    for (const record of unpackRecords(bytes)) word = this.#accept(by, word, recipient, record, furthest)
    this.setHome(by.sender, word)
  }

  raiseAlarms(by: Caller, first: number, homes: readonly string[], envelopes: readonly string[]): void {
    this.requireManager(by)
    if (homes.length !== envelopes.length) {
      throw new Refused('monitoring', 'LengthsDiffer', [homes.length, envelopes.length])
    }
    if (homes.length === 0) throw new Refused('monitoring', 'NoHomes')
    const next = this.nextAlarm.get()
    if (first !== next) throw new Refused('monitoring', 'AlarmNumber', [first, next])
    this.nextAlarm.set(first + homes.length)
    homes.forEach((home, index) => {
      const { epoch, delegation } = this.alarmRecipient(by, home)
      const envelope = envelopes[index] ?? ''
      by.tell('monitoring', { name: 'Alarm', home, number: first + index, epoch, delegation, envelope })
    })
  }

  /** Whose key an alarm about a home is sealed to now. */
  alarmRecipient(by: Pick<Caller, 'timeS'>, home: string): AlarmKey {
    const word = this.requireAdmitted(home)
    if (!word.keyed) throw new Refused('monitoring', 'KeyNotPublished', [home])
    const watched = this.watches.alarmRecipient(word, this.currentSlot(by), this.#epoch.get())
    const own = this.#keys.get(home) ?? { keyId: '', epoch: 0 }
    return watched ?? { ...own, delegation: 0 }
  }

  publishTotal(by: Caller, period: number, homes: readonly string[], totals: readonly number[]): void {
    this.requireManager(by)
    if (this.#totals.has(period)) throw new Refused('monitoring', 'TotalAlreadyPublished', [period])
    if (homes.length === 0) throw new Refused('monitoring', 'NoHomes')
    homes.forEach((home, index) => {
      if (index > 0 && home <= (homes[index - 1] ?? '')) {
        throw new Refused('monitoring', 'HomesNotRising', [index])
      }
    })
    this.#totals.set(period, true)
    by.tell('monitoring', { name: 'TotalPublished', period, homes, totals })
  }

  #accept(by: Caller, word: HomeWord, recipient: string, record: ChainRecord, furthest: number): HomeWord {
    const { slot, sequence, epoch, payload } = record
    if (slot <= word.slot) throw new Refused('monitoring', 'SlotNotRising', [slot, word.slot])
    if (sequence <= word.sequence && word.count !== 0) {
      throw new Refused('monitoring', 'SequenceNotRising', [sequence, word.sequence])
    }
    if (slot > furthest) throw new Refused('monitoring', 'SlotAhead', [slot, furthest])
    const expected = this.recipientOf(word, slot, epoch)
    if (recipient !== expected.keyId) {
      throw new Refused('monitoring', 'WrongRecipient', [recipient, expected.keyId])
    }
    const values = this.settings.shown(payload)
    this.#keepAnchor(by, word, slot, values)
    const { delegation } = expected
    by.tell('monitoring', { name: 'Reading', home: by.sender, slot, sequence, epoch, delegation, payload })
    return { ...word, slot, sequence, count: word.count + 1, newest: values }
  }

  recipientOf(word: HomeWord, slot: number, epoch: number): WatchKey {
    const community = this.#communityKey(slot, epoch)
    return this.watches.recipientOf(word, slot, epoch) ?? { keyId: community, delegation: 0 }
  }

  #communityKey(slot: number, epoch: number): string {
    const current = this.#epoch.get()
    const known = this.#epochs.get(epoch)
    if (epoch === current && known !== undefined) return known.keyId
    const lastSlot = epoch < current ? (this.#epochs.get(epoch + 1)?.fromSlot ?? 0) + this.graceSlots : 0
    if (epoch < current && slot <= lastSlot && known !== undefined) return known.keyId
    throw new Refused('monitoring', 'EpochNotAccepted', [epoch, current, lastSlot])
  }

  #keepAnchor(by: Caller, word: HomeWord, slot: number, values: readonly number[]): void {
    const { slotsPerBilling } = this.settings
    const period = Math.floor(slot / slotsPerBilling)
    if (word.count === 0) {
      if (period === 0) throw new Refused('monitoring', 'SlotTooOld', [slot, slotsPerBilling])
      this.#writeAnchor(by, period - 1, { slot, nextPeriod: period, values })
      return
    }
    const closed = Math.floor(word.slot / slotsPerBilling)
    if (closed !== period) {
      this.#writeAnchor(by, closed, { slot: word.slot, nextPeriod: period, values: word.newest })
    }
  }

  #writeAnchor(by: Caller, period: number, anchor: Anchor): void {
    this.#anchors.set(`${by.sender}:${period}`, anchor)
    by.tell('monitoring', { name: 'AnchorKept', home: by.sender, period, slot: anchor.slot })
  }
}
