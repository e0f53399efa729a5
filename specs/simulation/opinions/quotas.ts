import {
  scaledQuota,
  beginsPeriod,
  keptSince,
  slotsOf,
  slotsPerBilling,
} from '../../../protocols/rules/billing.ts'
import { careLimits } from '../../../protocols/rules/care-limits.ts'
import { divideContract } from '../../../protocols/rules/divide.ts'
import { loanExcess, type PowerLoan } from '../../../protocols/rules/loan-excess.ts'
import { alarmsFor, periodUse, useOf } from '../../../protocols/rules/quota-use.ts'
import { watchReading, watchRefused, watchSilence } from '../../../protocols/rules/silence.ts'
import { standingAnchor } from '../../../protocols/rules/standing-anchor.ts'
import { homesInTotal } from '../../../protocols/rules/totals.ts'
import { energyWh, periodOf, powerW, slotAt } from '../../../protocols/rules/units.ts'
import { resourceNumber, resourceOf, RESOURCES } from '../../../protocols/rules/resource.ts'
import type { Chance } from '../chance.ts'
import { checkDivision, checkJudgement } from '../second-opinion.ts'
import { type Ask, refuse } from './asked.ts'

interface Checker {
  check(invariant: string, holds: boolean, text: () => string): void
}

const DAY_MS = 86_400_000
const accounts = (chance: Chance, most: number): string[] =>
  Array.from({ length: chance.whole(1, most) }, (_, index) => `0x${(index * 7) % 10}${index}`)

/** Contracts that divide badly: few units, equal contributions, homes that contribute nothing. */
export function askDivision(watch: Checker, chance: Chance): void {
  const homes = accounts(chance, 9).map((account) => ({ account, weight: chance.pick([1, 1, 2, 3, 7, 0]) }))
  if (homes.every(({ weight }) => weight === 0)) return
  const some = (): number => chance.pick([0, 1, 2, 5, 10, 99, 1_000, 2 ** 46])
  const contract = { energyWh: some(), powerW: some(), waterMl: some() }
  checkDivision(watch)(contract, homes, divideContract(contract, homes))
}

export function askDivisionOfNonsense(ask: Ask, chance: Chance): void {
  const weight = chance.pick([-1, 0, 0.5, NaN, 2 ** 53])
  const amount = chance.pick([-1, 0.5, 1, 2 ** 53])
  const twice = chance.hits(500_000)
  const homes = [{ account: '0xA', weight }].concat(twice ? [{ account: '0xa', weight: 1 }] : [])
  const contract = { energyWh: amount, powerW: 1, waterMl: 1 }
  ask(
    'dividing',
    { contract, homes },
    () => divideContract(contract, homes),
    () => {
      refuse(amount !== 1 || twice || weight !== 1)
      return null
    },
  )
}

/** Uses about each level of a quota, from small quotas on. */
export function askLevels(watch: Checker, chance: Chance): void {
  const quota = chance.pick([0, 1, 3, 7, 10, 99, 1_000, 12_345])
  const near = (): number => {
    const level = chance.pick([0, 80, 90, 100, 120])
    return Math.max(0, Math.round((quota * level) / 100) + chance.whole(-1, 1))
  }
  const [first = 0, second = 0] = [near(), near()].sort((a, b) => a - b)
  const [peakBefore = 0, peak = 0] = [near(), near()].sort((a, b) => a - b)
  const start = { slot: 9, energyImportWh: 500, waterMl: 700, peakPowerW: 0 }
  const mark = { slot: 11, energyImportWh: 500 + second, waterMl: 700 + first, peakPowerW: peak }
  const before = chance.hits(200_000)
    ? null
    : { slot: 10, energyWh: first, waterMl: Math.min(first, 1), peakPowerW: peakBefore }
  const use = periodUse(start, mark)
  const allowed = { energyWh: quota, powerW: quota, waterMl: quota }
  const alarms = alarmsFor(before, use, allowed)
  checkJudgement(watch)({ home: 'a home', slot: 11, before, start, mark, use, quota: allowed, alarms })
}

export function askUse(ask: Ask, chance: Chance): void {
  const quota = chance.pick([0, 1, 3, 7, 1_000])
  const used = chance.whole(0, quota + 3)
  ask(
    'use',
    { used, quota },
    () => useOf(used, quota),
    () => {
      const over = used - quota
      const left = over < 0 ? -over : 0
      const leftPermille = quota === 0 ? 0 : Number((BigInt(left) * 1_000n) / BigInt(quota))
      return { used, quota, left, excess: over > 0 ? over : 0, leftPermille }
    },
  )
}

/** A total says nothing of few homes, nor by the difference of two totals. */
export function askTotals(ask: Ask, chance: Chance): void {
  const period = 7
  const homes = accounts(chance, 9).map((account) => {
    return { account, periods: [6, 7, 8].filter(() => chance.hits(850_000)) }
  })
  const published = chance.hits(300_000) ? accounts(chance, 9) : null
  const least = chance.pick([1, 4, 5, 6, 0, 2.5])
  const given = { period, homes, least, published: new Map(published === null ? [] : [[period, published]]) }
  ask(
    'totals',
    { ...given, published },
    () => homesInTotal(given),
    () => {
      refuse(least < 1 || least === 2.5)
      const present = homes.flatMap(({ account, periods }) =>
        periods.includes(6) && periods.includes(7) ? [account] : [],
      )
      present.sort()
      if (published !== null) {
        const both = present.filter((account) => published.includes(account)).length
        const differing = present.length + published.length - 2 * both
        if (differing === 0 || differing >= least)
          return { ok: false, refused: { code: 'already-published', period } }
        return { ok: false, refused: { code: 'differs-by-few', differing, least } }
      }
      if (present.length < least) {
        return { ok: false, refused: { code: 'too-few-homes', homes: present.length, least } }
      }
      return { ok: true, homes: present, warning: present.length < 5 ? 'below-five' : null }
    },
  )
}

export function askPeriods(ask: Ask, chance: Chance): void {
  const perBilling = chance.pick([1, 4, 96])
  const slot = chance.whole(0, 500)
  const period = chance.whole(0, 50)
  const last = chance.pick([null, slot - 1, slot, slot - perBilling])
  const ends = { first: period * perBilling, last: (period + 1) * perBilling - 1 }
  ask(
    'periods',
    { period, perBilling },
    () => slotsOf(period, perBilling),
    () => ends,
  )
  if (last === null || last >= 0) {
    ask(
      'periods',
      { last, slot, perBilling },
      () => beginsPeriod(last, slot, perBilling),
      () => {
        return last === null || Math.floor(last / perBilling) < Math.floor(slot / perBilling)
      },
    )
  }
  const [billingMs, sampleMs] = [chance.pick([0, 900, 1_000, 3_600]), chance.pick([900, 1_000])]
  ask(
    'periods',
    { billingMs, sampleMs },
    () => slotsPerBilling(billingMs, sampleMs),
    () => {
      refuse(billingMs === 0 || billingMs % sampleMs !== 0)
      return billingMs / sampleMs
    },
  )
  const monthly = chance.whole(0, 999_999)
  const partMs = chance.pick([60_000, DAY_MS, 7 * DAY_MS, 30 * DAY_MS])
  ask(
    'periods',
    { monthly, partMs },
    () => scaledQuota(monthly, partMs),
    () => {
      return Number((BigInt(monthly) * BigInt(partMs)) / BigInt(30 * DAY_MS))
    },
  )
  const nowMs = chance.pick([0, 34 * DAY_MS, 36 * DAY_MS, 500 * DAY_MS])
  const kind = chance.pick(['slots', 'quarterHours', 'days'] as const)
  ask(
    'periods',
    { kind, nowMs },
    () => keptSince(kind, nowMs),
    () => {
      const since = nowMs - { slots: 35, quarterHours: 400, days: Infinity }[kind] * DAY_MS
      return since > 0 ? since : 0
    },
  )
}

export function askUnits(ask: Ask, chance: Chance): void {
  const value = chance.pick([-1, 0, 0.5, 1, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER, 2 ** 53])
  const whole = Number.isInteger(value) && value >= 0 && value < 2 ** 53
  ask(
    'units',
    value,
    () => powerW(value),
    () => {
      refuse(!whole || value > 0xffff_ffff)
      return value
    },
  )
  ask(
    'units',
    value,
    () => energyWh(value),
    () => {
      refuse(!whole)
      return value
    },
  )
  const endMs = chance.whole(0, 5_000_000)
  ask(
    'units',
    endMs,
    () => slotAt(endMs, 900_000),
    () => (endMs - (endMs % 900_000)) / 900_000,
  )
  ask(
    'units',
    endMs,
    () => periodOf(endMs, 96),
    () => (endMs - (endMs % 96)) / 96,
  )
  const number = chance.whole(0, 4)
  ask(
    'resources',
    number,
    () => resourceOf(number),
    () => {
      refuse(number === 0 || number === 4)
      return ['', 'energy', 'power', 'water'][number]
    },
  )
  for (const [index, name] of RESOURCES.entries())
    ask(
      'resources',
      name,
      () => resourceNumber(name),
      () => index + 1,
    )
}

export function askAnchors(ask: Ask, chance: Chance): void {
  const anchors = Array.from({ length: chance.pick([0, 1, 3, 20]) }, (_, index) => {
    return { period: 30 - index, slot: 100 - index }
  })
  const period = chance.whole(8, 31)
  const voids = chance.pick([0, 1, 3, 15, 16, 17])
  const isVoid = (slot: number): boolean => slot <= 70 + period && slot > 70 + period - voids
  ask(
    'anchors',
    { anchors, period, voids },
    () => standingAnchor(anchors, period, isVoid),
    () => {
      let steps = 0
      for (const anchor of anchors) {
        if (anchor.period > period) continue
        if (!isVoid(anchor.slot)) return steps > 16 ? null : anchor
        steps += 1
      }
      return null
    },
  )
}

export function askLoans(ask: Ask, chance: Chance): void {
  const loan = (place: number): PowerLoan => {
    const fromSlot = chance.whole(0, 4)
    const untilSlot = fromSlot + chance.whole(1, 4)
    return { amountW: 100 * chance.whole(1, 9), fromSlot, untilSlot, lentAtBlock: chance.whole(1, 2), place }
  }
  const lent = [0, 1, 2].map(loan)
  const loans = { partW: 3_000, lent, borrowed: [loan(7), loan(8)] }
  const own = chance.pick(lent)
  const peaks = Array.from({ length: chance.whole(0, 9) }, (_, slot) => ({
    slot,
    peakW: chance.whole(2_000, 4_500),
  }))
  ask(
    'loans',
    { loans, own, peaks },
    () => loanExcess(loans, own, peaks),
    () => {
      let most: { slot: number; excessW: number } | null = null
      for (const { slot, peakW } of peaks) {
        if (slot < own.fromSlot || slot >= own.untilSlot) continue
        let coveredW = loans.partW
        for (const each of loans.borrowed)
          if (slot >= each.fromSlot && slot < each.untilSlot) coveredW += each.amountW
        for (const each of lent) {
          const laterW = each.lentAtBlock * 10 + each.place > own.lentAtBlock * 10 + own.place
          if (!laterW && slot >= each.fromSlot && slot < each.untilSlot) coveredW -= each.amountW
        }
        const excessW = peakW > coveredW ? peakW - coveredW : 0
        if (most === null || excessW > most.excessW) most = { slot, excessW }
      }
      return most
    },
  )
}

export function askCare(ask: Ask, chance: Chance): void {
  const quota = { powerW: chance.whole(0, 9_999), waterMl: chance.whole(0, 99_999) }
  const slots = chance.pick([1, 4, 96, 2_880])
  ask(
    'care',
    { quota, slots },
    () => careLimits(quota, slots),
    () => {
      const share = BigInt(quota.waterMl) * 20n
      return {
        peakPowerW: quota.powerW,
        waterMlPerSlot: Number((share + BigInt(slots) - 1n) / BigInt(slots)),
      }
    },
  )
}

const REASONS = {
  'board-silent': ['board-away', 'A sensor board does not answer. Check its power and link.'],
  'sensor-fault': ['board-fault', 'A sensor is broken or unplugged. Check its wires.'],
  'clock-suspect': ['bad-data', 'A clock is wrong, so readings are not used. Check the time.'],
  'clock-back': ['bad-data', 'A clock is wrong, so readings are not used. Check the time.'],
  'board-clock-ahead': ['bad-data', 'A clock is wrong, so readings are not used. Check the time.'],
  spike: ['bad-data', 'A meter sends values that cannot be true. Have it checked.'],
} as const
const REASON_NAMES = [
  'board-silent',
  'sensor-fault',
  'clock-suspect',
  'clock-back',
  'board-clock-ahead',
  'spike',
] as const

const warning = (code: string, slot: number, value: number, limit: number, text: string) => {
  return { code, severity: 'warning', resource: 'none', slot, value, limit, text }
}

/** A home that says nothing is told of once, and one that says nonsense too. */
export function askSilence(ask: Ask, chance: Chance): void {
  const lastSlot = chance.pick([null, 4, 5])
  const watch = { lastSlot, silent: chance.hits(300_000), badInARow: chance.whole(0, 3) }
  const [slot, sinceSlot] = [chance.whole(3, 12), chance.pick([0, 4, 6])]
  const terms = chance.pick([{ limit: 2 }, { limit: 3 }, {}])
  const { limit = 3 } = terms
  ask(
    'silence',
    { watch, slot, limit, sinceSlot },
    () => watchSilence(watch, slot, { ...terms, sinceSlot }),
    () => {
      const from = lastSlot === null ? slot : lastSlot > sinceSlot ? lastSlot + 1 : sinceSlot + 1
      if (lastSlot === null || watch.silent || slot - from < limit) return { next: watch, alarms: [] }
      const text = 'No readings arrive from your home. Check its gateway.'
      return {
        next: { ...watch, silent: true },
        alarms: [warning('silence', slot, slot - from, limit, text)],
      }
    },
  )
  ask(
    'silence',
    { watch, slot },
    () => watchReading(watch, slot),
    () => {
      const newest = lastSlot !== null && lastSlot > slot ? lastSlot : slot
      return { next: { lastSlot: newest, silent: false, badInARow: 0 }, alarms: [] }
    },
  )
  const reason = chance.pick(REASON_NAMES)
  const [code, text] = REASONS[reason]
  ask(
    'silence',
    { watch, slot, reason },
    () => watchRefused(watch, slot, reason),
    () => {
      const next = { ...watch, badInARow: watch.badInARow + 1 }
      return { next, alarms: watch.badInARow === 2 ? [warning(code, slot, 3, 3, text)] : [] }
    },
  )
}
