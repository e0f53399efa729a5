import { ContractLab, homeAddress, LAB_SETTINGS } from './contract-lab.ts'
import { ENERGY, MarketLab, POWER, SCT, type Asked } from './market-lab.ts'
import type { EmbeddedChain } from '../chain/network/embedded.ts'
import type { BenchRow } from './recovery.ts'

/** DESIGN §14: whole transactions, whatever the number of bidders. */
const LIMITS = { reveal: 70_000, settle: 60_000 } as const
/** Gas of two calls may differ by the zero bytes of their arguments, but not with the number of bidders. */
const SAME_GAS = 2_000
const BIDDERS = [3, 10, 40] as const
const BUYER = homeAddress(100)
const SELLERS = Array.from({ length: 40 }, (_, index) => homeAddress(101 + index))

/** What a call cost at most. */
interface Costs {
  offer: number
  receiveBid: number
  depositMaxPrice: number
  revealBid: number
  checkWinner: number
  silent: number
  confirm: number
}

/**
 * Gas of every call of an auction by 3, 10 and 40 bidders, who reveal from the highest bid to the lowest, so
 * that each takes the lead from the one before: the dearest order. Each auction is in a period of its own, so
 * that sellers lock for the first time in it. `silent`: one bidder does not reveal, so its bond is forfeited.
 */
export async function marketRows(chain: EmbeddedChain): Promise<BenchRow[]> {
  const lab = await ContractLab.deploy(chain, { ...LAB_SETTINGS, slotsPerBilling: 300 })
  const market = await MarketLab.open(lab)
  const homes = [BUYER, ...SELLERS]
  await lab.found(homes)
  await market.divide(homes, 10_000)
  await market.fund(homes, 1000n * SCT)
  const rows: BenchRow[] = []
  for (const [name, resource] of [
    ['energy', ENERGY],
    ['power', POWER],
  ] as const) {
    const costs: Costs[] = []
    for (const bidders of BIDDERS) costs.push(await auctionCosts(market, resource, bidders))
    rows.push(...rowsOf(name, costs))
  }
  return rows
}

async function auctionCosts(market: MarketLab, resource: number, bidders: number): Promise<Costs> {
  const { lab } = market
  const period = (await market.period()) + 1
  await market.passTo(BigInt((period * 300 * LAB_SETTINGS.sampleMs) / 1000))
  const from = resource === POWER ? period * 300 + 200 : 0
  const window = { fromSlot: from, untilSlot: resource === POWER ? from + 50 : 0 }
  const warm = { buyer: BUYER, resource, period, ...window, amount: 1, maxPrice: 1n }
  await lab.do(market.to(BUYER, 'cancel', (await market.offer(warm)).id))
  const asked: Asked = {
    buyer: BUYER,
    resource,
    period,
    ...window,
    amount: 500,
    maxPrice: 13_000n,
    commitSeconds: 60,
    revealSeconds: 60,
  }
  const { secret, call } = await market.offerCall(asked)
  const offer = (await lab.do(call)).gasUsed
  const receiveBid: number[] = []
  for (const [index, seller] of SELLERS.slice(0, bidders).entries()) {
    receiveBid.push((await market.bid(secret, seller, 12_000n - BigInt(index))).gasUsed)
  }
  const depositMaxPrice = (await market.show(secret)).gasUsed
  const revealBid = (await market.revealAll(secret)).map(({ gasUsed }) => gasUsed)
  const checkWinner = (await market.check(secret)).gasUsed
  const confirm = (await lab.do(market.to(BUYER, 'confirmResourceExchange', secret.id))).gasUsed
  const silent = await silentCost(market, asked)
  return {
    offer,
    receiveBid: Math.max(...receiveBid),
    depositMaxPrice,
    revealBid: Math.max(...revealBid),
    checkWinner,
    silent,
    confirm,
  }
}

/** The decision of an auction of two bids of which one is never shown. */
async function silentCost(market: MarketLab, asked: Asked): Promise<number> {
  const secret = await market.offer({ ...asked, amount: 100, maxPrice: 2000n })
  for (const seller of SELLERS.slice(0, 2)) await market.bid(secret, seller, 1000n)
  await market.show(secret)
  await market.reveal(secret, SELLERS[0] ?? '')
  await market.pass(61)
  return (await market.check(secret)).gasUsed
}

function rowsOf(name: string, costs: readonly Costs[]): BenchRow[] {
  const { reveal: revealBid, settle: checkWinner } = LIMITS
  const limits: Partial<Costs> = { revealBid, checkWinner, silent: checkWinner }
  const names = [
    'offer',
    'receiveBid',
    'depositMaxPrice',
    'revealBid',
    'checkWinner',
    'silent',
    'confirm',
  ] as const
  return names.flatMap((call) => {
    const values = costs.map((each) => each[call])
    const growth = Math.max(...values) - Math.min(...values)
    return [
      ...values.map((value, index) =>
        row(`auction.${name}.${BIDDERS[index] ?? 0}.${call}`, value, limits[call] ?? null),
      ),
      row(`auction.${name}.growth.${call}`, growth, SAME_GAS),
    ]
  })
}

function row(name: string, value: number, limit: number | null): BenchRow {
  return { case: name, value, unit: 'gas', limit, ok: limit === null || value <= limit, baseline: null }
}
