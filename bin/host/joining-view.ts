import type { HomeView } from '../../web/read-model.ts'

/** What a home's page shows before the home belongs to a community; nothing is known yet. */
export function joiningView(
  who: Pick<HomeView, 'name' | 'account' | 'community'>,
  text: string,
  nowMs: number,
): HomeView {
  return {
    role: 'home',
    ...who,
    state: { phase: 'joining', text, away: [] },
    slot: null,
    sampleMs: 1_000,
    updatedAtMs: nowMs,
    now: {
      powerW: null,
      peakPowerW: null,
      flowMlPerMin: null,
      temperatureCentiC: null,
      humidityPermille: null,
    },
    period: { index: 0, startsAtMs: nowMs, endsAtMs: nowMs },
    energy: { usedWh: 0, quotaWh: null, exportedWh: 0 },
    power: { contractedW: null, control: 'normal', relayClosed: null, tripsAtMs: null },
    water: { usedMl: 0, quotaMl: null, valveOpen: null },
    series: [],
    boards: [],
    alarms: [],
    excesses: [],
    refused: [],
    market: null,
    delegations: null,
    chain: {
      state: 'connecting',
      chainId: null,
      head: null,
      headAtMs: null,
      lagMs: null,
      final: null,
      pending: 0,
      notice: null,
    },
    counts: { samples: 0, sealed: 0, rejected: 0, submitted: 0, final: 0 },
  }
}
