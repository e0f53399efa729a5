import type { KeyGrant } from '../smart-gateway/joining.ts'
import type { UseLimits } from '../../protocols/rules/care-limits.ts'
import { DELEGATED_FUNCTIONS } from '../../protocols/messages/delegation-terms.ts'
import type { DelegationTable } from '../storage/schema.ts'
import { acknowledgeWatched, isAcknowledged, type HandOver } from './acknowledging.ts'
import { startCaring, type CaringActor, type CaringPorts } from './live.ts'
import type { CaringLimits } from './machine.ts'

/** Slots in a row without a reading after which somebody should look. */
const SILENT_SLOTS = 3
/** Slots after which a neighbour's quota is looked up again. */
const QUOTA_LOOK_SLOTS = 10
/** Where readings are not delegated, no slot brings one and none is missed. */
const NEVER_SILENT = Number.MAX_SAFE_INTEGER

export interface CareDeskOptions extends Omit<CaringPorts, 'acknowledge'> {
  /** Slots that a reading may take on its way before its slot counts as silent. */
  readonly lateSlots: number
  /** Slots after which no acknowledgement is taken any more. */
  readonly graceSlots: number
  readonly handOver: HandOver
  /** The billing period of a slot. */
  readonly periodOf: (slot: number) => number
  /** What a home is held against in a period; null where no division holds. */
  readonly limitsOf: (home: string, period: number) => Promise<UseLimits | null>
  /** The newest epoch of the community's keys; null before the first. */
  readonly newestEpoch: () => Promise<number | null>
  /** The key of a delegation in the epoch of the moment, from the community. */
  readonly obtainKey: (delegation: number) => Promise<KeyGrant>
  /** Asks the contract to take it. */
  readonly publishKey: (delegation: number, grant: KeyGrant) => Promise<void>
}

/** The watch over the homes that this one cares for, one machine each. */
export interface CareDesk {
  /** Goes on with one home at a block; true when nothing of it is left to watch. */
  follow(row: DelegationTable, head: { readonly slot: number }): Promise<boolean>
  /** The watch is over. */
  end(row: DelegationTable): Promise<void>
  /** A person saw the alarms of a home. */
  saw(delegation: number): Promise<void>
  carings(): ReadonlyMap<number, CaringActor>
  stop(): Promise<void>
}

export const openCareDesk = (options: CareDeskOptions): CareDesk => new Desk(options)

const hasReadings = ({ functions }: DelegationTable): boolean =>
  (functions & DELEGATED_FUNCTIONS.readings) !== 0

const limitsOf = (row: DelegationTable): CaringLimits => ({
  peakPowerW: null,
  waterMlPerSlot: null,
  silentSlots: hasReadings(row) ? SILENT_SLOTS : NEVER_SILENT,
})

class Desk implements CareDesk {
  readonly #options: CareDeskOptions
  readonly #actors = new Map<number, CaringActor>()
  /** Delegations whose watch is known to be over. */
  readonly #over = new Set<number>()
  /** What is under way with the community gateway, by its name; it holds up nothing else. */
  readonly #errands = new Map<string, Promise<void>>()
  readonly #quotaLooked = new Map<number, { readonly period: number; readonly slot: number }>()
  #stopped = false

  constructor(options: CareDeskOptions) {
    this.#options = options
  }

  carings(): ReadonlyMap<number, CaringActor> {
    return this.#actors
  }

  async follow(row: DelegationTable, { slot }: { readonly slot: number }): Promise<boolean> {
    const actor = await this.#actorOf(row)
    await this.#feed(actor, row, slot)
    await this.#hearAlarms(actor, row)
    const watchedTo = actor.snapshot().context.watchedTo ?? row.from_slot - 1
    this.#errand(`key:${row.id}`, () => this.#renewKey(row, slot))
    this.#errand(`quota:${row.id}`, () => this.#learnQuota(actor, row, slot))
    this.#acknowledge(row.id, watchedTo)
    if (slot >= row.until_slot + this.#options.graceSlots) return true
    return watchedTo >= row.until_slot - 1 && (await isAcknowledged(this.#options.store, row.id))
  }

  async end(row: DelegationTable): Promise<void> {
    if (this.#over.has(row.id)) return
    // After a restart the watch may not have gone on yet; it ends all the same.
    const actor = await this.#actorOf(row)
    if (actor.snapshot().status === 'active') await actor.send({ type: 'CARE_ENDS' })
    this.#over.add(row.id)
    this.#actors.delete(row.id)
    await actor.stop()
  }

  async saw(delegation: number): Promise<void> {
    await this.#actors.get(delegation)?.send({ type: 'PERSON_SAW' })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.allSettled(this.#errands.values())
    await Promise.all([...this.#actors.values()].map((actor) => actor.stop()))
  }

  async #actorOf(row: DelegationTable): Promise<CaringActor> {
    const known = this.#actors.get(row.id)
    if (known !== undefined) return known
    const cared = { delegation: row.id, home: row.delegator, limits: limitsOf(row) }
    const ports = { ...this.#options, acknowledge: () => this.#wake(row) }
    const actor = await startCaring(ports, cared)
    this.#actors.set(row.id, actor)
    return actor
  }

  #wake(row: DelegationTable): void {
    const watchedTo = this.#actors.get(row.id)?.snapshot().context.watchedTo ?? null
    if (watchedTo !== null) this.#acknowledge(row.id, watchedTo)
  }

  #acknowledge(delegation: number, watchedTo: number): void {
    const { store, handOver } = this.#options
    this.#errand(`acknowledge:${delegation}`, () =>
      acknowledgeWatched(store, delegation, watchedTo, handOver),
    )
  }

  /** Something that needs the community gateway; what fails now is tried again at the next block. */
  #errand(name: string, work: () => Promise<void>): void {
    if (this.#stopped || this.#errands.has(name)) return
    const under = work()
      .catch((thrown: unknown) => this.#options.onFault(thrown, `care, ${name}`))
      .finally(() => this.#errands.delete(name))
    this.#errands.set(name, under)
  }

  /** Tells the machine of each slot in its order: what it brought, or that it is over and brought nothing. */
  async #feed(actor: CaringActor, row: DelegationTable, nowSlot: number): Promise<void> {
    const lateSlots = hasReadings(row) ? this.#options.lateSlots : 0
    for (;;) {
      const slot = (actor.snapshot().context.watchedTo ?? row.from_slot - 1) + 1
      if (slot >= row.until_slot || slot > nowSlot) return
      const reading = await this.#readingOf(row.id, slot)
      if (reading !== undefined) {
        const { peak_power_w: peakPowerW, water_ml: waterMl } = reading
        await actor.send({ type: 'READING', slot, peakPowerW, waterMl })
      } else if (nowSlot - slot > lateSlots) await actor.send({ type: 'NOTHING_CAME', slot })
      else return
    }
  }

  /** The neighbour's quotas are looked up in each period, and now and then: they are lent and sold. */
  async #learnQuota(actor: CaringActor, { delegator, id }: DelegationTable, slot: number): Promise<void> {
    const period = this.#options.periodOf(slot)
    const looked = this.#quotaLooked.get(id)
    if (looked !== undefined && looked.period === period && slot - looked.slot < QUOTA_LOOK_SLOTS) return
    this.#quotaLooked.set(id, { period, slot })
    const found = await this.#options.limitsOf(delegator, period)
    const { peakPowerW, waterMlPerSlot } = actor.snapshot().context.limits
    if (found === null || !this.#actors.has(id)) return
    if (found.peakPowerW === peakPowerW && found.waterMlPerSlot === waterMlPerSlot) return
    await actor.send({ type: 'QUOTA_KNOWN', ...found })
  }

  #readingOf(delegation: number, slot: number) {
    return this.#options.store.db
      .selectFrom('cared_reading')
      .select(['peak_power_w', 'water_ml'])
      .where('delegation', '=', delegation)
      .where('slot', '=', slot)
      .where('fault', 'is', null)
      .executeTakeFirst()
  }

  async #hearAlarms(actor: CaringActor, row: DelegationTable): Promise<void> {
    const alarms = await this.#options.store.db
      .selectFrom('alarm')
      .select('number')
      .where('about', '=', row.delegator)
      .where('seen', '=', 0)
      .orderBy('opened_at_ms')
      .execute()
    for (const { number } of alarms) await actor.send({ type: 'ALARM', number }, `alarm:${number}`)
  }

  /** In a new epoch the neighbour's readings go to the community alone until the new key is on the chain. */
  async #renewKey(row: DelegationTable, slot: number): Promise<void> {
    const { store, newestEpoch, obtainKey, publishKey } = this.#options
    const epoch = await newestEpoch()
    if (epoch === null || slot + 1 >= row.until_slot) return
    const known = await store.db
      .selectFrom('delegation_epoch_key')
      .select('epoch')
      .where('delegation', '=', row.id)
      .where('epoch', '=', epoch)
      .executeTakeFirst()
    if (known === undefined) await publishKey(row.id, await obtainKey(row.id))
  }
}
