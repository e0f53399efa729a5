/** What a simulation is asked for. */
export interface SimulationOptions {
  readonly homes: number
  readonly days: number
  readonly seed: string
  /** Slots that a home sends in one call. */
  readonly batch: number
  /** How many faults there are: 0 none, 1 as many as the plan has. */
  readonly faults: number
  readonly trading: boolean
  /** Whether it ends at the first violation. */
  readonly stopsAtFirst: boolean
}

export const DEFAULTS: SimulationOptions = {
  homes: 40,
  days: 30,
  seed: '7',
  batch: 8,
  faults: 1,
  trading: true,
  stopsAtFirst: false,
}

/** How the simulated community counts its time. */
export const TIMES = {
  /** Monday, 5 January 2026, midnight in UTC. */
  startMs: Date.UTC(2026, 0, 5),
  sampleMs: 15 * 60_000,
  /** A day: thirty periods are divided, traded in and closed in a month. */
  slotsPerBilling: 96,
  blockSeconds: 10,
  /** A block so deep is final: forks of the simulation are less deep. */
  finalBlocks: 6,
  /** Blocks in which an asserted excess may be challenged. */
  windowBlocks: 6,
} as const
export type SimulationTimes = typeof TIMES

/** Prices and amounts of money of the simulated community, in micro-SCT and wei. */
export const MONEY = {
  balanceMicroSct: 500_000_000n,
  ceilings: { 1: 2_000_000, 2: 1_000_000, 3: 40_000_000 },
  securityBps: 2_000,
  decisionSeconds: 6 * 3_600,
  buyWei: 1_010_000_000_000_000_000n,
  sellWei: 990_000_000_000_000_000n,
  minBalanceWei: 10_000_000_000_000_000n,
  coinsWei: 1_000_000_000_000_000_000_000n,
} as const
