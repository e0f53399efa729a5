import type { MarketResource, RuleForm, RuleHours, Weekday } from '../../../market-model.ts'
import { LOT_UNITS, lotText } from '../words/money.ts'
import { fieldText, readWritten } from '../words/written.ts'

/** The week as people in Europe count it. */
export const WEEK: readonly Weekday[] = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
]

/** What a form asks in numbers; empty means: not asked for. */
export const NUMBERS = [
  'percent',
  'amount',
  'least',
  'limit',
  'times',
  'spend',
  'quotaLeftBelow',
  'surplusAbove',
  'marketAtLeast',
  'marketAtMost',
  'balanceAtLeast',
  'balanceAtMost',
] as const
export type NumberField = (typeof NUMBERS)[number]
export const TIMES = ['hoursFrom', 'hoursUntil', 'windowFrom', 'windowUntil'] as const
export type TimeField = (typeof TIMES)[number]

/** A rule as a form has it: everything that is written is text until it is checked. */
export type RuleDraft = Readonly<Record<NumberField | TimeField | 'name', string>> & {
  readonly do: RuleForm['do']
  readonly resource: MarketResource
  readonly kind: RuleForm['amount']['kind']
  readonly days: readonly Weekday[]
  readonly restOfPeriod: boolean
}

export type RuleField = NumberField | TimeField | 'name' | 'days'

const EMPTY: RuleDraft = {
  name: '',
  do: 'sell',
  resource: 'energy',
  kind: 'above',
  days: WEEK,
  restOfPeriod: false,
  percent: '',
  amount: '',
  least: '',
  limit: '',
  times: '',
  spend: '',
  quotaLeftBelow: '',
  surplusAbove: '',
  marketAtLeast: '',
  marketAtMost: '',
  balanceAtLeast: '',
  balanceAtMost: '',
  hoursFrom: '',
  hoursUntil: '',
  windowFrom: '',
  windowUntil: '',
}

/** Rules that many homes want, to begin with; the prices are the home's own to say. */
export const STARTS: readonly { readonly title: string; readonly text: string; readonly draft: RuleDraft }[] =
  [
    {
      title: 'Sell what we can spare',
      text: 'Bids by itself when a neighbour asks, and keeps a part of your quota back.',
      draft: { ...EMPTY, percent: '20' },
    },
    {
      title: 'Buy what will be missing',
      text: 'Asks the neighbours as soon as your quota will likely not last.',
      draft: { ...EMPTY, do: 'buy', kind: 'missing' },
    },
    {
      title: 'More power for the oven',
      text: 'Borrows power for some hours of one day, so that the switch holds.',
      draft: {
        ...EMPTY,
        do: 'buy',
        resource: 'power',
        kind: 'fixed',
        days: ['saturday'],
        amount: '2',
        hoursFrom: '08:00',
        hoursUntil: '10:00',
        windowFrom: '11:00',
        windowUntil: '13:00',
        times: '1',
      },
    },
  ]

/** A rule as its form begins. */
export function draftOf(rule: RuleForm): RuleDraft {
  const { when, amount, window, perDay, resource } = rule
  const { decimals } = LOT_UNITS[resource]
  const number = (value: number | null | undefined, digits: number): string =>
    value === null || value === undefined ? '' : fieldText(value, digits)
  const lent = window === undefined || window === null || window === 'rest-of-period' ? null : window
  return {
    name: rule.name,
    do: rule.do,
    resource,
    kind: amount.kind,
    days: when.weekdays ?? WEEK,
    percent: 'percent' in amount ? String(amount.percent) : '',
    amount: 'amount' in amount ? fieldText(amount.amount, decimals) : '',
    least: number(rule.leastAmount, decimals),
    limit: fieldText(rule.limitMicroSct, 6),
    times: number(perDay?.times, 0),
    spend: number(perDay?.spendMicroSct, 6),
    quotaLeftBelow: number(when.quotaLeftBelowPercent, 0),
    surplusAbove: number(when.surplusAbovePercent, 0),
    marketAtLeast: number(when.marketPriceAtLeastMicroSct, 6),
    marketAtMost: number(when.marketPriceAtMostMicroSct, 6),
    balanceAtLeast: number(when.balanceAtLeastMicroSct, 6),
    balanceAtMost: number(when.balanceAtMostMicroSct, 6),
    hoursFrom: when.hours?.from ?? '',
    hoursUntil: endText(when.hours),
    windowFrom: lent?.from ?? '',
    windowUntil: endText(lent),
    restOfPeriod: window === 'rest-of-period',
  }
}

/** A field of time has no 24:00; the same moment is 00:00 of the next day. */
const endText = (hours: RuleHours | null | undefined): string =>
  hours === null || hours === undefined ? '' : hours.until === '24:00' ? '00:00' : hours.until

/** What was understood of a form, and what is wrong with it, field by field. */
export interface CheckedRule {
  readonly rule: RuleForm | null
  readonly problems: Readonly<Partial<Record<RuleField, string>>>
}

/** Reads and checks a rule; what it means together with other rules is the gateway's to check. */
export function checkRule(draft: RuleDraft): CheckedRule {
  const read = reader(draft)
  const hours = read.hours('hoursFrom', 'hoursUntil')
  const rule: RuleForm = {
    name: read.name(),
    do: draft.do,
    resource: draft.resource,
    when: {
      weekdays: draft.days.length === WEEK.length ? undefined : [...draft.days],
      hours: hours,
      surplusAbovePercent: read.share('surplusAbove'),
      quotaLeftBelowPercent: read.share('quotaLeftBelow'),
      marketPriceAtLeastMicroSct: read.money('marketAtLeast'),
      marketPriceAtMostMicroSct: read.money('marketAtMost'),
      balanceAtLeastMicroSct: read.money('balanceAtLeast'),
      balanceAtMostMicroSct: read.money('balanceAtMost'),
    },
    amount: amountOf(draft, read),
    leastAmount: read.lot('least', false),
    limitMicroSct: read.limit(),
    window: windowOf(draft, read),
    perDay: perDayOf(read),
  }
  if (draft.days.length === 0) read.problems.days = 'Choose at least one day.'
  const sound = Object.keys(read.problems).length === 0
  return { rule: sound ? rule : null, problems: read.problems }
}

function amountOf({ kind }: RuleDraft, read: Reader): RuleForm['amount'] {
  switch (kind) {
    case 'fixed':
      return { kind, amount: read.lot('amount', true) ?? 1 }
    case 'missing':
      return { kind }
    default:
      return { kind, percent: read.share('percent') ?? read.missing('percent', 'Write a share, as 20.') }
  }
}

function windowOf(draft: RuleDraft, read: Reader): RuleForm['window'] {
  if (draft.resource !== 'power' || draft.do !== 'buy') return undefined
  if (draft.restOfPeriod) return 'rest-of-period'
  const hours = read.hours('windowFrom', 'windowUntil')
  if (hours === undefined && read.problems.windowUntil === undefined) {
    read.missing('windowFrom', 'Power is lent: write from when until when.')
  }
  return hours
}

function perDayOf(read: Reader): RuleForm['perDay'] {
  const times = read.times()
  const spendMicroSct = read.money('spend')
  return times === undefined && spendMicroSct === undefined ? undefined : { times, spendMicroSct }
}

type Reader = ReturnType<typeof reader>

/** Reads the fields of a form one by one and keeps what is wrong with them. */
function reader(draft: RuleDraft) {
  const problems: Partial<Record<RuleField, string>> = {}
  const { decimals } = LOT_UNITS[draft.resource]
  const number = (
    field: NumberField,
    digits: number,
    most: number,
    tooMuch: string,
    options: { readonly zero?: boolean; readonly empty?: string } = {},
  ): number | undefined => {
    const { zero = true, empty } = options
    if (draft[field].trim() === '' && empty === undefined) return undefined
    const limits = { decimals: digits, most, tooMuch, empty: empty ?? '', zero }
    const written = readWritten(draft[field], limits)
    if ('parts' in written) return written.parts
    problems[field] = written.problem
    return undefined
  }
  const missing = (field: RuleField, problem: string): number => {
    problems[field] ??= problem
    return 0
  }
  return {
    problems,
    missing,
    name: (): string => {
      const name = draft.name.trim()
      if (name === '') missing('name', 'Give it a name of its own.')
      if (name.length > 60) missing('name', 'At most 60 characters.')
      return name
    },
    share: (field: NumberField) => number(field, 0, 100, 'At most 100 %.'),
    money: (field: NumberField) => number(field, 6, MICRO_MOST, 'That is more than any price.'),
    times: () => number('times', 0, 96, 'At most 96 times a day.', { zero: false }),
    limit: (): number =>
      number('limit', 6, MICRO_MOST, 'That is more than any price.', {
        zero: false,
        empty: draft.do === 'sell' ? 'Write the least you sell for.' : 'Write the most you pay.',
      }) ?? 1,
    lot: (field: 'amount' | 'least', wanted: boolean) => {
      const most = 1_000_000 * 10 ** decimals
      const words = `At most ${lotText(draft.resource, most)}.`
      const options = wanted ? { zero: false, empty: 'Write how much.' } : { zero: false }
      return number(field, decimals, most, words, options)
    },
    hours: (fromField: TimeField, untilField: TimeField): RuleHours | undefined => {
      const from = draft[fromField].slice(0, 5)
      const until = draft[untilField].slice(0, 5)
      if (from === '' && until === '') return undefined
      if (from === '') missing(fromField, 'Write when it begins too.')
      else if (until === '') missing(untilField, 'Write when it ends too.')
      else if (from === until) missing(untilField, 'End at another time than it begins.')
      return { from, until: until === '00:00' ? '24:00' : until }
    },
  }
}

const MICRO_MOST = 999_999_999_999_999

/** A name that says what a rule does, for whoever does not want to think of one. */
export function nameFor({ do: verb, resource, days, hoursFrom }: RuleDraft): string {
  const deal = verb === 'sell' ? `Sell spare ${resource}` : `Buy ${resource}`
  const single = days.length === 1 ? days[0] : undefined
  const day = single === undefined ? '' : ` on ${single.charAt(0).toUpperCase()}${single.slice(1)}`
  return `${deal}${day}${hoursFrom === '' ? '' : ` from ${hoursFrom.slice(0, 5)}`}`
}
