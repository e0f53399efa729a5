import type { Chance } from '../chance.ts'
import type { World } from '../world.ts'
import { type Ask, asking } from './asked.ts'
import * as auctions from './auctions.ts'
import { askBatches } from './batches.ts'
import { askFrames, askSlots } from './boards.ts'
import { askCalls, askFacts, askSigning } from './chain-calls.ts'
import * as chain from './chain-rules.ts'
import { askFollowing, askWatts } from './follows.ts'
import * as forecasts from './forecasts.ts'
import { machineNames, walk } from './machines.ts'
import * as node from './node-words.ts'
import { askPreferences } from './preferences.ts'
import * as quotas from './quotas.ts'
import { askSearch } from './searched-blocks.ts'
import * as supplies from './supplies.ts'
import * as tokens from './tokens.ts'
import { askTradeRules } from './trade-rules.ts'

/** Steps for each line of a machine's chart, and questions to each rule: on the first day, and on others. */
const FIRST = { steps: 12, questions: 150 } as const
const MORE = { steps: 1, questions: 4 } as const

const QUESTIONS: readonly ((ask: Ask, chance: Chance) => void)[] = [
  ...[quotas.askDivisionOfNonsense, quotas.askUse, quotas.askTotals, quotas.askPeriods, quotas.askUnits],
  ...[quotas.askAnchors, quotas.askLoans, quotas.askCare, quotas.askSilence],
  ...[auctions.askClearing, auctions.askPhase, auctions.askFairness, auctions.askExcess, auctions.askPrices],
  ...[auctions.askLargeSums, auctions.askPayments, askPreferences, askTradeRules],
  ...[forecasts.askForecast, forecasts.askHistory, supplies.askPower, supplies.askCalibration],
  ...[tokens.askToken, tokens.askMarket, tokens.askWeights, tokens.askDecimals],
  ...[chain.askQuorum, chain.askVotes, chain.askSeals, chain.askLinkTiming, chain.askFees, chain.askTrail],
  ...[node.askRefusals, node.askBlocks, askFollowing, askWatts, askFrames],
]
/** These take longer, or go to fewer places: a third as often is enough. */
const LONG: readonly ((ask: Ask, chance: Chance) => void)[] = [
  askFrames,
  askSlots,
  askSigning,
  askCalls,
  askFacts,
]

/**
 * A community that goes well asks its machines and rules few of the hard questions. So every day begins with
 * a rehearsal: chance, by the simulation's seed, tells each machine what it may ever be told, and asks each
 * rule for what lies about its limits; what comes of it is held against what is written here in other words.
 */
export async function rehearse({ watch, chance: seed }: World, day: number): Promise<void> {
  const chance = seed.of(`rehearsal of day ${day}`)
  const { steps, questions } = day === 0 ? FIRST : MORE
  for (const name of machineNames()) walk(watch, name, chance.of(name), steps)
  const ask = asking(watch)
  if (day === 0) chain.askFullBooks(ask)
  for (const question of [...QUESTIONS, ...LONG]) {
    const own = chance.of(question.name)
    const times = LONG.includes(question) ? questions / 3 : questions
    for (let time = 0; time < times; time += 1) question(ask, own)
  }
  for (let time = 0; time < questions; time += 1) {
    await askBatches(ask, chance)
    await askSearch(ask, chance)
    quotas.askDivision(watch, chance)
    quotas.askLevels(watch, chance)
  }
}
