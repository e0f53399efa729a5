import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import type { Allowance, Contribution, HomeAllowance } from '../../protocols/rules/divide.ts'
import type { PeriodMark, PeriodUse } from '../../protocols/rules/quota-use.ts'
import type { AnchoredHome, TotalHomes } from '../../protocols/rules/totals.ts'

/*
 * The written rules in other words: slower, and by another way than protocols/rules goes, so that a
 * mistake in
 * one does not hide in the other.
 */

interface Checker {
  check(invariant: string, holds: boolean, text: () => string): void
}

const RESOURCES = ['energyWh', 'powerW', 'waterMl'] as const

/** Parts add up to the contract, and each is the exact part rounded down or up, larger remainders first. */
export const checkDivision =
  (watch: Checker) =>
  (contract: Allowance, homes: readonly Contribution[], parts: readonly HomeAllowance[]): void => {
    const weights = homes.reduce((sum, { weight }) => sum + weight, 0)
    for (const resource of RESOURCES) {
      const sum = parts.reduce((total, part) => total + part[resource], 0)
      watch.check('quotas add up to the contract', sum === contract[resource], () => {
        return `${resource}: ${sum} of ${contract[resource]}`
      })
      const rests = homes.map(({ account, weight }, index) => {
        const exact = BigInt(contract[resource]) * BigInt(weight)
        const floor = Number(exact / BigInt(weights))
        const given = parts[index]?.[resource] ?? -1
        return { account, rest: exact % BigInt(weights), up: given - floor }
      })
      const fair = rests.every(({ up }) => up === 0 || up === 1)
      const best = [...rests].sort((a, b) =>
        a.rest === b.rest ? (a.account < b.account ? -1 : 1) : a.rest > b.rest ? -1 : 1,
      )
      const ups = rests.filter(({ up }) => up === 1).length
      const first = best.slice(0, ups).every(({ up }) => up === 1)
      watch.check('quotas follow contributions', fair && first, () => `${resource}: ${JSON.stringify(parts)}`)
    }
  }

export interface Judged {
  readonly home: string
  readonly slot: number
  readonly before: PeriodUse | null
  readonly start: PeriodMark
  readonly mark: PeriodMark
  readonly use: PeriodUse
  readonly quota: Allowance
  readonly alarms: readonly AlarmDraft[]
}

/** Each level is told in the reading in which it is first reached, and in no other. */
export const checkJudgement =
  (watch: Checker) =>
  ({ home, slot, before, start, mark, use, quota, alarms }: Judged): void => {
    const right =
      use.energyWh === mark.energyImportWh - start.energyImportWh &&
      use.waterMl === mark.waterMl - start.waterMl &&
      use.peakPowerW === mark.peakPowerW &&
      use.slot === slot
    watch.check(
      'the use of a period is end less start',
      right,
      () => `${home}, slot ${slot}: ${JSON.stringify(use)}`,
    )
    const expected: string[] = []
    const each = [
      ['energy', before?.energyWh ?? 0, use.energyWh, quota.energyWh],
      ['water', before?.waterMl ?? 0, use.waterMl, quota.waterMl],
      ['power', before?.peakPowerW ?? 0, use.peakPowerW, quota.powerW],
    ] as const
    for (const [resource, was, is, limit] of each) {
      for (const percent of [80, 90, 100]) {
        if (limit === 0 && percent !== 100) continue
        const line = (limit / 100) * percent
        const over = (value: number): boolean => value > 0 && value >= line - 1e-9
        if (!over(was) && over(is)) expected.push(`quota-${percent}:${resource}:${is}:${limit}`)
      }
    }
    const told = alarms.map((alarm) => `${alarm.code}:${alarm.resource}:${alarm.value}:${alarm.limit}`)
    const same = [...told].sort().join() === [...expected].sort().join()
    watch.check('each level of a quota is told once', same, () => {
      return `${home}, slot ${slot}: told ${told.join()}, expected ${expected.join()}`
    })
    const severity = { 'quota-80': 'info', 'quota-90': 'warning', 'quota-100': 'critical' } as const
    const grave = alarms.every(
      (alarm) => alarm.severity === Reflect.get(severity, alarm.code) && alarm.slot === slot,
    )
    const short = alarms.every(({ text }) => Buffer.byteLength(text) <= 60 && text.length > 0)
    const named = alarms.every(({ resource, text }) =>
      text.includes(resource === 'power' ? 'Power reached' : `${resource} quota`),
    )
    watch.check('an alarm names what it is about', named, () => `${home}: ${JSON.stringify(alarms)}`)
    watch.check(
      'an alarm is as grave as its level',
      grave && short,
      () => `${home}: ${JSON.stringify(alarms)}`,
    )
  }

/** A total counts the homes known at both ends, once, and never fewer than five. */
export const checkTotal =
  (watch: Checker) =>
  (period: number, homes: readonly AnchoredHome[], counted: TotalHomes): void => {
    const present: string[] = []
    for (const { account, periods } of homes) {
      if (periods.includes(period) && periods.includes(period - 1)) present.push(account)
    }
    present.sort()
    const said = counted.ok ? counted.homes.join() : counted.refused.code
    const right = counted.ok
      ? said === present.join() && present.length >= 5
      : said === 'too-few-homes'
        ? present.length < 5
        : true
    watch.check(
      'a total counts whom it should',
      right,
      () => `period ${period}: ${said} of ${present.join()}`,
    )
  }

export interface Delivered {
  readonly seller: string
  readonly period: number
  readonly resource: number
  readonly used: { readonly energyWh: number; readonly waterMl: number }
  readonly quota: Allowance
  readonly excess: number
}

export const checkDelivery =
  (watch: Checker) =>
  ({ seller, period, resource, used, quota, excess }: Delivered): void => {
    const over = resource === 1 ? used.energyWh - quota.energyWh : used.waterMl - quota.waterMl
    watch.check('an excess is use above quota', excess === (over > 0 ? over : 0), () => {
      return `${seller}, period ${period}, resource ${resource}: ${excess}, and it is ${over}`
    })
  }
