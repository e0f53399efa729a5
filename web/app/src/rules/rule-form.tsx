import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ruleSentence } from '../../../rule-words.ts'
import type { MarketResource, RuleForm } from '../../../market-model.ts'
import type { Refusal } from '../../../messages.ts'
import { notice, saveRule } from '../model/market.ts'
import { Card } from '../parts/card.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { FormProblem } from '../market/form-problem.tsx'
import { LOT_UNITS, RESOURCE_NAMES } from '../words/money.ts'
import { checkRule, nameFor, type RuleDraft, type RuleField } from './rule-draft.ts'
import { WRITING } from './rule-words.ts'
import { Conditions, Days, Window } from './rule-parts.tsx'
import { Trial } from './trial.tsx'

interface RuleFormProps {
  /** Null for a new rule. */
  readonly id: string | null
  readonly begin: RuleDraft
  /** The rules that are on beside it. */
  readonly beside: readonly RuleForm[]
  readonly close: () => void
}

/** What the parts of the form share. */
export interface RuleFormParts {
  readonly draft: RuleDraft
  readonly change: (part: Partial<RuleDraft>) => void
  readonly field: (name: Exclude<RuleField, 'days'>) => {
    readonly id: string
    readonly value: string
    readonly set: (value: string) => void
    readonly problem: string | null
    readonly left: () => void
  }
}

function useRuleForm({ id, begin, close }: RuleFormProps) {
  const [draft, setDraft] = useState({ ...begin, name: begin.name === '' ? nameFor(begin) : begin.name })
  const [named, setNamed] = useState(begin.name !== '')
  const [left, setLeft] = useState<readonly string[]>([])
  const [sending, setSending] = useState(false)
  const [refused, setRefused] = useState<Refusal | null>(null)
  const { rule, problems } = checkRule(draft)
  const change = (part: Partial<RuleDraft>): void => {
    const next = { ...draft, ...part }
    setDraft(named || 'name' in part ? next : { ...next, name: nameFor(next) })
    if ('name' in part) setNamed(true)
    setRefused(null)
  }
  const showAll = (): void => {
    setLeft(['all'])
    const first = Object.keys(problems)[0]
    if (first !== undefined) document.getElementById(`rule-${first}`)?.focus()
  }
  const problem = (name: RuleField): string | null =>
    left.includes('all') || left.includes(name) ? (problems[name] ?? null) : null
  const save = async (): Promise<void> => {
    if (rule === null) return showAll()
    setSending(true)
    const answer = await saveRule({ id, rule })
    setSending(false)
    setRefused(answer)
    if (answer !== null) return
    const text =
      id === null ? `"${rule.name}" is saved. Switch it on when you like.` : `"${rule.name}" is changed.`
    notice.value = { on: 'rules', text }
    close()
  }
  const field: RuleFormParts['field'] = (name) => ({
    id: `rule-${name}`,
    value: draft[name],
    set: (value) => change({ [name]: value }),
    problem: problem(name),
    left: () => setLeft((before) => [...before, name]),
  })
  return { draft, change, field, problem, rule, save, showAll, sending, refused }
}

/** A rule in plain words and numbers, tried on yesterday before it is saved or switched on. */
export function RuleEditor(props: RuleFormProps): JSX.Element {
  const form = useRuleForm(props)
  const [trying, setTrying] = useState(false)
  const { draft, rule, sending, refused } = form
  return (
    <Card id="rule-form" title={props.id === null ? 'A new rule' : 'Change the rule'} icon="rules">
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void form.save()
        }}
      >
        <Deal {...form} />
        <Amount {...form} />
        <Field
          {...form.field('limit')}
          label={draft.do === 'sell' ? 'For at least' : 'For at most'}
          unit={`SCT per ${LOT_UNITS[draft.resource].price}`}
        />
        <Days {...form} problem={form.problem('days')} />
        <Conditions {...form} />
        <Field {...form.field('name')} label="Name" words />
        <p class="rule-words" aria-live="polite" data-testid="rule-words">
          {rule === null ? 'The rule in words stands here when it is complete.' : ruleSentence(rule, WRITING)}
        </p>
        <FormProblem refused={refused} problem={null} />
        <div class="buttons">
          <button type="submit" class="button button-loud" disabled={sending}>
            {sending ? 'Saving' : 'Save'}
          </button>
          <button
            type="button"
            class="button"
            onClick={() => (rule === null ? form.showAll() : setTrying(true))}
          >
            Try on yesterday
          </button>
          <button type="button" class="button" onClick={props.close}>
            Cancel
          </button>
        </div>
      </form>
      {trying && rule !== null ? (
        <Trial rule={rule} beside={props.beside} close={() => setTrying(false)} />
      ) : null}
    </Card>
  )
}

function Deal({ draft, change }: RuleFormParts): JSX.Element {
  const verb = (next: RuleForm['do']): void =>
    change({ do: next, kind: next === 'sell' ? 'above' : 'missing', percent: draft.percent || '20' })
  return (
    <>
      <Choice
        name="rule-do"
        label="What it does"
        options={[
          { value: 'sell', text: 'Sell' },
          { value: 'buy', text: 'Buy' },
        ]}
        value={draft.do}
        set={verb}
      />
      <Choice<MarketResource>
        name="rule-resource"
        label="Of what"
        options={(['energy', 'power', 'water'] as const).map((value) => ({
          value,
          text: RESOURCE_NAMES[value],
        }))}
        value={draft.resource}
        set={(resource) => change({ resource, restOfPeriod: false })}
      />
    </>
  )
}

function Amount(parts: RuleFormParts): JSX.Element {
  const { draft, change, field } = parts
  const { amount: unit } = LOT_UNITS[draft.resource]
  return (
    <>
      <Choice<RuleDraft['kind']>
        name="rule-kind"
        label="How much"
        options={
          draft.do === 'sell'
            ? [
                { value: 'above', text: 'The spare, but keep some' },
                { value: 'share', text: 'A share of the spare' },
                { value: 'fixed', text: 'A fixed amount' },
              ]
            : [
                { value: 'missing', text: 'What will be missing' },
                { value: 'fixed', text: 'A fixed amount' },
              ]
        }
        value={draft.kind}
        set={(kind) => change({ kind })}
      />
      {draft.kind === 'fixed' ? <Field {...field('amount')} label="Amount" unit={unit} /> : null}
      {draft.kind === 'above' ? (
        <Field {...field('percent')} label="Keep back, beyond what you will use" unit="% of the quota" />
      ) : null}
      {draft.kind === 'share' ? <Field {...field('percent')} label="Share" unit="% of the spare" /> : null}
      {draft.do === 'buy' && draft.resource === 'power' ? <Window {...parts} /> : null}
    </>
  )
}
