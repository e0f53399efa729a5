import { expect, it } from 'vitest'
import { ANN, BOB, BUYER, CAROL, LOT, REASON, STATE } from './market.ts'
import { expectFailed, gains, marketLab, refundAll } from './market.ts'

/** The paper's rule of figure 5, word for word: a switch of the deployment. */
const auctions = { blockSeconds: 1, securityBps: 2000, strict: true, decisionSeconds: 60 }
const market = marketLab({ auctions })

it('fails when the second lowest bid is above the maximum price, and costs nobody anything', async () => {
  const secret = await market().auction(LOT, [
    [ANN, LOT.maxPrice + 1n],
    [BOB, 5n],
  ])
  await expectFailed(market(), secret, REASON.secondAboveMax)
  await refundAll(market(), secret, 'refundFail', [BUYER, ANN, BOB])
  expect(await gains(market())).toEqual([0n, 0n, 0n, 0n, 0n])
})

it('pays the second lowest bid at or under it, and a sole bidder the maximum price', async () => {
  const second = await market().auction(LOT, [
    [ANN, LOT.maxPrice],
    [BOB, 5n],
    [CAROL, LOT.maxPrice + 1n],
  ])
  expect(await market().auctionOf(second)).toMatchObject({ lowest: 5n, price: LOT.maxPrice })
  const sole = await market().auction(LOT, [[ANN, 5n]])
  expect(await market().auctionOf(sole)).toMatchObject({ state: STATE.awarded, price: LOT.maxPrice })
})
