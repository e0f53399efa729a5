/**
 * Writes docs/penalties.md by playing every scenario on the contracts and reading what it left in credits,
 * forfeits and events. `--check` writes nothing and fails when the committed page is not what they give.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ContractLab, eventsOf, LAB_SETTINGS, type Named } from './contract-lab.ts'
import { MarketLab, SCT, trading, type Secret } from './market-lab.ts'
import { ANN, BOB, BUYER, CAROL, DAN, HOMES, SCENARIOS, SETTINGS } from './penalty-scenarios.ts'
import type { Scenario, Stage } from './penalty-scenarios.ts'

export const PAGE = join(import.meta.dirname, '../docs/penalties.md')
const PART = 10_000
const CREDIT = 1000n * SCT
const NAMES = new Map([
  [BUYER, 'buyer'],
  [ANN, 'Ann'],
  [BOB, 'Bob'],
  [CAROL, 'Carol'],
  [DAN, 'Dan'],
])
const STATES = ['none', 'open', 'shown', 'awarded', 'failed', 'settled']
const REASONS = [
  '',
  'Cancelled',
  'NoBids',
  'NoMaxPrice',
  'NoneUnderMax',
  'SecondAboveMax',
  'TooLate',
] as const
/** Of BidState: a bid that was never shown. */
const SEALED = 1n

/** One row of the page. */
interface Row {
  readonly title: string
  readonly end: string
  readonly pays: string
  readonly gets: string
  readonly told: string
  readonly gains: readonly bigint[]
}

async function marketOf(lab: ContractLab): Promise<MarketLab> {
  const market = await MarketLab.open(lab)
  await lab.found(HOMES)
  await market.divide(HOMES, PART)
  await market.fund(HOMES, CREDIT)
  return market
}

/** The page, played anew. */
export async function penaltiesPage(): Promise<string> {
  const chain = await ContractLab.chainOnly()
  try {
    const rows = new Map<Scenario, Row>()
    for (const strict of [false, true]) {
      const auctions = { blockSeconds: 1, securityBps: 2000, strict, decisionSeconds: 150 }
      const lab = await ContractLab.deploy(chain, { ...LAB_SETTINGS, ...SETTINGS, auctions })
      const market = await marketOf(lab)
      for (const scenario of SCENARIOS) {
        if ((scenario.strict ?? false) === strict) rows.set(scenario, await played(market, scenario))
      }
    }
    return render(SCENARIOS.flatMap((scenario) => rows.get(scenario) ?? []))
  } finally {
    await chain.stop()
  }
}

async function played(market: MarketLab, scenario: Scenario): Promise<Row> {
  await toNextPeriod(market)
  const snapshot = await market.lab.rpc('evm_snapshot')
  const stage: Stage = { market, told: [], errors: [] }
  const secret = await scenario.play(stage)
  const silent = await silentSellers(market, secret)
  const events = stage.told.flatMap((each) => eventsOf(each, trading, market.lab.contracts.trading))
  const auction = await market.auctionOf(secret)
  await refunded(market, secret, auction)
  const row = {
    title: scenario.title,
    end: endOf(auction),
    ...(await penaltyOf(market, secret, events, silent)),
    told: [...stage.errors, ...namesOf(events)].map((name) => `\`${name}\``).join(', '),
    gains: await Promise.all([BUYER, ANN, BOB].map(async (each) => (await market.creditOf(each)) - CREDIT)),
  }
  await market.lab.rpc('evm_revert', [snapshot])
  return row
}

async function toNextPeriod(market: MarketLab): Promise<void> {
  const seconds = (SETTINGS.sampleMs * SETTINGS.slotsPerBilling) / 1000
  await market.passTo(BigInt(((await market.period()) + 1) * seconds))
}

/** Sellers that bid and did not show. */
async function silentSellers(market: MarketLab, { id, bids }: Secret): Promise<string[]> {
  const silent: string[] = []
  for (const seller of bids.keys()) {
    const [, , state] = await market.read('bidOf', id, seller)
    if (state === SEALED) silent.push(NAMES.get(seller) ?? seller)
  }
  return silent
}

async function refunded(market: MarketLab, secret: Secret, auction: Readonly<Record<string, unknown>>) {
  const name = auction['state'] === 4n ? 'refundFail' : 'refundSucceed'
  const accounts = [...(auction['buyerRefunded'] === true ? [] : [BUYER]), ...secret.bids.keys()]
  for (const account of accounts) await market.lab.do(market.to(DAN, name, secret.id, account))
}

function endOf({ state, reason }: Readonly<Record<string, unknown>>): string {
  const why = REASONS[Number(reason)] ?? ''
  return `${STATES[Number(state)] ?? ''}${why === '' ? '' : `: ${why}`}`
}

const TELLING = ['AuctionFailed', 'BondsForfeited', 'AuctionAwarded', 'ExchangeConfirmed']
const namesOf = (events: readonly Named[]): string[] =>
  TELLING.filter((name) => events.some((event) => event.name === name))

/** Who pays and who gets it: forfeited bonds by the shares due, penalties by their event. */
async function penaltyOf(
  market: MarketLab,
  secret: Secret,
  events: readonly Named[],
  silent: readonly string[],
) {
  const bonds = await market.number('forfeitOf', secret.id)
  if (bonds > 0n) {
    const unshown = events.some(({ args }) => args['reason'] === 3n)
    const shares = await Promise.all(
      HOMES.map(async (home) => [home, await market.number('shareOf', secret.id, home)] as const),
    )
    const due = shares.filter(([, share]) => share > 0n)
    const gets = due.map(([home, share]) => `${NAMES.get(home) ?? home} ${sct(share)}`).join(', ')
    const each = bonds / BigInt(unshown ? 1 : silent.length)
    return { pays: (unshown ? ['buyer'] : silent).map((name) => `${name} ${sct(each)}`).join(', '), gets }
  }
  const paid = events.find(({ name }) => name === 'ExchangeConfirmed')?.args['penalty']
  const penalty = typeof paid === 'bigint' ? paid : 0n
  if (penalty === 0n) return { pays: '–', gets: '–' }
  return { pays: `Ann ${sct(penalty)}`, gets: `buyer ${sct(penalty)}` }
}

function sct(micro: bigint): string {
  const digits = (micro < 0n ? -micro : micro).toString().padStart(7, '0')
  const text = `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, '')
  return micro < 0n ? `−${text}` : text
}

const signed = (micro: bigint): string => (micro > 0n ? `+${sct(micro)}` : sct(micro))

const HEAD = `# What failing costs

Generated by \`npm run generate:penalties\`: each row was played on the contracts, and its figures are what
credits, forfeits and events said afterwards. Do not edit: \`specs/chain/contracts/penalties.spec.ts\` plays
them again.

The lot is 2 kWh with a bond of 4 SCT for the buyer and for each seller, a maximum price of 0.9 SCT and a
security S of a fifth of the bid. Ann bids 0.5 and Bob 0.6 SCT; Carol and Dan take no part. Amounts are SCT.
*Pays* and *gets* are penalties, not prices; a forfeited bond is shared after the period's close among the
homes that took no part, by their parts, and no role can draw on it. The last column is what each has more
or less of in the end, the price included and shares of forfeits not.

| what happens | ends as | pays | gets | error or event | buyer / Ann / Bob |
|---|---|---|---|---|---|
`

function render(rows: readonly Row[]): string {
  const line = ({ title, end, pays, gets, told, gains }: Row) =>
    `| ${title} | ${end} | ${pays} | ${gets} | ${told} | ${gains.map(signed).join(' / ')} |`
  return `${HEAD}${rows.map(line).join('\n')}\n`
}

async function main(check: boolean): Promise<number> {
  const page = await penaltiesPage()
  if (!check) {
    writeFileSync(PAGE, page)
    return 0
  }
  if (readFileSync(PAGE, 'utf8') === page) return 0
  console.error('stale: docs/penalties.md; run npm run generate:penalties and commit the result')
  return 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.includes('--check'))
}
