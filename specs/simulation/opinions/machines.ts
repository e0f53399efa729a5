import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type ExecutableActionObject,
  initialTransition,
} from 'xstate'
import { catalogue, type MachineName } from '../../../actors/catalogue.ts'
import { pureStep } from '../../../actors/pure-step.ts'
import type { Chance } from '../chance.ts'
import { CALL } from './call-chart.ts'
import { CARING, DELEGATION } from './care-charts.ts'
import { ARCHIVE, FOLLOWING, VOTER } from './chain-charts.ts'
import { type Chart, type Facts, factsOf, heardIn, leavesOf, linesOf } from './chart.ts'
import { COMMUNITY, HOME } from './gateway-charts.ts'
import { comeOf, faultOfBegin, faultOfStep } from './machine-step.ts'
import { PRICES } from './price-chart.ts'
import { LINK, POWER } from './supply-charts.ts'
import * as told from './told.ts'
import * as others from './told-others.ts'
import { DETERMINATION, NEGOTIATION, PAYMENT } from './trade-charts.ts'

interface Walked {
  readonly chart: Chart
  readonly tells: told.Tells
  readonly input: (chance: Chance) => Facts
}

const ACCOUNT = { account: '0xhome' }
const role = (chance: Chance): Facts => ({ role: chance.pick(['buyer', 'seller']) })
const none = (): Facts => ({})
const terms = { functions: ['alarms'], fromSlot: 1, untilSlot: 9, rewardMicroSct: '5', text: '' }

/** Every machine of the product, with what it should do and what it may be told. */
export const WALKED: Readonly<Record<MachineName, Walked>> = {
  'smart-gateway': { chart: HOME, tells: told.HOME_TELLS, input: () => ACCOUNT },
  'community-gateway': { chart: COMMUNITY, tells: told.COMMUNITY_TELLS, input: () => ACCOUNT },
  'price-feed': { chart: PRICES, tells: others.PRICE_TELLS, input: () => ({ nowS: others.FEED_STARTED_S }) },
  'board-link': { chart: LINK, tells: others.LINK_TELLS, input: () => ({ boardId: 1, sampleMs: 900_000 }) },
  'power-control': {
    chart: POWER,
    tells: others.POWER_TELLS,
    input: (chance) => ({
      ...{ profile: chance.pick(['icp-m', 'smart-meter']), contractedW: 3_450 },
      maxGapMs: chance.pick([900_000, 7_200_000]),
    }),
  },
  'contract-proxy': { chart: FOLLOWING, tells: others.FOLLOWING_TELLS, input: none },
  intent: { chart: CALL, tells: told.CALL_TELLS, input: none },
  determination: {
    chart: DETERMINATION,
    tells: told.DETERMINATION_TELLS,
    input: (chance) => ({ ...role(chance), subject: 'buy:1', auctionId: null }),
  },
  negotiation: {
    chart: NEGOTIATION,
    tells: told.NEGOTIATION_TELLS,
    input: (chance) => ({ ...role(chance), auctionId: '0x1' }),
  },
  payment: {
    chart: PAYMENT,
    tells: told.PAYMENT_TELLS,
    input: (chance) => {
      return { ...role(chance), auctionId: '0x1', outcome: chance.pick(['awarded', 'lost', 'failed']) }
    },
  },
  delegation: {
    chart: DELEGATION,
    tells: told.DELEGATION_TELLS,
    input: (chance) => ({
      ...{ negotiation: '0x1', role: chance.pick(['delegator', 'delegatee']), peer: '0x2' },
      ...{ terms, answerByMs: 9 },
    }),
  },
  caring: {
    chart: CARING,
    tells: told.CARING_TELLS,
    input: (chance) => {
      const silentSlots = chance.whole(1, 3)
      return { delegation: 1, limits: { peakPowerW: null, waterMlPerSlot: 9, silentSlots } }
    },
  },
  archive: { chart: ARCHIVE, tells: others.ARCHIVE_TELLS, input: none },
  'signer-voter': { chart: VOTER, tells: others.VOTER_TELLS, input: none },
}

export const machineNames = (): MachineName[] =>
  Object.keys(catalogue).filter((name): name is MachineName => name in WALKED)

interface Checker {
  check(invariant: string, holds: boolean, text: () => string): void
}

const INVARIANT = 'a machine does what is written of it'
/** An event that means nothing where it comes must change nothing. */
const SNEAKS_PER_MILLION = 150_000
/** Machines that go on for ever begin anew, so that their first steps are walked again. */
const ANEW_PER_MILLION = 15_000

/** So often the walk goes back to where something was told least often of all. */
const BACK_PER_MILLION = 400_000

/** Where something is heard: how often it was told there, and the machine as it last stood there. */
interface Hearing {
  readonly event: string
  /** How many lines of the chart speak of it. */
  readonly lines: number
  told: number
  at: AnyMachineSnapshot
}

/** Leads a machine along events that chance draws, and holds each step against its chart. */
export function walk(watch: Checker, name: MachineName, chance: Chance, perLine: number): void {
  const machine: AnyStateMachine = catalogue[name]
  const { chart, tells, input } = WALKED[name]
  const steps = perLine * linesOf(chart)
  const hearings = new Map<string, Hearing>()
  let snapshot: AnyMachineSnapshot | null = null
  for (let step = 0; step < steps; step += 1) {
    if (snapshot === null || snapshot.status === 'done' || chance.hits(ANEW_PER_MILLION)) {
      const first = input(chance)
      const [began, asked] = initialTransition(machine, first)
      snapshot = began
      const fault = faultOfBegin(chart, first, comeOf(began, asked))
      watch.check(INVARIANT, fault === null, () => `${name}: ${fault}`)
    }
    const here = heardAt(chart, snapshot, hearings)
    const choices = chance.hits(BACK_PER_MILLION) ? [...hearings.values()] : here
    const sneaks = choices.length === 0 || chance.hits(SNEAKS_PER_MILLION)
    const rarest: Hearing | null = sneaks ? null : rarestOf(choices, chance)
    const before: AnyMachineSnapshot = rarest?.at ?? snapshot
    const event = eventOf(tells, rarest?.event ?? chance.pick(Object.keys(tells)), before, chance)
    const [next, asked]: [AnyMachineSnapshot, readonly ExecutableActionObject[]] = pureStep(
      machine,
      before,
      event,
    )
    const fault = faultOfStep(chart, before, event, comeOf(next, asked))
    watch.check(INVARIANT, fault === null, () => `${name}: ${fault}`)
    snapshot = next
  }
}

/** What is heard where the machine stands now. */
function heardAt(chart: Chart, at: AnyMachineSnapshot, hearings: Map<string, Hearing>): Hearing[] {
  return heardIn(chart, leavesOf(at.value)).map(({ place, event, lines }) => {
    const key = `${place} ${event}`
    const known = hearings.get(key) ?? { event, lines, told: 0, at }
    known.at = at
    hearings.set(key, known)
    return known
  })
}

/** What was told least often, by the number of lines that speak of it. */
function rarestOf(choices: readonly Hearing[], chance: Chance): Hearing | null {
  let [rarest, least]: [Hearing | null, number] = [null, Infinity]
  for (const each of choices) {
    const times = (each.told + chance.fraction()) / each.lines
    if (times < least) [rarest, least] = [each, times]
  }
  if (rarest !== null) rarest.told += 1
  return rarest
}

function eventOf(tells: told.Tells, type: string, at: AnyMachineSnapshot, chance: Chance): { type: string } {
  const tell = tells[type]
  if (tell === undefined) throw new Error(`nobody knows what "${type}" tells`)
  return { ...tell(chance, factsOf(at.context)), type }
}
