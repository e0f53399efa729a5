import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { sealerOf } from '../../verify/seals.ts'
import { headerAt, signerLimit, signersOf } from './clique.ts'
import type { NodeCard } from './community-network.ts'
import type { Ipc } from './ipc.ts'
import { peersOf } from './peers.ts'
import { stepAside } from './step-aside.ts'

/*
 * A signer seals one block in as many as the signers' limit. Where signers that did not hear of each other
 * sealed blocks of one weight, each has had its turn on its own branch, each branch waits for the others, and
 * Geth changes to none of them: the chain stands for ever, although enough signers are there (the stand-off
 * of go-ethereum #24705). Then one of them steps aside for another's branch (decision 113).
 */

/** So many periods without a block are no slow signer. */
const PATIENCE_PERIODS = 5
/** Where both ends dialled each other just before, neither dials for 35 s; the branch is looked at then. */
export const STEP_ASIDE_MS = 45_000

/** What a signer's node sees when no block comes. */
export interface Standstill {
  /** Who sealed the newest blocks, the newest first; of one fewer than the limit, or all there are. */
  readonly sealers: readonly (string | null)[]
  readonly self: string
  /** How many may seal, and those of them that this node is connected to. */
  readonly signers: number
  readonly connected: readonly string[]
}

/**
 * Signers that must stand on another branch, since they could seal on this one; none where this node could
 * seal itself, or where too few are there for any branch to go on.
 */
export function standingElsewhere({ sealers, self, signers, connected }: Standstill): string[] {
  const limit = signerLimit(signers)
  const recent = sealers.slice(0, limit - 1)
  if (connected.length + 1 < limit || !recent.includes(self)) return []
  return connected.filter((each) => !recent.includes(each))
}

/** Each of those that are there has its own moment to step aside: two at once would find no branch. */
export function patienceMs({ connected, self }: Standstill, periodMs: number): number {
  const place = connected.filter((each) => each < self).length
  return PATIENCE_PERIODS * periodMs + place * (STEP_ASIDE_MS + periodMs)
}

export interface StandOffWatch {
  readonly ipc: Ipc
  /** The card of this node, a signer's. */
  readonly self: NodeCard
  readonly members: () => readonly NodeCard[]
  readonly periodMs: number
  /** Where blocks are kept that are taken back, for the time in which another branch is looked for. */
  readonly asideFile: string
  /** Is told of each block for which another branch was taken. */
  readonly onStandOff: (number: number) => void
}

const numberReply = z.string().transform(Number)

/** Watches a signer's node for stand-offs, until the signal is aborted. */
export async function endStandOffs(watch: StandOffWatch, signal: AbortSignal): Promise<void> {
  const { ipc, periodMs } = watch
  let head = -1
  let movedMs = 0
  while (!signal.aborted) {
    // A node that is frozen or about to end does not answer: the next look tells.
    const newest = await ipc.ask('eth_blockNumber', [], numberReply).catch(() => head)
    if (newest !== head) movedMs = performance.now()
    head = newest
    const stoodMs = performance.now() - movedMs
    if (stoodMs >= PATIENCE_PERIODS * periodMs && (await endOne(watch, stoodMs).catch(() => true))) {
      movedMs = performance.now()
    }
    await sleep(periodMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

/** Says whether it stepped aside. */
async function endOne(watch: StandOffWatch, stoodMs: number): Promise<boolean> {
  const { ipc, members, periodMs, asideFile } = watch
  const seen = await look(watch)
  const elsewhere = standingElsewhere(seen)
  if (elsewhere.length === 0 || stoodMs < patienceMs(seen, periodMs)) return false
  const others = members().filter(({ signer }) => elsewhere.includes(signer?.toLowerCase() ?? ''))
  const taken = await stepAside({ ipc, others, asideFile, waitMs: STEP_ASIDE_MS })
  if (taken !== null) watch.onStandOff(taken)
  return true
}

async function look({ ipc, self, members }: StandOffWatch): Promise<Standstill> {
  const signers = await signersOf(ipc)
  const head = await ipc.ask('eth_blockNumber', [], numberReply)
  const peers = await peersOf(ipc, self, members())
  const near = peers.filter(({ connected }) => connected !== null).map(({ card }) => card)
  const looked = Math.min(head, signerLimit(signers.length) - 1)
  const headers = await Promise.all(Array.from({ length: looked }, (_, down) => headerAt(ipc, head - down)))
  return {
    ...{ sealers: headers.map(sealerOf), self: self.signer?.toLowerCase() ?? '', signers: signers.length },
    connected: near.map(({ signer }) => signer?.toLowerCase() ?? '').filter((each) => signers.includes(each)),
  }
}
