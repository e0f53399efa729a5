import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { getBytes, hexlify, Interface, Wallet } from 'ethers'
import { z } from 'zod'
import { systemRandom, wallClock } from '../bin/clock.ts'
import { gethPlaces } from '../bin/host/cache-folder.ts'
import { commitmentMonitoringAbi } from '../chain/bindings/commitment-monitoring.gen.ts'
import type { Contracts } from '../chain/contracts-file.ts'
import { deployCommunity } from '../chain/deploy.ts'
import { foundLocally } from '../chain/network/geth/found-network.ts'
import { startGethChain } from '../chain/network/geth/local-network.ts'
import { createRpc, type Rpc } from '../chain/proxy/rpc.ts'
import { createSigner } from '../chain/proxy/signing.ts'
import { encodePoint, G, keyId } from '../protocols/crypto/group.ts'
import { opKeyTyped, signRegistration } from '../protocols/crypto/registration.ts'
import { packRecords } from '../protocols/messages/record.ts'
import { Fault } from '../protocols/rules/fault.ts'
import { anyRecord } from './contract-lab.ts'

const face = new Interface(commitmentMonitoringAbi)
const CHAIN_ID = 31_338
/** Readings of each home that the contract keeps: the ring is full before anything is measured. */
const RING = 4
const OPERATION_KEY = G.multiply(7n)
export const RECIPIENT = keyId(OPERATION_KEY)
const FEES = { maxFeeWei: 100_000_000_000n, tipWei: 1_000_000_000n } as const
const CALL_GAS = 400_000
/** As the product asks for them. */
const RECORD_GAS = 340_000
const SETTLED_LIMIT_MS = 300_000
const LOOK_EVERY_MS = 100

const quantity = z.string().transform(Number)
const text = z.string()

/** A chain of the paper's kind to be measured. */
export interface GethTerms {
  readonly periodS: number
  readonly gasLimit: number
  readonly sampleMs: number
  readonly homes: number
}

/** A home of the measurement: its account, and where it stands. */
export interface BenchHome {
  readonly wallet: Wallet
  nonce: number
  slot: number
  sequence: number
}

/** A community on four real Geth nodes, three of which seal. */
export interface GethLab {
  readonly folder: string
  readonly rpc: Rpc
  readonly contracts: Contracts
  readonly terms: GethTerms
  readonly homes: readonly BenchHome[]
  head(): Promise<number>
}

/** Lays a community out on Geth, with homes whose rings are full, and removes it after the work. */
export async function onGeth<T>(terms: GethTerms, work: (lab: GethLab) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'meterhood-bench-geth-'))
  const manager = randomWallet()
  const homes = Array.from({ length: terms.homes }, (): BenchHome => {
    return { wallet: randomWallet(), nonce: 0, slot: 0, sequence: 0 }
  })
  const funded = [manager, ...homes.map(({ wallet }) => wallet)].map(({ address }) => address)
  const sources = { clock: wallClock, random: systemRandom }
  const dataDir = join(folder, 'chain')
  const { periodS, gasLimit, sampleMs } = terms
  const wanted = { signers: 3, firstPort: 0, terms: { chainId: CHAIN_ID, periodS, gasLimit, funded } }
  await foundLocally(dataDir, wanted, sources)
  const options = { dataDir, blockTimeS: periodS, funded, ...sources, places: gethPlaces() }
  const chain = await startGethChain(options)
  const rpc = createRpc({ url: chain.rpc })
  try {
    const settings = { profile: 'commitment', L: RING, slotsPerBilling: 100_000, windowBlocks: 10 } as const
    const managerKey = manager.privateKey
    const contracts = await deployCommunity({ rpc: chain.rpc, managerKey, sampleMs, ...settings })
    const lab = {
      folder,
      rpc,
      contracts,
      terms,
      homes,
      head: () => rpc.call('eth_blockNumber', [], quantity),
    }
    await welcome(lab, manager)
    return await work(lab)
  } finally {
    rpc.close()
    await chain.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const randomWallet = (): Wallet => new Wallet(hexlify(systemRandom(32)))

/** A call of a home or of the manager, signed; sent by `send`. */
export function signed(lab: GethLab, wallet: Wallet, nonce: number, data: string, gas: number): string {
  const { chainId, monitoring: to } = lab.contracts
  const call = { chainId, nonce, to, data: getBytes(data), valueWei: 0n, gas, ...FEES }
  return hexlify(createSigner(getBytes(wallet.privateKey)).sign(call).raw)
}

export const send = (lab: GethLab, raw: string): Promise<string> =>
  lab.rpc.call('eth_sendRawTransaction', [raw], text)

/** Announces the community's keys, admits the homes with theirs, and fills each home's ring. */
async function welcome(lab: GethLab, manager: Wallet): Promise<void> {
  let nonce = await nonceOf(lab, manager.address)
  const manage = async (name: string, values: readonly unknown[]): Promise<void> => {
    await send(lab, signed(lab, manager, nonce++, face.encodeFunctionData(name, values), CALL_GAS))
  }
  const bases = [encodePoint(OPERATION_KEY), encodePoint(G.multiply(11n))]
  await manage('announceKeys', [1, ...bases])
  for (const { wallet } of lab.homes) await manage('admit', [wallet.address, `0x${'11'.repeat(32)}`])
  await settled(lab, manager.address, nonce)
  await Promise.all(lab.homes.map((home, at) => publishKey(lab, manager, home, at)))
  await settledHomes(lab)
  const now = await currentSlot(lab)
  for (const home of lab.homes) {
    home.slot = now - RING
    await send(lab, submission(lab, home, RING))
  }
  await settledHomes(lab)
}

async function publishKey(lab: GethLab, manager: Wallet, home: BenchHome, at: number): Promise<void> {
  const key = encodePoint(G.multiply(BigInt(1_000 + at)))
  const record = opKeyTyped({ home: home.wallet.address, epoch: 1, delegation: 0, key })
  const signature = await signRegistration(manager, lab.contracts, record)
  const data = face.encodeFunctionData('publishKey', [1, 0, key, signature, new Uint8Array(64).fill(1)])
  await send(lab, signed(lab, home.wallet, home.nonce++, data, CALL_GAS))
}

/** The next so many readings of a home in one signed call. */
export function submission(lab: GethLab, home: BenchHome, count: number): string {
  const records = Array.from({ length: count }, () => nextRecord(home))
  const data = face.encodeFunctionData('submit', [RECIPIENT, packRecords(records)])
  return signed(lab, home.wallet, home.nonce++, data, CALL_GAS + RECORD_GAS * count)
}

/** The next reading of a home, with content that nobody can compress. */
export function nextRecord(home: BenchHome) {
  home.slot += 1
  home.sequence += 1
  return anyRecord(home.slot, home.sequence, `${home.wallet.address}/${home.sequence}`)
}

const getter = async (lab: GethLab, name: string, values: readonly unknown[] = []): Promise<number> => {
  const data = face.encodeFunctionData(name, values)
  const answer = await lab.rpc.call('eth_call', [{ to: lab.contracts.monitoring, data }, 'latest'], text)
  return Number(face.decodeFunctionResult(name, answer)[0])
}
export const currentSlot = (lab: GethLab): Promise<number> => getter(lab, 'currentSlot')
/** Readings of a home that the contract accepted, ever. */
export const acceptedOf = (lab: GethLab, home: BenchHome): Promise<number> =>
  getter(lab, 'count', [home.wallet.address])

const nonceOf = (lab: GethLab, account: string): Promise<number> =>
  lab.rpc.call('eth_getTransactionCount', [account, 'latest'], quantity)

/** Waits until all calls of an account are in blocks. */
async function settled(lab: GethLab, account: string, nonce: number): Promise<void> {
  const end = performance.now() + SETTLED_LIMIT_MS
  while ((await nonceOf(lab, account)) < nonce) {
    if (performance.now() > end)
      throw new Fault('chain-stalled', `the calls of ${account} do not get into a block`)
    await sleep(LOOK_EVERY_MS)
  }
}

export async function settledHomes(lab: GethLab): Promise<void> {
  for (const { wallet, nonce } of lab.homes) await settled(lab, wallet.address, nonce)
}
