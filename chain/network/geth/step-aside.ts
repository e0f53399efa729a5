import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { writeDurably } from '../chain-folder.ts'
import { enodeOf, type NodeCard } from './community-network.ts'
import type { Ipc } from './ipc.ts'

const LOOK_EVERY_MS = 250

export interface StepAside {
  readonly ipc: Ipc
  /** Signers whose branch is wanted. */
  readonly others: readonly NodeCard[]
  /** Where the block is kept meanwhile. */
  readonly asideFile: string
  /** How long another one is waited for, ms. */
  readonly waitMs: number
}

const blockReply = z.object({ number: z.string().transform(Number), hash: z.string() })
const nothing = z.unknown()

/**
 * Takes the node's newest block back, so that every other branch of its weight is heavier, and greets the
 * signers there anew, since Geth tells how heavy its branch is in its greeting only. Nothing is sealed
 * meanwhile: a signer that sealed one height twice would be taken for two. Returns the number of the block in
 * whose place another one came; null where none did, and the old one is back.
 */
export async function stepAside({ ipc, others, asideFile, waitMs }: StepAside): Promise<number | null> {
  const { number, hash } = await ipc.ask('eth_getBlockByNumber', ['latest', false], blockReply)
  const raw = await ipc.ask('debug_getRawBlock', [hash], z.string())
  await ipc.ask('miner_stop', [], nothing)
  try {
    await writeDurably(asideFile, Buffer.from(raw.slice(2), 'hex'))
    await ipc.ask('debug_setHead', [`0x${(number - 1).toString(16)}`], nothing)
    for (const card of others) await greetAnew(ipc, card)
    if (await comesBack(ipc, number, waitMs)) return number
    await ipc.ask('admin_importChain', [asideFile], nothing)
    return null
  } finally {
    await ipc.ask('miner_start', [], nothing)
    await rm(asideFile, { force: true })
  }
}

async function greetAnew(ipc: Ipc, card: NodeCard): Promise<void> {
  await ipc.ask('admin_removePeer', [enodeOf(card)], nothing)
  await ipc.ask('admin_addPeer', [enodeOf(card)], nothing)
}

/** Waits until the node has a block of this height again. */
async function comesBack(ipc: Ipc, number: number, waitMs: number): Promise<boolean> {
  const end = performance.now() + waitMs
  while (performance.now() < end) {
    if ((await ipc.ask('eth_getBlockByNumber', ['latest', false], blockReply)).number >= number) return true
    await sleep(LOOK_EVERY_MS)
  }
  return false
}
