import { Interface } from 'ethers'
import { expect, it } from 'vitest'
import { ForfeitCollector } from '../../actors/auction/forfeits.ts'
import type { WantedCall } from '../../actors/outbox-port.ts'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import { BOND, storyOf, tradingLab } from './trading-lab.ts'
import type { TradingHome } from './trading-home.ts'

const lab = tradingLab(4)
const BID = 500_000n
const trading = new Interface(tradingAbi)

/** An auction of Ann's and Bob's bids in which Bob's gateway is gone when bids are revealed. */
async function silentBob(): Promise<TradingHome> {
  const buyer = await lab().openHome(0)
  await lab().openSeller(1, BID)
  const bob = await lab().openSeller(2, BID + 1n)
  const dan = await lab().openHome(3)
  await buyer.desk.buy(await lab().order())
  await lab().until(() => storyOf(bob).includes('negotiation.selling.sealed'))
  await lab().closeHomes([bob])
  await lab().untilAll('payment')
  return dan
}

/** What the collector of this home asks for, in a block of this period. */
async function asked(home: TradingHome, period: number): Promise<WantedCall[]> {
  const { trading: market } = lab().market.lab.contracts
  const calls: WantedCall[] = []
  const faults: unknown[] = []
  const collector = new ForfeitCollector({
    store: home.store,
    outbox: { enqueue: async (_trx, call) => void calls.push(call) },
    account: home.account,
    calls: {
      claimForfeit: (id) => {
        return { to: market, data: trading.encodeFunctionData('claimForfeit', [id]), gas: 200_000 }
      },
    },
    reads: { shareOf: (id, account) => lab().market.number('shareOf', id, account) },
    onFault: (thrown) => faults.push(thrown),
  })
  collector.look(period)
  await collector.idle()
  expect(faults).toEqual([])
  return calls
}

it('are fetched once by a home that took no part, when the period is over', async () => {
  const dan = await silentBob()
  const before = await lab().worths()
  const period = await lab().market.period()
  expect(await asked(dan, period + 1)).toEqual([])
  await lab().closePeriod()
  const [call, ...more] = await asked(dan, period + 2)
  expect(more).toEqual([])
  await dan.call('claimForfeit', call?.to ?? '', call?.data ?? '')
  await lab().live(3)
  expect((await lab().worth(dan.account)) - (before.get(dan.account) ?? 0n)).toBe(BOND)
  expect(await asked(dan, period + 3)).toEqual([])
})

it('are not asked for by those who took part', async () => {
  await silentBob()
  const period = await lab().market.period()
  await lab().closePeriod()
  for (const home of lab().homes.slice(0, 2)) expect(await asked(home, period + 2)).toEqual([])
})
