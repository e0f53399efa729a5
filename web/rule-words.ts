import type { MarketResource, RuleForm, RuleHours, Weekday } from './market-model.ts'

/** How money and amounts are written: pages in the reader's language, logs as plain decimals. */
export interface RuleWriting {
  readonly amount: (resource: MarketResource, amount: number) => string
  readonly unitPrice: (resource: MarketResource, microSct: number) => string
  readonly sct: (microSct: number) => string
}

const WORKDAYS: readonly Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']
const WEEKEND: readonly Weekday[] = ['saturday', 'sunday']

/**
 * A rule in one sentence: `On Saturday from 11:00 to 13:00, buy 2 kW of power for that time, at most 0.09
 * SCT per kW and hour.`
 */
export function ruleSentence(rule: RuleForm, write: RuleWriting): string {
  const when = [...timeWords(rule), ...stateWords(rule, write)]
  const what = `${dealWords(rule, write)}, ${limitWords(rule, write)}${boundWords(rule, write)}.`
  return when.length === 0 ? capital(what) : `${capital(when.join(', '))}, ${what}`
}

function timeWords({ when }: RuleForm): readonly string[] {
  const { weekdays, hours } = when
  const days = weekdays === undefined || weekdays.length === 7 ? '' : dayWords(weekdays)
  const span = hours === undefined ? '' : hourWords(hours)
  const words = [days, span].filter((each) => each !== '').join(' ')
  return words === '' ? [] : [words]
}

function dayWords(days: readonly Weekday[]): string {
  const only = (set: readonly Weekday[]): boolean =>
    days.length === set.length && set.every((day) => days.includes(day))
  if (only(WORKDAYS)) return 'on working days'
  if (only(WEEKEND)) return 'at the weekend'
  return `on ${listed(days.map(capital))}`
}

const hourWords = ({ from, until }: RuleHours): string => `from ${from} to ${until}`

function stateWords({ when, resource }: RuleForm, write: RuleWriting): readonly string[] {
  const said = (value: number | undefined, words: (value: number) => string): readonly string[] =>
    value === undefined ? [] : [words(value)]
  const price = (value: number): string => write.unitPrice(resource, value)
  return [
    ...said(when.surplusAbovePercent, (share) => `when more than ${share} % of the quota is to spare`),
    ...said(when.quotaLeftBelowPercent, (share) => `when less than ${share} % of the quota is left`),
    ...said(when.marketPriceAtLeastMicroSct, (least) => `when the market price is ${price(least)} or more`),
    ...said(when.marketPriceAtMostMicroSct, (most) => `when the market price is ${price(most)} or less`),
    ...said(when.balanceAtLeastMicroSct, (least) => `when ${write.sct(least)} or more are free`),
    ...said(when.balanceAtMostMicroSct, (most) => `when ${write.sct(most)} or less are free`),
  ]
}

function dealWords({ do: verb, resource, amount, window }: RuleForm, write: RuleWriting): string {
  const time =
    window === undefined || window === null
      ? ''
      : window === 'rest-of-period'
        ? ' for the rest of the period'
        : ` ${hourWords(window)}`
  switch (amount.kind) {
    case 'fixed':
      return `${verb} ${write.amount(resource, amount.amount)} of ${resource}${time}`
    case 'share':
      return `${verb} ${amount.percent} % of the spare ${resource}`
    case 'above':
      return amount.percent === 0
        ? `${verb} all ${resource} to spare`
        : `${verb} the spare ${resource} above ${amount.percent} % of the quota`
    case 'missing':
      return `${verb} what ${resource} is likely to be missing${time}`
  }
}

function limitWords({ do: verb, resource, limitMicroSct }: RuleForm, write: RuleWriting): string {
  return `${verb === 'sell' ? 'at least' : 'at most'} ${write.unitPrice(resource, limitMicroSct)}`
}

function boundWords({ resource, leastAmount, perDay }: RuleForm, write: RuleWriting): string {
  const least = leastAmount === undefined ? '' : `, never less than ${write.amount(resource, leastAmount)}`
  const times = perDay?.times
  const often = times === undefined ? '' : times === 1 ? ', once a day' : `, at most ${times} times a day`
  const spend = perDay?.spendMicroSct
  const spent = spend === undefined || spend === null ? '' : `, for at most ${write.sct(spend)} a day`
  return `${least}${often}${spent}`
}

function listed(things: readonly string[]): string {
  const last = things.at(-1) ?? ''
  return things.length < 2 ? last : `${things.slice(0, -1).join(', ')} and ${last}`
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
