import { beforeAll, expect } from 'vitest'
import {
  eventsOf,
  homeAddress,
  type Call,
  type LabReceipt,
  type LabSettings,
} from '../../../bench/contract-lab.ts'
import { MarketLab, SCT, trading, type Asked, type Secret } from '../../../bench/market-lab.ts'
import { contractLab, expectRefusal } from './setting.ts'

/** The homes of a market: the first buys, the others sell; one more neither buys nor sells. */
const home = (n: number): string => homeAddress(20 + n)
export const [BUYER, ANN, BOB, CAROL, DAN] = [home(1), home(2), home(3), home(4), home(5)]
export const TRADERS = [BUYER, ANN, BOB, CAROL, DAN]

/** Each home may use this much of every resource in a period (Wh, W, mL). */
export const PART = 10_000
/** Each home's credit at the start, in micro-SCT. */
export const CREDIT = 1000n * SCT
/** A billing period of 300 s. */
export const MARKET_SETTINGS = { sampleMs: 2000, slotsPerBilling: 150, L: 100 } as const
/** A lot of 2 kWh at a ceiling of 2 SCT a kWh. */
export const LOT: Asked = { buyer: BUYER, amount: 2000, maxPrice: 900_000n }
export const BOND = 4_000_000n

/** Numbers of ITradingEnabler. */
export const STATE = { open: 1n, shown: 2n, awarded: 3n, failed: 4n, settled: 5n }
export const REASON = {
  cancelled: 1n,
  noBids: 2n,
  noMaxPrice: 3n,
  noneUnderMax: 4n,
  secondAboveMax: 5n,
  tooLate: 6n,
}

/** A market for the file: homes with quota and credit; each test begins with the same state of it. */
export function marketLab(settings: Partial<LabSettings> = {}): () => MarketLab {
  const lab = contractLab({ ...MARKET_SETTINGS, ...settings }, TRADERS)
  let market: MarketLab | undefined
  beforeAll(async () => {
    market = await MarketLab.open(lab())
    await market.divide(TRADERS, PART)
    await market.fund(TRADERS, CREDIT)
  })
  return () => {
    if (market === undefined) throw new Error('the market is not open')
    return market
  }
}

/** The call meets this named error of the market, or of the quota contract behind it. */
export async function refused(
  market: MarketLab,
  call: Call,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await expectRefusal(market.lab, call, name, args)
}

/** The market's events of a receipt. */
export const toldIn = (market: MarketLab, receipt: LabReceipt) =>
  eventsOf(receipt, trading, market.lab.contracts.trading)

/** Gives back what an auction does not need any more, to each of the accounts. */
export async function refundAll(
  market: MarketLab,
  { id }: Secret,
  name: 'refundSucceed' | 'refundFail',
  accounts: readonly string[],
): Promise<void> {
  for (const account of accounts) await market.lab.do(market.to(account, name, id, account))
}

/** What everybody's credit changed by since the start. */
export async function gains(market: MarketLab, accounts: readonly string[] = TRADERS): Promise<bigint[]> {
  const credits = await Promise.all(accounts.map((account) => market.creditOf(account)))
  return credits.map((credit) => credit - CREDIT)
}

/** An auction that failed, for this reason. */
export async function expectFailed(market: MarketLab, secret: Secret, reason: bigint): Promise<void> {
  expect(await market.auctionOf(secret)).toMatchObject({ state: STATE.failed, reason })
}
