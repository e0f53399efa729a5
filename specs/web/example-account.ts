import type { BillView, TradeView } from '../../web/market-model.ts'

export const SCT = 1_000_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
/** Somebody in the same community. */
export const neighbour = (number: number): string => `0x${String(number).padStart(2, '0').repeat(20)}`

/** What a home's account looked like after some months of trading. */
export function exampleTrades(nowMs: number): readonly TradeView[] {
  const trade = (index: number, part: Partial<TradeView>): TradeView => ({
    id: String(60 - index),
    role: 'buyer',
    resource: 'energy',
    amount: 3_000,
    fromMs: nowMs - 36 * DAY_MS,
    untilMs: nowMs - 6 * DAY_MS,
    delivered: 3_000,
    priceMicroSct: 1_011_264,
    paidMicroSct: 1_011_264,
    compensationMicroSct: 0,
    againstTradingPpm: -80_000,
    counterparty: neighbour(4),
    atMs: nowMs - (6 + 2 * index) * DAY_MS,
    outcome: 'delivered',
    text: '',
    ...part,
  })
  return [
    trade(0, {}),
    trade(1, {
      role: 'seller',
      resource: 'water',
      amount: 1_200_000,
      delivered: 1_200_000,
      priceMicroSct: 5_240_000,
      paidMicroSct: 5_240_000,
      againstTradingPpm: 37_000,
      counterparty: neighbour(8),
    }),
    trade(2, {
      delivered: 2_250,
      paidMicroSct: 758_448,
      compensationMicroSct: 252_816,
      againstTradingPpm: 12_300,
      counterparty: neighbour(2),
      outcome: 'partly',
      text: 'The seller used 0.75 kWh of it itself, and paid you 0.2528 SCT for that.',
    }),
    trade(3, {
      resource: 'power',
      amount: 2_000,
      delivered: 2_000,
      priceMicroSct: 378_000,
      paidMicroSct: 378_000,
      againstTradingPpm: null,
      counterparty: neighbour(7),
    }),
  ]
}

export function exampleBills(nowMs: number): readonly BillView[] {
  const row = (
    text: string,
    resource: BillView['rows'][number]['resource'],
    amount: number | null,
    micro: number,
  ) => ({
    text,
    resource,
    amount,
    microSct: micro,
    microEur: micro / 2,
  })
  return [
    {
      period: 20_733,
      startsAtMs: nowMs - 6 * DAY_MS,
      endsAtMs: nowMs + 24 * DAY_MS,
      closed: false,
      rows: [
        row('Bought from 0x0202…0202', 'energy', 2_000, 720_000),
        row('Sold to 0x0808…0808', 'water', 1_200_000, -5_240_000),
        row('Penalty: power above the quota', 'power', 300, 150_000),
        row('Share of forfeited bonds', null, null, -42_118),
      ],
      totalMicroSct: -4_412_118,
      totalMicroEur: -2_206_059,
    },
    {
      period: 20_732,
      startsAtMs: nowMs - 36 * DAY_MS,
      endsAtMs: nowMs - 6 * DAY_MS,
      closed: true,
      rows: [row('Bought from 0x0404…0404', 'energy', 3_000, 1_011_264)],
      totalMicroSct: 1_011_264,
      totalMicroEur: 505_632,
    },
  ]
}
