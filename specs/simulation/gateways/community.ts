import { communityGatewayMachine } from '../../../actors/community-gateway/machine.ts'
import type { Intent, Outcome } from '../../../actors/contract-proxy/call.ts'
import type { Staged } from '../../../actors/durable-snapshot.ts'
import type { ChainBlock } from '../../../chain/proxy/block.ts'
import type { AlarmDraft } from '../../../protocols/rules/alarm.ts'
import { type Allowance, divideContract, type HomeAllowance } from '../../../protocols/rules/divide.ts'
import { alarmsFor, type PeriodMark, periodUse, type PeriodUse } from '../../../protocols/rules/quota-use.ts'
import type { EssentialData } from '../../../protocols/rules/reading.ts'
import { homesInTotal } from '../../../protocols/rules/totals.ts'
import { periodOf } from '../../../protocols/rules/units.ts'
import type { Heard } from '../chain/heard.ts'
import { keyIdOf, KeyRing, openEssential, sealBytes, secretOf } from '../crypto.ts'
import { Cell, Table } from '../ledger.ts'
import type { Hearer, Word } from '../transport.ts'
import type { DurableMachine } from './durable.ts'
import { Gateway, type HeardFact } from './gateway.ts'
import { AlarmDesk } from './alarm-desk.ts'
import { DeliveryDesk } from './delivery-desk.ts'

const PARTS_A_CALL = 40
const TICK_MS = 5 * 60_000
/** A period is closed once the readings after its end have had time to reach the chain. */
const CLOSE_AFTER_SLOTS = 4

/** A reading as the global repository has it. */
export interface KeptReading {
  readonly home: string
  readonly slot: number
  readonly delegation: number
  readonly essential: EssentialData
}

interface HomeUse extends Readonly<Record<'start' | 'newest', PeriodMark>> {
  readonly period: number
  readonly use: PeriodUse
}

type Event = Parameters<DurableMachine<typeof communityGatewayMachine>['send']>[0]

const paramOf = ({ params }: Staged, field: string): unknown =>
  typeof params === 'object' && params !== null ? Reflect.get(params, field) : undefined

const markOf = (slot: number, { energyImportWh, waterMl, peakPowerW }: EssentialData): PeriodMark => {
  return { slot, energyImportWh, waterMl, peakPowerW }
}

/** The manager's gateway: it admits homes, divides quotas, opens readings, sends alarms. */
export class CommunityGateway extends Gateway implements Hearer {
  readonly ring = new KeyRing()
  // ---- What the chain told
  readonly readings = new Table<string, KeptReading>(this.heard.ledger)
  readonly uses = new Table<string, HomeUse>(this.heard.ledger)
  readonly anchors = new Table<string, number>(this.heard.ledger)
  readonly members = new Table<string, 'admitted' | 'keyed'>(this.heard.ledger)
  readonly parts = new Table<string, Allowance>(this.heard.ledger)
  readonly exchanged = new Table<string, number>(this.heard.ledger)
  readonly totals = new Table<number, readonly string[]>(this.heard.ledger)
  readonly lastAlarm = new Cell<number>(this.heard.ledger, 0)
  readonly revision = new Cell<{ number: number; closed: boolean } | null>(this.heard.ledger, null)
  // ---- On the disk
  readonly alarms = new AlarmDesk(this)
  readonly deliveries = new DeliveryDesk(this)
  #machine: DurableMachine<typeof communityGatewayMachine> | null = null
  #closedUntil = -1

  get epochKey(): string {
    return keyIdOf(`${this.account}:0`)
  }

  state(): DurableMachine<typeof communityGatewayMachine> | null {
    return this.#machine
  }

  protected async begin(): Promise<void> {
    this.ring.add(secretOf(`${this.account}:0`))
    this.#machine = this.machine({
      key: 'community-gateway',
      machine: communityGatewayMachine,
      input: { account: this.account },
      effects: {
        deployOrAttach: () => this.tell({ type: 'CONTRACTS_READY' }),
        announceKeys: () => this.#announce(),
        admit: (action) => this.#admit(String(paramOf(action, 'account'))),
        allocateQuotas: () => this.#allocate(),
        openRecords: () => undefined,
        closePeriod: (action) => this.#closePeriod(Number(paramOf(action, 'period'))),
        publishAlarms: () => this.alarms.publish(),
        lookAtExcesses: () => undefined,
        warnOperator: () => undefined,
      },
    })
    await this.#machine.start()
    this.#closedUntil = this.#machine.snapshot().context.period
    this.#tick()
  }

  async tell(event: Event): Promise<void> {
    await this.#machine?.send(event)
  }

  async hear(from: string, word: Word): Promise<Word> {
    switch (word.kind) {
      case 'join':
        if (word.account !== from) return { kind: 'not-yet' }
        if (this.members.has(from)) return { kind: 'welcome' }
        await this.tell({ type: 'JOIN_ASKED', account: from, peerKey: keyIdOf(from) })
        return { kind: 'not-yet' }
      case 'key':
        if (!this.members.has(from)) return { kind: 'not-yet' }
        return { kind: 'key-given', epoch: 0, sealed: this.#sealedKey(from, word.auxiliary) }
      default:
        return { kind: 'heard' }
    }
  }

  #sealedKey(home: string, auxiliary: string): string {
    const binding = { sender: this.account, epoch: 0, slot: 0, delegation: 0 }
    return sealBytes(auxiliary, binding, Buffer.from(secretOf(`${home}:0`), 'hex'))
  }

  // ---- The effects of the machine

  async #announce(): Promise<void> {
    const call = { contract: 'monitoring', name: 'announceKeys', epoch: 0, keyId: this.epochKey } as const
    await this.askNow('announce:0', 'announceKeys', call)
    const ceilings = Object.entries(this.world.money.ceilings)
    for (const [resource, price] of ceilings) {
      const ceiling = { contract: 'trading', name: 'setCeiling', resource: Number(resource), price } as const
      await this.askNow(`ceiling:${resource}`, 'setCeiling', ceiling)
    }
  }

  async #admit(home: string): Promise<void> {
    await this.askNow(`admit:${home}`, 'admit', { contract: 'monitoring', name: 'admit', home })
  }

  /** The community divides once all homes of its list have their keys. */
  async #allocate(): Promise<void> {
    const { world } = this
    const keyed = [...this.members.values()].filter((state) => state === 'keyed').length
    if (keyed < world.homes.length || this.revision.get() !== null) return
    const contract = world.communityContract
    const parts = divideContract(contract, world.contributions)
    world.watch.divided(contract, world.contributions, parts)
    const { energyWh, powerW, waterMl } = contract
    const fromPeriod = periodOf(
      Math.floor(world.time.nowMs() / world.times.sampleMs),
      world.times.slotsPerBilling,
    )
    await this.store.transaction(this.life, async (trx) => {
      const set = {
        contract: 'quota',
        name: 'setCommunityContract',
        fromPeriod,
        energyWh,
        powerW,
        waterMl,
      } as const
      await this.ask(trx, 'contract:1', 'setCommunityContract', set)
      for (let first = 0; first < parts.length; first += PARTS_A_CALL) {
        const some = parts.slice(first, first + PARTS_A_CALL)
        await this.ask(trx, `allocate:1:${first}`, 'allocate', allocation(1, some))
      }
      await this.ask(trx, 'close:1', 'closeAllocation', {
        contract: 'quota',
        name: 'closeAllocation',
        revision: 1,
      })
    })
  }

  async #closePeriod(period: number): Promise<void> {
    const counted = homesInTotal({ period, homes: this.#anchored(period), published: this.publishedTotals() })
    this.world.watch.counted(period, this.#anchored(period), counted)
    if (counted.ok && !this.totals.has(period)) {
      const totals = this.#totalsOf(period, counted.homes)
      const call = {
        contract: 'monitoring',
        name: 'publishTotal',
        period,
        homes: [...counted.homes],
        totals,
      } as const
      await this.askNow(`total:${period}`, 'publishTotal', call)
    }
    await this.tell({ type: 'PERIOD_CLOSED', period })
  }

  publishedTotals(): ReadonlyMap<number, readonly string[]> {
    return new Map(this.totals.entries())
  }

  #anchored(period: number) {
    return this.world.homes.map(({ account }) => ({
      account,
      periods: [period - 1, period].filter((each) => this.anchors.has(`${account}:${each}`)),
    }))
  }

  #totalsOf(period: number, homes: readonly string[]): [number, number, number] {
    const sums: [number, number, number] = [0, 0, 0]
    for (const home of homes) {
      const [start, end] = [period - 1, period].map((each) => {
        return this.readings.get(`${home}:${this.anchors.get(`${home}:${each}`) ?? -1}`)?.essential
      })
      if (start === undefined || end === undefined) continue
      sums[0] += end.energyImportWh - start.energyImportWh
      sums[1] += end.energyExportWh - start.energyExportWh
      sums[2] += end.waterMl - start.waterMl
    }
    return sums
  }

  #tick(): void {
    const { life, world } = this
    world.time.after(TICK_MS, () => {
      if (life.dead) return
      const { sampleMs, slotsPerBilling } = world.times
      const slot = Math.floor(world.time.nowMs() / sampleMs)
      const late = CLOSE_AFTER_SLOTS + world.options.batch
      const settled = periodOf(slot - late, slotsPerBilling) - 1
      if (settled > this.#closedUntil && settled >= world.firstPeriod) {
        this.#closedUntil = settled
        void this.tell({ type: 'PERIOD_ENDED', period: settled })
      }
      this.#tick()
    })
  }

  // ---- What the chain says

  protected chosen({ all }: Heard): readonly HeardFact[] {
    return all
  }

  protected apply(facts: readonly HeardFact[], block: ChainBlock): (() => void)[] {
    const then: (() => void)[] = []
    let readings = 0
    let drafted = 0
    for (const fact of facts) {
      if (fact.told.name === 'Reading') {
        readings += 1
        drafted += this.#open(fact.told, block)
      } else this.#hear(fact, then)
    }
    if (readings > 0) {
      this.#post({ type: 'RECORDS_SEEN', count: readings }, then)
      this.#post({ type: 'READINGS_OPENED', accepted: readings, faulty: 0 }, then)
    }
    if (drafted > 0) this.#post({ type: 'ALARMS_DRAFTED', count: drafted }, then)
    this.deliveries.apply(facts)
    return then
  }

  #hear({ told }: HeardFact, then: (() => void)[]): void {
    switch (told.name) {
      case 'CommunityKeysAnnounced': {
        const { epoch } = told
        this.#post({ type: 'KEYS_ANNOUNCED', epoch }, then)
        return
      }
      case 'HomeAdmitted': {
        const { home: account } = told
        this.members.set(account, 'admitted')
        this.#post({ type: 'MEMBER_ADMITTED', account }, then)
        return
      }
      case 'OperationKeyPublished': {
        if (told.delegation !== 0) return
        const { home: account } = told
        this.members.set(account, 'keyed')
        this.#post({ type: 'MEMBER_KEYED', account }, then)
        return
      }
      case 'CommunityContractSet':
        this.revision.set({ number: told.revision, closed: false })
        return
      case 'QuotaAllocated':
        this.parts.set(told.home, told)
        return
      case 'AllocationClosed':
        this.revision.set({ number: told.revision, closed: true })
        return
      case 'QuotaMoved':
        this.#exchange(told.seller, told.period, told.resource, -told.amount)
        this.#exchange(told.buyer, told.period, told.resource, told.amount)
        return
      case 'AnchorKept':
        this.anchors.set(`${told.home}:${told.period}`, told.slot)
        return
      case 'TotalPublished':
        this.totals.set(told.period, told.homes)
        return
      case 'Alarm':
        this.lastAlarm.set(told.number)
        if (this.alarms.published(told.number)) this.#post({ type: 'ALARMS_PUBLISHED', count: 1 }, then)
    }
  }

  #exchange(home: string, period: number, resource: number, by: number): void {
    const key = `${home}:${period}:${resource}`
    this.exchanged.set(key, (this.exchanged.get(key) ?? 0) + by)
  }

  /** Told within the transaction of the facts, so that no death comes between. */
  #post(event: Event, then: (() => void)[]): void {
    this.#machine?.post(event)
    then.push(() => void this.#machine?.drain())
  }

  /** Opens a reading, checks it, follows the use of quotas by it; gives how many alarms it brought. */
  #open(told: HeardFact['told'] & { name: 'Reading' }, block: ChainBlock): number {
    const { home, slot, epoch, delegation, payload } = told
    const essential = openEssential(this.ring, { sender: home, epoch, slot, delegation }, payload)
    if (essential === null) {
      this.world.watch.break('reading-unopened', `the reading of slot ${slot} of ${home} does not open`)
      return 0
    }
    this.readings.set(`${home}:${slot}`, { home, slot, delegation, essential })
    this.world.watch.accepted(home, slot, essential)
    const alarms = this.#judge(home, slot, essential)
    return alarms.filter((alarm) => this.alarms.draft(home, alarm, block.timestampMs)).length
  }

  #judge(home: string, slot: number, essential: EssentialData): AlarmDraft[] {
    const { slotsPerBilling } = this.world.times
    const period = periodOf(slot, slotsPerBilling)
    const before = this.uses.get(home)
    const mark = markOf(slot, essential)
    const same = before?.period === period ? before : undefined
    const start = same?.start ?? before?.newest ?? mark
    const peakPowerW = Math.max(same?.use.peakPowerW ?? 0, mark.peakPowerW)
    const use = periodUse(start, { ...mark, peakPowerW })
    this.uses.set(home, { period, start, use, newest: mark })
    const quota = this.quotaOf(home, period)
    if (quota === null) return []
    const alarms = alarmsFor(same?.use ?? null, use, quota)
    this.world.watch.judged({
      home,
      slot,
      before: same?.use ?? null,
      start,
      mark: { ...mark, peakPowerW },
      use,
      quota,
      alarms,
    })
    return alarms
  }

  quotaOf(home: string, period: number): Allowance | null {
    const part = this.parts.get(home)
    if (part === undefined) return null
    const by = (resource: number) => this.exchanged.get(`${home}:${period}:${resource}`) ?? 0
    return { energyWh: part.energyWh + by(1), powerW: part.powerW + by(2), waterMl: part.waterMl + by(3) }
  }

  /** What a home used above its quota in a closed period; null where an end is not known. */
  useOf(home: string, period: number): { energyWh: number; waterMl: number } | null {
    const ends = [period - 1, period].map((each) => {
      const slot = this.anchors.get(`${home}:${each}`)
      return slot === undefined ? undefined : this.readings.get(`${home}:${slot}`)?.essential
    })
    const [start, end] = ends
    if (start === undefined || end === undefined) return null
    return { energyWh: end.energyImportWh - start.energyImportWh, waterMl: end.waterMl - start.waterMl }
  }

  protected undoing = (): void => undefined

  protected undone(): void {
    this.deliveries.undone()
  }

  protected looked(block: ChainBlock): void {
    this.deliveries.looked(block)
    if (this.alarms.left() > 0) void this.alarms.publish()
  }

  protected outcome({ id, kind }: Intent, { state, error }: Outcome): void {
    if (state !== 'failed') return
    this.world.watch.failed(this, id, kind, error ?? '')
    if (kind === 'alarms') void this.alarms.refused()
  }
}

function allocation(revision: number, parts: readonly HomeAllowance[]) {
  return {
    ...({ contract: 'quota', name: 'allocate' } as const),
    revision,
    homes: parts.map(({ account }) => account),
    energyWh: parts.map(({ energyWh }) => energyWh),
    powerW: parts.map(({ powerW }) => powerW),
    waterMl: parts.map(({ waterMl }) => waterMl),
  }
}
