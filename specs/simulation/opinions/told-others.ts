import type { Chance } from '../chance.ts'
import { type Facts, factsOf, num } from './chart.ts'
import type { Tells } from './told.ts'

const nothing = (): Facts => ({})
const either = (chance: Chance): boolean => chance.hits(500_000)
const failed = (chance: Chance): Facts => ({ code: `code ${chance.whole(1, 3)}` })
const folder = (chance: Chance): Facts => ({ folder: `archive ${chance.whole(1, 3)}` })

export const ARCHIVE_TELLS: Tells = {
  BACK_UP: folder,
  RESTART: folder,
  SNAPSHOT_TAKEN: nothing,
  SIGNED: nothing,
  VERIFIED: nothing,
  ANCHORED: (chance) => ({ done: either(chance) }),
  RESTARTED: nothing,
  FAILED: failed,
}

const blockNear = (chance: Chance, height: unknown) => {
  const number = Math.max(0, num(height) + chance.whole(-1, 2))
  return { number, hash: `0x${number}` }
}
export const VOTER_TELLS: Tells = {
  CHAIN_SEEN: (chance, { highest }) => ({
    holds: chance.hits(700_000),
    next: chance.hits(200_000) ? null : blockNear(chance, highest),
  }),
  VOTE_CAST: (chance, { highest }) => ({ number: num(highest) + chance.whole(-1, 1) }),
  BRANCH_CERTIFIED: (chance, { standsBy }) => ({
    block: blockNear(chance, factsOf(standsBy)['number'] ?? 0),
  }),
  BEGUN_ANEW: (chance, { highest }) => ({ from: blockNear(chance, highest) }),
  EQUIVOCATION_SEEN: (chance) => ({ signer: `signer ${chance.whole(1, 3)}` }),
}

const behind = (chance: Chance): Facts => ({ behind: chance.whole(0, 2) })
const applied = (chance: Chance, { block }: Facts): Facts => {
  return { ...behind(chance), block: num(block) + chance.whole(0, 2) }
}
export const FOLLOWING_TELLS: Tells = {
  connected: behind,
  applied,
  forked: (chance, { block }) => ({ from: Math.max(0, num(block) + chance.whole(-1, 2)) }),
  hindered: (chance) => ({ reason: `reason ${chance.whole(1, 3)}` }),
  resumed: behind,
  disconnected: nothing,
}

const MOMENTS_MS = [0, 1, 1_000, 60_000, 299_999, 300_000, 900_000, 7_200_000]
/** Loads about the points of the curves, in thousandths. */
const LOADS = [
  1_001, 1_050, 1_099, -500, 0, 900, 1_000, 1_001, 1_130, 1_300, 1_450, 2_000, 2_549, 2_550, 4_000, 9_999,
  10_000, 20_000,
]

export const POWER_TELLS: Tells = {
  READING: (chance, { lastT, contractedW, slot, overrideUntilMs }) => {
    const usual = num(lastT ?? 1_000_000) + chance.pick(MOMENTS_MS)
    const edge = overrideUntilMs !== null && chance.hits(200_000)
    const t = edge ? num(overrideUntilMs) + chance.whole(-1, 1) : usual
    const powerW = Math.ceil((num(contractedW) * chance.pick(LOADS)) / 1_000) + chance.whole(0, 1)
    return { t, slot: num(slot) + 1, powerW, relayClosed: either(chance) }
  },
  CONTRACT: (chance) => {
    const contractedW = chance.pick([0, 1, 2_300, 3_450, 5_750])
    return either(chance) ? { contractedW } : { contractedW, profile: chance.pick(['icp-m', 'smart-meter']) }
  },
  RELAY_OPENED: nothing,
  RELAY_CLOSED: nothing,
  RELAY_FAILED: () => ({ reason: 'no answer' }),
  RESTORE: nothing,
  OVERRIDE: (chance, { lastT }) => {
    const t = num(lastT ?? 1_000_000)
    return { t, untilMs: t + chance.pick([-1, 0, 1, 3_600_000, 86_400_000, 86_400_001, 90_000_000]) }
  },
  OVERRIDE_END: nothing,
}

const reason = (chance: Chance): Facts => ({ reason: `reason ${chance.whole(1, 3)}` })
const AFTER = ['answer.boardLink.authorising.greeting', 'answer.boardLink.authorising.admitting']
  .concat(
    'answer.boardLink.authorising.configuring',
    'answer.boardLink.calibrating',
    'backOff.boardLink.absent',
  )
  .concat('silence.boardLink.live', 'silence.boardLink.stale')
  .map((name) => `xstate.after.${name}`)

export const LINK_TELLS: Tells = {
  PORT_OPENED: nothing,
  PORT_FAILED: reason,
  PORT_CLOSED: reason,
  ANSWERED: nothing,
  REFUSED: reason,
  FRAME: nothing,
  CALIBRATE: (chance) => ({ calibration: { channel: chance.whole(0, 2), gainPpm: 1_000_100, offset: 1 } }),
  STOP: nothing,
  ...Object.fromEntries(AFTER.map((name) => [name, nothing])),
}

const QUARTERS = [-900, -1, 0, 1, 60, 899, 900, 901, 3_600]
const taken = (chance: Chance, nowS: number) => {
  if (chance.hits(250_000)) return null
  const validFromS = nowS + chance.pick(QUARTERS)
  return {
    ...{ microEuro: chance.pick([1, 40_000, 41_000]), validFromS },
    ...{ validUntilS: validFromS + 900, postedAtS: nowS + chance.pick(QUARTERS) },
  }
}
const allTaken = (chance: Chance, nowS: number): Facts => {
  return { energy: taken(chance, nowS), power: taken(chance, nowS), water: taken(chance, nowS) }
}
export const quotes = (chance: Chance, nowS: number) =>
  Array.from({ length: chance.whole(0, 8) }, () => {
    const validFromS = nowS + chance.pick(QUARTERS)
    return {
      ...{ resource: chance.pick(['energy', 'power', 'water'] as const), source: 'file' },
      microEuro: chance.pick([-5, 0, 1, 40_000, 41_000, 1_000_000_000, 1_000_000_001]),
      ...{ validFromS, validUntilS: validFromS + chance.pick([1, 900, 3_600]) },
    }
  })

const NOW_S = 2_000_000
const nowOf = (chance: Chance, { nextAtS }: Facts): number => num(nextAtS) + chance.pick([-60, 0, 60])
export const PRICE_TELLS: Tells = {
  WOKEN: (chance, context) => ({ nowS: nowOf(chance, context) }),
  CHAIN_READ: (chance, context) => {
    const nowS = nowOf(chance, context)
    return { taken: allTaken(chance, nowS), leastStepS: chance.pick([0, 60, 900]), nowS }
  },
  CHAIN_AWAY: (chance, context) => ({ ...failed(chance), nowS: nowOf(chance, context) }),
  DUE: nothing,
  SOURCE_READ: (chance, context) => {
    const nowS = nowOf(chance, context)
    return { prices: quotes(chance, nowS), nowS }
  },
  SOURCE_FAILED: (chance, context) => ({ ...failed(chance), nowS: nowOf(chance, context) }),
  POST_ENDED: (chance, context) => {
    const waiting: readonly unknown[] = Array.isArray(context['waiting']) ? context['waiting'] : []
    const sent = waiting.length > 0 ? factsOf(chance.pick(waiting)) : null
    const { number, resource, microEuro, validFromS, validUntilS } = sent ?? {}
    const nowS = nowOf(chance, context)
    const strange = chance.hits(100_000) ? { number: 99 } : {}
    const known = { number: number ?? 1, resource: resource ?? 'energy', nowS, ...strange }
    if (sent === null || chance.hits(200_000)) return { ...known, taken: null }
    const isWhole = either(chance)
    const got = { microEuro: isWhole ? microEuro : num(microEuro) + 1, postedAtS: nowS, validUntilS }
    return { ...known, taken: { ...got, validFromS: num(validFromS) - (chance.hits(150_000) ? 1 : 0) } }
  },
  TOKEN_PRICED: () => ({ buyWei: '11', sellWei: '9' }),
  BACKING_SHORT: (chance, context) => ({ missingWei: '5', nowS: nowOf(chance, context) }),
  PRICE_ENDED: (chance, context) => {
    return { error: chance.pick([null, 'SpreadTooWide']), nowS: nowOf(chance, context) }
  },
  STALE: nothing,
}
export const FEED_STARTED_S = NOW_S
