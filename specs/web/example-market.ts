import type {
  AuctionView,
  MarketResourceView,
  MarketView,
  MovementView,
  RequestView,
  RuleForm,
  SealView,
} from '../../web/market-model.ts'
import type { HomeView } from '../../web/read-model.ts'
import { DAY_MS, HOUR_MS, SCT, exampleBills, exampleTrades, neighbour } from './example-account.ts'
import { exampleHome, HOME_ACCOUNT, NOON_MS } from './example-views.ts'

export { SCT, neighbour } from './example-account.ts'

/** A home that buys and sells, for the specs of the market's pages. */

/** Accounts of neighbours, in lower case as event logs have them. */

export function exampleResources(): readonly MarketResourceView[] {
  return [
    {
      resource: 'energy',
      quota: 200_000,
      used: 124_300,
      likelyByEnd: 214_000,
      spare: 0,
      spareBecause: 'Likely use is above the quota.',
      marketMicroEurPerUnit: 183_200,
      marketMicroSctPerUnit: 366_400,
      tradingMicroSctPerUnit: 337_088,
      weightPpm: 920_000,
      ceilingMicroSctPerUnit: 600_000,
    },
    {
      resource: 'power',
      quota: 4_600,
      used: 3_900,
      likelyByEnd: 4_100,
      spare: 500,
      spareBecause: 'The highest slot is likely to stay at 4.1 kW of 4.6 kW.',
      marketMicroEurPerUnit: 45_000,
      marketMicroSctPerUnit: 90_000,
      tradingMicroSctPerUnit: 94_500,
      weightPpm: 1_050_000,
      ceilingMicroSctPerUnit: 200_000,
    },
    {
      resource: 'water',
      quota: 10_000_000,
      used: 6_120_000,
      likelyByEnd: 8_700_000,
      spare: 1_300_000,
      spareBecause: 'Likely use to the end of the period is 8.7 m³ of 10 m³.',
      marketMicroEurPerUnit: 2_105_000,
      marketMicroSctPerUnit: 4_210_000,
      tradingMicroSctPerUnit: null,
      weightPpm: 1_000_000,
      ceilingMicroSctPerUnit: 8_000_000,
    },
  ]
}

export function exampleRequests(nowMs: number): readonly RequestView[] {
  const period = { fromMs: nowMs - 6 * DAY_MS, untilMs: nowMs + 24 * DAY_MS }
  return [
    {
      auctionId: '81',
      resource: 'water',
      amount: 750_000,
      ...period,
      buyer: neighbour(3),
      openedAtMs: nowMs - 9_000,
      closesAtMs: nowMs + 42_000,
      estimateMicroSct: 3_157_500,
      ceilingMicroSct: 6_000_000,
      spare: 1_300_000,
      state: 'open',
      ownValueMicroSct: null,
      because: 'You will likely use 8.7 m³ of your 10 m³ by the end of the period.',
    },
    {
      auctionId: '82',
      resource: 'power',
      amount: 1_000,
      fromMs: nowMs + 5 * HOUR_MS,
      untilMs: nowMs + 7 * HOUR_MS,
      buyer: neighbour(7),
      openedAtMs: nowMs - 30_000,
      closesAtMs: nowMs + 12_000,
      estimateMicroSct: 189_000,
      ceilingMicroSct: 400_000,
      spare: 500,
      state: 'open',
      ownValueMicroSct: null,
      because: 'Your peak is likely to reach 4.1 kW: with this you could switch off at 3.6 kW.',
    },
    {
      auctionId: '79',
      resource: 'energy',
      amount: 1_500,
      ...period,
      buyer: neighbour(5),
      openedAtMs: nowMs - 120_000,
      closesAtMs: nowMs - 5_000,
      estimateMicroSct: 505_632,
      ceilingMicroSct: 900_000,
      spare: 0,
      state: 'declined',
      ownValueMicroSct: null,
      because: 'Your own quota will likely not last.',
    },
  ]
}

const seal = (account: string, valueMicroSct: number | null, own = false): SealView => ({
  account,
  own,
  valueMicroSct,
})

const movement = (
  kind: MovementView['kind'],
  text: string,
  microSct: number,
  done: boolean,
): MovementView => ({ kind, text, microSct, done })

/** An offer to buy 2 kWh that neighbours bid on now. */
export function biddingAuction(nowMs: number): AuctionView {
  return {
    id: '80',
    role: 'buyer',
    resource: 'energy',
    amount: 2_000,
    fromMs: nowMs - 6 * DAY_MS,
    untilMs: nowMs + 24 * DAY_MS,
    buyer: HOME_ACCOUNT,
    seller: null,
    openedAtMs: nowMs - 20_000,
    phase: 'bidding',
    phaseStartsAtMs: nowMs - 18_000,
    phaseEndsAtMs: nowMs + 27_000,
    failure: null,
    bids: 3,
    reveals: 0,
    seals: [seal(neighbour(2), null), seal(neighbour(4), null), seal(neighbour(6), null)],
    bondMicroSct: 1_200_000,
    depositMicroSct: 0,
    ownValueMicroSct: 800_000,
    maxPriceMicroSct: null,
    won: null,
    priceMicroSct: null,
    delivered: null,
    movements: [movement('locked', 'Your bond', 1_200_000, true)],
    cancellable: false,
    byRule: false,
    text: 'Neighbours bid now. Nobody sees a bid, and nobody sees your maximum.',
  }
}

/** The same offer with the seals being opened. */
export function revealingAuction(nowMs: number): AuctionView {
  return {
    ...biddingAuction(nowMs),
    phase: 'revealing',
    phaseStartsAtMs: nowMs - 4_000,
    phaseEndsAtMs: nowMs + 16_000,
    reveals: 2,
    seals: [seal(neighbour(2), 640_000), seal(neighbour(4), null), seal(neighbour(6), 720_000)],
    bondMicroSct: 0,
    depositMicroSct: 1_200_000,
    maxPriceMicroSct: 800_000,
    text: 'Your maximum is shown. The bids are opened one by one.',
  }
}

/** Awarded and waiting for delivery: the lowest won, the second-lowest is the price. */
export function deliveringAuction(nowMs: number): AuctionView {
  return {
    ...revealingAuction(nowMs),
    id: '78',
    phase: 'delivering',
    phaseStartsAtMs: nowMs - HOUR_MS,
    phaseEndsAtMs: nowMs + 24 * DAY_MS,
    openedAtMs: nowMs - HOUR_MS,
    seller: neighbour(2),
    reveals: 3,
    seals: [seal(neighbour(2), 640_000), seal(neighbour(4), 910_000), seal(neighbour(6), 720_000)],
    depositMicroSct: 720_000,
    won: true,
    priceMicroSct: 720_000,
    movements: [
      movement('locked', 'The price, until delivery', 720_000, true),
      movement('returned', 'The rest of your bond', 480_000, true),
      movement('pays', 'To the seller, as far as delivered', 720_000, false),
    ],
    text: 'The quota is yours. The seller is paid at the end of the period for what it left you.',
  }
}

/** A bid of this home that somebody undercut. */
export function lostAuction(nowMs: number): AuctionView {
  return {
    ...biddingAuction(nowMs),
    id: '76',
    role: 'seller',
    resource: 'water',
    amount: 500_000,
    buyer: neighbour(8),
    seller: neighbour(4),
    openedAtMs: nowMs - 26 * HOUR_MS,
    phase: 'paid',
    phaseStartsAtMs: null,
    phaseEndsAtMs: null,
    bids: 2,
    reveals: 2,
    seals: [seal(HOME_ACCOUNT, 2_100_000, true), seal(neighbour(4), 1_900_000)],
    bondMicroSct: 0,
    ownValueMicroSct: 2_100_000,
    maxPriceMicroSct: 2_600_000,
    won: false,
    movements: [movement('returned', 'Your bond', 4_000_000, true)],
    byRule: true,
    text: 'A neighbour asked for less. Your bond is back, and your quota is free again.',
  }
}

export function failedAuction(nowMs: number): AuctionView {
  return {
    ...biddingAuction(nowMs),
    id: '70',
    openedAtMs: nowMs - 30 * HOUR_MS,
    phase: 'failed',
    phaseStartsAtMs: null,
    phaseEndsAtMs: null,
    failure: 'none-under-max',
    bids: 1,
    reveals: 1,
    seals: [seal(neighbour(4), 990_000)],
    bondMicroSct: 0,
    maxPriceMicroSct: 800_000,
    movements: [movement('returned', 'Your bond', 1_200_000, true)],
    text: 'Nothing was bought.',
  }
}

export const SELL_RULE: RuleForm = {
  name: 'Sell spare water',
  do: 'sell',
  resource: 'water',
  when: {},
  amount: { kind: 'above', percent: 20 },
  limitMicroSct: 3_800_000,
}

export const OVEN_RULE: RuleForm = {
  name: 'Power for the oven',
  do: 'buy',
  resource: 'power',
  when: { weekdays: ['saturday'], hours: { from: '08:00', until: '10:00' } },
  amount: { kind: 'fixed', amount: 2_000 },
  limitMicroSct: 95_000,
  window: { from: '11:00', until: '13:00' },
  perDay: { times: 1 },
}

export function exampleMarket(nowMs: number = NOON_MS): MarketView {
  return {
    state: { phase: 'open', text: 'The market is open.' },
    leadMs: 75_000,
    strict: false,
    wallet: {
      balanceMicroSct: 86_240_500,
      creditMicroSct: 4_412_118,
      lockedMicroSct: 1_920_000,
      nativeWei: '418210000000000000',
      sctBuyMicroEur: 505_000,
      sctSellMicroEur: 495_000,
      pricesAtMs: nowMs - 14 * 60_000,
      pricesStale: false,
    },
    resources: exampleResources(),
    requests: exampleRequests(nowMs),
    auctions: [biddingAuction(nowMs), deliveringAuction(nowMs), lostAuction(nowMs), failedAuction(nowMs)],
    history: exampleTrades(nowMs),
    bills: exampleBills(nowMs),
    preferences: {
      preferences: [
        { resource: 'energy' },
        { resource: 'water', leastAmount: 100_000, keptSurplus: 250_000, leastUnitMicroSct: 3_000_000 },
      ],
      blocked: [],
    },
    rules: [
      { id: 'rule-1', enabled: true, rule: SELL_RULE },
      { id: 'rule-2', enabled: false, rule: OVEN_RULE },
    ],
    keepMicroSct: 20 * SCT,
    decisions: [
      {
        atMs: nowMs - 9_000,
        rule: SELL_RULE.name,
        resource: 'water',
        acted: false,
        text: 'Does not bid on 0.75 m³, because only 1.3 m³ can be spared and 2 m³ are kept back.',
      },
      {
        atMs: nowMs - 26 * HOUR_MS,
        rule: SELL_RULE.name,
        resource: 'water',
        acted: true,
        text: 'Bids 2.1 SCT for 0.5 m³, because 2.8 m³ can be spared and 2 m³ are kept back.',
      },
    ],
  }
}

/** A market that has just opened: nothing was bought, asked for, or decided. */
export function emptyMarket(nowMs: number = NOON_MS): MarketView {
  const market = exampleMarket(nowMs)
  return {
    ...market,
    wallet: {
      ...market.wallet,
      balanceMicroSct: 0,
      creditMicroSct: 0,
      lockedMicroSct: 0,
      sctBuyMicroEur: null,
      sctSellMicroEur: null,
      pricesAtMs: null,
      pricesStale: true,
    },
    resources: market.resources.map((of) => ({
      ...of,
      quota: null,
      used: 0,
      likelyByEnd: null,
      spare: null,
      marketMicroEurPerUnit: null,
      marketMicroSctPerUnit: null,
      tradingMicroSctPerUnit: null,
      ceilingMicroSctPerUnit: null,
    })),
    requests: [],
    auctions: [],
    history: [],
    bills: [],
    rules: [],
    decisions: [],
    keepMicroSct: 0,
  }
}

export function tradingHome(market: MarketView = exampleMarket(), nowMs: number = NOON_MS): HomeView {
  return { ...exampleHome(nowMs), market }
}
