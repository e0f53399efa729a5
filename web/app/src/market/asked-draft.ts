import type { MarketResource, PreferenceForm } from '../../../market-model.ts'
import { LOT_UNITS, lotText, sct } from '../words/money.ts'
import { fieldText, readWritten } from '../words/written.ts'

export const ASKED_NUMBERS = ['leastAmount', 'mostAmount', 'keptSurplus', 'leastUnitMicroSct'] as const
export type AskedNumber = (typeof ASKED_NUMBERS)[number]
export type AskedField = AskedNumber | 'from' | 'until'

/** What a home likes to be asked of one resource, as it is being written; empty means: no matter. */
export type AskedDraft = Readonly<Record<AskedField, string>>

const MICRO_MOST = 999_999_999_999_999
const UNITS_MOST = 1_000_000

const digitsOf = (field: AskedNumber, resource: MarketResource): number =>
  field === 'leastUnitMicroSct' ? 6 : LOT_UNITS[resource].decimals

export function askedDraftOf(preference: PreferenceForm): AskedDraft {
  const { resource, hours } = preference
  const text = (field: AskedNumber): string => {
    const value = preference[field]
    return value === undefined || value === 0 ? '' : fieldText(value, digitsOf(field, resource))
  }
  return {
    leastAmount: text('leastAmount'),
    mostAmount: text('mostAmount'),
    keptSurplus: text('keptSurplus'),
    leastUnitMicroSct: text('leastUnitMicroSct'),
    from: hours?.from ?? '',
    // A field of time has no 24:00.
    until: hours?.until.replace('24:00', '00:00') ?? '',
  }
}

export interface CheckedAsked {
  readonly preference: PreferenceForm | null
  readonly problems: Readonly<Partial<Record<AskedField, string>>>
}

/** Reads and checks what was written of one resource. */
export function checkAsked(resource: MarketResource, draft: AskedDraft): CheckedAsked {
  const problems: Partial<Record<AskedField, string>> = {}
  const number = (field: AskedNumber): number | undefined => {
    if (draft[field].trim() === '') return undefined
    const decimals = digitsOf(field, resource)
    const most = field === 'leastUnitMicroSct' ? MICRO_MOST : UNITS_MOST * 10 ** decimals
    const words = field === 'leastUnitMicroSct' ? sct(most) : lotText(resource, most)
    const zero = field === 'keptSurplus'
    const written = readWritten(draft[field], {
      decimals,
      most,
      tooMuch: `At most ${words}.`,
      empty: '',
      zero,
    })
    if ('parts' in written) return written.parts
    problems[field] = written.problem
    return undefined
  }
  const amounts = {
    leastAmount: number('leastAmount'),
    mostAmount: number('mostAmount'),
    keptSurplus: number('keptSurplus'),
    leastUnitMicroSct: number('leastUnitMicroSct'),
  }
  const { leastAmount: least, mostAmount: most } = amounts
  if (least !== undefined && most !== undefined && least > most) {
    problems.mostAmount = `Write at least ${lotText(resource, least)}, the smallest request.`
  }
  const hours = hoursOf(draft, problems)
  const sound = Object.keys(problems).length === 0
  return { preference: sound ? { resource, ...amounts, hours } : null, problems }
}

function hoursOf(draft: AskedDraft, problems: Partial<Record<AskedField, string>>): PreferenceForm['hours'] {
  const from = draft.from.slice(0, 5)
  const until = draft.until.slice(0, 5)
  if (from === '' && until === '') return undefined
  if (from === '') problems.from = 'Write when it begins too.'
  else if (until === '') problems.until = 'Write when it ends too.'
  else if (from === until) problems.until = 'End at another time than it begins.'
  return { from, until: until === '00:00' ? '24:00' : until }
}

/** What a home likes to be asked of one resource, in a few words. */
export function askedText(preference: PreferenceForm): string {
  const { resource, leastAmount, mostAmount, keptSurplus, leastUnitMicroSct, hours } = preference
  const parts = [
    leastAmount === undefined || leastAmount <= 1 ? '' : `from ${lotText(resource, leastAmount)}`,
    mostAmount === undefined ? '' : `up to ${lotText(resource, mostAmount)}`,
    keptSurplus === undefined || keptSurplus === 0 ? '' : `${lotText(resource, keptSurplus)} kept back`,
    leastUnitMicroSct === undefined || leastUnitMicroSct === 0
      ? ''
      : `not under ${sct(leastUnitMicroSct)} per ${LOT_UNITS[resource].price}`,
    hours === undefined ? '' : `${hours.from} to ${hours.until}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? 'Whatever you can spare' : parts.join(', ')
}
