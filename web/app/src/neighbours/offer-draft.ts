import type { DelegationView, OfferForm } from '../../../delegation-model.ts'
import { momentOf, momentText } from '../market/window.ts'
import { sct } from '../words/money.ts'
import { fieldText, partsOf, problemOf, readWritten } from '../words/written.ts'

/** An offer to a neighbour as it is filled in. */
export interface OfferDraft {
  readonly readings: boolean
  readonly alarms: boolean
  /** Whether it begins as soon as both agree, or at `from`. */
  readonly begins: 'at-once' | 'later'
  /** Moments as the device's own clock shows them. */
  readonly from: string
  readonly until: string
  readonly reward: string
  readonly text: string
}

export type OfferField = 'functions' | 'from' | 'until' | 'reward' | 'text'

/** What an offer is checked against. */
export interface OfferFacts {
  readonly nowMs: number
  readonly stepS: number
  /** What this home can put aside; null where it does not pay, or is not known. */
  readonly balanceMicroSct: number | null
}

/** What was understood of a draft, and what is wrong with it, field by field. */
export interface CheckedOffer {
  /** Null while there is a problem. */
  readonly offer: OfferForm | null
  readonly lastsMs: number | null
  readonly rewardMicroSct: number | null
  readonly problems: Readonly<Record<OfferField, string | null>>
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** The ledger takes no delegation that lasts longer. */
const LONGEST_MS = 366 * DAY_MS
const TEXT_MOST = 600
const MICRO_MOST = 999_999_999_999_999
const MICRO_DIGITS = 6

/** From what a sample period is on, people write minutes; a short demonstration needs seconds. */
export const stepSOf = (sampleMs: number): number => (sampleMs < 60_000 ? 1 : 60)

/** A draft to begin with: at once, for a day. */
export function firstDraft(nowMs: number, stepS: number): OfferDraft {
  const hour = Math.ceil(nowMs / HOUR_MS) * HOUR_MS
  return {
    readings: true,
    alarms: true,
    begins: 'at-once',
    from: momentText(hour, stepS),
    until: momentText(hour + DAY_MS, stepS),
    reward: '',
    text: '',
  }
}

/** What the other home offered, to be changed. */
export function draftOf(view: DelegationView, nowMs: number, stepS: number): OfferDraft {
  return {
    readings: view.functions.includes('readings'),
    alarms: view.functions.includes('alarms'),
    begins: view.fromMs > nowMs ? 'later' : 'at-once',
    from: momentText(Math.max(view.fromMs, nowMs), stepS),
    until: momentText(view.untilMs, stepS),
    reward: fieldText(view.rewardMicroSct, MICRO_DIGITS),
    text: view.text,
  }
}

/** Reads and checks a draft, so that nothing is sent that would be refused. */
export function checkOffer(draft: OfferDraft, facts: OfferFacts): CheckedOffer {
  const reward = readReward(draft.reward)
  const rewardMicroSct = partsOf(reward)
  const fromMs = draft.begins === 'at-once' ? null : momentOf(draft.from)
  const untilMs = momentOf(draft.until)
  const functions = functionsOf(draft)
  const problems = {
    functions: functions.length === 0 ? 'Choose what they watch: readings, alarms or both.' : null,
    from: fromProblem(draft, fromMs, facts),
    until: untilProblem(fromMs ?? facts.nowMs, untilMs),
    reward: problemOf(reward) ?? fundsProblem(rewardMicroSct, facts),
    text: draft.text.length > TEXT_MOST ? `At most ${TEXT_MOST} characters, please.` : null,
  }
  const fine = Object.values(problems).every((problem) => problem === null)
  const offer =
    fine && untilMs !== null && rewardMicroSct !== null
      ? { functions, fromMs, untilMs, rewardMicroSct, text: draft.text.trim() }
      : null
  return { offer, lastsMs: lastsOf(problems, fromMs ?? facts.nowMs, untilMs), rewardMicroSct, problems }
}

function functionsOf({ readings, alarms }: OfferDraft): OfferForm['functions'] {
  return [...(readings ? (['readings'] as const) : []), ...(alarms ? (['alarms'] as const) : [])]
}

function readReward(text: string) {
  return readWritten(text, {
    decimals: MICRO_DIGITS,
    most: MICRO_MOST,
    tooMuch: `At most ${sct(MICRO_MOST)} can be promised.`,
    empty: 'Write the reward for all of the time; 0 is fine among friends.',
    zero: true,
  })
}

function fundsProblem(reward: number | null, { balanceMicroSct }: OfferFacts): string | null {
  if (reward === null || balanceMicroSct === null || reward <= balanceMicroSct) return null
  const have = sct(balanceMicroSct)
  return `The reward is put aside at once, and you have ${have}. Promise less, or buy SCT first.`
}

function fromProblem(draft: OfferDraft, fromMs: number | null, { nowMs }: OfferFacts): string | null {
  if (draft.begins === 'at-once') return null
  if (fromMs === null) return 'Write the day and the time it begins.'
  return fromMs <= nowMs ? 'That is over. Begin later, or as soon as both agree.' : null
}

function untilProblem(fromMs: number, untilMs: number | null): string | null {
  if (untilMs === null) return 'Write the day and the time it ends.'
  if (untilMs <= fromMs) return 'End later than it begins.'
  return untilMs - fromMs > LONGEST_MS ? 'A year is the longest. You can ask again then.' : null
}

function lastsOf(problems: CheckedOffer['problems'], fromMs: number, untilMs: number | null): number | null {
  return problems.from === null && problems.until === null && untilMs !== null ? untilMs - fromMs : null
}

/** Rewards by the day or, for less than two days, by the hour, to begin with; micro-SCT for all of it. */
export function suggestedRewards(lastsMs: number | null): readonly { text: string; microSct: number }[] {
  if (lastsMs === null) return []
  const [unit, unitMs, microSct] =
    lastsMs < 2 * DAY_MS ? (['an hour', HOUR_MS, 100_000] as const) : (['a day', DAY_MS, 1_000_000] as const)
  return [1, 5].map((times) => ({
    text: `${sct(times * microSct)} ${unit}`,
    microSct: Math.max(1, Math.round((times * microSct * lastsMs) / unitMs)),
  }))
}

/** What is handed over, in words: `Readings and alarms`. */
export function functionsText(functions: readonly ('readings' | 'alarms')[]): string {
  if (functions.length === 2) return 'Readings and alarms'
  return functions[0] === 'readings' ? 'Readings' : 'Alarms'
}
