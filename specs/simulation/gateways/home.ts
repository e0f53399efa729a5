import { smartGatewayMachine } from '../../../actors/smart-gateway/machine.ts'
import { createSlotCollector, type SlotCollector } from '../../../actors/smart-gateway/slot-collector.ts'
import type { Intent, Outcome } from '../../../actors/contract-proxy/call.ts'
import type { Staged } from '../../../actors/durable-snapshot.ts'
import type { ChainBlock } from '../../../chain/proxy/block.ts'
import { decodeAlarm, type Alarm } from '../../../protocols/messages/alarm-payload.ts'
import { packRecords } from '../../../protocols/messages/record.ts'
import {
  DEFAULT_LIMITS,
  type HomeSettings,
  type HomeState,
  NEW_HOME,
} from '../../../protocols/rules/home-registers.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import type { EssentialData, ReceivedFrame } from '../../../protocols/rules/reading.ts'
import type { NodeAccess } from '../chain/access.ts'
import type { Heard } from '../chain/heard.ts'
import { keyIdOf, KeyRing, openBytes, sealEssential, secretOf } from '../crypto.ts'
import type { Household } from '../household.ts'
import { Cell, Table } from '../ledger.ts'
import type { Hearer, Word } from '../transport.ts'
import type { World } from '../world.ts'
import { Gateway, type HeardFact } from './gateway.ts'
import { MarketDesk } from './market-desk.ts'
import type { DurableMachine } from './durable.ts'

const EXTENDED = new Uint8Array(32)
const RETRY_MS = 60_000
const NONE: readonly HeardFact[] = []

type HomeEvent = Parameters<DurableMachine<typeof smartGatewayMachine>['send']>[0]

/** A slot as the home's repository has it. */
export interface KeptSlot {
  readonly slot: number
  readonly essential: EssentialData
  /** The block that holds it; null before. */
  readonly state: 'sample' | 'sealed'
}

const slotOf = ({ params }: Staged): number => {
  const slot: unknown =
    typeof params === 'object' && params !== null ? Reflect.get(params, 'slot') : undefined
  return typeof slot === 'number' ? slot : -1
}

/** A home's gateway: it meters, seals, sends, hears its alarms and trades. */
export class HomeGateway extends Gateway implements Hearer {
  readonly household: Household
  readonly ring = new KeyRing()
  readonly index: number
  // ---- On the disk
  readonly slots = new Table<number, KeptSlot>(this.store.ledger)
  readonly registers = new Cell<HomeState>(this.store.ledger, NEW_HOME)
  /** What the chain told: slots that it holds, alarms, the community's key. */
  readonly included = new Table<number, number>(this.heard.ledger)
  readonly alarms = new Table<number, Alarm>(this.heard.ledger)
  readonly communityKey = new Cell<{ epoch: number; keyId: string } | null>(this.heard.ledger, null)
  readonly keyed = new Cell<boolean>(this.heard.ledger, false)
  readonly market: MarketDesk
  // ---- In memory
  readonly #street: number
  #machine: DurableMachine<typeof smartGatewayMachine> | null = null
  #collector: SlotCollector | null = null
  #gone: readonly number[] = []
  #samples = new Map<number, { essential: EssentialData; next: HomeState }>()

  constructor(world: World, index: number, account: string, access: NodeAccess, household: Household) {
    super(world, `home ${index}`, account, access)
    this.index = index
    this.#street = world.streetOf(account)
    this.household = household
    this.market = new MarketDesk(this)
  }

  get settings(): HomeSettings {
    const { powerBoard, waterBoard } = this.household
    const board = (boardId: number, kind: 'power' | 'water') =>
      ({ boardId, kind, keyed: true, afterRestart: 'from-zero' }) as const
    const boards = [board(powerBoard, 'power'), board(waterBoard, 'water')]
    return { sampleMs: this.world.times.sampleMs, boards, limits: DEFAULT_LIMITS }
  }

  state(): DurableMachine<typeof smartGatewayMachine> | null {
    return this.#machine
  }

  isOperating(): boolean {
    const value = this.#machine?.snapshot().value
    return typeof value === 'object' && 'operating' in value
  }

  protected async begin(): Promise<void> {
    this.#samples = new Map()
    this.#collector = createSlotCollector(this.settings, this.registers.get())
    this.#machine = this.machine({
      key: 'smart-gateway',
      machine: smartGatewayMachine,
      input: { account: this.account },
      stage: async (trx, action) => {
        if (action.type === 'sealReading') this.#keepSample(slotOf(action))
        if (action.type === 'submitReading') await this.#keepSealed(trx, slotOf(action))
      },
      effects: {
        findCommunity: () => this.tell({ type: 'COMMUNITY_FOUND' }),
        introduce: () => this.#introduce(),
        exchangeKeys: () => this.#exchangeKeys(),
        publishKey: () => this.#publishKey(),
        sealReading: (action) => this.#seal(slotOf(action)),
        tellPeople: () => undefined,
      },
    })
    await this.#machine.start()
    await this.market.begin()
  }

  /** Frames of the boards reach the gateway, if it runs. */
  take(frames: readonly ReceivedFrame[]): void {
    if (this.life.dead || this.#collector === null || !this.isOperating()) return
    for (const frame of frames) {
      for (const told of this.#collector.take(frame)) {
        if (told.kind === 'complete') {
          const { essential, next } = told.result
          this.#samples.set(told.slot, { essential, next })
          this.world.watch.completed(this, told.slot, essential)
          void this.tell({ type: 'READING_COMPLETE', slot: told.slot })
        } else if (told.kind === 'refused') {
          this.world.watch.refusedSlot(this, told.slot, told.reason)
          void this.tell({ type: 'READING_REFUSED', slot: told.slot, reason: told.reason.code })
        } else this.world.watch.refusedFrames(this, told.refusals.length)
      }
    }
  }

  async tell(event: HomeEvent): Promise<void> {
    await this.#machine?.send(event)
  }

  /** Tells the neighbours of an offer; the chain remains what counts. */
  gossip(subject: string): void {
    const auctionId = this.market.trades.get(subject)?.auction ?? ''
    const resource = this.market.trades.get(subject)?.order?.resource ?? 0
    const neighbour = this.world.homes[(this.index + 1) % this.world.homes.length]
    if (neighbour === undefined || neighbour === this) return
    void this.world.transport.tell(this, neighbour, { kind: 'offer-notice', auctionId, resource })
  }

  async hear(): Promise<Word> {
    return { kind: 'heard' }
  }

  // ---- The effects of the machine

  #keepSample(slot: number): void {
    const sample = this.#samples.get(slot)
    if (sample === undefined) throw new Error(`slot ${slot} completed without its sample`)
    this.slots.set(slot, { slot, essential: sample.essential, state: 'sample' })
    this.registers.set(sample.next)
    this.#samples.delete(slot)
    this.market.metered(slot, sample.essential)
  }

  async #seal(slot: number): Promise<void> {
    const kept = this.slots.get(slot)
    if (kept === undefined) throw new Error(`there is no sample of slot ${slot} to seal`)
    await this.tell({ type: 'READING_SEALED', slot, sequence: kept.essential.sequence })
  }

  async #keepSealed(trx: Parameters<Gateway['ask']>[0], slot: number): Promise<void> {
    const kept = this.slots.get(slot)
    const community = this.communityKey.get()
    if (kept === undefined || community === null) throw new Error(`slot ${slot} cannot be sealed`)
    // The effect that seals is done again after a death that came before its end was kept.
    if (kept.state === 'sealed') throw new Fault('already-sealed', `slot ${slot} is sealed`, { slot })
    const { keyId, epoch } = community
    const delegation = 0
    const binding = { sender: this.account, epoch, slot, delegation }
    const payload = sealEssential(keyId, binding, kept.essential)
    const { sequence } = kept.essential
    const record = packRecords([{ slot, sequence, epoch, extended: EXTENDED, payload }])
    const body = new Uint8Array(20 + record.length)
    body.set(Buffer.from(keyId.slice(2), 'hex'))
    body.set(record, 20)
    this.slots.set(slot, { ...kept, state: 'sealed' })
    this.world.watch.sealed(this, slot)
    const to = this.world.addressOf('monitoring')
    await this.outbox?.enqueue(trx, { id: `slot:${slot}`, kind: 'submit', to, data: body })
  }

  /** The community admits it by a call of its own: the word is said until the chain shows it. */
  async #introduce(): Promise<void> {
    await this.world.transport.ask(
      this,
      this.world.community,
      { kind: 'join', account: this.account },
      RETRY_MS,
    )
    await this.tell({ type: 'JOIN_ACCEPTED' })
  }

  async #exchangeKeys(): Promise<void> {
    const { world } = this
    const auxiliary = this.ring.add(secretOf(`auxiliary ${this.account}`))
    const answer = await world.transport.ask(
      this,
      world.community,
      { kind: 'key', account: this.account, auxiliary },
      RETRY_MS,
    )
    if (answer.kind !== 'key-given') throw new Error('the community gave no key')
    const { epoch } = answer
    const sender = world.community.account
    const secret = openBytes(this.ring, { sender, epoch, slot: 0, delegation: 0 }, answer.sealed)
    if (secret === null) throw new Error('the community gave no key of this home')
    this.ring.add(Buffer.from(secret).toString('hex'))
    await this.tell({ type: 'KEY_RECEIVED', epoch: answer.epoch })
  }

  async #publishKey(): Promise<void> {
    const epoch = this.communityKey.get()?.epoch ?? 0
    const keyId = keyIdOf(`${this.account}:${epoch}`)
    const call = { contract: 'monitoring', name: 'publishKey', epoch, delegation: 0, keyId } as const
    await this.askNow(`key:${epoch}`, 'publishKey', call)
  }

  // ---- What the chain says

  protected chosen({ everybody, ofHome, ofStreet }: Heard): readonly HeardFact[] {
    const mine = ofHome.get(this.account) ?? NONE
    const market = ofStreet.get(this.#street) ?? NONE
    if (mine.length + market.length === 0) return everybody
    return [...everybody, ...mine, ...market]
  }

  protected apply(facts: readonly HeardFact[]): (() => void)[] {
    const then: (() => void)[] = []
    for (const fact of facts) this.#hear(fact, then)
    this.market.apply(facts)
    return then
  }

  #hear({ told, block }: HeardFact, then: (() => void)[]): void {
    switch (told.name) {
      case 'CommunityKeysAnnounced':
        this.communityKey.set({ epoch: told.epoch, keyId: told.keyId })
        return
      case 'OperationKeyPublished': {
        const community = this.communityKey.get()
        if (told.home !== this.account || told.delegation !== 0 || community === null) return
        this.keyed.set(true)
        const { epoch, keyId } = community
        this.#post({ type: 'KEY_PUBLISHED', epoch, recipient: keyId }, then)
        return
      }
      case 'Reading': {
        if (told.home !== this.account) return
        const { slot } = told
        this.included.set(slot, block)
        this.#post({ type: 'READING_INCLUDED', slot }, then)
        return
      }
      case 'Alarm':
        if (told.home === this.account && told.delegation === 0) this.#openAlarm(told, then)
    }
  }

  /** Told within the transaction of the facts, so that no death comes between. */
  #post(event: HomeEvent, then: (() => void)[]): void {
    this.#machine?.post(event)
    then.push(() => void this.#machine?.drain())
  }

  #openAlarm(
    { number, epoch, envelope }: { number: number; epoch: number; envelope: string },
    then: (() => void)[],
  ): void {
    const binding = { sender: this.world.community.account, epoch, slot: 0, delegation: 0 }
    const plain = openBytes(this.ring, binding, envelope)
    if (plain === null) {
      this.world.watch.break('alarm-unread', `${this.name} cannot open alarm ${number}`)
      return
    }
    const alarm = decodeAlarm(plain)
    this.alarms.set(number, alarm)
    this.world.watch.alarmRead(this, alarm.t, this.world.time.nowMs())
    this.#post({ type: 'ALARM_OPENED', number }, then)
  }

  protected override undoing(from: number): void {
    this.market.undoing(from)
    this.#gone = [...this.included.entries()].filter(([, block]) => block >= from).map(([slot]) => slot)
  }

  protected undone(): void {
    for (const slot of this.#gone) this.#machine?.post({ type: 'READING_UNDONE', slot })
    this.#gone = []
    this.market.undone()
    void this.#machine?.drain()
  }

  protected looked(block: ChainBlock): void {
    this.market.looked(block)
  }

  protected outcome({ id, kind }: Intent, { state, error }: Outcome): void {
    if (state !== 'failed') return
    this.world.watch.failed(this, id, kind, error ?? '')
  }
}
