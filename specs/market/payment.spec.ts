import { expect, it } from 'vitest'
import { MAX_PRICE, storyOf, tradingLab } from './trading-lab.ts'
import type { TradingHome } from './trading-home.ts'

const lab = tradingLab(3)
const WINDOW_BLOCKS = 10
/** A fifth of Ann's bid is held until she has delivered. */
const BID = 500_000n
const HELD = BID / 5n

interface Sold {
  readonly buyer: TradingHome
  readonly ann: TradingHome
  readonly auction: string
  readonly before: ReadonlyMap<string, bigint>
}

/** Ann's lot is sold to the buyer at its maximum price, and the period is over. */
async function sold(): Promise<Sold> {
  const before = await lab().worths()
  const buyer = await lab().openHome(0)
  const ann = await lab().openSeller(1, BID)
  const subject = await buyer.desk.buy(await lab().order())
  await lab().untilAll('payment')
  await lab().until(() => storyOf(ann).includes('payment.delivering'))
  await lab().closePeriod()
  return { buyer, ann, auction: (await buyer.trade(subject)).auction ?? '', before }
}

it('gives back at once what is not owed', async () => {
  const buyer = await lab().openHome(0)
  const ann = await lab().openSeller(1, BID)
  const bob = await lab().openSeller(2, BID + 1n)
  const before = await lab().worths()
  await buyer.desk.buy(await lab().order())
  await lab().untilAll('payment')
  await lab().live(6)
  expect(await lab().gains(before)).toEqual([-(BID + 1n), -HELD, 0n])
  expect([buyer, ann, bob].map((home) => storyOf(home).at(-1))).toEqual([
    'payment.delivering',
    'payment.delivering',
    'payment.closed',
  ])
})

it('pays the whole when nobody states an excess until silence decides', async () => {
  const { buyer, ann, before } = await sold()
  expect(storyOf(buyer).at(-1)).toBe('payment.judging.awaitingWord')
  await lab().passSilence()
  await lab().untilAll('over')
  expect(storyOf(ann).slice(-2)).toEqual(['payment.closing', 'payment.paid'])
  expect(storyOf(buyer).at(-1)).toBe('payment.paid')
  expect(await lab().gains(before)).toEqual([-MAX_PRICE, MAX_PRICE, 0n])
})

it('pays for what was delivered by a statement that both find fair', async () => {
  const { ann, auction, before } = await sold()
  await lab().state(auction, 500)
  await lab().live(1)
  expect(storyOf(ann).at(-1)).toBe('payment.judging.awaitingWindow')
  await lab().live(WINDOW_BLOCKS)
  await lab().untilAll('over')
  const paid = (MAX_PRICE * 3n) / 4n
  expect(await lab().gains(before)).toEqual([HELD / 4n - paid, paid - HELD / 4n, 0n])
})

it('has the opening forced when the buyer finds it unfair: unproved, nothing was delivered', async () => {
  const { buyer, ann, auction, before } = await sold()
  buyer.fair = false
  await lab().state(auction, 0)
  await lab().live(3)
  expect(storyOf(buyer)).toContain('payment.judging.challenging')
  expect(storyOf(buyer).at(-1)).toBe('payment.judging.awaitingOpening')
  expect(storyOf(ann).at(-1)).toBe('payment.judging.awaitingOpening')
  await lab().live(WINDOW_BLOCKS + 1)
  await lab().untilAll('over')
  expect(await lab().gains(before)).toEqual([HELD, -HELD, 0n])
})

it('has the opening forced when the seller finds it unfair: unproved, silence decides', async () => {
  const { ann, auction, before } = await sold()
  ann.fair = false
  await lab().state(auction, 2_000)
  await lab().live(WINDOW_BLOCKS + 3)
  expect(storyOf(ann).at(-1)).toBe('payment.judging.awaitingOpening')
  await lab().passSilence()
  await lab().untilAll('over')
  expect(await lab().gains(before)).toEqual([-MAX_PRICE, MAX_PRICE, 0n])
})

it('lets a person ask for the opening', async () => {
  const { buyer, auction } = await sold()
  await lab().state(auction, 0)
  await lab().live(1)
  await buyer.desk.challenge(auction)
  await lab().live(3)
  expect(storyOf(buyer).slice(-3)).toEqual([
    'payment.judging.awaitingWindow',
    'payment.judging.challenging',
    'payment.judging.awaitingOpening',
  ])
  await expect(buyer.desk.challenge('0x12')).rejects.toThrow('there is no delivery to be proved')
})

it('accepts a statement when its challenge came too late', async () => {
  const { ann, auction } = await sold()
  await lab().state(auction, 0)
  await lab().live(1)
  await ann.desk.challenge(auction)
  await ann.settled()
  await lab().market.lab.rpc('anvil_dropAllTransactions')
  await lab().market.lab.rpc('anvil_mine', [`0x${(WINDOW_BLOCKS + 1).toString(16)}`])
  await lab().untilAll('over')
  const challenges = ann.store.db.selectFrom('intent').select('error').where('kind', '=', 'challengeDelivery')
  expect((await challenges.executeTakeFirst())?.error).toMatch(/^[A-Z]\w+$/)
  expect(storyOf(ann).at(-1)).toBe('payment.paid')
})

it('is paid by the buyer’s call when the seller does not make it', async () => {
  const { buyer, ann, before } = await sold()
  await lab().closeHomes([ann])
  await lab().passSilence()
  await lab().untilAll('over')
  expect(storyOf(buyer).slice(-2)).toEqual(['payment.closing', 'payment.paid'])
  expect(await lab().gains(before)).toEqual([-MAX_PRICE, MAX_PRICE, 0n])
  const again = await lab().openHome(1)
  await lab().untilAll('over')
  expect(storyOf(again).at(-1)).toBe('payment.paid')
})
