import { expect, it } from 'vitest'
import { BOND, MAX_PRICE, storyOf, tradingLab } from './trading-lab.ts'
import type { TradingHome } from './trading-home.ts'

const lab = tradingLab(4)

const failureOf = async ({ store }: TradingHome, auction: string | null) => {
  const rows = store.db.selectFrom('auction').select(['state', 'failure']).where('id', '=', auction)
  return rows.executeTakeFirst()
}
const ordered = async (buyer: TradingHome) => {
  const subject = await buyer.desk.buy(await lab().order())
  await lab().live(3)
  return (await buyer.trade(subject)).auction ?? ''
}
const isIn = (home: TradingHome, state: string) => () => storyOf(home).includes(state)
const over = async (): Promise<void> => {
  await lab().untilAll('over')
}

it('awards the lowest bid at the second price', async () => {
  const buyer = await lab().openHome(0)
  const ann = await lab().openSeller(1, 500_000n)
  const bob = await lab().openSeller(2, 700_000n)
  const auction = await ordered(buyer)
  await lab().untilAll('payment')
  expect(await lab().market.auctionOf({ id: auction })).toMatchObject({ price: 700_000n, lowest: 500_000n })
  expect(storyOf(buyer)).toContain('negotiation.awarded')
  expect(storyOf(ann)).toContain('negotiation.awarded')
  expect(storyOf(bob)).toContain('negotiation.lost')
})

it('awards a sole bid at the maximum price, and ends the reveals early when all have revealed', async () => {
  const buyer = await lab().openHome(0)
  await lab().openSeller(1, 500_000n)
  const auction = await ordered(buyer)
  await lab().untilAll('payment')
  const { price, revealEnd } = await lab().market.auctionOf({ id: auction })
  expect(price).toBe(MAX_PRICE)
  expect(await lab().market.now()).toBeLessThan(BigInt(String(revealEnd)))
})

it('cancels when nobody bids, and has its bond back with that call', async () => {
  const buyer = await lab().openHome(0)
  const before = await lab().worths()
  const auction = await ordered(buyer)
  await over()
  expect(await failureOf(buyer, auction)).toEqual({ state: 'failed', failure: 'cancelled' })
  expect(storyOf(buyer).slice(-3)).toEqual([
    'negotiation.buying.cancelling',
    'negotiation.failed',
    'payment.closed',
  ])
  const refunds = buyer.store.db.selectFrom('intent').select('id').where('kind', '=', 'refund')
  expect(await refunds.execute()).toEqual([])
  expect(await lab().gains(before)).toEqual([0n, 0n, 0n, 0n])
})

it('takes the offer back when its people want it no more, and has its bond back', async () => {
  const buyer = await lab().openHome(0)
  const before = await lab().worths()
  const auction = await ordered(buyer)
  await buyer.desk.cancel(auction)
  await lab().untilAll('over', 9)
  expect(await failureOf(buyer, auction)).toEqual({ state: 'failed', failure: 'cancelled' })
  expect(await lab().gains(before)).toEqual([0n, 0n, 0n, 0n])
})

it('goes on when a bid came before its people wanted the offer no more', async () => {
  const buyer = await lab().openHome(0)
  const auction = await ordered(buyer)
  const ann = await lab().openSeller(1, 500_000n)
  await ann.settled()
  await buyer.desk.cancel(auction)
  await lab().untilAll('payment')
  expect(storyOf(buyer)).toEqual(
    expect.arrayContaining([
      'negotiation.buying.cancelling',
      'negotiation.buying.waiting',
      'negotiation.awarded',
    ]),
  )
})

it('fails when no bid is under the maximum price, and everybody has the bond back', async () => {
  const buyer = await lab().openHome(0)
  await lab().openSeller(1, MAX_PRICE + 1n)
  await lab().openSeller(2, MAX_PRICE + 2n)
  const before = await lab().worths()
  const auction = await ordered(buyer)
  await over()
  expect(await failureOf(buyer, auction)).toEqual({ state: 'failed', failure: 'none-under-max' })
  expect(await lab().gains(before)).toEqual([0n, 0n, 0n, 0n])
})

it('goes on without a seller that never reveals, whose bond is lost', async () => {
  const buyer = await lab().openHome(0)
  await lab().openSeller(1, 500_000n)
  const bob = await lab().openSeller(2, 400_000n)
  const before = await lab().worths()
  const auction = await ordered(buyer)
  await lab().until(isIn(bob, 'negotiation.selling.sealed'))
  await lab().closeHomes([bob])
  await lab().untilAll('payment')
  expect(await lab().market.auctionOf({ id: auction })).toMatchObject({ price: MAX_PRICE, reveals: 1n })
  const again = await lab().openHome(2)
  await lab().until(isIn(again, 'payment.closed'))
  expect((await lab().gains(before))[2]).toBe(-BOND)
})

it('fails when the buyer never shows its maximum price: its bond is lost, the sellers’ are not', async () => {
  const buyer = await lab().openHome(0)
  const before = await lab().worths()
  const ann = await lab().openSeller(1, 500_000n)
  const auction = await ordered(buyer)
  await lab().closeHomes([buyer])
  await over()
  expect(await failureOf(ann, auction)).toEqual({ state: 'failed', failure: 'no-max-price' })
  expect(storyOf(ann)).toContain('negotiation.selling.settling')
  const again = await lab().openHome(0)
  await over()
  expect(storyOf(again).slice(-2)).toEqual(['negotiation.failed', 'payment.closed'])
  expect(await lab().gains(before)).toEqual([-BOND, 0n, 0n, 0n])
})

it('fails when the period is over before the award, and everybody has the bond back', async () => {
  const buyer = await lab().openHome(0)
  const ann = await lab().openSeller(1, 500_000n)
  const before = await lab().worths()
  const auction = await ordered(buyer)
  await lab().until(isIn(buyer, 'negotiation.buying.revealing'))
  await lab().closeHomes([buyer])
  await lab().until(isIn(ann, 'negotiation.selling.revealed'))
  await lab().closePeriod()
  await lab().openHome(0)
  await over()
  expect(await failureOf(ann, auction)).toEqual({ state: 'failed', failure: 'too-late' })
  expect(await lab().gains(before)).toEqual([0n, 0n, 0n, 0n])
})

it('leaves the auction with the contract’s word when its bid is refused, and keeps its money', async () => {
  const buyer = await lab().openHome(0)
  const ann = await lab().openSeller(1, 500_000n)
  const before = await lab().worths()
  await buyer.desk.buy(await lab().order({ amount: 12_000 }))
  await over()
  expect(storyOf(ann).at(-1)).toBe('negotiation.out')
  expect((await ann.trade()).because).toMatch(/^[A-Z]\w+$/)
  expect(await lab().gains(before)).toEqual([0n, 0n, 0n, 0n])
})

it('leaves the auction when its bid came to no block before the bids were closed', async () => {
  const buyer = await lab().openHome(0)
  const ann = await lab().openHome(1)
  ann.judge = () => ({ kind: 'ask', because: 'no rule speaks of it' })
  const auction = await ordered(buyer)
  await lab().live(3)
  await ann.desk.bid(auction, '500000', 'in the last moment')
  await ann.settled()
  await lab().market.lab.rpc('anvil_dropAllTransactions')
  await lab().market.lab.rpc('anvil_mine', ['0x8'])
  await lab().live(6)
  expect(storyOf(ann).at(-1)).toBe('negotiation.out')
})

it('shows its price again when it came too early for the gap', async () => {
  lab().stride = 1
  const buyer = await lab().openHome(0, { blockMs: 400 })
  await lab().openSeller(1, 500_000n)
  await ordered(buyer)
  await lab().untilAll('payment')
  expect(storyOf(buyer).filter((state) => state === 'negotiation.buying.showing').length).toBe(2)
  expect(storyOf(buyer)).toContain('negotiation.awarded')
})

it('asks for the winner again when it came too early', async () => {
  lab().stride = 1
  const buyer = await lab().openHome(0, { blockMs: 2_000 })
  await lab().openSeller(1, 500_000n)
  const bob = await lab().openSeller(2, 600_000n)
  await ordered(buyer)
  await lab().until(isIn(bob, 'negotiation.selling.sealed'))
  await lab().closeHomes([bob])
  await lab().untilAll('payment')
  const asked = buyer.store.db.selectFrom('intent').select('state').where('kind', '=', 'checkWinner')
  expect((await asked.execute()).map(({ state }) => state)).toContain('failed')
  expect(storyOf(buyer)).toContain('negotiation.awarded')
})

it('settles with what was revealed when its own reveal came too late', async () => {
  const buyer = await lab().openHome(0)
  const ann = await lab().openSeller(1, 500_000n)
  const before = await lab().worths()
  const auction = await ordered(buyer)
  await lab().until(isIn(buyer, 'negotiation.buying.revealing'))
  await lab().closeHomes([buyer])
  const { revealEnd } = await lab().market.auctionOf({ id: auction })
  await lab().market.lab.rpc('anvil_dropAllTransactions')
  await lab().market.passTo(BigInt(String(revealEnd)) + 1n)
  await over()
  expect(storyOf(ann)).toEqual(expect.arrayContaining(['negotiation.selling.settling', 'negotiation.failed']))
  expect(await failureOf(ann, auction)).toEqual({ state: 'failed', failure: 'none-under-max' })
  expect((await lab().gains(before))[1]).toBe(-BOND)
})

it('loses its bond when what it sealed cannot be shown any more', async () => {
  const buyer = await lab().openHome(0)
  await lab().openSeller(1, 500_000n)
  const before = await lab().worths()
  const auction = await ordered(buyer)
  await buyer.store.transaction(async (trx) => {
    await trx
      .updateTable('own_trade')
      .set({ salt: new Uint8Array(32) })
      .execute()
  })
  await over()
  expect(storyOf(buyer)).toContain('negotiation.buying.withholding')
  expect(await failureOf(buyer, auction)).toEqual({ state: 'failed', failure: 'no-max-price' })
  expect(await lab().gains(before)).toEqual([-BOND, 0n, 0n, 0n])
})
