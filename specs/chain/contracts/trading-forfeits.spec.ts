import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Secret } from '../../../bench/market-lab.ts'
import { ANN, BOB, BOND, BUYER, CAROL, CREDIT, DAN, LOT, PART } from './market.ts'
import { gains, marketLab, refused, toldIn, TRADERS } from './market.ts'

const market = marketLab()

/** An auction of Ann's and Bob's bids in which Bob does not reveal: his bond is forfeited. */
async function silentBob(): Promise<Secret> {
  const secret = await market().offer(LOT)
  for (const seller of [ANN, BOB]) await market().bid(secret, seller, 500_000n)
  await market().show(secret)
  await market().reveal(secret, ANN)
  await market().pass(31)
  await market().check(secret)
  return secret
}

const claim = ({ id }: Secret, home: string) => market().to(home, 'claimForfeit', id)

it('shares a forfeited bond among the homes that took no part, by their parts', async () => {
  const secret = await silentBob()
  await market().close(secret)
  for (const home of [CAROL, DAN]) {
    expect(await market().number('shareOf', secret.id, home)).toBe(BOND / 2n)
    const receipt = await market().lab.do(claim(secret, home))
    expect(toldIn(market(), receipt)).toMatchObject([{ name: 'ForfeitShared', args: { amount: BOND / 2n } }])
  }
  expect(await gains(market(), [CAROL, DAN])).toEqual([BOND / 2n, BOND / 2n])
})

it('gives nothing to the parties, twice, or to homes without a part: NothingToShare', async () => {
  const secret = await silentBob()
  await market().close(secret)
  await market().lab.do(claim(secret, CAROL))
  for (const home of [BUYER, ANN, BOB, CAROL, market().lab.manager.address]) {
    await refused(market(), claim(secret, home), 'NothingToShare')
  }
})

it('shares only after the period with PeriodNotOver', async () => {
  const secret = await silentBob()
  await refused(market(), claim(secret, CAROL), 'PeriodNotOver')
})

it('has nothing to share of an auction that is not decided, or in which all have shown', async () => {
  const open = await market().offer(LOT)
  await market().bid(open, ANN, 1n)
  const whole = await market().auction(LOT, [[BOB, 1n]])
  await market().close(open)
  for (const secret of [open, whole]) {
    expect(await market().number('forfeitOf', secret.id)).toBe(0n)
    await refused(market(), claim(secret, CAROL), 'NothingToShare')
  }
})

it('shares the bond of a buyer that did not show among those who did not bid', async () => {
  const secret = await market().offer(LOT)
  await market().bid(secret, ANN, 1n)
  await market().pass(100)
  await market().check(secret)
  await market().close(secret)
  for (const home of [BOB, CAROL, DAN]) await market().lab.do(claim(secret, home))
  expect(await gains(market(), [BUYER, BOB, CAROL, DAN])).toEqual([-BOND, BOND / 3n, BOND / 3n, BOND / 3n])
})

it('keeps what nobody is left to share', async () => {
  const secret = await market().offer(LOT)
  for (const seller of [ANN, BOB, CAROL, DAN]) await market().bid(secret, seller, 1n)
  await market().show(secret)
  await market().pass(31)
  await market().check(secret)
  await market().close(secret)
  for (const home of TRADERS) expect(await market().number('shareOf', secret.id, home)).toBe(0n)
  expect(await market().number('forfeitOf', secret.id)).toBe(4n * BOND)
  expect(await market().balanceOf(market().lab.contracts.trading)).toBe(5n * CREDIT)
})

it('never shares more than was forfeited, whatever the parts', { timeout: 120_000 }, async () => {
  const parts = fc.array(fc.nat(PART), { minLength: 5, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(parts, async (given) => {
      const snapshot = await market().lab.rpc('evm_snapshot')
      const { lab } = market()
      const period = (await market().period()) + 1
      const sum = given.reduce((total, part) => total + part, 0) + 2000
      await lab.do(lab.quotaAsManager('setCommunityContract', period, sum, 0, 0))
      const energy = given.map((part, index) => (index === 1 ? part + 2000 : part))
      const none = given.map(() => 0)
      await lab.do(lab.quotaAsManager('allocate', 2, TRADERS, energy, none, none))
      await lab.do(lab.quotaAsManager('closeAllocation', 2))
      const secret = await market().offer({ ...LOT, period, maxPrice: 1n })
      await market().bid(secret, ANN, 1n)
      await market().pass(100)
      await market().check(secret)
      const shares = await Promise.all(TRADERS.map((home) => market().number('shareOf', secret.id, home)))
      const shared = shares.reduce((total, share) => total + share, 0n)
      expect(shared <= BOND).toBe(true)
      if (given.slice(2).some((part) => part > 0)) expect(BOND - shared < 3n).toBe(true)
      await market().lab.rpc('evm_revert', [snapshot])
    }),
    { numRuns: 12 },
  )
})
