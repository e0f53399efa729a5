import { getBytes } from 'ethers'
import { z } from 'zod'
import { keepCaredReadings, revertCaredReadings } from '../../actors/caring/book.ts'
import { openCareDesk, type CareDesk } from '../../actors/caring/desk.ts'
import { createAccountOutbox, createContractProxy, type Outcome } from '../../actors/contract-proxy/live.ts'
import { applyDelegationFacts, revertDelegationFacts } from '../../actors/delegation/chain-book.ts'
import { openDelegationDesk, type HomeDelegationDesk } from '../../actors/delegation/desk.ts'
import type { Witness } from '../../actors/delegation/ports.ts'
import type { StepRecord } from '../../actors/durable.ts'
import type { OutboxPort } from '../../actors/outbox-port.ts'
import { eraseDelegationKeys, type KeyGrant } from '../../actors/smart-gateway/joining.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { WatchKeyring } from '../../bin/host/delegation/watch-keyring.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import type { Contracts } from '../../chain/contracts-file.ts'
import { createDelegationCalls, createDelegationReads } from '../../chain/proxy/delegation-calls.ts'
import type { ChainFeed } from '../../chain/proxy/feed.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import {
  requireSignature,
  signRegistration,
  type TypedDataSigner,
} from '../../protocols/crypto/registration.ts'
import type { DelegationMessage } from '../../protocols/messages/delegation.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { isSending, isTold, quiet, until } from '../market/trading-home.ts'

const FINAL_DEPTH = 3
const LATE_SLOTS = 1
const GRACE_SLOTS = 64
/** A call that needs another's block first is not waited for. */
const SENDING_LOOKS = 20
/** What the community lets a home draw. */
export const QUOTA_W = 1_000
/** More than a home of these specs lets run in a slot. */
export const QUOTA_ML = 1_000_000
const PERIOD_SLOTS = 400
const hexData = z.string()

/** What lies outside of a home: its neighbour, and the community gateway. */
export interface Outside {
  send(message: DelegationMessage): Promise<void>
  number(negotiation: string, delegator: string): Promise<number>
  /** The key's grant, and what opens what is sealed to it. */
  key(delegation: number): Promise<{ readonly grant: KeyGrant; readonly secret: Uint8Array }>
  acknowledge(
    delegation: number,
    slots: readonly { readonly slot: number; readonly receipt: Uint8Array }[],
  ): Promise<{ readonly taken: readonly number[]; readonly refused: readonly number[] }>
  witness(delegation: number): Promise<Witness>
}

export interface WatchingHomeOptions {
  readonly feed: ChainFeed
  readonly contracts: Contracts
  readonly key: Uint8Array
  readonly signer: TypedDataSigner
  readonly file: string
  readonly fromBlock: number
  readonly clock: Clock
  readonly outside: Outside
  /** A person is about to be asked. */
  readonly onAsking: () => void
  readonly onStep: (record: StepRecord) => void
  readonly onOutcome: (kind: string, outcome: Outcome) => void
}

/** A home's part in delegations with everything real about it, but no boards and no network. */
export interface WatchingHome {
  readonly account: string
  readonly store: Store
  readonly desk: HomeDelegationDesk
  readonly care: CareDesk
  readonly outbox: OutboxPort
  /** Resolves when what the newest block says is heard, and what follows from it is sent. */
  settled(): Promise<void>
}

async function openOutbox(options: WatchingHomeOptions, store: Store): Promise<OutboxPort> {
  const { feed, key, clock, onOutcome } = options
  const outbox = await createAccountOutbox({
    ...{ store, feed, clock, signerKey: key, abis: [monitoringAbi, tokenAbi, quotaAbi] },
    isFinal: ({ number }) => number <= (feed.head()?.number ?? 0) - FINAL_DEPTH,
    onOutcome: ({ kind }, outcome) => onOutcome(kind, outcome),
    onFault: () => undefined,
  })
  return { enqueue: (trx, call) => outbox.enqueue(trx, { ...call, data: getBytes(call.data) }) }
}

/** Asks the community for a key and keeps it, under the names that the home reads and erases it by. */
async function obtainKey({ outside }: WatchingHomeOptions, opened: Opened, delegation: number) {
  const { store, account, keys } = opened
  const { grant, secret } = await outside.key(delegation)
  const row = { owner: account, purpose: `delegation-key:${delegation}`, epoch: grant.epoch }
  await store.db
    .insertInto('secret')
    .values({ ...row, value: secret })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await keys.load(delegation)
  return grant
}

interface Opened {
  readonly store: Store
  readonly account: string
  readonly keys: WatchKeyring
  readonly outbox: OutboxPort
}

function openCare(options: WatchingHomeOptions, opened: Opened): CareDesk {
  const { clock, outside, onStep } = options
  return openCareDesk({
    ...{ store: opened.store, clock, lateSlots: LATE_SLOTS, graceSlots: GRACE_SLOTS, inspect: onStep },
    handOver: (delegation, slots) => outside.acknowledge(delegation, slots),
    periodOf: (slot) => Math.floor(slot / PERIOD_SLOTS),
    limitsOf: async () => ({ peakPowerW: QUOTA_W, waterMlPerSlot: QUOTA_ML }),
    newestEpoch: async () => 0,
    obtainKey: (delegation) => obtainKey(options, opened, delegation),
    publishKey: async () => undefined,
    tell: () => undefined,
    onFault: () => undefined,
  })
}

function openDesk(options: WatchingHomeOptions, opened: Opened, care: CareDesk) {
  const { feed, contracts, clock, outside, signer, onStep, onAsking } = options
  const { chainId, monitoring, quota, token, sampleMs } = contracts
  const { store, account, keys, outbox } = opened
  const domain = { chainId, monitoring }
  const read = (to: string, data: string) => feed.rpc.call('eth_call', [{ to, data }, 'latest'], hexData)
  const reads = createDelegationReads(read, { monitoring, quota, token })
  return openDelegationDesk({
    ...{ store, clock, outbox, account, sampleMs, care, inspect: onStep },
    claimMs: CLAIM_MS,
    calls: createDelegationCalls({ monitoring, quota, token }),
    allowance: () => reads.allowanceOf(account),
    community: {
      number: (negotiation, delegator) => outside.number(negotiation, delegator),
      key: (delegation) => obtainKey(options, opened, delegation),
      witness: (delegation) => outside.witness(delegation),
    },
    sign: (record) => signRegistration(signer, domain, record),
    requireSignature: (record, signature, by) => requireSignature(domain, record, signature, by),
    send: (message) => outside.send(message),
    capabilities: () => ({ functions: ['readings', 'alarms'], hasRelay: false, caringFor: 0 }),
    accepts: () => {
      onAsking()
      return false
    },
    tellPeople: () => undefined,
    eraseKeys: async (delegation) => {
      keys.forget(delegation)
      await eraseDelegationKeys(store, account, delegation)
    },
    look: () => feed.poke(),
    onChange: () => undefined,
    onFault: () => undefined,
  })
}

/** So long the contract keeps a reward for the claim. */
export const CLAIM_MS = 7 * 86_400_000

/** Follows the contract; called before the desk opens, as a gateway does. */
async function follow({ feed, contracts, fromBlock, clock }: WatchingHomeOptions, opened: Opened) {
  const { chainId, monitoring, sampleMs } = contracts
  const { keys, store } = opened
  const known = await store.db
    .selectFrom('own_delegation')
    .select('delegation')
    .where('role', '=', 'delegatee')
    .execute()
  for (const { delegation } of known) if (delegation !== null) await keys.load(delegation)
  const keyOf = (delegation: number, epoch: number) => keys.keyOf(delegation, epoch)
  return createContractProxy({
    ...{ store, feed, name: 'monitoring', address: monitoring, abi: monitoringAbi, start: fromBlock },
    apply: async (trx, facts) => {
      await applyDelegationFacts(trx, facts, sampleMs)
      await keepCaredReadings(trx, facts, { chainId, monitoring, keyOf }, clock.nowMs())
    },
    revert: async (trx, from) => {
      await revertCaredReadings(trx, from)
      await revertDelegationFacts(trx, from)
    },
  })
}

/** Opens a home's desks on its store, its outbox and the contract, or goes on where it stopped. */
export async function openWatchingHome(options: WatchingHomeOptions): Promise<WatchingHome> {
  const { feed, key, file, contracts } = options
  const store = await openStore({ file })
  const account = createSigner(key).account
  const outbox = await openOutbox(options, store)
  const opened = { store, account, keys: new WatchKeyring(store, account), outbox }
  const proxy = await follow(options, opened)
  const care = openCare(options, opened)
  const desk = await openDesk(options, opened, care)
  const settled = async (): Promise<void> => {
    await proxy.caughtUp()
    await until(() => isTold(store, feed, account))
    const head = feed.head()
    if (head === undefined) return
    const { number, timestampMs } = head
    desk.block({ number, slot: Math.floor(timestampMs / contracts.sampleMs), final: number - FINAL_DEPTH })
    await desk.idle()
    await quiet(() => isSending(store, feed, account), SENDING_LOOKS)
  }
  return { account, store, desk, care, outbox, settled }
}
