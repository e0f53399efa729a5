import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Interface, JsonRpcProvider, keccak256, Wallet } from 'ethers'
import { wallClock, systemRandom } from '../../bin/clock.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import type { Contracts } from '../../chain/contracts-file.ts'
import { deployCommunity } from '../../chain/deploy.ts'
import { startEmbeddedChain, type EmbeddedChain } from '../../chain/network/embedded.ts'
import { kemPointOf, ephemeralPoint } from '../../protocols/crypto/envelope.ts'
import { encodePoint, type KeyPair, keyPair, ORDER, randomScalar } from '../../protocols/crypto/group.ts'
import {
  communityKeys,
  homomorphicConstant,
  operationKey,
  ownerBytes,
  rootChainKey,
} from '../../protocols/crypto/keys.ts'
import type { PerQuantity } from '../../protocols/crypto/points.ts'
import { proveConstant, proveKemPoint } from '../../protocols/crypto/proofs.ts'
import { plainRecipient } from '../../protocols/crypto/recipient.ts'
import { opKeyTyped, signRegistration } from '../../protocols/crypto/registration.ts'
import { sealReading, type SealedReading } from '../../protocols/crypto/seal-reading.ts'
import { encodeAad } from '../../protocols/messages/aad.ts'
import { packRecords, type ChainRecord } from '../../protocols/messages/record.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../protocols/rules/units.ts'

const monitoring = new Interface(monitoringAbi)
const quota = new Interface(quotaAbi)
const faces = { monitoring, quota, token: new Interface(tokenAbi) }
type Contract = keyof typeof faces

const SAMPLE_MS = 100
const SLOTS_PER_BILLING = 20
const FEES = { maxFeePerGas: 1_000_000_000n, maxPriorityFeePerGas: 1n, gasLimit: 3_000_000n }
/**
 * A division of quotas may only begin in a period that is not over, and a slot may be 600 slots ahead of the
 * block: the readings lie this many periods of 2 s ahead, so that periods close without waiting.
 */
const PERIODS_AHEAD = 15
/** 1 unit of currency: more than all the gas of a spec. */
const ALLOWANCE_WEI = 10n ** 18n

/** A reading that a home sealed and the chain took, with what only the home and the community know. */
export interface SentReading {
  readonly home: string
  readonly record: ChainRecord
  readonly sealed: SealedReading
  readonly values: PerQuantity<bigint>
}

/** Who opens a reading. */
export interface Reader {
  readonly key: KeyPair
  readonly delegation: number
}

/** A home of the spec's community. */
export interface SpecHome {
  readonly wallet: Wallet
  readonly account: string
  readonly readings: SentReading[]
}

/** A community on a real embedded chain with real contracts, and the means to do wrong in it. */
export interface SpecCommunity {
  /** The data folder, laid out as `start` lays it out. */
  readonly folder: string
  readonly chain: EmbeddedChain
  readonly contracts: Contracts
  readonly homes: readonly SpecHome[]
  readonly firstPeriod: number
  /** The key that readings are sealed to, which only the community gateway holds. */
  readonly operation: KeyPair
  /** The manager's account, which is the community's. */
  readonly managerKey: string
  /** The manager's call to a contract. */
  manage(contract: Contract, name: string, values: readonly unknown[]): Promise<void>
  /** A home's call to a contract. */
  act(home: SpecHome, contract: Contract, name: string, values: readonly unknown[]): Promise<void>
  /** Seals a reading for a slot; `points` of another reading may be put in place of its own. */
  seal(home: SpecHome, slot: number, importWh: number, forged?: SentReading, peakW?: number): SentReading
  /** The same, sealed to the key of a delegation. */
  sealFor(home: SpecHome, slot: number, importWh: number, to: Reader, forged?: SentReading): SentReading
  /** What `publishKey` takes of an operation key, and the key. */
  issue(home: SpecHome, delegation: number): Promise<{ values: unknown[]; key: KeyPair }>
  submit(home: SpecHome, readings: readonly SentReading[], recipient?: string): Promise<void>
  /** Publishes what the readings at the ends of a period add up to, off by `error` Wh. */
  publishTotal(period: number, homes: readonly SpecHome[], error?: bigint): Promise<void>
  /**
   * A key that the community signed but that does not grow from its delegation base, published with `proof`.
   */
  publishStrangerKey(home: SpecHome, key: KeyPair, proof: Uint8Array): Promise<void>
  /** Declares a reading void, with the true KEM point and its proof. */
  voidReading(reading: SentReading, reader?: Reader): Promise<void>
  stop(): Promise<void>
}

/** The last reading of a home at or before the end of a period. */
export function lastOf(home: SpecHome, period: number): SentReading {
  const found = home.readings.findLast(({ record }) => record.slot < (period + 1) * SLOTS_PER_BILLING)
  if (found === undefined) throw new Error(`no reading at or before period ${period}`)
  return found
}

/** A record as the quota contract wants it shown. */
export function shown({ record }: SentReading): unknown {
  const { slot, sequence, epoch, payload } = record
  const envelopeHash = keccak256(payload.subarray(0, 113))
  return {
    slot,
    sequence,
    epoch,
    delegation: 0,
    envelopeHash,
    points: payload.subarray(113),
    extended: record.extended,
  }
}

/** Difference of the k-th value and blinding between the ends of a period, for one home. */
export function usedIn(
  home: SpecHome,
  period: number,
  place: 0 | 1 | 2,
): { value: bigint; blinding: bigint } {
  const end = lastOf(home, period)
  const start = home.readings[0]?.record.slot === end.record.slot ? end : (startOf(home, period) ?? end)
  const blinding = (end.sealed.blindings[place] - start.sealed.blindings[place] + ORDER) % ORDER
  return { value: end.values[place] - start.values[place], blinding }
}

function startOf(home: SpecHome, period: number): SentReading | undefined {
  const before = home.readings.findLast(({ record }) => record.slot < period * SLOTS_PER_BILLING)
  return before ?? home.readings[0]
}

/**
 * Founds a community of `homes` homes: contracts, announced keys, admitted homes with operation keys, and
 * quotas of 1000 Wh, 5000 W and 700,000 mL each.
 */
export async function foundCommunity(
  homes: number,
  profile: 'commitment' | 'storage' = 'commitment',
  ring = 8,
): Promise<SpecCommunity> {
  const folder = await mkdtemp(join(tmpdir(), 'meterhood-verify-spec-'))
  await mkdir(join(folder, 'community'))
  const chain = await startEmbeddedChain({
    dataDir: join(folder, 'chain'),
    blockTimeS: 0.2,
    chainId: 31_337,
    saveEveryS: 0,
    clock: wallClock,
    random: systemRandom,
  })
  const community = await found(folder, chain, homes, profile, ring)
  return community
}

async function found(
  folder: string,
  chain: EmbeddedChain,
  count: number,
  profile: 'commitment' | 'storage',
  ring: number,
): Promise<SpecCommunity> {
  const provider = new JsonRpcProvider(chain.rpc, chain.chainId, { staticNetwork: true, cacheTimeout: -1 })
  provider.pollingInterval = 50
  const managerKey = chain.accounts[0]?.privateKey ?? ''
  const manager = new Wallet(managerKey, provider)
  const contracts = await deployCommunity({
    rpc: chain.rpc,
    managerKey,
    profile,
    L: ring,
    sampleMs: SAMPLE_MS,
    slotsPerBilling: SLOTS_PER_BILLING,
    windowBlocks: 1000,
    file: join(folder, 'community', 'contracts.json'),
  })
  const send = sender(contracts)
  const homes = Array.from({ length: count }, (): SpecHome => {
    const wallet = new Wallet(`0x${Buffer.from(systemRandom(32)).toString('hex')}`, provider)
    return { wallet, account: wallet.address.toLowerCase(), readings: [] }
  })
  const firstPeriod = Math.floor(Date.now() / SAMPLE_MS / SLOTS_PER_BILLING) + PERIODS_AHEAD
  const keys = keysOf(contracts)
  const manage: SpecCommunity['manage'] = (to, name, values) => send(manager, to, name, values)
  const act: SpecCommunity['act'] = (home, to, name, values) => send(home.wallet, to, name, values)
  const community: SpecCommunity = {
    folder,
    chain,
    contracts,
    homes,
    firstPeriod,
    manage,
    act,
    operation: keys.operation,
    managerKey,
    seal: (home, slot, importWh, forged, peakW = 900) =>
      sealFor(home, { slot, importWh, peakW }, forged, contracts, { key: keys.operation, delegation: 0 }),
    sealFor: (home, slot, importWh, to, forged) =>
      sealFor(home, { slot, importWh, peakW: 900 }, forged, contracts, to),
    issue: (home, delegation) => issuedTo(home, delegation, contracts, keys, manager),
    submit: async (home, readings, recipient = keys.operation.id) => {
      await act(home, 'monitoring', 'submit', [recipient, packRecords(readings.map(({ record }) => record))])
      home.readings.push(...readings)
    },
    publishTotal: (period, members, error = 0n) =>
      manage('monitoring', 'publishTotal', total(period, members, error)),
    publishStrangerKey: async (home, key, proof) => {
      const record = opKeyTyped({ home: home.account, epoch: 1, delegation: 0, key: key.bytes })
      const signature = await signRegistration(manager, contextOf(contracts), record)
      await act(home, 'monitoring', 'publishKey', [1, 0, key.bytes, signature, proof])
    },
    voidReading: (reading, reader = { key: keys.operation, delegation: 0 }) =>
      manage('monitoring', 'voidReading', voidance(reading, contracts, reader)),
    stop: async () => {
      provider.destroy()
      await chain.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await divide(community)
  await welcome(community, keys, manager)
  return community
}

interface Keys {
  readonly chainKey: Uint8Array
  readonly operation: KeyPair
  readonly delegationBase: KeyPair
}

const contextOf = ({ chainId, monitoring: address }: Contracts) => ({
  chainId,
  monitoring: address,
  epoch: 1,
})

function keysOf(contracts: Contracts): Keys {
  const chainKey = rootChainKey(systemRandom(32), [])
  return { chainKey, ...communityKeys(chainKey, contextOf(contracts)) }
}

function sender(contracts: Contracts) {
  return async (wallet: Wallet, to: Contract, name: string, values: readonly unknown[]) => {
    const data = faces[to].encodeFunctionData(name, values)
    const sent = await wallet.sendTransaction({ to: contracts[to], data, ...FEES })
    await sent.wait(1, 30_000)
  }
}

/**
 * Every home gets its first gas, is admitted, and publishes an operation key vouched for by the community.
 */
async function welcome(community: SpecCommunity, keys: Keys, manager: Wallet): Promise<void> {
  const announced = [1, keys.operation.bytes, keys.delegationBase.bytes]
  await community.manage('monitoring', 'announceKeys', announced)
  for (const home of community.homes) {
    await (await manager.sendTransaction({ to: home.account, value: ALLOWANCE_WEI, ...FEES })).wait(1, 30_000)
    await community.manage('monitoring', 'admit', [home.account, systemRandom(32)])
  }
  await Promise.all(
    community.homes.map(async (home) => {
      const { values } = await community.issue(home, 0)
      await community.act(home, 'monitoring', 'publishKey', values)
    }),
  )
}

async function issuedTo(
  home: SpecHome,
  delegation: number,
  contracts: Contracts,
  keys: Keys,
  manager: Wallet,
): Promise<{ values: unknown[]; key: KeyPair }> {
  const context = contextOf(contracts)
  const owner = { home: home.account, delegation }
  const constant = homomorphicConstant(keys.chainKey, context, owner, systemRandom(32))
  const key = operationKey(keys.delegationBase.secret, constant)
  const record = opKeyTyped({ ...owner, epoch: 1, key: key.bytes })
  const signature = await signRegistration(manager, context, record)
  const proof = proveConstant(constant, {
    delegationBase: keys.delegationBase.point,
    operationKey: key.point,
    owner: ownerBytes(context, owner),
  })
  return { values: [1, delegation, key.bytes, signature, proof], key }
}

async function divide(community: SpecCommunity): Promise<void> {
  const each = { energy: 1000n, power: 5000n, water: 700_000n }
  const all = BigInt(community.homes.length)
  const accounts = community.homes.map(({ account }) => account)
  const whole = [community.firstPeriod, each.energy * all, each.power * all, each.water * all]
  await community.manage('quota', 'setCommunityContract', whole)
  const parts = [each.energy, each.power, each.water].map((amount) => accounts.map(() => amount))
  await community.manage('quota', 'allocate', [1, accounts, ...parts])
  await community.manage('quota', 'closeAllocation', [1])
}

function sealFor(
  home: SpecHome,
  { slot, importWh, peakW }: { slot: number; importWh: number; peakW: number },
  forged: SentReading | undefined,
  contracts: Contracts,
  { key, delegation }: Reader,
): SentReading {
  const essential = {
    flags: 0,
    sequence: slot % 1_000_000,
    t: unixMs(slot * SAMPLE_MS),
    energyImportWh: energyWh(importWh),
    energyExportWh: energyWh(3),
    waterMl: waterMl(importWh * 10),
    meanPowerW: powerW(400),
    peakPowerW: powerW(peakW),
  }
  const binding = { ...contextOf(contracts), sender: home.account, slot, delegation }
  const extended = {
    frames: [],
    importOffsetWh: energyWh(0),
    exportOffsetWh: energyWh(0),
    waterOffsetMl: waterMl(0),
  }
  const recipient = plainRecipient(key.bytes)
  const sealed = sealReading({ recipient, binding, essential, extended })
  const payload = Buffer.concat([sealed.envelope, (forged?.sealed ?? sealed).points])
  const record = {
    slot,
    sequence: essential.sequence,
    epoch: 1,
    extended: sealed.extendedDigest,
    payload: Uint8Array.from(payload),
  }
  const values = [BigInt(importWh), 3n, BigInt(importWh * 10), BigInt(peakW)] as const
  return { home: home.account, record, sealed, values }
}

function total(period: number, members: readonly SpecHome[], error: bigint): unknown[] {
  const homes = [...members].sort((a, b) => (a.account < b.account ? -1 : 1))
  const places = [0, 1, 2] as const
  const sums = places.map((place) => homes.map((home) => usedIn(home, period, place)))
  const totals = sums.map((used) => used.reduce((sum, { value }) => sum + value, 0n))
  const blindings = sums.map((used) => used.reduce((sum, { blinding }) => (sum + blinding) % ORDER, 0n))
  const [energy = 0n, ...others] = totals
  return [period, homes.map(({ account }) => account), [energy + error, ...others], blindings]
}

function voidance(
  { home, record }: SentReading,
  contracts: Contracts,
  { key, delegation }: Reader,
): unknown[] {
  const ephemeral = ephemeralPoint(record.payload.subarray(0, 113))
  const kemPoint = kemPointOf(key.secret, ephemeral)
  const binding = { ...contextOf(contracts), sender: home, slot: record.slot, delegation }
  const aad = encodeAad({ ...binding, kind: 'essential', recipient: key.id })
  const proof = proveKemPoint(key.secret, { publicKey: key.point, ephemeral, kemPoint, aad })
  return [home, record.slot, encodePoint(kemPoint), proof]
}

/** A key pair of nobody. */
export const strangerKey = (): KeyPair => keyPair(randomScalar(systemRandom))
