import type { AcceptedReading } from '../../actors/community-gateway/collector.ts'
import type { QuotaBook } from '../../actors/community-gateway/allocation.ts'
import type { QuotaControl } from '../../actors/community-gateway/quota-control.ts'
import { readCount } from '../../actors/storage/meta.ts'
import type { Store } from '../../actors/storage/store.ts'
import { ALARM_CODES, ALARM_RESOURCES, type AlarmSeverity } from '../../protocols/messages/alarm-payload.ts'
import { slotsOf } from '../../protocols/rules/billing.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { periodOf } from '../../protocols/rules/units.ts'
import {
  LIST_LIMIT,
  SERIES_LIMIT,
  type BlockView,
  type ChainView,
  type CommunityView,
  type MemberView,
  type PowerPoint,
  type SentAlarmView,
  type TotalView,
} from '../../web/read-model.ts'
import { nameIn, severityOf } from './home-picture.ts'
import { readingsAfter } from './final-readings.ts'
import { watchesOf, watchView, type Watch } from './watches.ts'

const SEVERITIES: readonly AlarmSeverity[] = ['info', 'warning', 'critical']
const BLOCKS_SHOWN = 24

interface LastReading {
  readonly slot: number
  readonly seenMs: number
  readonly powerW: number
  readonly peakPowerW: number
}

export interface CommunityParts {
  readonly phase: CommunityView['state']['phase']
  readonly text: string
  readonly away: CommunityView['state']['away']
  readonly chain: ChainView
  readonly online: (account: string) => boolean
  readonly prices: CommunityView['prices']
  readonly warnings: readonly string[]
}

export interface PictureOptions {
  readonly store: Store
  readonly clock: Clock
  readonly sampleMs: number
  readonly slotsPerBilling: number
  readonly quotas: QuotaControl
  readonly book: QuotaBook
  readonly contract: NonNullable<CommunityView['contract']>
  /** Null before the first. */
  readonly finalBlock: () => number | null
}

interface Member {
  readonly account: string
  readonly name: string
}

/** What the manager's page shows: lists from the store, refreshed when told; newest readings from memory. */
export class CommunityPicture {
  readonly #options: PictureOptions
  readonly #last = new Map<string, LastReading>()
  readonly #series: PowerPoint[] = []
  readonly #blocks: BlockView[] = []
  readonly #alarmsOf = new Map<string, number>()
  #members: readonly Member[] = []
  #watches: ReadonlyMap<string, Watch> = new Map()
  #totals: readonly TotalView[] = []
  #alarms: readonly SentAlarmView[] = []
  #counts = { included: 0, decrypted: 0, final: 0, refused: 0, voided: 0, alarmsSent: 0 }

  constructor(options: PictureOptions) {
    this.#options = options
  }

  accepted({ home, slot, essential, acceptedAtMs }: AcceptedReading): void {
    this.#last.set(home, {
      slot,
      seenMs: acceptedAtMs,
      powerW: essential.meanPowerW,
      peakPowerW: essential.peakPowerW,
    })
    const atMs = (slot + 1) * this.#options.sampleMs
    const newest = this.#series.at(-1)
    const powerW = [...this.#last.values()].reduce((sum, each) => sum + each.powerW, 0)
    if (newest !== undefined && newest.atMs >= atMs)
      this.#series[this.#series.length - 1] = { atMs: newest.atMs, powerW }
    else this.#series.push({ atMs, powerW })
    if (this.#series.length > SERIES_LIMIT) this.#series.shift()
  }

  block(view: BlockView): void {
    this.#blocks.unshift(view)
    if (this.#blocks.length > BLOCKS_SHOWN) this.#blocks.pop()
  }

  /** The last power of a home, W. */
  lastOf(home: string): LastReading | undefined {
    return this.#last.get(home)
  }

  /** Reads the lists again. */
  async refresh(): Promise<void> {
    const { db } = this.#options.store
    this.#members = await db
      .selectFrom('member')
      .select(['account', 'name'])
      .where('state', 'in', ['admitted', 'active'])
      .orderBy('name')
      .execute()
    this.#watches = await watchesOf(db, this.#slot())
    this.#totals = (
      await db.selectFrom('total').selectAll().orderBy('period', 'desc').limit(LIST_LIMIT).execute()
    ).map((row) => ({
      period: row.period,
      homes: homesIn(row.homes),
      importWh: row.import_wh,
      exportWh: row.export_wh,
      waterMl: row.water_ml,
      block: row.block,
    }))
    await this.#refreshAlarms()
    for (const name of ['included', 'decrypted'] as const) this.#counts[name] = await readCount(db, name)
    this.#counts.final = this.#counts.included - (await readingsAfter(db, this.#options.finalBlock() ?? -1))
    this.#counts.refused = await readCount(db, 'faulty')
    this.#counts.voided = await readCount(db, 'voided')
  }

  async #refreshAlarms(): Promise<void> {
    const { db } = this.#options.store
    const names = new Map(this.#members.map(({ account, name }) => [account, name]))
    const rows = await db
      .selectFrom('alarm_sent')
      .selectAll()
      .where('number', 'is not', null)
      .orderBy('number', 'desc')
      .limit(LIST_LIMIT)
      .execute()
    this.#alarms = rows.map((row) => ({
      number: row.number ?? 0,
      code: nameIn(ALARM_CODES, row.code) ?? 'unknown',
      severity: severityOf(SEVERITIES[row.severity - 1] ?? 'warning'),
      resource: nameIn(ALARM_RESOURCES, row.resource) ?? 'none',
      home: row.home,
      homeName: names.get(row.home) ?? null,
      atMs: row.t,
      block: row.block,
    }))
    const counts = await db
      .selectFrom('alarm_sent')
      .select((row) => ['home', row.fn.countAll<number>().as('count')])
      .where('state', 'in', ['published', 'final'])
      .groupBy('home')
      .execute()
    this.#alarmsOf.clear()
    for (const { home, count } of counts) this.#alarmsOf.set(home, count)
    this.#counts.alarmsSent = counts.reduce((sum, each) => sum + each.count, 0)
  }

  #member({ account, name }: Member, period: number, parts: CommunityParts): MemberView {
    const last = this.#last.get(account)
    const quota = this.#options.book.quotaOf(account, period)
    const use = this.#options.quotas.useOf(account)
    const current = use?.period === period ? use.use : undefined
    return {
      name,
      account,
      online: parts.online(account),
      lastSlot: last?.slot ?? null,
      lastSeenMs: last?.seenMs ?? null,
      powerW: last?.powerW ?? null,
      peakPowerW: current?.peakPowerW ?? last?.peakPowerW ?? null,
      quotaPowerW: quota?.powerW ?? null,
      usedEnergyWh: current?.energyWh ?? 0,
      quotaEnergyWh: quota?.energyWh ?? null,
      usedWaterMl: current?.waterMl ?? 0,
      quotaWaterMl: quota?.waterMl ?? null,
      alarms: this.#alarmsOf.get(account) ?? 0,
      watch: this.#watch(account),
    }
  }

  #slot(): number {
    return Math.floor(this.#options.clock.nowMs() / this.#options.sampleMs)
  }

  #watch(account: string): MemberView['watch'] {
    const nameOf = (by: string): string => this.#members.find((each) => each.account === by)?.name ?? by
    return watchView(this.#watches.get(account), this.#slot(), this.#options.sampleMs, nameOf)
  }

  /** The whole view; `parts` is what the gateway knows at this moment. */
  view(who: Pick<CommunityView, 'name' | 'account'>, parts: CommunityParts): CommunityView {
    const { clock, sampleMs, slotsPerBilling } = this.#options
    const nowMs = clock.nowMs()
    const index = periodOf(Math.floor(nowMs / sampleMs), slotsPerBilling)
    const { first, last } = slotsOf(index, slotsPerBilling)
    const members = this.#members.map((member) => this.#member(member, index, parts))
    const sum = (of: (member: MemberView) => number): number =>
      members.reduce((total, each) => total + of(each), 0)
    const powers = members.flatMap(({ powerW }) => (powerW === null ? [] : [powerW]))
    const slots = members.flatMap(({ lastSlot }) => (lastSlot === null ? [] : [lastSlot]))
    return {
      role: 'community',
      ...who,
      state: { phase: parts.phase, text: parts.text, away: parts.away },
      slot: slots.length === 0 ? null : Math.max(...slots),
      sampleMs,
      updatedAtMs: nowMs,
      now: { powerW: powers.length === 0 ? null : powers.reduce((total, each) => total + each, 0) },
      members,
      prices: parts.prices,
      contract: this.#options.contract,
      allocated: {
        energyWh: sum((each) => each.quotaEnergyWh ?? 0),
        powerW: sum((each) => each.quotaPowerW ?? 0),
        waterMl: sum((each) => each.quotaWaterMl ?? 0),
      },
      used: { energyWh: sum((each) => each.usedEnergyWh), waterMl: sum((each) => each.usedWaterMl) },
      period: { index, startsAtMs: first * sampleMs, endsAtMs: (last + 1) * sampleMs },
      totals: this.#totals,
      series: [...this.#series],
      blocks: [...this.#blocks],
      alarmsSent: this.#alarms,
      chain: parts.chain,
      counts: { ...this.#counts },
      warnings: parts.warnings,
    }
  }
}

function homesIn(json: string): number {
  const parsed: unknown = JSON.parse(json)
  return Array.isArray(parsed) ? parsed.length : 0
}
