import type {
  CareView,
  DelegationActions,
  DelegationsView,
  DelegationView,
} from '../../web/delegation-model.ts'
import type { HomeView } from '../../web/read-model.ts'
import { exampleMarket, neighbour, tradingHome } from './example-market.ts'
import { NOON_MS } from './example-views.ts'

const HOUR_MS = 3_600_000
const name = (digit: string): string => digit.repeat(32)

/** A weekend: two days for 4 SCT, with two thirds of its slots still to come. */
function delegation(changed: Partial<DelegationView>): DelegationView {
  return {
    negotiation: name('1'),
    id: null,
    role: 'delegator',
    peer: neighbour(1),
    state: 'proposed',
    ourTurn: false,
    functions: ['readings', 'alarms'],
    fromMs: NOON_MS - 16 * HOUR_MS,
    untilMs: NOON_MS + 32 * HOUR_MS,
    rewardMicroSct: 4_000_000,
    watchedSlots: 0,
    slots: 86_400,
    earnedMicroSct: 0,
    paidMicroSct: null,
    answerByMs: null,
    text: 'We are at the lake until Tuesday. The key is with Ana.',
    because: null,
    ...changed,
  }
}

/** A neighbour asks this home to watch theirs. */
export const askedDelegation = (): DelegationView =>
  delegation({
    negotiation: name('a'),
    role: 'delegatee',
    peer: neighbour(2),
    ourTurn: true,
    answerByMs: NOON_MS + 5 * HOUR_MS,
  })

/** This home asked, and waits. */
export const waitingDelegation = (): DelegationView =>
  delegation({ negotiation: name('b'), answerByMs: NOON_MS + 20 * HOUR_MS })

/** The neighbour that was asked wants more. */
export const counteredDelegation = (): DelegationView =>
  delegation({
    negotiation: name('b'),
    state: 'negotiating',
    ourTurn: true,
    rewardMicroSct: 6_000_000,
    answerByMs: NOON_MS + 3 * HOUR_MS,
    text: 'Gladly, for six.',
  })

export const activeDelegation = (): DelegationView =>
  delegation({
    negotiation: name('c'),
    id: 7,
    state: 'active',
    watchedSlots: 28_790,
    earnedMicroSct: 1_332_870,
  })

export const pastDelegations = (): readonly DelegationView[] => [
  delegation({
    negotiation: name('d'),
    id: 5,
    state: 'closed',
    untilMs: NOON_MS - 5 * 24 * HOUR_MS,
    watchedSlots: 43_200,
    earnedMicroSct: 2_000_000,
    paidMicroSct: 2_000_000,
  }),
  delegation({
    negotiation: name('e'),
    id: 4,
    role: 'delegatee',
    peer: neighbour(3),
    state: 'ended',
    untilMs: NOON_MS - 600_000,
    watchedSlots: 900,
    earnedMicroSct: 41_666,
  }),
  delegation({
    negotiation: name('f'),
    state: 'declined',
    because: 'They cannot now.',
  }),
]

export const exampleCare = (): CareView => ({
  id: 6,
  negotiation: name('c'),
  home: neighbour(2),
  functions: ['readings', 'alarms'],
  untilMs: NOON_MS + 32 * HOUR_MS,
  newest: {
    atMs: NOON_MS - 2_000,
    powerW: 312,
    peakPowerW: 1_480,
    importWh: 8_412_300,
    exportWh: 0,
    waterMl: 231_400_000,
  },
  recentPeakW: Array.from({ length: 60 }, (_, at) => 240 + ((at * 37) % 90) + (at % 17 === 3 ? 1_200 : 0)),
  over: false,
  silent: false,
  opened: 28_790,
  missed: 12,
  unseenAlarms: 1,
  alarms: [
    {
      number: 41,
      atMs: NOON_MS - 240_000,
      code: 'power-over',
      text: 'Water has run for 40 minutes while nobody is in.',
      seen: false,
    },
    {
      number: 38,
      atMs: NOON_MS - 3 * HOUR_MS,
      code: 'energy-quota-80',
      text: '80 % of the energy quota is used.',
      seen: true,
    },
  ],
})

export function exampleDelegations(changed: Partial<DelegationsView> = {}): DelegationsView {
  return { neighbours: [1, 2, 3].map(neighbour), list: [], caring: [], ...changed }
}

/** A home that trades, and may delegate. */
export function neighbourlyHome(delegations: DelegationsView): HomeView {
  return { ...tradingHome(exampleMarket()), delegations }
}

/** Delegations that keep what they were asked for. */
export interface ScriptedDelegations extends DelegationActions {
  readonly asked: readonly (readonly [name: string, request: unknown])[]
}

/** @param refuse called before each action: what it throws is the gateway's answer */
export function scriptedDelegations(refuse: (name: string) => void = () => undefined): ScriptedDelegations {
  const asked: [string, unknown][] = []
  const keep =
    (action: string) =>
    async (request: unknown): Promise<void> => {
      refuse(action)
      asked.push([action, request])
    }
  return {
    asked,
    propose: keep('propose'),
    counter: keep('counter'),
    accept: keep('accept'),
    decline: keep('decline'),
    end: keep('end'),
    saw: keep('saw'),
  }
}
