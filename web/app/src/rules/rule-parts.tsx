import type { JSX } from 'preact'
import type { Weekday } from '../../../market-model.ts'
import { Field } from '../parts/field.tsx'
import { LOT_UNITS } from '../words/money.ts'
import { WEEK } from './rule-draft.ts'
import type { RuleFormParts } from './rule-form.tsx'

/** The days of the week and the part of the day at which a rule may act. */
export function Days(props: RuleFormParts & { readonly problem: string | null }): JSX.Element {
  const { draft, change, field, problem } = props
  const turn = (day: Weekday): void =>
    change({ days: WEEK.filter((each) => draft.days.includes(each) !== (each === day)) })
  return (
    <>
      <fieldset class="choice days">
        <legend>It may act on</legend>
        <div class="choice-options">
          {WEEK.map((day) => (
            <label key={day}>
              <input type="checkbox" checked={draft.days.includes(day)} onChange={() => turn(day)} />
              <span aria-hidden="true">{day.slice(0, 2)}</span>
              <span class="unseen">{day}</span>
            </label>
          ))}
        </div>
        {problem === null ? null : (
          <p class="field-problem" role="alert">
            {problem}
          </p>
        )}
      </fieldset>
      <div class="form-pair">
        <Field {...field('hoursFrom')} label="From" type="time" hint="Empty means all day" />
        <Field {...field('hoursUntil')} label="Until" type="time" />
      </div>
    </>
  )
}

/** For when power is borrowed. */
export function Window({ draft, change, field }: RuleFormParts): JSX.Element {
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={draft.restOfPeriod}
          onChange={() => change({ restOfPeriod: !draft.restOfPeriod })}
        />
        <span>For the rest of the billing period</span>
      </label>
      {draft.restOfPeriod ? null : (
        <div class="form-pair">
          <Field {...field('windowFrom')} label="Borrow it from" type="time" />
          <Field {...field('windowUntil')} label="Borrow it until" type="time" />
        </div>
      )}
    </>
  )
}

/** Conditions that most rules do without. */
export function Conditions({ draft, field }: RuleFormParts): JSX.Element {
  const { amount, price } = LOT_UNITS[draft.resource]
  const perUnit = `SCT per ${price}`
  return (
    <details class="conditions">
      <summary>More conditions</summary>
      <div class="form">
        {draft.do === 'sell' ? (
          <Field {...field('surplusAbove')} label="Only when more is to spare than" unit="% of the quota" />
        ) : (
          <Field {...field('quotaLeftBelow')} label="Only when less is left than" unit="% of the quota" />
        )}
        <div class="form-pair">
          <Field {...field('marketAtLeast')} label="Market price at least" unit={perUnit} />
          <Field {...field('marketAtMost')} label="Market price at most" unit={perUnit} />
        </div>
        <div class="form-pair">
          <Field {...field('balanceAtLeast')} label="Free SCT at least" unit="SCT" />
          <Field {...field('balanceAtMost')} label="Free SCT at most" unit="SCT" />
        </div>
        <Field {...field('least')} label="Smallest lot" unit={amount} />
        <div class="form-pair">
          <Field {...field('times')} label="At most so often a day" unit="times" />
          {draft.do === 'buy' ? <Field {...field('spend')} label="Spend a day at most" unit="SCT" /> : null}
        </div>
      </div>
    </details>
  )
}
