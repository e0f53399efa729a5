import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { MarketResource, PreferenceForm, PreferencesForm } from '../../../market-model.ts'
import type { Refusal } from '../../../messages.ts'
import { savePreferences } from '../model/market.ts'
import { Card } from '../parts/card.tsx'
import { Field } from '../parts/field.tsx'
import { Icon } from '../parts/icons.tsx'
import { Switch } from '../parts/switch.tsx'
import { LOT_UNITS, RESOURCE_NAMES } from '../words/money.ts'
import { askedDraftOf, askedText, checkAsked, type AskedField } from './asked-draft.ts'
import { FormProblem } from './form-problem.tsx'

const RESOURCES: readonly MarketResource[] = ['energy', 'power', 'water']

/** What this home likes to be asked: a neighbour's request for anything else never shows up. */
export function AskedAbout({ preferences }: { readonly preferences: PreferencesForm }): JSX.Element {
  return (
    <Card id="asked" title="What you are asked about" icon="notice">
      <ul class="asked">
        {RESOURCES.map((resource) => (
          <Asked key={resource} resource={resource} preferences={preferences} />
        ))}
      </ul>
      <p class="form-hint">This stays in your home. Requests beyond what you can spare never show up.</p>
    </Card>
  )
}

interface AskedProps {
  readonly resource: MarketResource
  readonly preferences: PreferencesForm
}

/** The preferences with those of one resource put in place, or taken out. */
function withResource(
  { preferences, blocked }: PreferencesForm,
  resource: MarketResource,
  preference: PreferenceForm | null,
): PreferencesForm {
  const others = preferences.filter((each) => each.resource !== resource)
  return { preferences: preference === null ? others : [...others, preference], blocked }
}

function Asked({ resource, preferences }: AskedProps): JSX.Element {
  const [editing, setEditing] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refused, setRefused] = useState<Refusal | null>(null)
  const preference = preferences.preferences.find((each) => each.resource === resource)
  const save = async (next: PreferenceForm | null): Promise<void> => {
    setBusy(true)
    const answer = await savePreferences(withResource(preferences, resource, next))
    setBusy(false)
    setRefused(answer)
    if (answer === null) setEditing(false)
  }
  return (
    <li class="asked-row" data-testid={`asked-${resource}`}>
      <div class="rule-head">
        <span class={`lot-icon lot-${resource}`}>
          <Icon name={resource} />
        </span>
        <div>
          <h3>{RESOURCE_NAMES[resource]}</h3>
          <p>{preference === undefined ? 'Never asked' : askedText(preference)}</p>
        </div>
        <Switch
          label={`Ask about ${resource}`}
          on={preference !== undefined}
          busy={busy}
          turn={() => void save(preference === undefined ? { resource } : null)}
        />
      </div>
      {preference === undefined ? null : editing ? (
        <AskedForm preference={preference} busy={busy} save={save} close={() => setEditing(false)} />
      ) : (
        <button type="button" class="button" onClick={() => setEditing(true)}>
          Change
        </button>
      )}
      <FormProblem refused={refused} problem={null} />
    </li>
  )
}

interface AskedFormProps {
  readonly preference: PreferenceForm
  readonly busy: boolean
  readonly save: (preference: PreferenceForm) => Promise<void>
  readonly close: () => void
}

function AskedForm({ preference, busy, save, close }: AskedFormProps): JSX.Element {
  const { resource } = preference
  const [draft, setDraft] = useState(() => askedDraftOf(preference))
  const checked = checkAsked(resource, draft)
  const { amount, price } = LOT_UNITS[resource]
  const field = (name: AskedField) => ({
    id: `asked-${resource}-${name}`,
    value: draft[name],
    set: (value: string) => setDraft({ ...draft, [name]: value }),
    problem: checked.problems[name] ?? null,
  })
  return (
    <form
      class="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (checked.preference !== null) void save(checked.preference)
      }}
    >
      <div class="form-pair">
        <Field {...field('leastAmount')} label="From" unit={amount} />
        <Field {...field('mostAmount')} label="Up to" unit={amount} />
      </div>
      <Field {...field('keptSurplus')} label="Keep back of what you can spare" unit={amount} />
      <Field {...field('leastUnitMicroSct')} label={`Not under, per ${price}`} unit="SCT" />
      <div class="form-pair">
        <Field {...field('from')} label={resource === 'power' ? 'Lent from' : 'Asked from'} type="time" />
        <Field {...field('until')} label="Until" type="time" />
      </div>
      <p class="form-hint">What is left empty does not matter.</p>
      <div class="buttons">
        <button type="submit" class="button button-loud" disabled={busy}>
          Save
        </button>
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  )
}
