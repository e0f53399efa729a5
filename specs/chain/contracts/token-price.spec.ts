import { Wallet } from 'ethers'
import { expect, it } from 'vitest'
import { C, call, create, expectRefused, FEED, MANAGER, ORACLE, OWNER, SCT } from './token-setting.ts'
import { ANN, buy, CAROL, sell, STRANGER, TOKEN_SETTINGS, tokenLab } from './token-setting.ts'

const lab = tokenLab()
const HOUR = 3600
const STEP_S = Number(TOKEN_SETTINGS.leastStepS)
const AGE_S = Number(TOKEN_SETTINGS.maxPriceAgeS)

const post = async (...args: Parameters<ReturnType<typeof lab>['priceCall']>) =>
  lab().do(await lab().priceCall(...args))
const last = (resource: number) => lab().read('lastMarketPrice', resource)
const setPrice = (buyAt: bigint, sellAt: bigint) => call(MANAGER, 'setSCTPrice', buyAt, sellAt)
const cents = (count: number): bigint => (BigInt(count) * C) / 100n

it('leaves market prices to the oracle with AccessManagedUnauthorized', async () => {
  const posted = await lab().priceCall('energy', 1000)
  for (const from of [STRANGER, MANAGER, OWNER, FEED]) {
    await expectRefused(lab(), { ...posted, from }, 'AccessManagedUnauthorized', { caller: from })
  }
})

it('leaves feed, price, limits and pause to managers with AccessManagedUnauthorized', async () => {
  const managed: [string, unknown[]][] = [
    ['setPriceSigner', [STRANGER]],
    ['setSCTPrice', [1, 1]],
    ['setMinBalance', [1]],
    ['pause', []],
    ['unpause', []],
  ]
  for (const [name, args] of managed) {
    for (const from of [STRANGER, ORACLE, OWNER]) {
      await expectRefused(lab(), call(from, name, ...args), 'AccessManagedUnauthorized')
    }
  }
})

it('takes prices of three resources with ResourceUnknown', async () => {
  const { args } = await lab().priceCall('energy', 1000)
  for (const resource of [0, 4, 255]) {
    const wrong = call(ORACLE, 'postMarketPrice', resource, ...args.slice(1))
    await expectRefused(lab(), wrong, 'ResourceUnknown', { resource: BigInt(resource) })
  }
  for (const resource of ['energy', 'power', 'water'] as const) {
    expect(await lab().refusalOf(await lab().priceCall(resource, 1000))).toBeNull()
  }
})

it('takes no price of nothing or above a thousand euro with MarketPriceOutOfRange', async () => {
  for (const wrong of [0, 1_000_000_001]) {
    const refused = await lab().priceCall('energy', wrong)
    await expectRefused(lab(), refused, 'MarketPriceOutOfRange', { given: BigInt(wrong) })
  }
  for (const right of [1, 1_000_000_000]) {
    expect(await lab().refusalOf(await lab().priceCall('energy', right))).toBeNull()
  }
})

it('takes no price for an interval that is none or has not begun with IntervalRefused', async () => {
  const now = await lab().now()
  const year = 366 * 24 * HOUR
  for (const [from, until] of [
    [now, now],
    [now, now - 1],
    [now + HOUR, now + 2 * HOUR],
    [now - 10, now - 9 + year],
  ] as const) {
    const wrong = await lab().priceCall('energy', 1000, { from, until })
    await expectRefused(lab(), wrong, 'IntervalRefused')
  }
  const longest = await lab().priceCall('energy', 1000, { from: now - 10, until: now - 10 + year })
  expect(await lab().refusalOf(longest)).toBeNull()
})

it('takes no price that is too old to be used with MarketPriceTooOld', async () => {
  const now = await lab().now()
  const priceUntil = (until: number) => lab().priceCall('energy', 1000, { from: until - HOUR, until })
  await expectRefused(lab(), await priceUntil(now - AGE_S - 5), 'MarketPriceTooOld', {
    resource: 1n,
    goodUntil: BigInt(now - 5),
  })
  expect(await lab().refusalOf(await priceUntil(now - AGE_S + 60))).toBeNull()
})

it('takes nothing that the feed did not sign for this token with NotSignedByFeed', async () => {
  const other = new Wallet(`0x${'5e'.repeat(32)}`)
  await expectRefused(lab(), await lab().priceCall('energy', 1000, { signer: other }), 'NotSignedByFeed', {
    signer: other.address,
    feed: FEED,
  })
  const elsewhere = await lab().priceCall('energy', 1000, { name: 'Another Token' })
  await expectRefused(lab(), elsewhere, 'NotSignedByFeed')
  const { args } = await lab().priceCall('energy', 1000)
  for (const [index, value] of [
    [0, 2],
    [1, 999],
    [2, (await lab().now()) - 1],
    [3, (await lab().now()) + 3601],
  ] as const) {
    const changed = args.map((each, at) => (at === index ? value : each))
    await expectRefused(lab(), call(ORACLE, 'postMarketPrice', ...changed), 'NotSignedByFeed')
  }
  await expectRefused(
    lab(),
    call(ORACLE, 'postMarketPrice', ...args.slice(0, 4), '0x1234'),
    'ECDSAInvalidSignatureLength',
  )
})

it('never goes back to an older price with MarketPriceNotNewer', async () => {
  const now = await lab().now()
  await post('energy', 1000, { from: now - 60 })
  await lab().pass(STEP_S)
  const older = await lab().priceCall('energy', 1000, { from: now - 61, until: now + HOUR })
  await expectRefused(lab(), older, 'MarketPriceNotNewer', {
    validFrom: BigInt(now - 61),
    newest: BigInt(now - 60),
  })
  expect(await lab().refusalOf(await lab().priceCall('water', 1000, { from: now - 61 }))).toBeNull()
})

it('takes one step in its time with StepTooSoon', async () => {
  await post('energy', 1000)
  const posted = await lab().now()
  await lab().pass(STEP_S - 10)
  await expectRefused(lab(), await lab().priceCall('energy', 1001), 'StepTooSoon', {
    next: BigInt(posted + STEP_S),
  })
  await lab().pass(10)
  expect(await lab().refusalOf(await lab().priceCall('energy', 1001))).toBeNull()
})

it('takes the first price of a resource whole', async () => {
  const now = await lab().now()
  const told = await post('water', 1_800_000, { from: now - 5, until: now + HOUR })
  const taken = [1_800_000n, BigInt(now - 5), BigInt(now + HOUR)]
  expect(await lab().read('getMarketPrice', 3)).toEqual(taken)
  expect(await last(3)).toEqual([...taken, BigInt(await lab().now())])
  expect(told).toEqual([
    {
      name: 'MarketPricePosted',
      args: {
        resource: 3n,
        signedMicroEuro: 1_800_000n,
        microEuro: 1_800_000n,
        validFrom: BigInt(now - 5),
        validUntil: BigInt(now + HOUR),
      },
    },
  ])
})

it('goes towards a far price by bounded steps, until it is taken whole', async () => {
  await post('energy', 100_000)
  const walk = async (towards: number): Promise<bigint[]> => {
    const steps: bigint[] = []
    const from = await lab().now()
    for (let posts = 0; posts < 4; posts += 1) {
      await lab().pass(STEP_S)
      await post('energy', towards, { from, until: from + HOUR })
      steps.push(await lab().number('lastMarketPrice', 1))
    }
    return steps
  }
  expect(await walk(650_000)).toEqual([200_000n, 400_000n, 650_000n, 650_000n])
  expect(await walk(300_000)).toEqual([300_000n, 300_000n, 300_000n, 300_000n])
})

it('leaves the neighbourhood of zero by a sure step', async () => {
  await post('power', 5)
  await lab().pass(STEP_S)
  await post('power', 50_000)
  expect(await lab().number('lastMarketPrice', 2)).toBe(10_005n)
  await lab().pass(STEP_S)
  await post('power', 1)
  expect(await lab().number('lastMarketPrice', 2)).toBe(1n)
})

it('knows no price that nobody posted with NoMarketPrice', async () => {
  await post('energy', 1000)
  await expectRefused(lab(), call(STRANGER, 'getMarketPrice', 2), 'NoMarketPrice', { resource: 2n })
  expect(await last(2)).toEqual([0n, 0n, 0n, 0n])
})

it('gives no price beyond the age limit, but keeps it readable', async () => {
  await post('energy', 1000)
  await lab().pass(HOUR + AGE_S - 20)
  expect(await lab().number('getMarketPrice', 1)).toBe(1000n)
  await lab().pass(30)
  await expectRefused(lab(), call(STRANGER, 'getMarketPrice', 1), 'MarketPriceTooOld', { resource: 1n })
  expect((await last(1))[0]).toBe(1000n)
})

it('takes the prices of the new feed only', async () => {
  const other = new Wallet(`0x${'5e'.repeat(32)}`)
  expect(await lab().do(call(MANAGER, 'setPriceSigner', other.address))).toMatchObject([
    { name: 'PriceSignerSet', args: { signer: other.address } },
  ])
  await expectRefused(lab(), await lab().priceCall('energy', 1000), 'NotSignedByFeed')
  expect(await lab().refusalOf(await lab().priceCall('energy', 1000, { signer: other }))).toBeNull()
})

it('takes no price while it has no feed', async () => {
  await lab().do(call(MANAGER, 'setPriceSigner', `0x${'0'.repeat(40)}`))
  await expectRefused(lab(), await lab().priceCall('energy', 1000), 'NotSignedByFeed')
})

it('sets no price before a market price is there with NoMarketPrice', async () => {
  await post('water', 1000)
  await expectRefused(lab(), setPrice(2n, 1n), 'NoMarketPrice', { resource: 1n })
})

it('sets no price by an old market price with MarketPriceTooOld', async () => {
  await post('energy', 150_000)
  await lab().pass(HOUR + AGE_S + 10)
  await expectRefused(lab(), setPrice(cents(15), cents(15)), 'MarketPriceTooOld')
})

it('sets prices around Z_T only with PricesNotAroundTokenPrice', async () => {
  await post('energy', 150_000)
  for (const [buyAt, sellAt] of [
    [cents(15) - 1n, cents(14)],
    [cents(16), cents(15) + 1n],
    [cents(15), 0n],
  ] as const) {
    await expectRefused(lab(), setPrice(buyAt, sellAt), 'PricesNotAroundTokenPrice', {
      tokenPrice: cents(15),
    })
  }
  expect(await lab().refusalOf(setPrice(cents(15), cents(15)))).toBeNull()
})

it('lets the two prices lie no further apart than agreed with SpreadTooWide', async () => {
  await post('energy', 150_000)
  const most = (cents(14) * 110n) / 100n
  await expectRefused(lab(), setPrice(most + 1n, cents(14)), 'SpreadTooWide', { most })
  expect(await lab().do(setPrice(most, cents(14)))).toMatchObject([
    { name: 'SCTPriceSet', args: { buyPrice: most, sellPrice: cents(14), tokenPrice: cents(15) } },
  ])
})

it('never promises more than it can pay with Insolvent', async () => {
  await lab().price(150_000)
  await lab().do(buy(ANN, 3n * C))
  await lab().pass(STEP_S)
  await post('energy', 200_000)
  const higher = await lab().number('nextTokenPrice')
  expect(higher).toBe((cents(15) * 105n) / 100n)
  const needs = (3n * C * 105n) / 100n
  await expectRefused(lab(), setPrice(higher, higher), 'Insolvent', { has: 3n * C, needs })
  await lab().do({ ...call(CAROL, 'fund'), value: needs - 3n * C - 1n })
  await expectRefused(lab(), setPrice(higher, higher), 'Insolvent', { has: needs - 1n })
  expect(await lab().do({ ...call(CAROL, 'fund'), value: 1n })).toEqual([
    { name: 'Funded', args: { from: CAROL, currencyAmount: 1n } },
  ])
  expect(await lab().refusalOf(setPrice(higher, higher))).toBeNull()
})

it('moves Z_T by one bounded step at a time, up and down', async () => {
  await lab().price(100_000)
  const walk = async (towards: number): Promise<bigint[]> => {
    const steps: bigint[] = []
    for (let step = 0; step < 3; step += 1) {
      await lab().pass(STEP_S)
      await lab().price(towards)
      steps.push(await lab().number('tokenPrice'))
    }
    return steps
  }
  expect(await walk(108_000)).toEqual([105_000n, 108_000n, 108_000n].map((each) => each * 10n ** 12n))
  expect(await walk(90_000)).toEqual([102_600_000n, 97_470_000n, 92_596_500n].map((each) => each * 10n ** 9n))
})

it('leaves Z_T where it is when the last step was taken just now', async () => {
  await lab().price(100_000)
  await lab().pass(STEP_S)
  await lab().price(120_000)
  const stepped = await lab().number('tokenPrice')
  await lab().pass(STEP_S - 20)
  expect(await lab().number('nextTokenPrice')).toBe(stepped)
  await lab().do(setPrice(stepped + 5n, stepped - 5n))
  expect(await lab().number('tokenPrice')).toBe(stepped)
  await lab().pass(20)
  expect(await lab().number('nextTokenPrice')).toBe((stepped * 105n) / 100n)
})

it('sells nothing at an old price with MarketPriceTooOld, but still buys back', async () => {
  await lab().price(150_000)
  await lab().do(buy(ANN, 3n * C))
  expect(await lab().number('buyableUntil')).toBeGreaterThan(BigInt(await lab().now()))
  await lab().pass(HOUR + AGE_S + 10)
  await expectRefused(lab(), buy(ANN, C), 'MarketPriceTooOld', { resource: 1n })
  expect(await lab().refusalOf(sell(ANN, 20n * SCT, 3n * C))).toBeNull()
})

it('creates nothing that is not backed with Insolvent', async () => {
  await lab().price(150_000)
  await expectRefused(lab(), create(ANN, SCT, cents(15) - 1n), 'Insolvent', {
    has: cents(15) - 1n,
    needs: cents(15),
  })
})

it('creates what the currency sent with the call backs', async () => {
  await lab().price(150_000)
  expect(await lab().do(create(ANN, SCT, cents(15)))).toMatchObject([
    { name: 'Transfer' },
    { name: 'TokenCreated', args: { destination: ANN, tokenAmount: SCT } },
    { name: 'Funded', args: { from: OWNER, currencyAmount: cents(15) } },
  ])
  expect(await lab().balanceOf(ANN)).toBe(SCT)
  await lab().do(sell(ANN, SCT, cents(15)))
})

it('creates tokens for its reserve without backing', async () => {
  await lab().price(150_000)
  await lab().do(create(lab().token, 5n * SCT))
  expect(await lab().number('circulating')).toBe(0n)
  expect(await lab().number('totalSupply')).toBe(10_005n * SCT)
})
