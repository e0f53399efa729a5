import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { applyMarketFacts, revertMarketFacts } from '../../actors/auction/book.ts'
import { applyPriceFacts, revertPriceFacts } from '../../actors/auction/price-book.ts'
import { TradeWeights } from '../../actors/auction/trade-weights.ts'
import type { ChainFact } from '../../actors/chain-fact.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { EQUAL_WEIGHTS, weightAt } from '../../protocols/rules/weights.ts'

const [ANN, BOB, CAROL] = ['0xa11', '0xb0b', '0xca1']
const NOON_MS = Date.UTC(2026, 4, 1, 12)
/** One C is one euro; one SCT costs what one kWh does. */
const WEI_PER_MICRO_EURO = 10n ** 12n
const ENERGY_MICRO_EURO = 150_000n

let folder = ''
let store: Store
let weights: TradeWeights
let logIndex = 0

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-weights-'))
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
  weights = new TradeWeights({ store, sampleMs: 2000, weiPerMicroEuro: async () => WEI_PER_MICRO_EURO })
  await told(1, [
    ['MarketPricePosted', { resource: 1n, microEuro: ENERGY_MICRO_EURO }],
    ['SCTPriceSet', { tokenPrice: ENERGY_MICRO_EURO * WEI_PER_MICRO_EURO }],
  ])
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

async function told(block: number, events: readonly (readonly [string, ChainFact['args']])[]): Promise<void> {
  const facts = events.map(([name, args]): ChainFact => {
    logIndex += 1
    const place = { block, blockHash: '0x', timestampMs: NOON_MS, transactionHash: '0x', logIndex }
    return { name, args, ...place }
  })
  await store.transaction(async (trx) => {
    await applyPriceFacts(trx, facts)
    await applyMarketFacts(trx, facts)
  })
  weights.changed()
}

/** A lot of 2 kWh, awarded in a block at a price of micro-SCT. */
function award(id: bigint, block: number, price: bigint, buyer = ANN, winner = BOB): Promise<void> {
  const lot = {
    resource: 1,
    period: 1n,
    fromSlot: 0n,
    untilSlot: 0n,
    amount: 2000n,
    bond: 4_000_000n,
    seal: '0x',
  }
  return told(block, [
    ['OfferMade', { id, buyer, ...lot, commitEnd: 0n, showEnd: 0n, revealSeconds: 30 }],
    ['AuctionAwarded', { id, winner, price }],
  ])
}
const now = async () => weightAt(await weights.now(), 'energy', NOON_MS)

it('weighs nothing before the first trade', async () => {
  expect(await weights.now()).toEqual(EQUAL_WEIGHTS)
})

it('moves with what was paid over what the market asked, as of the award', async () => {
  await award(1n, 10, 1_600_000n)
  expect(await now()).toBe(800_000)
  await told(11, [['MarketPricePosted', { resource: 1n, microEuro: 300_000n }]])
  expect(await now()).toBe(800_000)
  await award(2n, 12, 1_600_000n, CAROL)
  expect(await now()).toBe(Math.floor(3_200_000 / 6))
})

it('counts two homes once a day, whoever sells', async () => {
  await award(1n, 10, 1_600_000n)
  await award(2n, 11, 9_000_000n, BOB, ANN)
  expect(await now()).toBe(800_000)
})

it('forgets what a fork took back', async () => {
  await award(1n, 10, 1_600_000n)
  expect(await now()).toBe(800_000)
  await store.transaction(async (trx) => {
    await revertPriceFacts(trx, 10)
    await revertMarketFacts(trx, 10)
  })
  weights.changed()
  expect(await weights.now()).toEqual(EQUAL_WEIGHTS)
})

it('leaves out a trade from before there was a price', async () => {
  await award(1n, 0, 1_600_000n)
  expect(await weights.now()).toEqual(EQUAL_WEIGHTS)
})
