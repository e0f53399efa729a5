import { expect, it } from 'vitest'
import { BOND, LOT_WH, MAX_PRICE, storyOf, tradingLab } from './trading-lab.ts'

const lab = tradingLab(3)

const calls = async ({
  store,
}: {
  store: Awaited<ReturnType<ReturnType<typeof lab>['openHome']>>['store']
}) =>
  (await store.db.selectFrom('intent').select('kind').orderBy('position').execute()).map(({ kind }) => kind)

it('puts the offer on the chain with its bond, and tells the neighbours', async () => {
  const buyer = await lab().openHome(0)
  const subject = await buyer.desk.buy(await lab().order())
  await lab().live(3)
  expect(await buyer.trade(subject)).toMatchObject({ stage: 'negotiation', bond: String(BOND) })
  const { auction } = await buyer.trade(subject)
  expect(buyer.gossiped).toEqual([auction])
  expect(await lab().market.auctionOf({ id: auction ?? '' })).toMatchObject({ amount: BigInt(LOT_WH) })
  expect(await calls(buyer)).toEqual(['approve', 'deposit', 'offer'])
})

it('refuses a maximum price above the ceiling before anything is signed', async () => {
  const buyer = await lab().openHome(0)
  const subject = await buyer.desk.buy(await lab().order({ maxPriceMicroSct: String(BOND + 1n) }))
  await lab().live(1)
  expect(await buyer.trade(subject)).toMatchObject({
    stage: 'over',
    because: `maxPrice: from 1 to ${BOND} micro-SCT, the lot at the ceiling price; got ${BOND + 1n}`,
  })
  expect(await calls(buyer)).toEqual([])
})

it('refuses an order that the account cannot pay a bond for, before anything is signed', async () => {
  const buyer = await lab().openHome(0)
  const subject = await buyer.desk.buy(await lab().order({ amount: 60_000 }))
  await lab().live(1)
  const { stage, because } = await buyer.trade(subject)
  expect(stage).toBe('over')
  expect(because).toMatch(/^balance: the bond takes \d+ micro-SCT, \d+ are free; buy tokens first$/)
  expect(await calls(buyer)).toEqual([])
})

it('ends the order with the contract’s word when the offer is refused', async () => {
  const buyer = await lab().openHome(0)
  const before = await lab().worths()
  const past = (await lab().market.period()) - 1
  const subject = await buyer.desk.buy(await lab().order({ period: past }))
  await lab().live(9)
  expect(await buyer.trade(subject)).toMatchObject({ stage: 'over' })
  expect((await buyer.trade(subject)).because).toMatch(/^[A-Z]\w+$/)
  expect(storyOf(buyer)).toEqual(['determination.refused'])
  expect(await lab().gains(before)).toEqual([0n, 0n, 0n])
})

it('asks for the next number when another device of the home took the one before', async () => {
  const { market } = lab()
  await market.fund(lab().accounts.slice(0, 1), 4n * BOND)
  const buyer = await lab().openHome(0)
  const number = await market.number('offersOf', buyer.account)
  const { call } = await market.offerCall({ buyer: buyer.account, amount: 1_000, maxPrice: MAX_PRICE })
  const subject = await buyer.desk.buy(await lab().order())
  await buyer.settled()
  await market.lab.rpc('anvil_dropAllTransactions')
  await market.lab.do(call)
  await lab().live(15)
  expect(await market.number('offersOf', buyer.account)).toBe(number + 2n)
  expect(await buyer.trade(subject)).toMatchObject({ stage: 'negotiation', attempts: 1 })
})

it('bids by itself when a rule says so', async () => {
  const buyer = await lab().openHome(0)
  const ann = await lab().openSeller(1, 500_000n)
  await buyer.desk.buy(await lab().order())
  await lab().live(6)
  expect(await ann.trade()).toMatchObject({ role: 'seller', stage: 'negotiation', value: '500000' })
  expect((await ann.trade()).because).toBe('it is spared')
  expect(storyOf(ann)).toEqual(['determination.interested', 'negotiation.selling.sealed'])
})

it('declines with the rule’s words', async () => {
  const buyer = await lab().openHome(0)
  const ann = await lab().openHome(1)
  await buyer.desk.buy(await lab().order())
  await lab().live(3)
  expect(await ann.trade()).toMatchObject({ stage: 'over', because: 'nothing to spare', value: null })
  expect(await calls(ann)).toEqual([])
})

const asked = async () => {
  const buyer = await lab().openHome(0)
  const ann = await lab().openHome(1)
  ann.judge = () => ({ kind: 'ask', because: 'no rule speaks of it' })
  await buyer.desk.buy(await lab().order())
  await lab().live(3)
  const auction = (await ann.trade()).auction ?? ''
  expect(ann.asked).toEqual([auction])
  return { ann, auction }
}

it('asks its people when no rule decides, and bids what they say', async () => {
  const { ann, auction } = await asked()
  await ann.desk.bid(auction, String(MAX_PRICE), 'Ann said so')
  await lab().live(3)
  expect(storyOf(ann)).toEqual([
    'determination.considering.asking',
    'determination.interested',
    'negotiation.selling.sealed',
  ])
  await expect(ann.desk.decline(auction)).rejects.toThrow('can no longer be answered')
})

it('lets its people decline', async () => {
  const { ann, auction } = await asked()
  await ann.desk.decline(auction)
  expect(await ann.trade()).toMatchObject({ stage: 'over', because: 'You declined.' })
  await expect(ann.desk.bid(auction, '1', 'too late')).rejects.toThrow('can no longer be answered')
})

it('declines when nobody answers before the bids are closed', async () => {
  const { ann } = await asked()
  await lab().live(12)
  expect(await ann.trade()).toMatchObject({
    stage: 'over',
    because: 'Nobody answered before the bids were closed.',
  })
})

it('never bids on its own offer', async () => {
  const buyer = await lab().openSeller(0, 500_000n)
  await buyer.desk.buy(await lab().order())
  await lab().live(6)
  const trades = await buyer.store.db.selectFrom('own_trade').select('role').execute()
  expect(trades).toEqual([{ role: 'buyer' }])
})
