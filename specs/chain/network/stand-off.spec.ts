import { existsSync, readFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signerLimit } from '../../../chain/network/geth/clique.ts'
import { foundLocally } from '../../../chain/network/geth/found-network.ts'
import type { NodeFolder } from '../../../chain/network/geth/node-folder.ts'
import { layOutChain, startGeth, type GethNode } from '../../../chain/network/geth/process.ts'
import { patienceMs, STEP_ASIDE_MS, standingElsewhere } from '../../../chain/network/geth/stand-off.ts'
import { stepAside } from '../../../chain/network/geth/step-aside.ts'
import { freePorts } from '../../../chain/network/free-ports.ts'
import { systemRandom, wallClock } from '../../../bin/clock.ts'
import { blockAt, closing, GETH, headOf, temporary, untilBlock } from './geth-lab.ts'

const TERMS = { chainId: 31_338, periodS: 1, gasLimit: 8_000_000, funded: [] }
const STILL_MS = 3_000
/** So many blocks later nobody asks any more who sealed what. */
const LATER = 6

const start = { rpcPort: null, log: 'file' } as const
const chainOf = ({ path }: NodeFolder): string => join(path, 'geth', 'chaindata')

interface Branches {
  readonly signers: number
  /** Who sealed what all have, by their places in Clique's order; then who sealed each branch. */
  readonly common: readonly number[]
  readonly branches: readonly (readonly number[])[]
}

interface StandOff {
  readonly nodes: readonly GethNode[]
  /** Heights for which another branch was taken. */
  readonly yielded: readonly number[]
  readonly height: number
}

/** Heights that a node sealed, by its log. */
const sealedBy = ({ logFile }: NodeFolder): number[] =>
  [...readFileSync(logFile, 'utf8').matchAll(/Successfully sealed new block +number=([0-9,]+)/g)].map(
    ([, height = '']) => Number(height),
  )

/** Clique's order: the signer at place `height mod N` is in turn. */
const inOrder = (nodes: readonly NodeFolder[]): NodeFolder[] =>
  nodes
    .filter(({ card }) => card.signer !== null)
    .sort((one, other) => ((one.card.signer ?? '') < (other.card.signer ?? '') ? -1 : 1))

describe.skipIf(GETH === null)('signers that wait for each other', () => {
  const program = GETH ?? ''

  /** Seals the block of this height where nobody hears of it. */
  async function sealAlone(folder: NodeFolder, height: number): Promise<void> {
    const network = folder.network()
    const members = network.members.filter(({ key }) => key === folder.card.key)
    const node = await startGeth({ program, folder, network: { ...network, members }, ...start })
    try {
      await untilBlock(node.ipc, height, 10_000)
    } finally {
      await node.stop()
    }
  }

  /** Lets these signers seal a block each, above this height; all of them have the branch in the end. */
  async function grow(branch: readonly NodeFolder[], above: number): Promise<void> {
    for (const [at, folder] of branch.entries()) {
      await sealAlone(folder, above + at + 1)
      const next = branch[at + 1]
      if (next !== undefined) await takeOver(folder, next)
    }
    const last = branch.at(-1)
    for (const each of branch.slice(0, -1)) if (last !== undefined) await takeOver(last, each)
  }

  async function takeOver(from: NodeFolder, to: NodeFolder): Promise<void> {
    await layOutChain(program, to)
    await rm(chainOf(to), { recursive: true })
    await cp(chainOf(from), chainOf(to), { recursive: true })
  }

  /** Branches of one weight, every block of them out of turn, known to those only that sealed them. */
  async function standOff({ signers, common, branches }: Branches): Promise<StandOff> {
    const sources = { clock: wallClock, random: systemRandom }
    const place = join(temporary(), 'chain')
    const made = await foundLocally(place, { signers, firstPort: 0, terms: TERMS }, sources)
    const order = inOrder(made)
    const named = (places: readonly number[]) =>
      places.map((at) => order[at]).filter((each) => each !== undefined)
    await grow(named(common), 0)
    for (const branch of branches) {
      for (const each of named(branch)) for (const from of named(common)) await takeOver(from, each)
      await grow(named(branch), common.length)
    }
    const ports = await freePorts(made.length)
    const members = made.map(({ card }, at) => ({ ...card, port: ports[at] ?? 0 }))
    const yielded: number[] = []
    const onStandOff = (number: number): number => yielded.push(number)
    const nodes = await Promise.all(
      named(branches.flat()).map((folder) => {
        const network = { ...folder.network(), members }
        return startGeth({ program, folder, network, ...start, onStandOff })
      }),
    )
    for (const node of nodes) closing(() => node.stop())
    return { nodes, yielded, height: common.length + (branches[0]?.length ?? 0) }
  }

  async function goesOn(given: Branches): Promise<void> {
    const { nodes, yielded, height } = await standOff(given)
    const heads = await Promise.all(nodes.map(({ ipc }) => headOf(ipc)))
    expect(new Set(heads.map(({ hash }) => hash)).size).toBe(given.branches.length)
    await sleep(STILL_MS)
    for (const { ipc } of nodes) expect((await headOf(ipc)).number).toBe(height)

    for (const { ipc } of nodes) await untilBlock(ipc, height + LATER, 200_000)
    const later = await Promise.all(nodes.map(({ ipc }) => blockAt(ipc, height + 1)))
    expect(new Set(later.map((block) => block?.hash)).size).toBe(1)
    expect(yielded.length).toBeGreaterThan(0)
    for (const number of yielded) expect(number).toBe(height)
    for (const { folder } of nodes) {
      // Three of four are enough for the blocks up to here: the fourth may have its turn later.
      await expect.poll(() => sealedBy(folder).length, { timeout: 60_000 }).toBeGreaterThan(1)
      const sealed = sealedBy(folder)
      expect(new Set(sealed).size).toBe(sealed.length)
    }
  }

  it('go on without one of three or five, and none seals a height twice', { timeout: 240_000 }, async () => {
    const ofThree = goesOn({ signers: 3, common: [2], branches: [[0], [1]] })
    const [one, other] = [
      [2, 0],
      [3, 4],
    ]
    await Promise.all([ofThree, goesOn({ signers: 5, common: [], branches: [one, other] })])
  })

  it('have their block back where nobody has another one', async () => {
    const given = { signers: 3, common: [], branches: [[2]] }
    const { nodes } = await standOff(given)
    const [node] = nodes
    if (node === undefined) throw new Error('no node was started')
    const { ipc, folder } = node
    const before = await headOf(ipc)
    expect(await stepAside({ ipc, others: [], asideFile: folder.asideFile, waitMs: 500 })).toBeNull()
    expect(await headOf(ipc)).toEqual(before)
    expect(existsSync(folder.asideFile)).toBe(false)
    await sleep(STILL_MS)
    expect(await headOf(ipc)).toEqual(before)
    expect(sealedBy(folder)).toEqual([1])
  })
})

describe('a signer that hears of no block', () => {
  const standstill = fc.integer({ min: 1, max: 9 }).chain((signers) => {
    const some = fc.subarray(Array.from({ length: signers }, (_, at) => `s${at}`))
    return fc.record({
      ...{ signers: fc.constant(signers), self: fc.constant('s0') },
      connected: some.map((names) => names.filter((name) => name !== 's0')),
      sealers: some.map((names) => names.slice(0, signerLimit(signers) - 1)),
    })
  })

  it('looks for another branch only where enough are there, and it has sealed of late', () => {
    fc.assert(
      fc.property(standstill, (seen) => {
        const elsewhere = standingElsewhere(seen)
        if (elsewhere.length === 0) return
        expect(seen.connected.length + 1).toBeGreaterThanOrEqual(signerLimit(seen.signers))
        expect(seen.sealers).toContain(seen.self)
      }),
    )
  })

  it('finds somebody elsewhere whenever it is locked with enough others', () => {
    fc.assert(
      fc.property(standstill, (seen) => {
        const isLocked =
          seen.connected.length + 1 >= signerLimit(seen.signers) && seen.sealers.includes(seen.self)
        expect(standingElsewhere(seen).length > 0).toBe(isLocked)
        for (const each of standingElsewhere(seen)) expect(seen.sealers).not.toContain(each)
      }),
    )
  })

  it('has its turn when no other has', () => {
    fc.assert(
      fc.property(standstill, fc.integer({ min: 1_000, max: 10_000 }), (seen, periodMs) => {
        const there = [seen.self, ...seen.connected]
        const moments = there.map((self) => {
          const connected = there.filter((each) => each !== self)
          return patienceMs({ ...seen, self, connected }, periodMs)
        })
        const gaps = moments
          .sort((a, b) => a - b)
          .map((moment, at) => moment - (moments[at - 1] ?? -Infinity))
        for (const gap of gaps) expect(gap).toBeGreaterThan(STEP_ASIDE_MS)
      }),
    )
  })
})
