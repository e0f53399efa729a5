import { expect, it } from 'vitest'
import { eventsOf } from '../../../bench/contract-lab.ts'
import { trading } from '../../../bench/market-lab.ts'
import { ANN, BOB, BUYER, CAROL, CREDIT, marketLab, PART } from './market.ts'

const market = marketLab()

it('sells to the lowest bid at the second lowest price, and pays when the buyer confirms', async () => {
  const { lab } = market()
  const secret = await market().auction({ buyer: BUYER, amount: 2000, maxPrice: 900_000n }, [
    [ANN, 700_000n],
    [BOB, 500_000n],
    [CAROL, 800_000n],
  ])
  expect(await market().auctionOf(secret)).toMatchObject({ state: 3n, price: 700_000n, lowest: 500_000n })
  const period = await market().period()
  expect((await lab.readQuota('quotaOf', BUYER, period))[0]).toBe(BigInt(PART + 2000))
  expect((await lab.readQuota('quotaOf', BOB, period))[0]).toBe(BigInt(PART - 2000))
  for (const each of [BUYER, ANN, BOB, CAROL]) {
    await lab.do(market().to(each, 'refundSucceed', secret.id, each))
  }
  const receipt = await lab.do(market().to(BUYER, 'confirmResourceExchange', secret.id))
  expect(eventsOf(receipt, trading, lab.contracts.trading)).toMatchObject([
    { name: 'ExchangeConfirmed', args: { delivered: 2000n, paid: 700_000n, penalty: 0n } },
  ])
  expect(await market().creditOf(BUYER)).toBe(CREDIT - 700_000n)
  expect(await market().creditOf(BOB)).toBe(CREDIT + 700_000n)
  expect(await market().creditOf(ANN)).toBe(CREDIT)
  expect(await market().creditOf(CAROL)).toBe(CREDIT)
  expect(await lab.readQuota('freeOf', ANN, period, 1)).toEqual([BigInt(PART)])
})
