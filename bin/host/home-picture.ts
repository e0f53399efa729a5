import type { OpenedAlarm } from '../../actors/smart-gateway/facts.ts'
import type { Store } from '../../actors/storage/store.ts'
import { readCount } from '../../actors/storage/meta.ts'
import { ALARM_CODES, ALARM_RESOURCES, type AlarmSeverity } from '../../protocols/messages/alarm-payload.ts'
import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import { slotsOf } from '../../protocols/rules/billing.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import type { Allowance } from '../../protocols/rules/divide.ts'
import type { EssentialData, BoardFrame } from '../../protocols/rules/reading.ts'
import { periodOf } from '../../protocols/rules/units.ts'
import { sentSlots } from './sent-slots.ts'
import {
  LIST_LIMIT,
  SERIES_LIMIT,
  type AlarmView,
  type BoardView,
  type ChainView,
  type ExcessView,
  type HomeView,
  type PowerControl,
  type PowerPoint,
  type RefusedView,
  type Resource,
  type Severity,
} from '../../web/read-model.ts'

interface Registers {
  readonly slot: number
  readonly importWh: number
  readonly exportWh: number
  readonly waterMl: number
}

/** What changes by itself and is looked at whenever a page asks. */
export interface LiveParts {
  readonly phase: HomeView['state']['phase']
  readonly text: string
  readonly away: HomeView['state']['away']
  readonly boards: readonly BoardView[]
  readonly chain: ChainView
  readonly control: PowerControl
  readonly tripsAtMs: number | null
  readonly quota: Allowance | null
  readonly excesses: readonly ExcessView[]
  readonly market: HomeView['market']
  readonly delegations: HomeView['delegations']
}

const SEVERITY: Readonly<Record<AlarmSeverity, Severity>> = {
  info: 'notice',
  warning: 'warning',
  critical: 'critical',
}

/** The name of a number in a table of the wire. */
export function nameIn<Name extends string>(
  table: Readonly<Record<Name, number>>,
  value: number,
): Name | null {
  for (const name in table) if (table[name] === value) return name
  return null
}

/** A page's severity for one of the wire. */
export const severityOf = (value: AlarmSeverity): Severity => SEVERITY[value]

/** Names an alarm of the home's own on its page. */
const ownId = ({ code, slot, resource }: { code: string; slot: number; resource: string }): string =>
  `own-${code}-${slot}-${resource}`

const SEVERITIES: readonly AlarmSeverity[] = ['info', 'warning', 'critical']

/** What a home's page shows, kept in memory and filled from the store when the gateway starts. */
export class HomePicture {
  readonly counts = { samples: 0, rejected: 0, sealed: 0, submitted: 0, final: 0 }
  readonly #alarms: AlarmView[] = []
  readonly #refused: RefusedView[] = []
  readonly #series: PowerPoint[] = []
  readonly #clock: Clock
  readonly #sampleMs: number
  readonly #perBilling: number
  readonly #account: string
  #start: Registers | null = null
  #newest: Registers | null = null
  #now: HomeView['now'] = {
    powerW: null,
    peakPowerW: null,
    flowMlPerMin: null,
    temperatureCentiC: null,
    humidityPermille: null,
  }
  #relayClosed: boolean | null = null
  #valveOpen: boolean | null = null

  constructor(options: { clock: Clock; sampleMs: number; slotsPerBilling: number; account: string }) {
    this.#account = options.account
    this.#clock = options.clock
    this.#sampleMs = options.sampleMs
    this.#perBilling = options.slotsPerBilling
  }

  /** Fills the picture from what the gateway had kept. */
  async load(store: Store): Promise<void> {
    const { db } = store
    for (const name of ['samples', 'rejected', 'sealed'] as const)
      this.counts[name] = await readCount(db, name)
    Object.assign(this.counts, await sentSlots(store))
    const period = periodOf(Math.floor(this.#clock.nowMs() / this.#sampleMs), this.#perBilling)
    const rows = await db
      .selectFrom('sample')
      .select(['slot', 't', 'import_wh', 'export_wh', 'water_ml', 'mean_power_w'])
      .where('status', '!=', 'rejected')
      .orderBy('slot', 'desc')
      .limit(Math.max(SERIES_LIMIT, this.#perBilling + 1))
      .execute()
    for (const row of rows.reverse()) {
      const registers = {
        slot: row.slot,
        importWh: row.import_wh ?? 0,
        exportWh: row.export_wh ?? 0,
        waterMl: row.water_ml ?? 0,
      }
      if (row.slot < slotsOf(period, this.#perBilling).first || this.#start === null) this.#start = registers
      this.#newest = registers
      this.#point(row.t, row.mean_power_w ?? 0)
    }
    const alarms = await db
      .selectFrom('alarm')
      .selectAll()
      .where('about', '=', this.#account)
      .orderBy('opened_at_ms', 'desc')
      .limit(LIST_LIMIT)
      .execute()
    for (const row of alarms) {
      this.#alarms.push({
        id: String(row.number),
        number: row.number > 0 ? row.number : null,
        code: nameIn(ALARM_CODES, row.code) ?? 'unknown',
        severity: severityOf(SEVERITIES[row.severity - 1] ?? 'warning'),
        text: row.text,
        resource: nameIn(ALARM_RESOURCES, row.resource) ?? 'none',
        atMs: row.t,
        block: row.block,
        state: row.seen === 1 ? 'acknowledged' : 'new',
      })
    }
  }

  #point(atMs: number, powerW: number): void {
    this.#series.push({ atMs, powerW })
    if (this.#series.length > SERIES_LIMIT) this.#series.shift()
  }

  reading(slot: number, essential: EssentialData, frames: readonly BoardFrame[]): void {
    const registers = {
      slot,
      importWh: essential.energyImportWh,
      exportWh: essential.energyExportWh,
      waterMl: essential.waterMl,
    }
    const begins =
      this.#newest !== null &&
      periodOf(slot, this.#perBilling) > periodOf(this.#newest.slot, this.#perBilling)
    if (begins) this.#start = this.#newest
    this.#start ??= registers
    this.#newest = registers
    this.#point(essential.t, essential.meanPowerW)
    this.#now = { ...this.#now, powerW: essential.meanPowerW, peakPowerW: essential.peakPowerW }
    for (const frame of frames) this.frame(frame)
  }

  frame(frame: BoardFrame): void {
    if (frame.kind === 'power') this.#relayClosed = frame.relayClosed
    if (frame.kind === 'water') {
      this.#valveOpen = frame.valveOpen
      this.#now = { ...this.#now, flowMlPerMin: Math.max(0, frame.flowMlPerMin) }
    }
    if (frame.kind === 'comfort') {
      const { temperatureCentiC, humidityPermille } = frame
      this.#now = { ...this.#now, temperatureCentiC, humidityPermille }
    }
  }

  refused(board: RefusedView['board'], code: string, text: string): void {
    this.#refused.unshift({ atMs: this.#clock.nowMs(), board, code, text })
    if (this.#refused.length > LIST_LIMIT) this.#refused.pop()
  }

  alarm({ number, block, alarm }: OpenedAlarm): AlarmView {
    return this.#addAlarm({
      id: String(number),
      number,
      code: alarm.code,
      severity: severityOf(alarm.severity),
      text: alarm.text,
      resource: alarm.resource,
      atMs: alarm.t,
      block,
      state: 'new',
    })
  }

  /** An alarm of the home's own, shown before the chain has it. */
  ownAlarm(draft: AlarmDraft): AlarmView {
    return this.#addAlarm({
      id: ownId(draft),
      number: null,
      code: draft.code,
      severity: severityOf(draft.severity),
      text: draft.text,
      resource: draft.resource satisfies Resource,
      atMs: this.#clock.nowMs(),
      block: null,
      state: 'new',
    })
  }

  /** The chain has it: the same alarm, with its block. */
  ownAlarmPublished({ block, alarm }: OpenedAlarm): void {
    const at = this.#alarms.findIndex((each) => each.id === ownId(alarm))
    const shown = this.#alarms[at]
    if (shown !== undefined) this.#alarms[at] = { ...shown, block }
  }

  #addAlarm(view: AlarmView): AlarmView {
    if (this.#alarms.some((each) => each.id === view.id)) return view
    this.#alarms.unshift(view)
    if (this.#alarms.length > LIST_LIMIT) this.#alarms.pop()
    return view
  }

  /** Marks an alarm as seen; false when there is none of this id. */
  acknowledge(id: string): boolean {
    const at = this.#alarms.findIndex((each) => each.id === id)
    const alarm = this.#alarms[at]
    if (alarm === undefined) return false
    this.#alarms[at] = { ...alarm, state: 'acknowledged' }
    return true
  }

  #used(): HomeView['energy'] & { usedMl: number } {
    const now = this.#newest
    const start = this.#start
    if (now === null || start === null) return { usedWh: 0, quotaWh: null, exportedWh: 0, usedMl: 0 }
    return {
      usedWh: now.importWh - start.importWh,
      quotaWh: null,
      exportedWh: now.exportWh - start.exportWh,
      usedMl: now.waterMl - start.waterMl,
    }
  }

  /** The whole view; `live` is what the gateway knows at this moment. */
  view(who: Pick<HomeView, 'name' | 'account' | 'community'>, live: LiveParts): HomeView {
    const nowMs = this.#clock.nowMs()
    const slot = Math.floor(nowMs / this.#sampleMs)
    const index = periodOf(slot, this.#perBilling)
    const { first, last } = slotsOf(index, this.#perBilling)
    const used = this.#used()
    return {
      role: 'home',
      ...who,
      state: { phase: live.phase, text: live.text, away: live.away },
      slot: this.#newest?.slot ?? null,
      sampleMs: this.#sampleMs,
      updatedAtMs: nowMs,
      now: this.#now,
      period: { index, startsAtMs: first * this.#sampleMs, endsAtMs: (last + 1) * this.#sampleMs },
      energy: { usedWh: used.usedWh, quotaWh: live.quota?.energyWh ?? null, exportedWh: used.exportedWh },
      power: {
        contractedW: live.quota?.powerW ?? null,
        control: live.control,
        relayClosed: this.#relayClosed,
        tripsAtMs: live.tripsAtMs,
      },
      water: { usedMl: used.usedMl, quotaMl: live.quota?.waterMl ?? null, valveOpen: this.#valveOpen },
      series: [...this.#series],
      boards: live.boards,
      alarms: [...this.#alarms],
      excesses: live.excesses,
      refused: [...this.#refused],
      market: live.market,
      delegations: live.delegations,
      chain: live.chain,
      counts: { ...this.counts },
    }
  }
}
