import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Simulated } from '../../../market-messages.ts'
import type { RuleForm } from '../../../market-model.ts'
import type { Refusal } from '../../../messages.ts'
import { simulateRules } from '../model/market.ts'
import { Empty } from '../parts/card.tsx'
import { FormProblem } from '../market/form-problem.tsx'
import { Decisions } from './decisions.tsx'

interface TrialProps {
  /** The rule on trial, and those that are on beside it. */
  readonly rule: RuleForm
  readonly beside: readonly RuleForm[]
  readonly close: () => void
  /** Switches the rule on; left out while it is not saved. */
  readonly switchOn?: () => void
}

/** What a rule would have done yesterday, before it may do anything. */
export function Trial({ rule, beside, close, switchOn }: TrialProps): JSX.Element {
  const [answer, setAnswer] = useState<Simulated | Refusal | null>(null)
  const rules = [...beside.filter(({ name }) => name !== rule.name), rule]
  const asked = JSON.stringify(rules)
  useEffect(() => {
    let shown = true
    setAnswer(null)
    void simulateRules(rules).then((told) => {
      if (shown) setAnswer(told)
    })
    return () => void (shown = false)
  }, [asked])
  return (
    <div class="trial" role="region" aria-label="Tried on yesterday" data-testid="trial">
      <h3>Tried on yesterday</h3>
      {answer === null ? (
        <div class="bone bone-line" role="status" aria-label="Trying" />
      ) : 'code' in answer ? (
        <FormProblem refused={answer} problem={null} />
      ) : (
        <Told told={answer} name={rule.name} />
      )}
      <div class="buttons">
        {switchOn === undefined ? null : (
          <button type="button" class="button button-loud" disabled={answer === null} onClick={switchOn}>
            Switch it on
          </button>
        )}
        <button type="button" class="button" onClick={close}>
          {switchOn === undefined ? 'Close' : 'Leave it off'}
        </button>
      </div>
    </div>
  )
}

function Told({ told, name }: { readonly told: Simulated; readonly name: string }): JSX.Element {
  const outcome = told.outcomes.find(({ rule }) => rule === name)
  const decisions = told.decisions.filter(({ rule }) => rule === null || rule === name)
  return (
    <>
      <p class="trial-outcome">{outcome?.text ?? 'It would not have traded.'}</p>
      {decisions.length === 0 ? (
        <Empty icon="notice">
          Nothing was asked for and nothing was missing, so there was nothing to do.
        </Empty>
      ) : (
        <Decisions decisions={decisions} shown={6} />
      )}
    </>
  )
}
