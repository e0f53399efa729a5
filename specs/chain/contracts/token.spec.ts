import { expect, it } from 'vitest'
import { ANN, BOB, buy, C, call, expectRefused, MANAGER, SCT, sell, tokenLab } from './token-setting.ts'

const lab = tokenLab()

it('begins with its whole supply in the reserve, a name and a symbol', async () => {
  expect(await lab().read('name')).toEqual(['Smart Community Token'])
  expect(await lab().read('symbol')).toEqual(['SCT'])
  expect(await lab().read('decimals')).toEqual([6n])
  expect(await lab().number('totalSupply')).toBe(10_000n * SCT)
  expect(await lab().balanceOf(lab().token)).toBe(10_000n * SCT)
  expect(await lab().number('circulating')).toBe(0n)
})

it('follows the market price of energy and sells one SCT at what one kWh costs', async () => {
  await lab().price(150_000)
  expect(await lab().number('tokenPrice')).toBe((C * 15n) / 100n)
  await lab().do(buy(ANN, 3n * C))
  expect(await lab().balanceOf(ANN)).toBe(20n * SCT)
  expect(await lab().read('backing')).toEqual([3n * C, 3n * C])
})

it('gives for what is sold back what the price says, rounded down', async () => {
  await lab().price(150_000)
  await lab().do(buy(ANN, 3n * C))
  await lab().do(call(ANN, 'transfer', BOB, 5n * SCT))
  const before = await lab().currencyOf(BOB)
  await lab().do(sell(BOB, 5n * SCT))
  expect((await lab().currencyOf(BOB)) - before).toBe((C * 75n) / 100n)
  expect(await lab().balanceOf(BOB)).toBe(0n)
})

it('sets no price before a market price is there with NoMarketPrice', async () => {
  await expectRefused(lab(), call(MANAGER, 'setSCTPrice', 2n, 1n), 'NoMarketPrice', { resource: 1n })
})
