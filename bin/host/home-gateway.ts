import { getAddress } from 'ethers'
import { createQuotaBook, type QuotaBook } from '../../actors/community-gateway/allocation.ts'
import { draftAlarm } from '../../actors/alarm-draft.ts'
import type { AlarmSender } from '../../actors/alarm-sender.ts'
import type { LinkNotice } from '../../actors/board-link/live.ts'
import type { HomeTold } from '../../actors/smart-gateway/facts.ts'
import type { HomeActor } from '../../actors/smart-gateway/live.ts'
import type { SmartGatewayEvent } from '../../actors/smart-gateway/machine.ts'
import { keepRefusals, keepRejected } from '../../actors/smart-gateway/readings.ts'
import {
  createSlotCollector,
  type CollectedSlot,
  type SlotCollector,
} from '../../actors/smart-gateway/slot-collector.ts'
import type { CompleteSample } from '../../actors/smart-gateway/readings.ts'
import { readCount } from '../../actors/storage/meta.ts'
import type { IntentState } from '../../actors/storage/schema.ts'
import type { Store } from '../../actors/storage/store.ts'
import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import type { HomeSettings, HomeState } from '../../protocols/rules/home-registers.ts'
import type { ReceivedFrame } from '../../protocols/rules/reading.ts'
import { refusalText } from '../../protocols/rules/silence.ts'
import { periodOf } from '../../protocols/rules/units.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import type { HomeView } from '../../web/read-model.ts'
import type { Pages } from '../../web/server/serve-pages.ts'
import { wallClock } from '../clock.ts'
import { standingOf } from './away-text.ts'
import { WAITING, type ChainLink } from './chain-link.ts'
import type { BoardConfig, GatewayStatus, HomeConfig, HomeTally, SealedSlot } from './configs.ts'
import { delegationTally } from './delegation-tally.ts'
import type { HomeDelegations } from './delegation/home-delegations.ts'
import type { HomeBoards } from './home-boards.ts'
import type { HomeExcesses } from './home-excesses.ts'
import type { HomePicture } from './home-picture.ts'
import type { HomePower } from './home-power.ts'
import { joiningView } from './joining-view.ts'
import type { GatewayLog } from './log.ts'
import { publishedAlarms, unpublishedAlarms } from './own-alarms.ts'
import { slotsIn } from './sent-slots.ts'
import type { HomeMarket } from './market/home-market.ts'

/** What a home has once it belongs to a community. */
export interface Attached {
  readonly descriptor: CommunityDescriptor
  readonly chain: ChainLink
  readonly picture: HomePicture
  readonly power: HomePower
  readonly boards: HomeBoards
  /** Publishes the home's own alarms. */
  readonly alarms: AlarmSender
  readonly excesses: HomeExcesses
  /** Null where the community has no market. */
  readonly market: HomeMarket | null
  /** What the home delegates, and whom it cares for; null where nothing can be delegated. */
  readonly delegations: HomeDelegations | null
}

export interface HomeParts {
  readonly config: HomeConfig
  readonly account: string
  readonly store: Store
  readonly node: PeerNode
  readonly log: GatewayLog
}

/** A home's gateway while it runs: frames in, readings and alarms out, the page in between. */
export class HomeGateway {
  actor: HomeActor | null = null
  /** What happened before its machine was there. */
  readonly #early: SmartGatewayEvent[] = []
  attached: Attached | null = null
  pages: Pages | null = null
  readonly book: QuotaBook = createQuotaBook()
  /** Complete samples on their way into the store. */
  readonly samples = new Map<number, CompleteSample>()
  readonly #parts: HomeParts
  readonly #listeners = new Set<() => void>()
  readonly #awayBoards = new Set<number>()
  #collector: SlotCollector | null = null
  #measured = false
  /** Whether frames of its boards count already. */
  isMetering: boolean

  constructor(parts: HomeParts) {
    this.#parts = parts
    this.isMetering = parts.config.meters === 'at-once'
  }

  /** Whether it is a member that can seal. */
  readonly hasJoined = (): boolean => this.actor?.snapshot().matches('operating') === true

  /** Frames count from now on; registers go on from `saved`. */
  meter(settings: HomeSettings, saved: HomeState): void {
    this.#collector = createSlotCollector(settings, saved)
  }

  frame(received: ReceivedFrame): void {
    const { attached } = this
    if (this.#collector === null || attached === null) return
    const { frame, receivedAtMs } = received
    const slot = Math.floor(receivedAtMs / attached.descriptor.sampleMs)
    if (frame.kind === 'power') attached.power.frame(frame, receivedAtMs, slot)
    attached.picture.frame(frame)
    for (const told of this.#collector.take(received)) this.#collected(told)
  }

  #collected(told: CollectedSlot): void {
    switch (told.kind) {
      case 'complete':
        this.samples.set(told.slot, told)
        this.#send({ type: 'READING_COMPLETE', slot: told.slot })
        return
      case 'refused':
        this.#refused(told)
        return
      case 'frames-refused': {
        const { refusals } = told
        for (const { code } of refusals) this.attached?.picture.refused(null, code, refusalText(code))
        this.#write((trx) => keepRefusals(trx, refusals, wallClock.nowMs()))
      }
    }
  }

  #refused(told: Extract<CollectedSlot, { kind: 'refused' }>): void {
    const state = this.#collector?.state()
    if (state === undefined) return
    this.#write((trx) => keepRejected(trx, told.slot, told.receivedAtMs, told.reason, state))
    const picture = this.attached?.picture
    if (picture !== undefined) {
      picture.counts.samples += 1
      picture.counts.rejected += 1
      picture.refused(null, told.reason.code, refusalText(told.reason.code))
    }
    this.#send({ type: 'READING_REFUSED', slot: told.slot, reason: told.reason.code })
    this.changed()
  }

  #write(work: Parameters<Store['transaction']>[0]): void {
    this.#parts.store.transaction(work).catch((thrown: unknown) => this.#parts.log.fault(thrown))
  }

  /** Its machine is there, and hears what happened meanwhile: it may remember otherwise. */
  began(actor: HomeActor): void {
    this.actor = actor
    for (const event of this.#early.splice(0)) this.#send(event)
  }

  #send(event: SmartGatewayEvent): void {
    if (this.actor === null) this.#early.push(event)
    else this.actor.send(event).catch((thrown: unknown) => this.#parts.log.fault(thrown))
  }

  /** A sample is in the store. */
  kept(sample: CompleteSample): void {
    const { picture } = this.attached ?? {}
    if (picture === undefined) return
    this.#measured = true
    picture.counts.samples += 1
    picture.reading(sample.slot, sample.result.essential, sample.result.frames)
    const { essential } = sample.result
    this.pages?.notifyReading({
      home: this.#parts.account,
      slot: sample.slot,
      atMs: essential.t,
      meanPowerW: essential.meanPowerW,
      peakPowerW: essential.peakPowerW,
      importWh: essential.energyImportWh,
      exportWh: essential.energyExportWh,
      waterMl: essential.waterMl,
    })
    this.changed()
  }

  /** A call with readings is final. */
  readingsFinal(intent: string): void {
    const { picture } = this.attached ?? {}
    if (picture === undefined) return
    slotsIn(this.#parts.store, intent).then(
      (slots) => {
        picture.counts.final += slots
        this.changed()
      },
      (thrown: unknown) => this.#parts.log.fault(thrown),
    )
  }

  /** What the chain told of this home. */
  heard(told: HomeTold, quotaChanged: boolean): void {
    const { picture, power } = this.attached ?? {}
    if (picture !== undefined) picture.counts.submitted += told.included.length
    for (const alarm of told.alarms) {
      const view = picture?.alarm(alarm)
      if (view !== undefined) this.pages?.notifyAlarm(view)
    }
    for (const alarm of told.ownAlarms) picture?.ownAlarmPublished(alarm)
    if (told.ownAlarms.length > 0) this.attached?.alarms.wake()
    for (const number of told.unreadable)
      this.#parts.log.warn({ number }, 'an alarm for this home cannot be opened')
    if (told.excesses > 0) this.excessesChanged()
    if (quotaChanged) {
      this.book.refresh(this.#parts.store.db).then(
        () => {
          const quota = this.quota()
          if (quota !== null) power?.contracted(quota.powerW)
          this.changed()
        },
        (thrown: unknown) => this.#parts.log.fault(thrown),
      )
    }
    this.changed()
  }

  /** A fork took readings off the chain; they are sent again. */
  undone(readings: number): void {
    if (this.attached !== null) this.attached.picture.counts.submitted -= readings
    this.excessesChanged()
  }

  /** An excess was asserted or settled, or the home's demand came to something. */
  excessesChanged(): void {
    this.attached?.excesses.refresh().then(
      () => this.changed(),
      (thrown: unknown) => this.#parts.log.fault(thrown),
    )
  }

  /** The home's quota at this moment, with what it exchanged. */
  quota() {
    const { attached } = this
    if (attached === null) return null
    return this.quotaAt(Math.floor(wallClock.nowMs() / attached.descriptor.sampleMs))
  }

  /** The home's quota as it was in a slot. */
  quotaAt(slot: number) {
    const { attached } = this
    if (attached === null) return null
    const period = periodOf(slot, attached.descriptor.slotsPerBilling)
    return this.book.quotaOf(this.#parts.account, period, slot)
  }

  boardNotice(notice: LinkNotice, kind: BoardConfig['kind']): void {
    if (notice.kind === 'away') {
      this.#parts.log.warn({ board: kind, reason: notice.reason }, 'a board is away')
      this.#awayBoards.add(notice.boardId)
      if (this.#awayBoards.size === 1) this.#send({ type: 'AWAY', what: 'boards' })
      if (this.#measured) {
        this.ownAlarm({
          code: 'board-away',
          severity: 'warning',
          resource: kind === 'comfort' ? 'none' : kind === 'power' ? 'power' : 'water',
          slot: Math.floor(wallClock.nowMs() / (this.attached?.descriptor.sampleMs ?? 1_000)),
          value: 0,
          limit: 0,
          text: `The ${kind} board does not answer.`,
        })
      }
    }
    if (notice.kind === 'back' && this.#awayBoards.delete(notice.boardId)) {
      this.#parts.log.info({ board: kind }, 'a board is back')
      if (this.#awayBoards.size === 0) this.#send({ type: 'BACK', what: 'boards' })
    }
    this.changed()
  }

  /** An alarm of the home's own: its people read it at once, and it goes on the chain, sealed to the home. */
  ownAlarm(draft: AlarmDraft): void {
    const { attached } = this
    if (attached === null) return
    const { store, account, log } = this.#parts
    this.pages?.notifyAlarm(attached.picture.ownAlarm(draft))
    store
      .transaction((trx) => draftAlarm(trx, account, draft, wallClock.nowMs()))
      .then(
        (fresh) => {
          if (fresh) attached.alarms.wake()
        },
        (thrown: unknown) => log.fault(thrown),
      )
    this.changed()
  }

  /** The boards are about to be switched off on purpose: nobody is alarmed, and no slot waits for more. */
  rest(): void {
    this.attached?.boards.stop()
    this.attached?.market?.rest()
    this.attached?.chain.hurry()
  }

  communityAway(away: boolean): void {
    this.#send(away ? { type: 'AWAY', what: 'community' } : { type: 'BACK', what: 'community' })
    this.changed()
  }

  chainState(state: string): void {
    const back = state === 'following'
    this.#send(back ? { type: 'BACK', what: 'chain' } : { type: 'AWAY', what: 'chain' })
    // An alarm that was drafted meanwhile could not be given its number.
    if (back) this.attached?.alarms.wake()
    this.changed()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  view(): HomeView {
    const { config, account } = this.#parts
    const who = { name: config.name, account, community: { name: 'community', account: null } }
    if (this.attached === null) {
      const refusal = this.actor?.snapshot().context.refusal
      return joiningView(who, refusal ?? 'Joining the community.', wallClock.nowMs())
    }
    const { descriptor, picture, power, boards, chain, excesses, market, delegations } = this.attached
    const away = this.actor?.snapshot().context.away ?? []
    const nowMs = wallClock.nowMs()
    return picture.view(
      { ...who, community: { name: descriptor.communityName, account: descriptor.community } },
      {
        ...standingOf(this.actor?.snapshot().matches('leaving') === true, away),
        away: away.map((each) => (each === 'community' ? 'cgw' : each)),
        boards: boards.views(),
        chain: chain.view(),
        control: power.state(),
        tripsAtMs: power.tripsAtMs(nowMs),
        excesses: excesses.views(),
        quota: this.quota(),
        market: market?.view() ?? null,
        delegations: delegations?.view() ?? null,
      },
    )
  }

  async status(): Promise<GatewayStatus> {
    const snapshot = this.actor?.snapshot()
    const block = this.attached?.chain.applied() ?? null
    const counts = (await this.attached?.chain.counts()) ?? { waiting: 0, notFinal: 0 }
    const refusal = snapshot?.context.refusal ?? null
    return {
      joined: this.hasJoined(),
      operating: this.hasJoined() && this.#measured,
      block,
      pending: counts.waiting + this.samples.size + (await unpublishedAlarms(this.#parts.store)),
      unsettled: await this.#unsettled(),
      notFinal: counts.notFinal,
      line: refusal ?? this.view().state.text,
    }
  }

  /** Auctions that are not decided, delegations that are not paid. */
  async #unsettled(): Promise<number> {
    const auctions = (await this.attached?.market?.pending()) ?? 0
    return auctions + (this.attached?.delegations?.pending() ?? 0)
  }

  async tally(): Promise<HomeTally> {
    const { store, account } = this.#parts
    const { db } = store
    const rows = await db
      .selectFrom('sealed')
      .innerJoin('sample', 'sample.slot', 'sealed.slot')
      .leftJoin('intent', 'intent.id', 'sealed.intent')
      .select(['sealed.slot as slot', 'sample.received_at_ms as received_at_ms', 'intent.state as state'])
      .execute()
    const slots: SealedSlot[] = rows.map(({ slot, received_at_ms, state }) => ({
      slot,
      receivedAtMs: received_at_ms,
      waiting: state !== null && WAITING.includes(state),
    }))
    const inStates = (states: readonly (IntentState | null)[]): number =>
      rows.filter(({ state }) => states.includes(state)).length
    return {
      account: getAddress(account).toLowerCase(),
      samples: await readCount(db, 'samples'),
      rejected: await readCount(db, 'rejected'),
      sealed: await readCount(db, 'sealed'),
      submitted: rows.length - inStates(['queued', 'signed', null]),
      final: inStates(['final']),
      alarmsRead: await readCount(db, 'alarms-read'),
      alarmsSent: await publishedAlarms(this.#parts.store),
      slots,
      ...(await delegationTally(this.#parts.store, account, this.attached?.descriptor ?? null)),
      reorgs: this.attached?.chain.forks() ?? 0,
      memoryMb: Math.round(process.memoryUsage.rss() / 1_048_576),
    }
  }

  /** Calm words for a log about why the home could not start. */
  failed(thrown: unknown): void {
    this.#parts.log.error({}, `the home cannot go on: ${messageOf(thrown)}`)
  }
}
