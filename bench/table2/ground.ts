import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Wallet } from 'ethers'
import { z } from 'zod'
import { foundLocally } from '../../chain/network/geth/found-network.ts'
import { DEFAULT_GAS_LIMIT } from '../../chain/network/geth/genesis.ts'
import type { Ipc } from '../../chain/network/geth/ipc.ts'
import { startGethChain, type GethChain } from '../../chain/network/geth/local-network.ts'
import type { GethNode } from '../../chain/network/geth/process.ts'
import { createRpcReader } from '../../chain/verify/rpc.ts'
import { readHeader, type WireHeader } from '../../chain/verify/wire.ts'
import { systemRandom, wallClock } from '../../bin/clock.ts'
import { gethPlaces } from '../../bin/host/cache-folder.ts'
import { Fault } from '../../protocols/rules/fault.ts'

export const PERIOD_S = 1
const CHAIN_ID = 31_338
/** Table 1 has 30,000: votes are forgotten then. A run must live to see that. */
export const EPOCH_BLOCKS = 60
const LOOK_EVERY_MS = 100
const BLOCK_LIMIT_MS = 120_000

/** Tells how far an experiment is. */
export type Progress = (line: string) => void

/** What an attack did: figures by name, and one sentence. */
export interface Measured {
  readonly figures: Readonly<Record<string, number | string | boolean>>
  readonly effect: string
  /** Whether the paper's claim held in this run. */
  readonly claimHolds: 'yes' | 'partly' | 'no'
}

/** A Geth network to attack. */
export interface Ground {
  readonly chain: GethChain
  readonly folder: string
  readonly rich: Wallet
  readonly signers: readonly GethNode[]
  readonly follower: GethNode
  readonly tell: Progress
}

const hexNumber = z.string().transform(Number)

export const headOf = (ipc: Ipc): Promise<number> => ipc.ask('eth_blockNumber', [], hexNumber)

export const hex = (value: number): string => `0x${value.toString(16)}`

/** The header at a height, with its hash checked against the node’s word by who verifies. */
export async function headerAt({ chain }: Ground, number: number): Promise<WireHeader> {
  return readHeader(await createRpcReader(chain.rpc).call('eth_getBlockByNumber', [hex(number), false]))
}

export async function untilBlock(ipc: Ipc, number: number): Promise<void> {
  for (let waited = 0; waited < BLOCK_LIMIT_MS; waited += LOOK_EVERY_MS) {
    if ((await headOf(ipc)) >= number) return
    await sleep(LOOK_EVERY_MS)
  }
  throw new Fault('chain-stalled', `no block ${number} came within ${BLOCK_LIMIT_MS / 1000} s`, { number })
}

/** Waits for so many more blocks. */
export async function blocksMore({ follower: { ipc } }: Ground, more: number): Promise<void> {
  await untilBlock(ipc, (await headOf(ipc)) + more)
}

/** Lays out a chain whose epochs are short, starts it, and ends and removes it after the work. */
export async function onGeth<T>(
  signers: number,
  tell: Progress,
  work: (ground: Ground) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mh-table2-'))
  const rich = new Wallet(`0x${Buffer.from(systemRandom(32)).toString('hex')}`)
  const sources = { clock: wallClock, random: systemRandom }
  const dataDir = join(folder, 'chain')
  const terms = { chainId: CHAIN_ID, periodS: PERIOD_S, gasLimit: DEFAULT_GAS_LIMIT, funded: [rich.address] }
  const nodes = await foundLocally(dataDir, { signers, firstPort: 0, terms }, sources)
  for (const node of nodes) {
    const network = node.network()
    const { config } = network.genesis
    const clique = { ...config.clique, epoch: EPOCH_BLOCKS }
    await node.keepNetwork({ ...network, genesis: { ...network.genesis, config: { ...config, clique } } })
  }
  const funded = [rich.address]
  const options = { dataDir, blockTimeS: PERIOD_S, funded, ...sources, places: gethPlaces() }
  const chain = await startGethChain(options)
  try {
    const all = chain.nodes()
    const follower = all.find(({ rpc }) => rpc !== null)
    if (follower === undefined) throw new Fault('impossible', 'a chain without a node that follows')
    await untilBlock(follower.ipc, 2)
    const sealing = all.filter((node) => node !== follower)
    return await work({ chain, folder, rich, signers: sealing, follower, tell })
  } finally {
    await chain.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
