import type { CommunityView, ExcessView, HomeView, PowerPoint } from '../../web/read-model.ts'

/** Scripted gateways for the specs of the pages: a working home and a working community of three. */

/** Noon of a winter day; every age and clock label of a spec counts from here. */
export const NOON_MS = Date.UTC(2026, 10, 22, 12, 0, 0)

export const HOME_ACCOUNT = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
export const COMMUNITY_ACCOUNT = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'

const NEVER_SET = { gainPpm: 1_000_000, offset: 0, atMs: null } as const
const SET_BEFORE = { offset: 0, atMs: NOON_MS - 9 * 86_400_000 } as const
const NOT_KNOWN = { gainPpm: null, offset: null, atMs: null } as const

/** A plausible evening of slots: a base load, a kettle, an oven. */
export function powerSeries(
  points: number,
  sampleMs: number,
  endMs: number,
  scale = 1,
): readonly PowerPoint[] {
  return Array.from({ length: points }, (_, index) => {
    const base = 260 + 40 * Math.sin(index / 9) + 25 * Math.sin(index / 2.3)
    const kettle = index % 70 > 44 && index % 70 < 54 ? 1900 : 0
    const oven = index > points * 0.55 && index < points * 0.8 && index % 14 < 8 ? 1350 : 0
    const atMs = endMs - (points - 1 - index) * sampleMs
    return { atMs, powerW: Math.round((base + kettle + oven) * scale) }
  })
}

export function exampleHome(nowMs: number = NOON_MS): HomeView {
  return {
    role: 'home',
    name: 'Maple House 2',
    account: HOME_ACCOUNT,
    community: { name: 'Oak Street', account: COMMUNITY_ACCOUNT },
    state: { phase: 'operating', text: 'Everything is working.', away: [] },
    slot: 895_800_000,
    sampleMs: 2000,
    updatedAtMs: nowMs,
    now: {
      powerW: 1240,
      peakPowerW: 2315,
      flowMlPerMin: 6200,
      temperatureCentiC: 2140,
      humidityPermille: 483,
    },
    period: { index: 20_733, startsAtMs: nowMs - 6 * 86_400_000, endsAtMs: nowMs + 24 * 86_400_000 },
    energy: { usedWh: 124_300, quotaWh: 200_000, exportedWh: 18_400 },
    power: { contractedW: 4600, control: 'normal', relayClosed: true, tripsAtMs: null },
    water: { usedMl: 8_350_000, quotaMl: 10_000_000, valveOpen: true },
    series: powerSeries(300, 2000, nowMs),
    boards: [
      {
        kind: 'power',
        link: 'live',
        authorised: true,
        lastFrameMs: nowMs - 400,
        crcErrors: 0,
        keyed: true,
        calibration: [
          { quantity: 'voltage', measured: 229_840, least: 100_000, ...SET_BEFORE, gainPpm: 1_004_200 },
          { quantity: 'current', measured: 5_460, least: 1_000, ...NEVER_SET },
          { quantity: 'power', measured: 1_240_000, least: 200_000, ...NEVER_SET },
        ],
      },
      {
        kind: 'water',
        link: 'live',
        authorised: true,
        lastFrameMs: nowMs - 900,
        crcErrors: 2,
        keyed: true,
        calibration: [],
      },
      {
        kind: 'comfort',
        link: 'stale',
        authorised: true,
        lastFrameMs: nowMs - 94_000,
        crcErrors: 0,
        keyed: true,
        calibration: [
          { quantity: 'temperature', measured: 2_140, least: null, ...NOT_KNOWN },
          { quantity: 'humidity', measured: 483, least: null, ...NEVER_SET },
        ],
      },
    ],
    alarms: [
      {
        id: '41',
        number: 41,
        code: 'water-quota-80',
        severity: 'warning',
        text: 'Water: 80 % of the quota is used.',
        resource: 'water',
        atMs: nowMs - 42 * 60_000,
        block: 12_030,
        state: 'new',
      },
      {
        id: '37',
        number: 37,
        code: 'power-over',
        severity: 'critical',
        text: 'Power stood at 6.1 kW, above the contracted 4.6 kW, for 40 s.',
        resource: 'power',
        atMs: nowMs - 26 * 3_600_000,
        block: 11_204,
        state: 'acknowledged',
      },
    ],
    excesses: [],
    refused: [
      {
        atMs: nowMs - 3_600_000,
        board: 'water',
        code: 'spike',
        text: 'The water register jumped by 900 L in 2 s: refused as a spike.',
      },
    ],
    market: null,
    delegations: null,
    chain: {
      state: 'ready',
      chainId: 1337,
      head: 12_345,
      headAtMs: nowMs - 700,
      lagMs: 700,
      final: 12_342,
      pending: 1,
      notice: null,
    },
    counts: { samples: 1_482, sealed: 1_481, rejected: 1, submitted: 1_480, final: 1_474 },
  }
}

/** A home that has just started: nothing is known yet. */
export function startingHome(nowMs: number = NOON_MS): HomeView {
  return {
    ...exampleHome(nowMs),
    state: { phase: 'joining', text: 'Looking for the community on this network.', away: [] },
    slot: null,
    now: {
      powerW: null,
      peakPowerW: null,
      flowMlPerMin: null,
      temperatureCentiC: null,
      humidityPermille: null,
    },
    energy: { usedWh: 0, quotaWh: null, exportedWh: 0 },
    power: { contractedW: null, control: 'normal', relayClosed: null, tripsAtMs: null },
    water: { usedMl: 0, quotaMl: null, valveOpen: null },
    series: [],
    boards: [],
    alarms: [],
    refused: [],
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

/** A home over every limit, with the ledger and the community gateway away. */
export function troubledHome(nowMs: number = NOON_MS): HomeView {
  const home = exampleHome(nowMs)
  return {
    ...home,
    state: {
      phase: 'degraded',
      text: 'Metering goes on; the community is out of reach.',
      away: ['chain', 'cgw'],
    },
    now: { ...home.now, powerW: 6120, peakPowerW: 6800, flowMlPerMin: 0 },
    energy: { usedWh: 182_000, quotaWh: 200_000, exportedWh: 0 },
    power: { contractedW: 4600, control: 'warned', relayClosed: true, tripsAtMs: nowMs + 42_000 },
    water: { usedMl: 10_420_000, quotaMl: 10_000_000, valveOpen: false },
    excesses: exampleExcesses(nowMs),
    chain: { ...home.chain, state: 'away', pending: 23, notice: null },
  }
}

/** One excess in each state, of three periods of a day. */
export function exampleExcesses(nowMs: number): HomeView['excesses'] {
  const day = 86_400_000
  const excess = (
    daysAgo: number,
    resource: ExcessView['resource'],
    amount: number,
    state: ExcessView['state'],
    value: number | null = null,
  ): ExcessView => ({
    period: {
      index: 20_733 - daysAgo,
      startsAtMs: nowMs - (daysAgo + 1) * day,
      endsAtMs: nowMs - daysAgo * day,
    },
    resource,
    amount,
    state,
    lastBlock: 12_400,
    untilMs: nowMs + 55_000,
    value,
  })
  return [
    excess(1, 'energy', 1_300, 'asserted'),
    excess(1, 'power', 1_150, 'asking'),
    excess(1, 'water', 41_000, 'demanded'),
    excess(2, 'energy', 620, 'opened', 200_620),
    excess(2, 'water', 1_204_000, 'final'),
    excess(3, 'energy', 90, 'withdrawn'),
    excess(3, 'power', 400, 'void'),
  ]
}

const MEMBERS = [
  { name: 'Maple House 1', share: 0.41, online: true, alarms: 0 },
  { name: 'Maple House 2', share: 0.62, online: true, alarms: 1 },
  { name: 'Birch Court 5', share: 0.97, online: false, alarms: 3 },
] as const

export function exampleCommunity(nowMs: number = NOON_MS): CommunityView {
  const members = MEMBERS.map(({ name, share, online, alarms }, index) => ({
    name,
    account: `0x${String(index + 1)
      .padStart(2, '0')
      .repeat(20)}`,
    online,
    lastSlot: 895_800_000 - (online ? 0 : 90),
    lastSeenMs: nowMs - (online ? 800 : 184_000),
    powerW: Math.round(4600 * share * 0.4),
    peakPowerW: Math.round(4600 * share),
    quotaPowerW: 4600,
    usedEnergyWh: Math.round(200_000 * share),
    quotaEnergyWh: 200_000,
    usedWaterMl: Math.round(10_000_000 * share * 0.9),
    quotaWaterMl: 10_000_000,
    alarms,
    watch: index === 2 ? { delegation: 4, by: 'Maple House 1', untilMs: nowMs + 86_400_000 } : null,
  }))
  return {
    role: 'community',
    name: 'Oak Street',
    account: COMMUNITY_ACCOUNT,
    state: { phase: 'degraded', text: 'Collecting readings; one home is away.', away: ['homes'] },
    slot: 895_800_000,
    sampleMs: 2000,
    updatedAtMs: nowMs,
    now: { powerW: 3680 },
    members,
    prices: {
      source: 'api.esios.ree.es',
      token: { buyMicroEur: 151_500, sellMicroEur: 148_500 },
      market: [
        { resource: 'energy' as const, microEur: 148_320 },
        { resource: 'power' as const, microEur: 5_210 },
        { resource: 'water' as const, microEur: 1_930_000 },
      ].map((price) => ({
        ...price,
        postedAtMs: nowMs - 12 * 60_000,
        validUntilMs: nowMs + 48 * 60_000,
      })),
      alarm: false,
      notice: null,
    },
    contract: { energyWh: 600_000, powerW: 13_800, waterMl: 30_000_000 },
    allocated: { energyWh: 600_000, powerW: 13_800, waterMl: 30_000_000 },
    used: { energyWh: 400_000, waterMl: 18_000_000 },
    period: { index: 20_733, startsAtMs: nowMs - 6 * 86_400_000, endsAtMs: nowMs + 24 * 86_400_000 },
    totals: [3, 2, 1].map((back) => ({
      period: 20_733 - back,
      homes: 3,
      importWh: 548_200 - back * 12_700,
      exportWh: 51_400 + back * 900,
      waterMl: 27_410_000 - back * 330_000,
      block: 12_000 - back * 900,
    })),
    series: powerSeries(300, 2000, nowMs, 2.4),
    blocks: Array.from({ length: 12 }, (_, index) => ({
      number: 12_345 - index,
      hash: `0x${(index + 17).toString(16).padStart(4, '0').repeat(16)}`,
      timeMs: nowMs - 700 - index * 1000,
      transactions: index % 4,
      gasUsed: (index % 4) * 50_900,
    })),
    alarmsSent: [
      { code: 'energy-quota-90', severity: 'critical' as const, resource: 'energy' as const, home: 2 },
      { code: 'silence', severity: 'warning' as const, resource: 'none' as const, home: 2 },
      { code: 'water-quota-80', severity: 'warning' as const, resource: 'water' as const, home: 1 },
    ].map(({ home, ...alarm }, index) => ({
      ...alarm,
      number: 44 - index,
      home: `0x${String(home + 1)
        .padStart(2, '0')
        .repeat(20)}`,
      homeName: MEMBERS[home]?.name ?? null,
      atMs: nowMs - (index + 1) * 11 * 60_000,
      block: 12_340 - index * 600,
    })),
    chain: {
      state: 'ready',
      chainId: 1337,
      head: 12_345,
      headAtMs: nowMs - 700,
      lagMs: 700,
      final: 12_342,
      pending: 0,
      notice: null,
    },
    counts: { included: 4_440, decrypted: 4_440, final: 4_424, refused: 0, voided: 0, alarmsSent: 44 },
    warnings: ['With fewer than 5 homes a published total says a lot about each of them.'],
  }
}
