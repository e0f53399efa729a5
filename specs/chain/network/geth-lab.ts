import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Wallet } from 'ethers'
import { afterEach } from 'vitest'
import { z } from 'zod'
import type { Ipc } from '../../../chain/network/geth/ipc.ts'
import { findGeth } from '../../../chain/network/geth/install.ts'
import {
  startGethChain,
  type GethChain,
  type GethOptions,
} from '../../../chain/network/geth/local-network.ts'
import { systemRandom, wallClock } from '../../../bin/clock.ts'
import { gethPlaces } from '../../../bin/host/cache-folder.ts'

/** Geth of the right version on this machine, or null: then the specs that need it are left out. */
export const GETH = await findGeth(gethPlaces()).catch(() => null)

/** An account with currency from the first block on. */
export const RICH = new Wallet(`0x${'5a'.repeat(32)}`)

const opened: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

/** Is closed after the test, the last one first. */
export function closing(close: () => Promise<void> | void): void {
  opened.push(close)
}

export function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'geth-'))
  closing(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A network of three signers and a follower with blocks of 1 s. */
export async function network(options: Partial<GethOptions> = {}): Promise<GethChain & { dataDir: string }> {
  const dataDir = options.dataDir ?? join(temporary(), 'chain')
  const given = { blockTimeS: 1, funded: [RICH.address], clock: wallClock, random: systemRandom }
  const chain = await startGethChain({ ...given, places: gethPlaces(), ...options, dataDir })
  closing(() => chain.stop())
  return Object.assign(chain, { dataDir })
}

const hexNumber = z.string().transform(Number)
const reference = z.object({ number: hexNumber, hash: z.string() })

export const headOf = (ipc: Ipc) => ipc.ask('eth_getBlockByNumber', ['latest', false], reference)
export const blockAt = (ipc: Ipc, number: number) =>
  ipc.ask('eth_getBlockByNumber', [`0x${number.toString(16)}`, false], reference.nullable())
export const peersAt = (ipc: Ipc) => ipc.ask('net_peerCount', [], hexNumber)

/** Waits until a node has the block. */
export async function untilBlock(ipc: Ipc, number: number, limitMs = 60_000): Promise<void> {
  for (let waited = 0; waited < limitMs; waited += 100) {
    if ((await headOf(ipc)).number >= number) return
    await sleep(100)
  }
  throw new Error(`no block ${number} after ${limitMs} ms`)
}
