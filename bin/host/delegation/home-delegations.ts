import { getBytes } from 'ethers'
import { openCareDesk, type CareDesk } from '../../../actors/caring/desk.ts'
import { keepCaredReadings, revertCaredReadings } from '../../../actors/caring/book.ts'
import type { ChainFact } from '../../../actors/chain-fact.ts'
import { applyDelegationFacts, revertDelegationFacts } from '../../../actors/delegation/chain-book.ts'
import { openDelegationDesk, type HomeDelegationDesk } from '../../../actors/delegation/desk.ts'
import { signedKeyOf } from '../../../actors/delegation/live.ts'
import { OVER, registeredAs } from '../../../actors/delegation/own-delegations.ts'
import { eraseDelegationKeys } from '../../../actors/smart-gateway/joining.ts'
import type { KeyGrant } from '../../../actors/smart-gateway/joining.ts'
import { readMeta } from '../../../actors/storage/meta.ts'
import type { Trx } from '../../../actors/storage/schema.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { createDelegationCalls, createDelegationReads } from '../../../chain/proxy/delegation-calls.ts'
import type { DelegationCalls, DelegationReads } from '../../../chain/proxy/delegation-calls.ts'
import type { ChainBlock } from '../../../chain/proxy/block.ts'
import {
  requireSignature,
  signRegistration,
  type TypedDataSigner,
} from '../../../protocols/crypto/registration.ts'
import type { OpeningKey } from '../../../protocols/crypto/recover-reading.ts'
import { DELEGATION_MAX_LIFE_MS, type DelegationMessage } from '../../../protocols/messages/delegation.ts'
import type { CommunityDescriptor } from '../../../protocols/messages/join.ts'
import { delegationDesk } from '../../../protocols/p2p/delegation-desk.ts'
import { sendDelegation, serveDelegation } from '../../../protocols/p2p/delegation.ts'
import type { PeerNode } from '../../../protocols/p2p/node.ts'
import { learnWhereabouts } from '../../../protocols/p2p/whereabouts.ts'
import { careLimits } from '../../../protocols/rules/care-limits.ts'
import { codeOf, Fault } from '../../../protocols/rules/fault.ts'
import { periodOf } from '../../../protocols/rules/units.ts'
import {
  type CounterForm,
  type DelegationActions,
  type DelegationChoice,
  type DelegationsView,
  type ProposeForm,
} from '../../../web/delegation-model.ts'
import { wallClock } from '../../clock.ts'
import type { ChainLink } from '../chain-link.ts'
import type { GatewayLog } from '../log.ts'
import { neighbourAt, requireFree, requireReward, slotAt, termsFrom } from './delegation-checks.ts'
import { DelegationPicture } from './delegation-picture.ts'
import { WatchKeyring } from './watch-keyring.ts'

/** A reading may take so long on its way before its slot counts as silent. */
const LATE_MS = 20_000
/** The contract takes readings, and the community acknowledgements, of so long ago or so many slots. */
const GRACE = { ms: 60_000, slots: 64 } as const
/** How long after an end the contract keeps a reward for the claim. */
const CLAIM_MS = 7 * 86_400_000
/** People sleep: an offer waits for a day at most, less what two clocks may be apart. */
const ANSWER_MS = DELEGATION_MAX_LIFE_MS - 300_000

export interface HomeDelegationsOptions {
  readonly store: Store
  readonly node: PeerNode
  readonly descriptor: CommunityDescriptor
  readonly token: string
  readonly chain: ChainLink
  readonly account: string
  readonly signer: TypedDataSigner
  readonly gatewayPeerId: string
  /** The key of a delegation in the epoch of the moment, exchanged with the community and kept. */
  readonly exchangeKey: (delegation: number) => Promise<KeyGrant>
  /** Offers of neighbours are taken without asking a person. */
  readonly accepts: boolean
  /** Its home has a relay that opens at too much power. */
  readonly hasRelay: boolean
  readonly log: GatewayLog
  readonly onChange: () => void
}

/** A home's part in delegations: what it hands over, and whom it cares for. */
export class HomeDelegations implements DelegationActions {
  readonly #options: HomeDelegationsOptions
  readonly #keys: WatchKeyring
  readonly #calls: DelegationCalls
  readonly #reads: DelegationReads
  readonly #care: CareDesk
  readonly #picture: DelegationPicture
  /** Homes whose readings and alarms concern this one, as topics have them. */
  readonly #watched = new Set<string>()
  #desk: HomeDelegationDesk | null = null
  #stopServing: (() => Promise<void>) | null = null
  #slot = -1
  /** Whether this home's readings may be about to change their reader. */
  #handingOver = true

  constructor(options: HomeDelegationsOptions) {
    const { descriptor, token, chain, store, account } = options
    const addresses = { monitoring: descriptor.monitoring, quota: descriptor.quota, token }
    this.#options = options
    this.#keys = new WatchKeyring(store, account)
    this.#calls = createDelegationCalls(addresses)
    this.#reads = createDelegationReads((to, data) => chain.read(to, data), addresses)
    this.#care = this.#openCare()
    this.#picture = new DelegationPicture({
      ...options,
      sampleMs: descriptor.sampleMs,
      stands: () => this.#desk?.stands() ?? [],
      carings: () => this.#care.carings(),
      onFault: (thrown) => options.log.fault(thrown, 'the picture of delegations'),
    })
  }

  /** The slot of the newest block whose facts are applied: every earlier block is known. */
  get appliedSlot(): number {
    return this.#slot
  }

  /** While the reader of this home's slots may change, each waits until it is certain. */
  get isHandingOver(): boolean {
    return this.#handingOver
  }

  /** What was known before a restart: to be called before the contracts are followed. */
  async load(): Promise<void> {
    const { store, account } = this.#options
    const rows = await store.db
      .selectFrom('own_delegation')
      .select(['delegation', 'peer'])
      .where('role', '=', 'delegatee')
      .where('delegation', 'is not', null)
      .execute()
    for (const { delegation } of rows) if (delegation !== null) await this.#keys.load(delegation)
    const cared = await store.db
      .selectFrom('delegation')
      .select('delegator')
      .where('delegatee', '=', account)
      .execute()
    for (const { delegator } of cared) this.#watched.add(topicOf(delegator))
  }

  /** Whether a log about this home, by its topic, is one that this home reads. */
  concerns(topic: string | undefined): boolean {
    return topic !== undefined && this.#watched.has(topic)
  }

  watchKeyOf(delegation: number, epoch: number): OpeningKey | null {
    return this.#keys.keyOf(delegation, epoch)
  }

  /** Writes what the contract told, in the transaction that moves the cursor. */
  async apply(trx: Trx, facts: readonly ChainFact[]): Promise<void> {
    const { descriptor, account, store } = this.#options
    const { chainId, monitoring, sampleMs } = descriptor
    const touched = await applyDelegationFacts(trx, facts, sampleMs)
    if (touched.length > 0) {
      const cared = await trx
        .selectFrom('delegation')
        .select('delegator')
        .where('delegatee', '=', account)
        .where('id', 'in', touched)
        .execute()
      store.afterCommit(trx, () => {
        for (const { delegator } of cared) this.#watched.add(topicOf(delegator))
        this.changed()
      })
    }
    const keyOf = (delegation: number, epoch: number) => this.#keys.keyOf(delegation, epoch)
    await keepCaredReadings(trx, facts, { chainId, monitoring, keyOf }, wallClock.nowMs())
  }

  async revert(trx: Trx, fromBlock: number): Promise<void> {
    await revertCaredReadings(trx, fromBlock)
    await revertDelegationFacts(trx, fromBlock)
    this.#options.store.afterCommit(trx, () => this.changed())
  }

  async open(): Promise<void> {
    const { node, descriptor, account } = this.#options
    this.#desk = await this.#openDesk()
    const { chainId, monitoring } = descriptor
    const place = { chainId, monitoring, account }
    const desk = this.#desk
    this.#stopServing = await serveDelegation(node, { ...place, take: (message) => desk.take(message) })
    this.#lookWhetherHandingOver()
    this.changed()
  }

  /** A block, after its facts were applied. */
  block({ number, timestampMs }: Pick<ChainBlock, 'number' | 'timestampMs'>): void {
    const { chain, descriptor } = this.#options
    this.#slot = slotAt(timestampMs, descriptor.sampleMs)
    if (this.#handingOver) chain.wake()
    this.#desk?.block({ number, slot: this.#slot, final: chain.view().final ?? -1 })
    this.changed()
  }

  #openCare(): CareDesk {
    const { store, log, node, gatewayPeerId, chain, descriptor, exchangeKey } = this.#options
    const { sampleMs } = descriptor
    const community = delegationDesk(node, gatewayPeerId)
    return openCareDesk({
      store,
      clock: wallClock,
      lateSlots: 1 + Math.ceil(LATE_MS / sampleMs),
      graceSlots: Math.max(GRACE.slots, Math.ceil(GRACE.ms / sampleMs)),
      periodOf: (slot) => periodOf(slot, descriptor.slotsPerBilling),
      limitsOf: async (home, period) => {
        const quota = await this.#reads.quotaOf(home, period)
        return quota === null ? null : careLimits(quota, descriptor.slotsPerBilling)
      },
      handOver: (delegation, slots) => community.acknowledge({ delegation, slots: [...slots] }),
      newestEpoch: async () => {
        const epoch = await readMeta(store.db, 'epoch')
        return epoch === null ? null : Number(epoch)
      },
      obtainKey: (delegation) => this.#obtainKey(delegation, exchangeKey),
      publishKey: async (delegation, grant) => {
        const call = this.#calls.publishKey(delegation, signedKeyOf(grant))
        const id = `delegation-key:${delegation}:${grant.epoch}`
        await store.transaction((trx) => chain.outbox.enqueue(trx, { id, kind: 'key', ...call }))
      },
      tell: (delegation, what) => {
        log.info({ delegation, what }, 'a neighbour’s home that this one cares for')
        this.changed()
      },
      onFault: (thrown, about) => log.fault(thrown, about),
    })
  }

  async #obtainKey(delegation: number, exchange: HomeDelegationsOptions['exchangeKey']): Promise<KeyGrant> {
    const grant = await exchange(delegation)
    await this.#keys.load(delegation)
    return grant
  }

  #openDesk(): Promise<HomeDelegationDesk> {
    const { store, chain, account, descriptor, signer, log, accepts } = this.#options
    const { chainId, monitoring, sampleMs } = descriptor
    const domain = { chainId, monitoring }
    return openDelegationDesk({
      store,
      clock: wallClock,
      outbox: chain.outbox,
      account,
      sampleMs,
      claimMs: CLAIM_MS,
      calls: this.#calls,
      allowance: () => this.#reads.allowanceOf(account),
      community: this.#community(),
      sign: (record) => signRegistration(signer, domain, record),
      requireSignature: (record, signature, by) => requireSignature(domain, record, signature, by),
      send: (message) => this.#send(message),
      capabilities: () => ({
        functions: ['readings', 'alarms'],
        hasRelay: this.#options.hasRelay,
        caringFor: this.#care.carings().size,
      }),
      accepts: () => accepts,
      tellPeople: (negotiation) =>
        log.info({ negotiation }, 'a delegation waits for an answer of the people'),
      eraseKeys: async (delegation) => {
        this.#keys.forget(delegation)
        await eraseDelegationKeys(store, account, delegation)
      },
      care: this.#care,
      look: () => chain.look(),
      onChange: () => {
        this.#lookWhetherHandingOver()
        this.changed()
      },
      onFault: (thrown, about) => log.fault(thrown, about),
    })
  }

  /** Homes keep no connection to each other: where a neighbour listens now is asked when it is not found. */
  async #send(message: DelegationMessage): Promise<void> {
    const { node, signer, descriptor, gatewayPeerId } = this.#options
    const say = () => sendDelegation(node, signer, descriptor, message)
    try {
      await say()
    } catch (thrown) {
      if (!['no-address', 'dial-failed'].includes(codeOf(thrown))) throw thrown
      await learnWhereabouts(node, gatewayPeerId, message.recipient)
      await say()
    }
  }

  #community() {
    const { node, gatewayPeerId, account, exchangeKey } = this.#options
    const desk = delegationDesk(node, gatewayPeerId)
    return {
      number: (negotiation: string, delegator: string) =>
        desk.number({ negotiation: getBytes(`0x${negotiation}`), delegator, delegatee: account }),
      key: (delegation: number) => this.#obtainKey(delegation, exchangeKey),
      witness: (delegation: number) => desk.witness(delegation),
    }
  }

  /** A delegation that is being registered, holds, or ends, moves the reader from one slot to the next. */
  #lookWhetherHandingOver(): void {
    const stands = this.#desk?.stands() ?? []
    this.#handingOver = stands.some(
      ({ own, state }) =>
        own.role === 'delegator' &&
        (state.matches('consented') ||
          state.matches('registered') ||
          state.matches('active') ||
          state.matches('ending')),
    )
  }

  // ---- What people ask

  #opened(): HomeDelegationDesk {
    if (this.#desk !== null) return this.#desk
    throw new Fault('delegations-closed', 'Delegations are being opened; try again in a moment.')
  }

  async propose({ requestId, peer, ...form }: ProposeForm): Promise<void> {
    const { node, account, store, descriptor } = this.#options
    const desk = this.#opened()
    if (desk.stands().some(({ own }) => own.negotiation === requestId)) return
    const nowMs = wallClock.nowMs()
    const neighbour = neighbourAt(node, account, peer)
    const terms = termsFrom(form, nowMs, descriptor.sampleMs)
    await requireFree(store, account, desk.stands(), slotAt(nowMs, descriptor.sampleMs))
    requireReward(terms.rewardMicroSct, await this.#reads.balanceOf(account))
    const own = { negotiation: requestId, role: 'delegator', peer: neighbour } as const
    await desk.propose(own, { terms, answerByMs: this.#answerByMs(terms.untilSlot, nowMs) })
    this.changed()
  }

  #answerByMs(untilSlot: number, nowMs: number): number {
    return Math.min(nowMs + ANSWER_MS, untilSlot * this.#options.descriptor.sampleMs)
  }

  async counter({ negotiation, ...form }: CounterForm): Promise<void> {
    const { descriptor, account } = this.#options
    const desk = this.#opened()
    const nowMs = wallClock.nowMs()
    const terms = termsFrom(form, nowMs, descriptor.sampleMs)
    const stand = desk.stands().find(({ own }) => own.negotiation === negotiation)
    if (stand?.own.role === 'delegator') {
      requireReward(terms.rewardMicroSct, await this.#reads.balanceOf(account))
    }
    const answerByMs = this.#answerByMs(terms.untilSlot, nowMs)
    await desk.person(negotiation, { type: 'PERSON_OFFERS', terms, answerByMs })
  }

  async accept({ negotiation }: DelegationChoice): Promise<void> {
    await this.#opened().person(negotiation, { type: 'PERSON_ACCEPTS' })
  }

  async decline({ negotiation }: DelegationChoice): Promise<void> {
    await this.#opened().person(negotiation, { type: 'PERSON_DECLINES' })
  }

  async end({ negotiation }: DelegationChoice): Promise<void> {
    await this.#opened().person(negotiation, { type: 'PERSON_ENDS' })
  }

  async saw({ negotiation }: DelegationChoice): Promise<void> {
    const { store } = this.#options
    const stand = this.#opened()
      .stands()
      .find(({ own }) => own.negotiation === negotiation)
    const row = await registeredAs(store, stand?.own.delegation ?? null)
    if (row === null) throw new Fault('delegation-unknown', 'There is no such delegation.')
    await store.transaction((trx) =>
      trx.updateTable('alarm').set({ seen: 1 }).where('about', '=', row.delegator).execute(),
    )
    await this.#care.saw(row.id)
    this.changed()
  }

  // ---- What pages show

  view(): DelegationsView {
    return this.#picture.view()
  }

  /** Something changed that a page shows. */
  changed(): void {
    this.#picture.changed()
  }

  /** Delegations that are over and not paid for yet, or not on the chain yet: a run's end waits for them. */
  pending(): number {
    const stands = this.#desk?.stands() ?? []
    return stands.filter(
      ({ own, state }) =>
        !OVER.includes(own.state) &&
        (state.matches({ consented: 'registering' }) || state.matches('ending') || state.matches('ended')),
    ).length
  }

  async close(): Promise<void> {
    await this.#stopServing?.()
    await this.#desk?.stop()
  }
}

const topicOf = (account: string): string => `0x${account.slice(2).padStart(64, '0')}`
