import type { ComponentChildren, JSX } from 'preact'

/**
 * A problem that is shown as a field is left moves what stands below it; a press that is on its way there
 * must land first.
 */
const LEAVING_MS = 250

interface FieldProps {
  readonly id: string
  readonly label: string
  readonly value: string
  readonly set: (value: string) => void
  /** What stands behind the number. */
  readonly unit?: string
  readonly hint?: ComponentChildren
  /** What is wrong; null while nothing is, or while nobody has left the field. */
  readonly problem: string | null
  readonly left?: () => void
  readonly type?: 'text' | 'time' | 'datetime-local'
  /** Seconds a step of a time. */
  readonly step?: number
  /** Whether words are written, not a number. */
  readonly words?: boolean
}

/** One thing to fill in: its name, what is expected, and what is wrong with it. */
export function Field(props: FieldProps): JSX.Element {
  const { id, label, value, set, unit, hint, problem, left, type = 'text', step = 60, words } = props
  const told = [hint === undefined ? '' : `${id}-hint`, problem === null ? '' : `${id}-problem`]
  const box = {
    id,
    value,
    autocomplete: 'off',
    'aria-invalid': problem !== null,
    'aria-describedby': told.filter((each) => each !== '').join(' '),
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => set(event.currentTarget.value),
    ...(left === undefined ? {} : { onBlur: () => void setTimeout(left, LEAVING_MS) }),
  }
  return (
    <div class={`field${problem === null ? '' : ' is-wrong'}`}>
      <label for={id}>{label}</label>
      <div class="field-box">
        {type === 'text' ? (
          <input {...box} type="text" inputMode={words === true ? 'text' : 'decimal'} />
        ) : type === 'time' ? (
          <input {...box} type="time" />
        ) : (
          <input {...box} type="datetime-local" step={step} />
        )}
        {unit === undefined ? null : <span aria-hidden="true">{unit}</span>}
      </div>
      {problem === null ? null : (
        <p class="field-problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      {hint === undefined ? null : (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}

interface ChoiceProps<Value extends string> {
  readonly name: string
  readonly label: string
  readonly options: readonly { readonly value: Value; readonly text: ComponentChildren }[]
  readonly value: Value
  readonly set: (value: Value) => void
}

/** One of a few, side by side. */
export function Choice<Value extends string>(props: ChoiceProps<Value>): JSX.Element {
  const { name, label, options, value, set } = props
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div class="choice-options">
        {options.map((option) => (
          <label key={option.value}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => set(option.value)}
            />
            <span>{option.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
