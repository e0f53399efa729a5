import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { concat, getBytes, hexlify } from 'ethers'
import { z } from 'zod'
import { openStore, type Store } from '../actors/storage/store.ts'
import { openChainLink, type ChainLink } from '../bin/host/chain-link.ts'
import { gatewayLog } from '../bin/host/log.ts'
import { packRecords } from '../protocols/messages/record.ts'
import {
  acceptedOf,
  currentSlot,
  nextRecord,
  onGeth,
  RECIPIENT,
  send,
  settledHomes,
  submission,
  type BenchHome,
  type GethLab,
} from './geth-lab.ts'
import type { BenchRow } from './recovery.ts'

const HOMES = 40
/** Readings that go in one call where batches are allowed. */
const TOGETHER = 4
/** DESIGN: what a community of forty must be able to send for as long as it likes. */
const READINGS_PER_SECOND_MIN = 200
/** More than that is offered, so that the limit is not the offer. */
const OFFERED_PER_SECOND = 260
const SUSTAINED_S = 30
const BARE_CALLS_PER_HOME = 10
/** The paper's point: samples of each home in one block, and blocks that it is watched for. */
const SAMPLES_PER_BLOCK = 4
const PAPER_BLOCKS = 6
const DRAIN_LIMIT_MS = 120_000
const LOOK_EVERY_MS = 100

const factShape = z.object({ home: z.string(), slot: z.coerce.number() })

/** A reading of a home, from when it was asked for until it is in a block. */
interface Offered {
  readonly atMs: number
  /** The node's newest block then. */
  readonly head: number
}

/**
 * What the chain of a deployment bears: real Geth, three signers and a node that follows, and gateways'
 * own outboxes. The baseline is the same load without them: signed beforehand, straight into the node.
 */
export async function run(): Promise<{ rows: BenchRow[] }> {
  const fast = { periodS: 1, gasLimit: 30_000_000, sampleMs: 100, homes: HOMES }
  const paper = { periodS: 10, gasLimit: 8_000_000, sampleMs: 2_500, homes: HOMES }
  const rows = await onGeth(fast, sustained)
  return { rows: [...rows, ...(await onGeth(paper, paperSetting))] }
}

async function sustained(lab: GethLab): Promise<BenchRow[]> {
  const bare = await bareRate(lab)
  const gateways = await openGateways(lab, TOGETHER)
  try {
    const perHomeMs = (1_000 * HOMES) / OFFERED_PER_SECOND
    const began = performance.now()
    await offer(lab, gateways, perHomeMs, SUSTAINED_S * 1_000)
    await gateways.drained()
    const { offered, included, latencies, lastMs } = gateways.counted()
    const perSecond = included / ((lastMs - began) / 1_000)
    return [
      atLeast('geth.sustained.x4', perSecond, 'readings/s', READINGS_PER_SECOND_MIN, bare),
      atMost('geth.sustained.lost', offered - included, 'readings', 0),
      atMost('geth.sustained.twice', (await accepted(lab)) - gateways.before - included, 'readings', 0),
      told('geth.sustained.p50', percentile(latencies, 0.5), 'ms'),
      told('geth.sustained.p99', percentile(latencies, 0.99), 'ms'),
    ]
  } finally {
    await gateways.close()
  }
}

/** The paper's point: 40 homes, 4 samples a block of 10 s and 8 million gas, one reading a call. */
async function paperSetting(lab: GethLab): Promise<BenchRow[]> {
  const everyMs = (lab.terms.periodS * 1_000) / SAMPLES_PER_BLOCK
  const forMs = PAPER_BLOCKS * lab.terms.periodS * 1_000
  const bare = await bareWithinTwo(lab, everyMs, forMs)
  const gateways = await openGateways(lab, 1)
  try {
    await offer(lab, gateways, everyMs, forMs)
    await gateways.drained()
    const { offered, included, withinTwo } = gateways.counted()
    return [
      atLeast('geth.paper.withinTwoBlocks', (100 * withinTwo) / offered, '%', 100, bare),
      atMost('geth.paper.lost', offered - included, 'readings', 0),
    ]
  } finally {
    await gateways.close()
  }
}

const told = (name: string, value: number, unit: string): BenchRow => {
  return { case: name, value, unit, limit: null, ok: true, baseline: null }
}
const atMost = (name: string, value: number, unit: string, limit: number): BenchRow => {
  return { ...told(name, value, unit), limit, ok: value <= limit }
}
const atLeast = (name: string, value: number, unit: string, limit: number, baseline: number): BenchRow => {
  return { ...told(name, value, unit), limit, ok: value >= limit, baseline }
}

const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const accepted = async (lab: GethLab): Promise<number> => {
  const counts = await Promise.all(lab.homes.map((home) => acceptedOf(lab, home)))
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Calls signed beforehand, handed to the node as fast as it takes them: readings a second. */
async function bareRate(lab: GethLab): Promise<number> {
  const calls = Array.from({ length: BARE_CALLS_PER_HOME }, () =>
    lab.homes.map((home) => submission(lab, home, TOGETHER)),
  )
  const began = performance.now()
  for (const round of calls) await Promise.all(round.map((raw) => send(lab, raw)))
  await settledHomes(lab)
  const seconds = (performance.now() - began) / 1_000
  return (calls.length * lab.homes.length * TOGETHER) / seconds
}

/** The same pace as the gateways', signed beforehand, straight into the node: percent within two blocks. */
async function bareWithinTwo(lab: GethLab, everyMs: number, forMs: number): Promise<number> {
  const sent = new Map<string, number>()
  for (let at = 0; at < forMs; at += everyMs) {
    const head = await lab.head()
    const raws = lab.homes.map((home) => submission(lab, home, 1))
    for (const hash of await Promise.all(raws.map((raw) => send(lab, raw)))) sent.set(hash, head)
    await sleep(everyMs)
  }
  await settledHomes(lab)
  const receipt = z.object({ blockNumber: z.string().transform(Number) })
  let within = 0
  for (const [hash, head] of sent) {
    const { blockNumber } = await lab.rpc.call('eth_getTransactionReceipt', [hash], receipt)
    if (blockNumber <= head + 2) within += 1
  }
  return (100 * within) / sent.size
}

/** Homes' gateways as far as the chain is concerned: stores, outboxes, and a community that listens. */
interface Gateways {
  /** Readings that the contract had before. */
  readonly before: number
  readonly links: readonly { readonly home: BenchHome; readonly store: Store; readonly link: ChainLink }[]
  offered(key: string): void
  drained(): Promise<void>
  counted(): {
    readonly offered: number
    readonly included: number
    readonly withinTwo: number
    readonly latencies: readonly number[]
    readonly lastMs: number
  }
  close(): Promise<void>
}

const keyOf = (home: string, slot: number): string => `${home.toLowerCase()}:${slot}`

async function openGateways(lab: GethLab, together: number): Promise<Gateways> {
  const offered = new Map<string, Offered>()
  const seen = new Map<string, { readonly block: number; readonly atMs: number }>()
  const listening = await openLink(lab, 'community', lab.homes[0], 1)
  await listening.link.follow({
    name: 'monitoring',
    address: lab.contracts.monitoring,
    apply: (_trx, facts) => {
      for (const { name, args, block } of facts) {
        if (name !== 'Reading') continue
        const { home, slot } = factShape.parse(args)
        seen.set(keyOf(home, slot), { block, atMs: performance.now() })
      }
      return Promise.resolve()
    },
    revert: (_trx, from) => {
      for (const [key, { block }] of seen) if (block >= from) seen.delete(key)
      return Promise.resolve()
    },
  })
  const links = await Promise.all(
    lab.homes.map(async (home, at) => ({ home, ...(await openLink(lab, `home-${at + 1}`, home, together)) })),
  )
  const missing = (): number => [...offered.keys()].filter((key) => !seen.has(key)).length
  return {
    before: await accepted(lab),
    links,
    offered: (key) => void offered.set(key, { atMs: performance.now(), head: headOf(listening.link) }),
    drained: async () => {
      for (const { link } of links) link.hurry()
      const end = performance.now() + DRAIN_LIMIT_MS
      while (missing() > 0 && performance.now() < end) await sleep(LOOK_EVERY_MS)
    },
    counted: () => {
      const pairs = [...offered].flatMap(([key, asked]) => {
        const found = seen.get(key)
        return found === undefined ? [] : [{ asked, found }]
      })
      return {
        offered: offered.size,
        included: pairs.length,
        withinTwo: pairs.filter(({ asked, found }) => found.block <= asked.head + 2).length,
        latencies: pairs.map(({ asked, found }) => found.atMs - asked.atMs),
        lastMs: Math.max(...pairs.map(({ found }) => found.atMs)),
      }
    },
    close: async () => {
      for (const { link, store } of [...links, listening]) {
        await link.close()
        await store.close()
      }
    },
  }
}

const headOf = (link: ChainLink): number => link.view().head ?? 0

async function openLink(lab: GethLab, name: string, home: BenchHome | undefined, together: number) {
  const folder = join(lab.folder, name)
  await mkdir(folder, { recursive: true })
  const store = await openStore({ file: join(folder, 'gateway.sqlite') })
  const { chainId, genesisHash } = lab.contracts
  const { periodS, sampleMs } = lab.terms
  const gather = together === 1 ? {} : { gather: { count: together, longestMs: (together + 1) * sampleMs } }
  const link = await openChainLink({
    ...{ rpc: lab.rpc.url, chainId, genesisHash, store, blockTimeS: periodS, ...gather },
    finality: 'depth',
    fromBlock: (await lab.head()) + 1,
    signerKey: home?.wallet.privateKey ?? '',
    log: gatewayLog(folder),
  })
  return { store, link }
}

/** Each home asks for a reading at its pace, one home after another, for a while. */
async function offer(lab: GethLab, gateways: Gateways, everyMs: number, forMs: number): Promise<void> {
  const { links } = gateways
  const now = await currentSlot(lab)
  for (const { home } of links) home.slot = Math.max(home.slot, now)
  const began = performance.now()
  const steps = Math.round(forMs / everyMs)
  const asked: Promise<void>[] = []
  for (let step = 0; step < steps; step += 1) {
    for (const [at, { home, store, link }] of links.entries()) {
      const dueMs = began + (step + at / links.length) * everyMs
      await sleep(Math.max(0, dueMs - performance.now()))
      const record = nextRecord(home)
      const id = `reading:${record.slot}`
      const data = hexlify(getBytes(concat([RECIPIENT, packRecords([record])])))
      const to = lab.contracts.monitoring
      gateways.offered(keyOf(home.wallet.address, record.slot))
      asked.push(store.transaction((trx) => link.outbox.enqueue(trx, { id, kind: 'submit', to, data })))
    }
  }
  await Promise.all(asked)
}
