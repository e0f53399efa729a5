import type { Interface } from 'ethers'
import { draftAlarm } from '../../actors/alarm-draft.ts'
import type { AlarmSender } from '../../actors/alarm-sender.ts'
import type { Allocator, QuotaBook } from '../../actors/community-gateway/allocation.ts'
import type { AcceptedReading, Collector } from '../../actors/community-gateway/collector.ts'
import type { DelegationDesk } from '../../actors/community-gateway/delegation-desk.ts'
import type { ExcessDesk, Withdrawn } from '../../actors/community-gateway/excess-desk.ts'
import type { FactsTold } from '../../actors/community-gateway/facts.ts'
import type { CommunityActor } from '../../actors/community-gateway/live.ts'
import type { MembershipDesk } from '../../actors/community-gateway/membership.ts'
import { closePeriod } from '../../actors/community-gateway/period-close.ts'
import type { QuotaControl } from '../../actors/community-gateway/quota-control.ts'
import type { RecoveryPool } from '../../actors/community-gateway/recovery/pool.ts'
import type { Store } from '../../actors/storage/store.ts'
import type { Contracts } from '../../chain/contracts-file.ts'
import type { ExtendedReceiver } from '../../protocols/p2p/extended.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import { bytesOfHex } from '../../protocols/p2p/peer-record.ts'
import type { BoardKind } from '../../protocols/rules/reading.ts'
import type { Fault } from '../../protocols/rules/fault.ts'
import { periodOf } from '../../protocols/rules/units.ts'
import type { CommunityView } from '../../web/read-model.ts'
import { servePages, type Pages } from '../../web/server/serve-pages.ts'
import { systemRandom, wallClock } from '../clock.ts'
import type { ChainLink } from './chain-link.ts'
import type { CommissionedKey, Commissioning } from './commissioning.ts'
import { withdrawalText } from './community-excess.ts'
import { followContracts } from './community-following.ts'
import { communityActions } from './community-actions.ts'
import type { CommunityPicture } from './community-picture.ts'
import { tallyOf, unfinished } from './community-tally.ts'
import type { CommunityConfig, CommunityOpened, CommunityTally, GatewayStatus } from './configs.ts'
import type { Epochs } from './epochs.ts'
import type { Invites } from './invites.ts'
import { listenOptions } from './listen-options.ts'
import type { GatewayLog } from './log.ts'
import { mismatchAlarm } from './mismatch-alarm.ts'
import type { CommunityMarket } from './market/community-market.ts'
import { SilenceWatch } from './silence-watch.ts'
import type { Voting } from './voting.ts'
import { warningWords } from './warning-words.ts'

/** Everything that the running gateway is made of. */
export interface CommunityParts {
  readonly config: CommunityConfig
  readonly contracts: Contracts
  readonly store: Store
  readonly chain: ChainLink
  readonly node: PeerNode
  readonly book: QuotaBook
  readonly quotas: QuotaControl
  readonly collector: Collector
  readonly alarms: AlarmSender
  readonly allocator: Allocator
  readonly excesses: ExcessDesk
  readonly desk: MembershipDesk
  readonly delegations: DelegationDesk
  readonly extended: ExtendedReceiver
  readonly picture: CommunityPicture
  readonly invites: Invites
  readonly commissioning: Commissioning
  readonly pool: RecoveryPool
  readonly monitoringFace: Interface
  readonly log: GatewayLog
  readonly tell: (event: Parameters<CommunityActor['send']>[0]) => void
  readonly market: CommunityMarket
  readonly epochs: Epochs
  /** Ends the desk that anchors archives. */
  readonly closeAnchors: () => void
}

const TICK_MS = 500
/** A period is closed once the readings after its end have had time to reach the chain. */
const CLOSE_AFTER_SLOTS = 4
const WARNINGS_MAX = 8

/** The community gateway while it runs: it feeds the machine, the page and the run with what happens. */
export class CommunityGateway {
  actor: CommunityActor | null = null
  voting: Voting | null = null
  readonly #parts: CommunityParts
  readonly #silence: SilenceWatch
  readonly #listeners = new Set<() => void>()
  readonly #warnings: string[] = []
  #pages: Pages | null = null
  #timer: NodeJS.Timeout | undefined
  #awayChain = false
  #closedUntil = -1

  constructor(parts: CommunityParts) {
    this.#parts = parts
    this.#silence = new SilenceWatch(this.#slot(), parts.config.gatherSlots)
  }

  /** Follows the contracts from where the store stands. */
  async follow(): Promise<void> {
    const { chain, market } = this.#parts
    await this.#loadMembers()
    await followContracts(this.#parts, {
      heard: (told, allocated) => this.#heard(told, allocated),
      rewound: (block) => this.#parts.tell({ type: 'CHAIN_REWOUND', block }),
    })
    await market.open()
    chain.onOutcome(({ kind, state, error, id }) => {
      if (state !== 'failed' && state !== 'rejected' && state !== 'lost') return
      this.#parts.log.warn({ id, kind, state, error }, 'a call did not go through')
      if (kind === 'alarms' && state !== 'rejected') void this.#parts.alarms.refused()
      if (kind === 'allocate') this.#parts.allocator.wake()
    })
    chain.onState((state) => {
      this.#awayChain = state !== 'following'
      if (!this.#awayChain) this.#chainIsBack()
      this.#parts.tell(state === 'stalled' ? { type: 'CHAIN_STALLED' } : { type: 'CHAIN_FOLLOWED' })
      this.changed()
    })
    chain.onBlock((block) => {
      this.#parts.picture.block({
        number: block.number,
        hash: block.hash,
        timeMs: block.timestampMs,
        transactions: block.receipts.length,
        gasUsed: Number(block.gasUsed),
      })
      this.#parts.excesses.wake()
      this.#parts.alarms.wake()
      this.changed()
    })
  }

  /** What could not be asked of the chain meanwhile is asked now; homes have their time to catch up. */
  #chainIsBack(): void {
    const { alarms, allocator } = this.#parts
    this.#silence.listenFrom(this.#slot())
    alarms.wake()
    allocator.wake()
  }

  async #loadMembers(): Promise<void> {
    const members = await this.#parts.store.db
      .selectFrom('member')
      .select(['account', 'peer_key', 'state', 'last_slot'])
      .where('state', 'in', ['admitted', 'active'])
      .execute()
    for (const { account, peer_key: peerKey, last_slot: lastSlot } of members) {
      this.#parts.node.membership.admit({ peerKey: bytesOfHex(peerKey), account })
      this.#silence.known(account, lastSlot)
    }
  }

  #heard(told: FactsTold, allocated: boolean): void {
    const { desk, node, tell, book, store, log, market } = this.#parts
    if (told.keyed.length > 0) market.membersChanged()
    for (const { account, peerKey } of told.admitted) {
      node.membership.admit({ peerKey, account })
      desk.admitted(account)
      this.#silence.known(account, null)
      tell({ type: 'MEMBER_ADMITTED', account })
    }
    for (const account of told.keyed) tell({ type: 'MEMBER_KEYED', account })
    for (const account of told.revoked) {
      this.#silence.forget(account)
      const peerKey = node.membership.findByAccount(account)?.peerKey
      if (peerKey !== undefined) node.membership.revoke(peerKey)
      tell({ type: 'MEMBER_REVOKED', account })
    }
    if (told.readings > 0) tell({ type: 'RECORDS_SEEN', count: told.readings })
    if (told.alarms > 0) tell({ type: 'ALARMS_PUBLISHED', count: told.alarms })
    if (told.alarms > 0) this.#parts.alarms.wake()
    if (told.excesses > 0) tell({ type: 'EXCESSES_TOLD' })
    if (allocated) {
      book.refresh(store.db).then(
        () => this.changed(),
        (thrown: unknown) => log.fault(thrown),
      )
    }
    const listed = told.admitted.length + told.alarms + told.delegations
    if (listed > 0 || allocated) this.#refresh()
    this.changed()
  }

  /** Starts the clockwork and the page. */
  async start(): Promise<void> {
    const { config, collector, alarms, allocator, epochs, log, picture } = this.#parts
    await picture.refresh()
    this.#closedUntil = this.#period() - 1
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    epochs.start()
    collector.wake()
    alarms.wake()
    allocator.wake()
    this.#pages = await servePages({
      view: () => this.view(),
      subscribe: (listener) => this.onChange(listener),
      listen: listenOptions(config.page, config.dataDir),
      actions: communityActions(this.#parts),
      clock: wallClock,
      random: systemRandom,
      logger: log,
      recordings: config.recordFile === null ? [] : [config.recordFile],
    })
  }

  #slot(): number {
    return Math.floor(wallClock.nowMs() / this.#parts.contracts.sampleMs)
  }

  #period(): number {
    return periodOf(this.#slot(), this.#parts.contracts.slotsPerBilling)
  }

  #tick(): void {
    const { config, contracts, tell } = this.#parts
    const slot = this.#slot()
    if (!this.#awayChain) for (const { home, alarm } of this.#silence.look(slot)) this.#draft(home, alarm)
    const late = CLOSE_AFTER_SLOTS + config.gatherSlots
    const settled = periodOf(Math.max(0, slot - late), contracts.slotsPerBilling) - 1
    if (settled > this.#closedUntil) {
      this.#closedUntil = settled
      tell({ type: 'PERIOD_ENDED', period: settled })
    }
  }

  #draft(home: string, alarm: Parameters<typeof draftAlarm>[2]): void {
    const { store, tell, log } = this.#parts
    store
      .transaction((trx) => draftAlarm(trx, home, alarm, wallClock.nowMs()))
      .then(
        (fresh) => fresh && tell({ type: 'ALARMS_DRAFTED', count: 1 }),
        (thrown: unknown) => log.fault(thrown),
      )
  }

  accepted(reading: AcceptedReading): void {
    const { home, slot, essential } = reading
    const { t: atMs, meanPowerW, peakPowerW, waterMl } = essential
    this.#silence.heard(home, slot)
    this.#parts.picture.accepted(reading)
    this.#pages?.notifyReading({
      home,
      slot,
      ...{ atMs, meanPowerW, peakPowerW, waterMl },
      importWh: essential.energyImportWh,
      exportWh: essential.energyExportWh,
    })
    this.#parts.extended.settle(home, slot).catch((thrown: unknown) => this.#parts.log.fault(thrown))
    this.changed()
  }

  mismatch(home: string, slot: number, code: string): void {
    this.#parts.log.warn({ home, slot, code }, 'a reading does not follow from its boards')
    this.#draft(home, mismatchAlarm(slot, code))
  }

  warn(code: string): void {
    // Of a stalled chain the watch over its signers tells more.
    if (code !== 'chain-stalled' || this.voting === null) this.#warn(warningWords(code))
  }

  /** Something is wrong with the chain or one of its signers. */
  chainAlarm({ code, message, facts }: Fault): void {
    this.#parts.log.warn({ code, ...facts }, message)
    this.#warn(message)
  }

  /** An excess was asserted that turned out wrong. */
  withdrawn(withdrawn: Withdrawn): void {
    this.#parts.log.warn(withdrawn, 'an excess was taken back')
    this.#warn(withdrawalText(withdrawn))
  }

  #warn(text: string): void {
    this.#warnings.unshift(text)
    this.#warnings.splice(WARNINGS_MAX)
    this.changed()
  }

  async closePeriod(period: number): Promise<void> {
    const { store, chain, contracts, config, monitoringFace, log } = this.#parts
    await closePeriod(period, {
      store,
      outbox: chain.outbox,
      abi: monitoringFace,
      monitoring: contracts.monitoring,
      leastHomes: config.leastHomesInTotal,
      onRefused: (which, refusal) =>
        log.warn({ period: which, ...refusal }, 'no community total for this period'),
    })
    this.#refresh()
  }

  #refresh(): void {
    this.#parts.picture.refresh().then(
      () => this.changed(),
      (thrown: unknown) => this.#parts.log.fault(thrown),
    )
  }

  /** Tells of every change of the view, until the function that it gives is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Something changed that the page shows. */
  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  view(): CommunityView {
    const { picture, contracts, config, chain, node, market } = this.#parts
    const connected = new Set(node.connectedMembers())
    const online = (account: string): boolean => {
      const member = node.membership.findByAccount(account)
      return member !== undefined && connected.has(member.peerId)
    }
    const homes = node.membership.list().length
    const few = config.leastHomesInTotal < 5
    return picture.view(
      { name: config.name, account: contracts.community.toLowerCase() },
      {
        phase: this.#awayChain ? 'degraded' : 'operating',
        text: this.#awayChain
          ? 'The chain does not answer; homes keep their readings.'
          : `${homes} homes report.`,
        away: this.#awayChain ? ['chain'] : [],
        chain: chain.view(),
        online,
        prices: market.prices(),
        warnings: [
          ...market.warnings(),
          ...(few ? ['Fewer than 5 homes count in a total: a home could be guessed from it.'] : []),
          ...this.#warnings,
        ],
      },
    )
  }

  opened(): CommunityOpened {
    const { community, monitoring, quota, token, trading, ...where } = this.#parts.contracts
    const { chainId, genesisHash, deployedAtBlock } = where
    return {
      account: community.toLowerCase(),
      page: this.#pages?.link ?? '',
      contracts: { monitoring, quota, token, trading },
      ...{ chainId, genesisHash, deployedAtBlock },
    }
  }

  get invites(): Invites {
    return this.#parts.invites
  }

  commission(homeName: string, kinds: readonly BoardKind[]): Promise<CommissionedKey[]> {
    return this.#parts.commissioning.commission(homeName, kinds)
  }

  install(homeName: string, keys: readonly CommissionedKey[]): Promise<void> {
    return this.#parts.commissioning.install(homeName, keys)
  }

  /** The homes are about to be switched off on purpose: nobody is to be alarmed. */
  rest(): void {
    this.#silence.rest()
  }

  saved(block: number): void {
    this.#parts.chain.saved(block)
  }

  async status(): Promise<GatewayStatus> {
    const { chain, store, market } = this.#parts
    await market.settle()
    const { waiting, notFinal } = await chain.counts()
    const standing = { joined: true, operating: true, unsettled: 0, notFinal, block: chain.applied() }
    return { ...standing, pending: waiting + (await unfinished(store)), line: this.view().state.text }
  }

  tally(): Promise<CommunityTally> {
    const { store, contracts, chain } = this.#parts
    return tallyOf(store, contracts.community.toLowerCase(), chain.forks())
  }

  async close(): Promise<void> {
    const { collector, allocator, chain, epochs, excesses, market, node, pool, store } = this.#parts
    clearInterval(this.#timer)
    this.#parts.closeAnchors()
    epochs.stop()
    collector.stop()
    allocator.stop()
    await this.#pages?.close()
    await this.actor?.stop()
    await market.close()
    await this.voting?.stop()
    await node.stop()
    await chain.close()
    await excesses.idle()
    await pool.close()
    await store.close()
  }
}
