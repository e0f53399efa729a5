import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { OfferForm as Offer } from '../../../delegation-model.ts'
import type { Refusal } from '../../../messages.ts'
import { FormProblem } from '../market/form-problem.tsx'
import { nowMs } from '../model/live.ts'
import { Choice, Field } from '../parts/field.tsx'
import { duration } from '../words/format.ts'
import { sct } from '../words/money.ts'
import { fieldText } from '../words/written.ts'
import {
  checkOffer,
  suggestedRewards,
  type CheckedOffer,
  type OfferDraft,
  type OfferFacts,
  type OfferField,
} from './offer-draft.ts'

interface OfferFormProps {
  /** Names the fields of this form among others of the page. */
  readonly id: string
  readonly first: OfferDraft
  readonly facts: Omit<OfferFacts, 'nowMs'>
  readonly verb: string
  readonly send: (offer: Offer) => Promise<Refusal | null>
  /** Another wish than the one that was sent before. */
  readonly changed?: () => void
  readonly close?: () => void
  /** What stands before the fields, and what is read before sending. */
  readonly children?: JSX.Element
  readonly consent: (functions: Offer['functions']) => JSX.Element
}

const ORDER: readonly OfferField[] = ['functions', 'from', 'until', 'reward', 'text']

/** An offer as it is being filled in and sent. */
function useOffer(props: OfferFormProps) {
  const [draft, setDraft] = useState(props.first)
  const [left, setLeft] = useState<readonly OfferField[]>([])
  const [sending, setSending] = useState(false)
  const [refused, setRefused] = useState<Refusal | null>(null)
  const checked = checkOffer(draft, { ...props.facts, nowMs: nowMs.value })
  const change = (part: Partial<OfferDraft>): void => {
    setDraft({ ...draft, ...part })
    setRefused(null)
    props.changed?.()
  }
  const problem = (field: OfferField): string | null => {
    if (fieldOf(refused) === field) return refused?.message ?? null
    return left.includes(field) ? checked.problems[field] : null
  }
  const send = async (): Promise<void> => {
    setLeft(ORDER)
    if (checked.offer === null) return focusFirst(props.id, checked)
    setSending(true)
    const answer = await props.send(checked.offer)
    setSending(false)
    setRefused(answer)
  }
  const field = (name: 'from' | 'until' | 'reward' | 'text') => ({
    id: `${props.id}-${name}`,
    value: draft[name],
    set: (value: string) => change({ [name]: value }),
    problem: problem(name),
    left: () => setLeft((before) => [...before, name]),
  })
  return { draft, change, checked, problem, field, send, sending, refused }
}

type Form = ReturnType<typeof useOffer>

/** What is handed over, for how long, and for what: to a neighbour first, or as another offer. */
export function OfferForm(props: OfferFormProps): JSX.Element {
  const form = useOffer(props)
  const { checked, draft, field, sending, refused } = form
  return (
    <form
      class="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void form.send()
      }}
    >
      {props.children}
      <Functions id={props.id} form={form} />
      <When id={props.id} form={form} stepS={props.facts.stepS} />
      <Field
        {...field('reward')}
        label="Reward, for all of the time"
        unit="SCT"
        hint={rewardHint(checked, props.facts.balanceMicroSct)}
      />
      <div class="suggestions">
        {suggestedRewards(checked.lastsMs).map(({ text, microSct }) => (
          <button
            key={text}
            type="button"
            class="suggestion"
            onClick={() => form.change({ reward: fieldText(microSct, 6) })}
          >
            {text}
          </button>
        ))}
      </div>
      <Field {...field('text')} label="A note to them" words hint="Both homes sign it with the rest." />
      <details class="explained" open>
        <summary>What you agree to</summary>
        {props.consent(functionsNow(draft))}
      </details>
      <FormProblem refused={fieldOf(refused) === null ? refused : null} problem={null} />
      <div class="buttons">
        <button type="submit" class="button button-loud button-main" disabled={sending}>
          {sending ? 'Sending' : props.verb}
        </button>
        {props.close === undefined ? null : (
          <button type="button" class="button" onClick={props.close}>
            Not now
          </button>
        )}
      </div>
    </form>
  )
}

const functionsNow = ({ readings, alarms }: OfferDraft): Offer['functions'] => [
  ...(readings ? (['readings'] as const) : []),
  ...(alarms ? (['alarms'] as const) : []),
]

function Functions({ id, form }: { readonly id: string; readonly form: Form }): JSX.Element {
  const { draft, change } = form
  const problem = form.problem('functions')
  return (
    <fieldset class="choice">
      <legend>What is watched</legend>
      <label class="check">
        <input
          id={`${id}-functions`}
          type="checkbox"
          checked={draft.readings}
          onChange={() => change({ readings: !draft.readings })}
        />
        <span>Readings: energy, power and water</span>
      </label>
      <label class="check">
        <input type="checkbox" checked={draft.alarms} onChange={() => change({ alarms: !draft.alarms })} />
        <span>Alarms of the community</span>
      </label>
      {problem === null ? null : (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  )
}

interface WhenProps {
  readonly id: string
  readonly form: Form
  readonly stepS: number
}

function When({ id, form, stepS }: WhenProps): JSX.Element {
  const { draft, change, field } = form
  return (
    <>
      <Choice
        name={`${id}-begins`}
        label="It begins"
        options={[
          { value: 'at-once', text: 'When both agree' },
          { value: 'later', text: 'Later' },
        ]}
        value={draft.begins}
        set={(begins) => change({ begins })}
      />
      <div class="form-pair form-pair-wide">
        {draft.begins === 'at-once' ? null : (
          <Field {...field('from')} label="From" type="datetime-local" step={stepS} />
        )}
        <Field {...field('until')} label="Until" type="datetime-local" step={stepS} />
      </div>
    </>
  )
}

function rewardHint({ lastsMs, rewardMicroSct }: CheckedOffer, balanceMicroSct: number | null): string {
  const lasts = lastsMs === null ? '' : `It lasts ${duration(lastsMs)}. `
  if (balanceMicroSct === null) return `${lasts}It is paid for what is watched.`
  const left = balanceMicroSct - (rewardMicroSct ?? 0)
  return `${lasts}It is put aside; ${sct(Math.max(0, left))} stay free.`
}

/** The field of the form that a refusal of the gateway is about. */
function fieldOf(refused: Refusal | null): OfferField | null {
  switch (refused?.field) {
    case 'functions':
    case 'text':
      return refused.field
    case 'fromMs':
      return 'from'
    case 'untilMs':
      return 'until'
    case 'rewardMicroSct':
      return 'reward'
    default:
      return null
  }
}

function focusFirst(id: string, { problems }: CheckedOffer): void {
  const first = ORDER.find((name) => problems[name] !== null)
  if (first !== undefined) document.getElementById(`${id}-${first}`)?.focus()
}
