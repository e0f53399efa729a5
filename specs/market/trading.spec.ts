import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { TradingLab } from './trading-lab.ts'
import type { TradingHome } from './trading-home.ts'

let lab: TradingLab
beforeAll(async () => {
  lab = await TradingLab.open(4)
})
afterAll(() => lab.close())
beforeEach(() => lab.beginPeriod())
afterEach(() => lab.closeHomes())

const bids = (home: TradingHome | undefined, value: bigint) => {
  if (home === undefined) throw new Error('no such home')
  home.judge = () => ({ kind: 'bid', valueMicroSct: String(value), because: 'it is spared' })
}

it('goes from an order to award, delivery and payment at the second price', async () => {
  const [buyer, ann, bob] = await lab.openHomes([0, 1, 2])
  const before = await lab.worths()
  bids(ann, 500_000n)
  bids(bob, 700_000n)
  const t0 = performance.now()
  await buyer?.desk.buy(await lab.order())
  await lab.untilAll('payment')
  console.log('payment', performance.now() - t0)
  await lab.closePeriod()
  await lab.passSilence()
  await lab.untilAll('over')
  console.log('over', performance.now() - t0)
  for (const home of lab.homes)
    console.log(
      home.steps.map((s) => `${s.actor.slice(0, 13)} ${s.event.type} ${JSON.stringify(s.after)}`),
      home.faults,
    )
  expect(await lab.gains(before)).toEqual([-700_000n, 700_000n, 0n, 0n])
})
