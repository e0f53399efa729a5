import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { priceFeedMachine } from '../../actors/community-gateway/price-feed/machine.ts'
import { bundleChild } from '../delegation/child-bundle.ts'
import { leafStates } from '../machines/coverage.ts'
import { count } from '../machines/inspection.mjs'
import { FeedBench } from '../price-feed/feed-bench.ts'
import { Undying } from './undying.ts'
import { type Death, HOOKS } from './wire.ts'

/*
 * The price feed is killed in every state, at every moment of it; each price is then posted once, and the
 * token follows each once. METERHOOD_CRASHES=all tries every state at every moment, else a sample.
 */

const ALL = process.env['METERHOOD_CRASHES'] === 'all'
const SEED = Number(process.env['METERHOOD_SEED'] ?? Date.now() % 1_000_000)
const SAMPLE = 3
const TRIES_MOST = 4
const POLL_MS = 20
const LONGEST_MS = 40_000
const MINUTE_S = 61
const LONG_S = 4 * 3600
const STARTS_MOST = 8
const SETTLE_MS = 2_000
/** Calls are on their way in these. */
const SENDING = ['work.posting', 'work.setting']
const CELLS: readonly Death[] = leafStates(priceFeedMachine).flatMap((leaf) =>
  HOOKS.filter((hook) => !hook.endsWith('send') || SENDING.includes(leaf)).map((hook) => ({ leaf, hook })),
)
const nameOf = ({ leaf, hook }: Death): string => `${leaf} ${hook}`

const tells = z.object({ leaves: z.array(z.string()), notices: z.array(z.string()) })
const WISH = { microEuro: 150_000 as number | null, away: true, offsetMs: 0 }
type Feed = Undying<z.infer<typeof tells>, typeof WISH>

/** Waits until the feed is in these states and so many prices are on the chain, the token's as well. */
async function until(bench: FeedBench, feed: Feed, leaves: readonly string[], prices: number): Promise<void> {
  for (let waited = 0; waited < LONGEST_MS; waited += POLL_MS) {
    const told = feed.told?.leaves ?? []
    const events = [await bench.events('MarketPricePosted'), await bench.events('SCTPriceSet')]
    if (leaves.every((leaf) => told.includes(leaf)) && events.every((each) => each === prices)) return
    await sleep(POLL_MS)
  }
  throw new Error(`never ${leaves.join()} with ${prices} prices: ${JSON.stringify(feed.told)}`)
}

/** A chain that is away at first, a price, hours without one, another price. */
async function course(bench: FeedBench, feed: Feed): Promise<void> {
  let offsetMs = 0
  const pass = async (seconds: number, wish: Partial<typeof WISH>): Promise<void> => {
    offsetMs += seconds * 1_000
    await bench.pass(seconds)
    feed.wish({ ...wish, offsetMs })
  }
  await until(bench, feed, ['work.away'], 0)
  await pass(MINUTE_S, { away: false })
  await until(bench, feed, ['work.resting', 'freshness.fresh'], 1)
  // A feed that was started again has its time anew before it tells.
  const isStale = (): boolean => feed.told?.leaves.includes('freshness.stale') === true
  for (let times = 0; times < STARTS_MOST && !isStale(); times += 1) {
    await pass(LONG_S, { microEuro: null })
    await until(bench, feed, ['work.resting'], 1)
    for (let waited = 0; waited < SETTLE_MS && !isStale(); waited += POLL_MS) await sleep(POLL_MS)
  }
  await until(bench, feed, ['work.resting', 'freshness.stale'], 1)
  await pass(MINUTE_S, { microEuro: 153_000 })
  await until(bench, feed, ['work.resting', 'freshness.fresh'], 2)
}

describe(`the price feed, killed by SIGKILL in every state (seed ${SEED})`, () => {
  let child: Awaited<ReturnType<typeof bundleChild>>
  beforeAll(async () => {
    child = await bundleChild('specs/crashes/prices-child.ts')
  }, 120_000)
  afterAll(() => rmSync(child.folder, { recursive: true, force: true }))

  async function lived(deaths: readonly Death[]) {
    const folder = mkdtempSync(join(tmpdir(), 'meterhood-prices-'))
    const bench = await FeedBench.open()
    const { rpc, chainId } = bench.lab.chain
    const settings = { rpc, chainId, token: bench.lab.token, key: bench.wallet().privateKey }
    const feed: Feed = new Undying({
      program: child.file,
      settings: { ...settings, file: join(folder, 'gateway.sqlite') },
      ...{ deaths, tells, wish: WISH },
    })
    try {
      feed.start()
      await course(bench, feed)
      const told = new Set(feed.tales.flatMap(({ notices }) => notices))
      const prices = [await bench.lab.number('buyPrice'), await bench.lab.number('sellPrice')]
      return { end: { told: [...told].sort(), prices }, feed }
    } finally {
      await feed.stop()
      await bench.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }

  const sample = { minLength: SAMPLE, maxLength: SAMPLE }
  const some = fc.sample(fc.shuffledSubarray([...CELLS], sample), { numRuns: 1, seed: SEED })[0]
  const wanted = ALL ? CELLS : (some ?? [])

  it('posts each price once, and the token follows it once', { timeout: 600_000 }, async () => {
    const undisturbed = (await lived([])).end
    for (const hook of HOOKS) {
      let left: readonly Death[] = wanted.filter((death) => death.hook === hook)
      // One death may step over the next state, which is then tried by itself.
      for (let tries = 0; tries < TRIES_MOST && left.length > 0; tries += 1) {
        const { end, feed } = await lived(left)
        expect(end).toEqual(undisturbed)
        left = feed.left()
        for (const { leaves } of feed.died)
          for (const leaf of leaves) count('crash', priceFeedMachine.id, nameOf({ leaf, hook }))
      }
      expect(left.map(nameOf)).toEqual([])
    }
    for (const cell of CELLS) count('cell', priceFeedMachine.id, nameOf(cell))
  })
})
