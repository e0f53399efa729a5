import { concat, Interface, toQuantity, ZeroAddress } from 'ethers'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { Fault } from '../../../protocols/rules/fault.ts'
import { tokenBytecode } from '../../../chain/bindings/token.gen.ts'
import { compiled } from './compiled.ts'
import { ANN, BOB, buy, C, call, expectRefused, FEED, MANAGER, NAME, OWNER } from './token-setting.ts'
import {
  create,
  SCT,
  sell,
  STRANGER,
  token,
  TOKEN_SETTINGS,
  tokenLab,
  type TokenSettings,
} from './token-setting.ts'

const lab = tokenLab()
const logsSchema = z.tuple([z.object({ topics: z.array(z.string()), data: z.string() })])
const cents = (count: number): bigint => (BigInt(count) * C) / 100n
const setMinBalance = (wei: bigint) => lab().do(call(MANAGER, 'setMinBalance', wei))

/** The named error of a token made with these, or null. */
async function madeWith(change: {
  authority?: string
  owner?: string
  supply?: bigint
  settings?: Partial<TokenSettings>
}): Promise<{ name: string; args: Readonly<Record<string, unknown>> } | null> {
  const { authority = lab().authority, owner = OWNER, supply = 1n, settings = {} } = change
  const all = { ...TOKEN_SETTINGS, ...settings }
  const data = concat([tokenBytecode, token.encodeDeploy([authority, owner, FEED, supply, NAME, 'SCT', all])])
  try {
    await lab().rpc('eth_call', [{ from: STRANGER, data, gas: '0x1c9c380' }, 'latest'])
    return null
  } catch (thrown) {
    const error = thrown instanceof Fault ? token.parseError(String(thrown.facts['data'])) : null
    if (error === null) throw thrown
    return { name: error.name, args: error.args.toObject() }
  }
}

it('refuses to be made without authority or owner with ZeroAddress', async () => {
  expect((await madeWith({ authority: ZeroAddress }))?.name).toBe('ZeroAddress')
  expect((await madeWith({ owner: ZeroAddress }))?.name).toBe('ZeroAddress')
  expect(await madeWith({})).toBeNull()
})

it('refuses settings out of their bounds with SettingOutOfRange', async () => {
  const bounds: [keyof TokenSettings, bigint, bigint][] = [
    ['weiPerMicroEuro', 1n, 10n ** 18n],
    ['maxPriceAgeS', 1n, 31n * 86_400n],
    ['marketStepPpm', 1n, 10_000_000n],
    ['tokenStepPpm', 1n, 1_000_000n],
    ['leastStepS', 1n, 86_400n],
    ['maxSpreadPpm', 0n, 1_000_000n],
  ]
  for (const [name, least, most] of bounds) {
    for (const good of [least, most]) expect(await madeWith({ settings: { [name]: good } })).toBeNull()
    for (const bad of least === 0n ? [most + 1n] : [least - 1n, most + 1n]) {
      const refused = await madeWith({ settings: { [name]: bad } })
      expect(refused?.name).toBe('SettingOutOfRange')
      expect(refused?.args).toMatchObject({ given: bad, least, most })
    }
  }
})

it('never lets more than 2^96 micro-SCT exist with SupplyTooLarge', async () => {
  const most = 2n ** 96n - 1n
  expect((await madeWith({ supply: most + 1n }))?.name).toBe('SupplyTooLarge')
  expect(await madeWith({ supply: most })).toBeNull()
  await expectRefused(lab(), create(ANN, most), 'SupplyTooLarge')
  expect(await lab().refusalOf(create(ANN, most - 10_000n * SCT))).toBeNull()
})

it('begins with its whole supply in the reserve, a name and a symbol', async () => {
  expect(await lab().read('name')).toEqual([NAME])
  expect(await lab().read('symbol')).toEqual(['SCT'])
  expect(await lab().read('decimals')).toEqual([6n])
  expect(await lab().read('owner')).toEqual([OWNER])
  expect(await lab().number('totalSupply')).toBe(10_000n * SCT)
  expect(await lab().balanceOf(lab().token)).toBe(10_000n * SCT)
  expect(await lab().number('circulating')).toBe(0n)
})

it('tells that it was published', async () => {
  const filter = { address: lab().token, fromBlock: '0x0', topics: [token.getEvent('Published')?.topicHash] }
  const [log] = logsSchema.parse(await lab().rpc('eth_getLogs', [filter]))
  const event = token.parseLog(log)
  expect(event?.args.toArray()).toEqual([OWNER, 10_000n * SCT, NAME, 'SCT'])
})

it('follows the market price of energy and sells one SCT at what one kWh costs', async () => {
  await lab().price(150_000)
  expect(await lab().number('tokenPrice')).toBe(cents(15))
  expect(await lab().do(buy(ANN, 3n * C))).toMatchObject([
    { name: 'Transfer', args: { from: lab().token, to: ANN, value: 20n * SCT } },
    { name: 'Bought', args: { account: ANN, currencyAmount: 3n * C, tokenAmount: 20n * SCT } },
  ])
  expect(await lab().balanceOf(ANN)).toBe(20n * SCT)
  expect(await lab().read('backing')).toEqual([3n * C, 3n * C])
})

it('sells nothing before it has a price with NoPriceYet', async () => {
  await expectRefused(lab(), buy(ANN, C), 'NoPriceYet')
})

it('takes no payment that is worth no token with AmountTooSmall', async () => {
  await lab().price(150_000)
  await expectRefused(lab(), buy(ANN, 0n), 'AmountTooSmall')
  await expectRefused(lab(), buy(ANN, 149_999_999_999n), 'AmountTooSmall', { given: 149_999_999_999n })
  expect(await lab().refusalOf(buy(ANN, 150_000_000_000n))).toBeNull()
})

it('sells no more than its reserve with ReserveTooSmall', async () => {
  await lab().price(10_000)
  expect(await lab().refusalOf(buy(ANN, 100n * C))).toBeNull()
  const beyond = 100n * C + C / 10n ** 8n
  await expectRefused(lab(), buy(ANN, beyond), 'ReserveTooSmall', {
    has: 10_000n * SCT,
    wanted: 10_000n * SCT + 1n,
  })
})

it('turns a purchase back that brings less than was asked with LessThanAsked', async () => {
  await lab().price(150_000)
  await expectRefused(lab(), buy(ANN, 3n * C, 20n * SCT + 1n), 'LessThanAsked', {
    gets: 20n * SCT,
    asked: 20n * SCT + 1n,
  })
  expect(await lab().refusalOf(buy(ANN, 3n * C, 20n * SCT))).toBeNull()
})

it('rounds a purchase against the buyer', async () => {
  await lab().price(150_000)
  await lab().do(buy(ANN, 299_999_999_999n))
  expect(await lab().balanceOf(ANN)).toBe(1n)
  expect(await lab().read('backing')).toEqual([299_999_999_999n, 150_000_000_000n])
})

it('never gives a gain to who buys and sells at once', async () => {
  await lab().price(149_999, 7n)
  for (const paid of [150_000_000_000n, 3n * C + 1n, 999_999_999_999_999_999n]) {
    const before = await lab().currencyOf(ANN)
    await lab().do(buy(ANN, paid))
    await lab().do(sell(ANN, await lab().balanceOf(ANN)))
    expect(await lab().currencyOf(ANN)).toBeLessThan(before)
  }
})

it('turns nothing back for a buyer with enough currency', async () => {
  await lab().price(150_000)
  await setMinBalance(C)
  await lab().setCurrency(ANN, C)
  expect((await lab().do(buy(ANN, cents(60)))).map(({ name }) => name)).toEqual(['Transfer', 'Bought'])
  expect(await lab().balanceOf(ANN)).toBe(4n * SCT)
})

it('counts what the buyer had before it paid', async () => {
  await lab().price(150_000)
  await setMinBalance(C)
  await lab().setCurrency(ANN, C)
  await lab().do(buy(ANN, C))
  expect(await lab().currencyOf(ANN)).toBe(0n)
  await lab().setCurrency(ANN, C - 1n)
  expect(await lab().do(buy(ANN, cents(60)))).toMatchObject([{ name: 'Restocked' }, {}, {}])
})

it('turns back what is missing, and tells', async () => {
  await lab().price(150_000)
  await setMinBalance(C)
  await lab().setCurrency(ANN, cents(99))
  const turned = 66_667n
  const currency = turned * 150_000_000_000n
  expect(await lab().do(buy(ANN, cents(60)))).toMatchObject([
    { name: 'Restocked', args: { account: ANN, tokenAmount: turned, currencyAmount: currency } },
    { name: 'Transfer' },
    { name: 'Bought', args: { tokenAmount: 4n * SCT - turned } },
  ])
  expect(await lab().currencyOf(ANN)).toBe(cents(39) + currency)
  expect(currency - cents(1)).toBeLessThan(150_000_000_000n)
})

it('turns back at most a tenth of what was bought', async () => {
  await lab().price(150_000)
  await setMinBalance(C)
  await lab().setCurrency(ANN, cents(70))
  await lab().do(buy(ANN, cents(60)))
  expect(await lab().balanceOf(ANN)).toBe((4n * SCT * 9n) / 10n)
  expect(await lab().currencyOf(ANN)).toBe(cents(10) + cents(6))
})

it('turns nothing back that is worth nothing', async () => {
  await lab().price(150_000)
  await setMinBalance(1000n * C)
  const told = await lab().do(buy(ANN, 9n * 150_000_000_000n))
  expect(told.map(({ name }) => name)).toEqual(['Transfer', 'Bought'])
  expect(await lab().balanceOf(ANN)).toBe(9n)
})

const buyer = compiled('Buyer')
const buyerInterface = new Interface(buyer.abi)
const encoded = (name: string, args: readonly unknown[]) => token.encodeFunctionData(name, args)

/** A contract that buys, is poor before it pays, and is sent a restock. */
async function poorBuyer(again: string, refuses: boolean): Promise<string> {
  const made = concat([buyer.code, buyerInterface.encodeDeploy([lab().token])])
  const address = await lab().deploy(STRANGER, made)
  await lab().sendTo(address, buyerInterface.encodeFunctionData('set', [again, refuses]))
  return address
}
const passed = (data: string) => buyerInterface.encodeFunctionData('pass', [data])

it('turns a purchase back whose restock is not taken with FailedCall', async () => {
  await lab().price(150_000)
  await setMinBalance(C)
  const address = await poorBuyer('0x', true)
  const data = passed(encoded('buy', [0]))
  expect(await lab().sendTo(address, data, cents(60))).toBe(false)
  const asked = { from: STRANGER, to: address, data, value: toQuantity(cents(60)), gasPrice: '0x0' }
  const thrown: unknown = await lab()
    .rpc('eth_call', [asked, 'latest'])
    .catch((met: unknown) => met)
  const revert = thrown instanceof Fault ? String(thrown.facts['data']) : ''
  expect(token.parseError(revert)?.name).toBe('FailedCall')
  expect(await lab().balanceOf(address)).toBe(0n)
  expect(await lab().refusalOf(buy(ANN, cents(60)))).toBeNull()
})

it('stays solvent when a buyer calls again from within its restock', async () => {
  await lab().price(150_000)
  await setMinBalance(C)
  const address = await poorBuyer(encoded('sell', [3n * SCT, 0]), false)
  expect(await lab().sendTo(address, passed(encoded('buy', [0])), cents(60))).toBe(true)
  const state = await lab().rpc('eth_call', [
    { to: address, data: buyerInterface.encodeFunctionData('wentWell', []) },
    'latest',
  ])
  expect(BigInt(String(state))).toBe(1n)
  expect(await lab().balanceOf(address)).toBe((6n * SCT) / 10n)
  expect(await lab().read('backing')).toEqual([cents(9), cents(9)])
  expect(await lab().currencyOf(address)).toBe(cents(51))
})

it('buys nothing back before it has a price', async () => {
  await lab().do(create(ANN, SCT))
  await expectRefused(lab(), sell(ANN, SCT), 'NoPriceYet')
})

it('takes no tokens that are worth no currency', async () => {
  await lab().price(150_000)
  await lab().do(buy(ANN, C))
  await expectRefused(lab(), sell(ANN, 0n), 'AmountTooSmall')
  expect(await lab().refusalOf(sell(ANN, 1n))).toBeNull()
})

it('turns a sale back that brings less than was asked', async () => {
  await lab().price(150_000)
  await lab().do(buy(ANN, 3n * C))
  await expectRefused(lab(), sell(ANN, SCT, cents(15) + 1n), 'LessThanAsked', { gets: cents(15) })
  expect(await lab().refusalOf(sell(ANN, SCT, cents(15)))).toBeNull()
})

it('buys back only what the seller has with ERC20InsufficientBalance', async () => {
  await lab().price(150_000)
  await lab().do(buy(ANN, 3n * C))
  await expectRefused(lab(), sell(BOB, SCT), 'ERC20InsufficientBalance')
  await expectRefused(lab(), sell(ANN, 20n * SCT + 1n), 'ERC20InsufficientBalance')
})

it('gives for what is sold back what the price says, rounded down', async () => {
  await lab().price(150_000, 1n)
  await lab().do(buy(ANN, 3n * C))
  await lab().do(call(ANN, 'transfer', BOB, 5n * SCT + 1n))
  const before = await lab().currencyOf(BOB)
  const gives = ((5n * SCT + 1n) * (cents(15) - 1n)) / SCT
  expect(await lab().do(sell(BOB, 5n * SCT + 1n))).toMatchObject([
    { name: 'Transfer', args: { from: BOB, to: lab().token } },
    { name: 'Sold', args: { account: BOB, tokenAmount: 5n * SCT + 1n, currencyAmount: gives } },
  ])
  expect((await lab().currencyOf(BOB)) - before).toBe(gives)
})
