import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getBytes, hexlify, Interface } from 'ethers'
import { z } from 'zod'
import { createCollector, type Collector } from '../../actors/community-gateway/collector.ts'
import type { DelegationDesk } from '../../actors/community-gateway/delegation-desk.ts'
import { applyFacts, revertFacts } from '../../actors/community-gateway/facts.ts'
import { openKeyring, type Keyring } from '../../actors/community-gateway/keyring.ts'
import { issueKey } from '../../actors/community-gateway/membership.ts'
import { createOpeningKeys, type OpeningKeys } from '../../actors/community-gateway/opening-keys.ts'
import { createQuotaControl } from '../../actors/community-gateway/quota-control.ts'
import { createRecoveryPool, type RecoveryPool } from '../../actors/community-gateway/recovery/pool.ts'
import type { OutboxPort } from '../../actors/outbox-port.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { ContractLab, LAB_SETTINGS } from '../../bench/contract-lab.ts'
import { DelegationLab, party } from '../../bench/delegation-lab.ts'
import { systemRandom, wallClock } from '../../bin/clock.ts'
import { openChainLink, type ChainLink } from '../../bin/host/chain-link.ts'
import { alarmReader, openDelegationDesk } from '../../bin/host/community-delegation.ts'
import { contractWords } from '../../bin/host/contract-words.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { auxiliaryKeys, openOperationKey } from '../../protocols/crypto/delivery.ts'
import type { KeyPair } from '../../protocols/crypto/group.ts'
import { plainRecipient } from '../../protocols/crypto/recipient.ts'
import { sealReading, type SealedReading } from '../../protocols/crypto/seal-reading.ts'
import { termsValue, type DelegationTerms } from '../../protocols/messages/delegation-terms.ts'
import type { ChainRecord } from '../../protocols/messages/record.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../protocols/rules/units.ts'
import { keepingLog } from '../machines/disputes.ts'

const faces = { monitoring: new Interface(monitoringAbi), quota: new Interface(quotaAbi) }

/** Long, so that no slot passes while a spec works in it, however loaded the machine is. */
const SAMPLE_MS = 60_000

/** A home that is away, its neighbour, and one that has no part in it. */
export const [AWAY, NEAR, OTHER] = [party(1), party(2), party(3)]
export const accountOf = ({ address }: { readonly address: string }): string => address.toLowerCase()
const HOMES = [AWAY, NEAR, OTHER].map(accountOf)

/** A reading that its home sealed, with the key it is for. */
export interface Sealed {
  readonly record: ChainRecord
  readonly sealed: SealedReading
  readonly recipient: string
}

/** Whom a reading is sealed to, and the peak of its slot where it matters. */
interface Reader {
  readonly delegation: number
  readonly key: Uint8Array
  readonly epoch?: number
  readonly peakW?: number
}

interface Parts {
  readonly lab: ContractLab
  readonly folder: string
  readonly store: Store
  readonly link: ChainLink
  readonly keyring: Keyring
  readonly pool: RecoveryPool
  readonly opening: OpeningKeys
  readonly collector: Collector
  readonly faults: unknown[]
}

/** What of a community gateway has to do with delegations, on a real chain that goes on when told. */
export class WatchedCommunity {
  readonly lab: ContractLab
  readonly homes: DelegationLab
  readonly store: Store
  readonly collector: Collector
  readonly opening: OpeningKeys
  readonly keyring: Keyring
  readonly desk: DelegationDesk
  readonly outbox: OutboxPort
  readonly faults: readonly unknown[]
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
    this.lab = parts.lab
    this.homes = new DelegationLab(parts.lab, [AWAY, NEAR, OTHER])
    this.store = parts.store
    this.collector = parts.collector
    this.opening = parts.opening
    this.keyring = parts.keyring
    this.outbox = parts.link.outbox
    this.faults = parts.faults
    this.desk = openDelegationDesk(this.#needs())
  }

  #needs() {
    const { lab, store, link } = this.#parts
    const words = contractWords(link, lab.contracts, faces)
    return { store, wallet: lab.manager, contracts: lab.contracts, chain: link, words }
  }

  static async open(slotsPerBilling = 400): Promise<WatchedCommunity> {
    const settings = { ...LAB_SETTINGS, sampleMs: SAMPLE_MS, slotsPerBilling }
    const lab = await ContractLab.deploy(await ContractLab.chainOnly(), settings)
    const folder = await mkdtemp(join(tmpdir(), 'meterhood-watched-'))
    const store = await openStore({ file: join(folder, 'gateway.sqlite') })
    const community = new WatchedCommunity(await partsOf(lab, folder, store))
    await community.#found()
    return community
  }

  /** Announces the keyring's own keys, admits the homes and publishes theirs. */
  async #found(): Promise<void> {
    const { lab, keyring, store } = this.#parts
    const { operation, delegationBase } = await keyring.keysOf(0)
    await lab.do(lab.asManager('announceKeys', 0, operation.bytes, delegationBase.bytes))
    for (const home of HOMES) {
      await store.db
        .insertInto('member')
        .values({ ...MEMBER, account: home, peer_key: hexlify(systemRandom(32)) })
        .execute()
      await lab.do(lab.asManager('admit', home, systemRandom(32)))
      await lab.do(lab.toMonitoring(home, 'publishKey', ...(await this.keyCall(home, 0))))
    }
  }

  /** Asks for a key as a home does, and gives what `publishKey` takes. */
  async keyCall(home: string, delegation: number, epoch = 0): Promise<unknown[]> {
    const { reply } = await this.issue(home, delegation, epoch)
    return [epoch, delegation, reply.key33, reply.signature, reply.proof]
  }

  /** What the gateway issues to a home, and the pair that the home gets of it. */
  async issue(account: string, delegation: number, epoch = 0) {
    const { lab, keyring, store } = this.#parts
    const { chainId, monitoring } = lab.contracts
    const auxiliary = await auxiliaryKeys(systemRandom)
    const [current] = await lab.readMonitoring('currentEpoch')
    const request = {
      ...{ account, epoch, delegation },
      ...{ auxPublicKey: auxiliary.publicKey, signature: new Uint8Array(65) },
    }
    const place = { chainId, monitoring, epoch: Number(current), store }
    const reply = await issueKey(request, keyring, lab.manager, place)
    const owner = { home: account, delegation }
    const context = { epoch: { chainId, monitoring, epoch }, owner, operationKey: reply.key33 }
    return { reply, pair: await openOperationKey(auxiliary.secretKey, reply.sealed, context) }
  }

  /** Hands the home that is away to its neighbour, numbered and keyed by the gateway. */
  async delegate(change: Partial<DelegationTerms> = {}): Promise<{ terms: DelegationTerms; pair: KeyPair }> {
    const id = await this.number()
    const { reply, pair } = await this.issue(accountOf(NEAR), id)
    const terms = await this.homes.terms(AWAY.address, NEAR.address, { rewardMicroSct: 0n, ...change, id })
    const { key33: key, signature, proof } = reply
    await this.lab.do(
      this.lab.toMonitoring(
        AWAY.address,
        'registerDelegation',
        termsValue(terms),
        this.homes.consent(AWAY.address, terms),
        this.homes.consent(NEAR.address, terms),
        { epoch: 0, key, signature, proof },
      ),
    )
    return { terms, pair }
  }

  async number(negotiation = systemRandom(16)): Promise<number> {
    const parties = { delegator: AWAY.address, delegatee: NEAR.address }
    const reply = await this.desk.answer({ kind: 'number', negotiation, ...parties }, NEAR.address)
    if (reply.kind !== 'number') throw new Error('no number')
    return reply.id
  }

  /** Seals a reading of the home that is away, by default to the key of its delegation. */
  seal(slot: number, to: Reader, importWh = slot): Sealed {
    const { chainId, monitoring } = this.lab.contracts
    const { delegation, key, epoch = 0, peakW = 900 } = to
    const essential = {
      ...{ flags: 0, sequence: slot % 1_000_000, t: unixMs(slot * SAMPLE_MS) },
      ...{ energyImportWh: energyWh(importWh), energyExportWh: energyWh(3), waterMl: waterMl(importWh * 10) },
      ...{ meanPowerW: powerW(400), peakPowerW: powerW(peakW) },
    }
    const zero = { importOffsetWh: energyWh(0), exportOffsetWh: energyWh(0), waterOffsetMl: waterMl(0) }
    const recipient = plainRecipient(key)
    const binding = { chainId, monitoring, sender: accountOf(AWAY), epoch, slot, delegation }
    const sealed = sealReading({ recipient, binding, essential, extended: { frames: [], ...zero } })
    const payload = getBytes(Buffer.concat([sealed.envelope, sealed.points]))
    const record = { slot, sequence: essential.sequence, epoch, extended: sealed.extendedDigest, payload }
    return { record, sealed, recipient: recipient.id }
  }

  async submit({ record, recipient }: Sealed): Promise<void> {
    await this.lab.do(this.lab.submitCall(AWAY.address, [record], recipient))
  }

  /** Where everything is kept, until it closes. */
  get folder(): string {
    return this.#parts.folder
  }

  alarmReader(home: string) {
    return alarmReader(this.#needs(), accountOf({ address: home }))
  }

  /** Goes on to the beginning of a slot, unless the chain is there. */
  async reach(slot: number): Promise<void> {
    const { lab } = this
    if (slot > (await lab.currentSlot())) {
      await lab.rpc('evm_setNextBlockTimestamp', [(slot * SAMPLE_MS) / 1_000])
      await lab.rpc('evm_mine')
    }
    await this.caughtUp()
  }

  /** Waits until the gateway has seen the newest block, kept what the contract told, and opened what came. */
  async caughtUp(): Promise<void> {
    const { lab, link, store, collector } = this.#parts
    const head = Number(await lab.rpc('eth_blockNumber'))
    const told = await this.#lastTold()
    for (;;) {
      link.look()
      const cursor = await store.db.selectFrom('cursor').select('block').executeTakeFirst()
      if ((cursor?.block ?? -1) >= told && (link.view().head ?? -1) >= head) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    collector.wake()
    await collector.idle()
  }

  /** The block of the contract's newest event. */
  async #lastTold(): Promise<number> {
    const { lab } = this.#parts
    const filter = { address: lab.contracts.monitoring, fromBlock: '0x0' }
    const logs = z.array(z.object({ blockNumber: z.string() })).parse(await lab.rpc('eth_getLogs', [filter]))
    return Number(logs.at(-1)?.blockNumber ?? 0)
  }

  async close(): Promise<void> {
    const { collector, link, pool, store, lab, folder } = this.#parts
    collector.stop()
    await link.close()
    await collector.idle()
    await pool.close()
    await store.close()
    await lab.chain.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const MEMBER = {
  name: 'home',
  state: 'invited',
  epoch: null,
  delegation: null,
  operation_key: null,
  admitted_block: null,
  joined_at_ms: 0,
  last_slot: null,
  weight: 1,
} as const

async function partsOf(lab: ContractLab, folder: string, store: Store): Promise<Parts> {
  const {
    chainId,
    genesisHash,
    deployedAtBlock: fromBlock,
    monitoring,
    sampleMs,
    slotsPerBilling,
  } = lab.contracts
  const faults: unknown[] = []
  const signerKey = lab.manager.privateKey
  const identity = { store, account: lab.manager.address, chainId, monitoring, random: systemRandom }
  const keyring = await openKeyring(identity, systemRandom(32))
  const link = await openChainLink({
    ...{ rpc: lab.chain.rpc, finality: 'depth', chainId, genesisHash, blockTimeS: 1, fromBlock, store },
    ...{ signerKey, log: keepingLog(faults) },
  })
  const pool = createRecoveryPool({ threads: 1 })
  const opening = createOpeningKeys({ store, keyring, pool })
  const collector = createCollector({
    ...{
      store,
      pool,
      quotas: createQuotaControl(slotsPerBilling),
      clock: wallClock,
      chainId,
      outbox: link.outbox,
    },
    ...{ monitoring: monitoring.toLowerCase(), abi: faces.monitoring },
    keyOf: (record) => opening.keyOf(record),
    quotaOf: () => null,
    onAccepted: () => undefined,
    onFaulty: () => undefined,
    onOpened: () => undefined,
    onAlarms: () => undefined,
    onFault: (thrown) => void faults.push(thrown),
  })
  await link.follow({
    name: 'monitoring',
    address: monitoring,
    apply: async (trx, facts) => {
      await applyFacts(trx, facts, { nowMs: wallClock.nowMs(), sampleMs })
    },
    revert: revertFacts,
  })
  return { lab, folder, store, link, keyring, pool, opening, collector, faults }
}
