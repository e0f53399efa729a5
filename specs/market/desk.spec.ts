import { describe, expect, it } from 'vitest'
import { BOND, MAX_PRICE, PART, LOT_WH, storyOf, tradingLab } from './trading-lab.ts'
import type { TradingHome } from './trading-home.ts'

const intents = ({ store }: TradingHome) =>
  store.db.selectFrom('intent').select(['id', 'kind', 'state', 'error']).orderBy('position').execute()

describe('a home with many trades', () => {
  const lab = tradingLab(4)

  it('runs many orders at once, each under a number and a bond of its own', async () => {
    const ORDERS = 5
    const before = await lab().worths()
    const buyer = await lab().openHome(0, { readMs: 25 })
    await lab().openSeller(1, 500_000n)
    const order = await lab().order()
    await Promise.all(Array.from({ length: ORDERS }, () => buyer.desk.buy(order)))
    await lab().untilAll('payment')
    const auctions = await buyer.store.db.selectFrom('own_trade').select(['auction', 'bond']).execute()
    expect(new Set(auctions.map(({ auction }) => auction)).size).toBe(ORDERS)
    expect(auctions.every(({ bond }) => bond === String(BOND))).toBe(true)
    await lab().closePeriod()
    await lab().passSilence()
    await lab().untilAll('over')
    for (const home of lab().homes) expect((await intents(home)).filter(({ error }) => error)).toEqual([])
    const paid = BigInt(ORDERS) * MAX_PRICE
    expect(await lab().gains(before)).toEqual([-paid, paid, 0n, 0n])
    expect(PART).toBe(ORDERS * LOT_WH)
  })

  it('buys and sells at the same time, and deposits no more than its bonds take', async () => {
    const before = await lab().worths()
    for (const number of [0, 1, 2, 3]) await lab().openSeller(number, 400_000n + BigInt(number))
    const order = await lab().order()
    await Promise.all(lab().homes.map((home) => home.desk.buy(order)))
    await lab().untilAll('payment')
    await lab().closePeriod()
    await lab().passSilence()
    await lab().untilAll('over')
    const gains = await lab().gains(before)
    expect(gains.reduce((sum, gain) => sum + gain)).toBe(0n)
    for (const home of lab().homes) {
      const asked = await intents(home)
      expect(asked.filter(({ error }) => error)).toEqual([])
      expect(asked.filter(({ kind }) => kind === 'receiveBid')).toHaveLength(3)
      expect(home.faults).toEqual([])
    }
  })
})

describe('a chain that forks', () => {
  const lab = tradingLab(3)
  const rollback = async (blocks: number): Promise<void> => {
    await lab().market.lab.rpc('anvil_rollback', [blocks])
    await lab().market.lab.rpc('evm_setNextBlockTimestamp', [Number(await lab().market.now()) + 1])
  }

  it('takes back an award that is reorganised away, and goes on to the same end', async () => {
    const before = await lab().worths()
    const buyer = await lab().openHome(0)
    const ann = await lab().openSeller(1, 500_000n)
    const bob = await lab().openSeller(2, 700_000n)
    lab().stride = 1
    await buyer.desk.buy(await lab().order())
    await lab().until(() => storyOf(ann).at(-1) === 'payment.delivering')
    await rollback(3)
    await lab().until(async () => (await ann.trade()).round > 0)
    await lab().until(() => storyOf(ann).at(-1) === 'payment.delivering')
    expect((await buyer.trade()).round).toBeGreaterThan(0)
    await lab().closePeriod()
    await lab().passSilence()
    await lab().untilAll('over')
    expect([ann, bob].map((home) => storyOf(home).at(-1))).toEqual(['payment.paid', 'payment.closed'])
    expect(await lab().gains(before)).toEqual([-700_000n, 700_000n, 0n])
  })

  it('goes on to another end when the award comes out differently the second time', async () => {
    const before = await lab().worths()
    const buyer = await lab().openHome(0)
    const ann = await lab().openSeller(1, 500_000n)
    const bob = await lab().openSeller(2, 700_000n)
    lab().stride = 1
    const subject = await buyer.desk.buy(await lab().order())
    await lab().until(() => storyOf(ann).includes('negotiation.selling.sealed'))
    await lab().closeHomes([ann])
    await lab().until(() => storyOf(bob).includes('negotiation.selling.revealed'))
    const again = await lab().openHome(1)
    await lab().until(() => storyOf(again).includes('negotiation.awarded'))
    const { revealEnd } = await lab().market.auctionOf({ id: (await buyer.trade(subject)).auction ?? '' })
    await rollback(2)
    await lab().market.passTo(BigInt(String(revealEnd)) + 1n)
    await lab().until(() => storyOf(bob).includes('payment.delivering'))
    await lab().closePeriod()
    await lab().passSilence()
    await lab().untilAll('over')
    expect(storyOf(again)).toContain('negotiation.lost')
    expect(await lab().gains(before)).toEqual([-MAX_PRICE, -BOND, MAX_PRICE])
  })

  it('offers and bids again when the offer itself is reorganised away', async () => {
    const before = await lab().worths()
    const buyer = await lab().openHome(0)
    const ann = await lab().openSeller(1, 500_000n)
    await lab().live(4)
    lab().stride = 1
    const subject = await buyer.desk.buy(await lab().order())
    await lab().until(() => storyOf(ann).includes('negotiation.selling.sealed'))
    await rollback(3)
    await lab().live(2)
    await lab().until(() => storyOf(ann).includes('payment.delivering'))
    expect((await buyer.trade(subject)).round).toBe(1)
    await lab().closePeriod()
    await lab().passSilence()
    await lab().untilAll('over')
    expect(await lab().gains(before)).toEqual([-MAX_PRICE, MAX_PRICE, 0n])
  })
})

describe('a community of forty homes', () => {
  const HOMES = 40
  const lab = tradingLab(HOMES)

  it('finishes forty auctions at once, none lost', { timeout: 300_000 }, async () => {
    const before = await lab().worths()
    const SELLERS = 3
    for (let number = 0; number < HOMES; number += 1) {
      const home = await lab().openHome(number, { file: ':memory:' })
      home.judge = ({ buyer }) => {
        const distance = (number - lab().accounts.indexOf(buyer) + HOMES) % HOMES
        const value = String(400_000 + distance)
        return distance <= SELLERS
          ? { kind: 'bid', valueMicroSct: value, because: 'a neighbour' }
          : { kind: 'decline', because: 'too far away' }
      }
    }
    const order = await lab().order()
    await Promise.all(lab().homes.map((home) => home.desk.buy(order)))
    await lab().untilAll('payment')
    await lab().closePeriod()
    await lab().passSilence()
    await lab().untilAll('over')
    const ends = lab().homes.map(({ steps }) => steps.filter(({ after }) => after === 'paid'))
    expect(ends.map((paid) => paid.length)).toEqual(Array.from({ length: HOMES }, () => 2))
    expect(new Set(await lab().gains(before))).toEqual(new Set([0n]))
  })
})
