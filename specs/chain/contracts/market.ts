import { beforeAll } from 'vitest'
import { homeAddress, type LabSettings } from '../../../bench/contract-lab.ts'
import { MarketLab, SCT } from '../../../bench/market-lab.ts'
import { contractLab } from './setting.ts'

/** The homes of a market: the first buys, the others sell. */
const home = (n: number): string => homeAddress(20 + n)
export const [BUYER, ANN, BOB, CAROL, DAN] = [home(1), home(2), home(3), home(4), home(5)]
export const TRADERS = [BUYER, ANN, BOB, CAROL, DAN]

/** Each home may use this much of every resource in a period (Wh, W, mL). */
export const PART = 10_000
/** Each home's credit at the start, in micro-SCT. */
export const CREDIT = 1000n * SCT
/** A billing period of 300 s. */
export const MARKET_SETTINGS: Partial<LabSettings> = { sampleMs: 2000, slotsPerBilling: 150, L: 100 }

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
