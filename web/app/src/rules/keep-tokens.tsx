import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Refusal } from '../../../messages.ts'
import { keepTokens, notice } from '../model/market.ts'
import { Card } from '../parts/card.tsx'
import { Field } from '../parts/field.tsx'
import { FormProblem } from '../market/form-problem.tsx'
import { sct } from '../words/money.ts'
import { fieldText, partsOf, problemOf, readWritten } from '../words/written.ts'

const MICRO_MOST = 999_999_999_999_999

/** "Never below z tokens": what no rule may bind. */
export function KeepTokens({ keepMicroSct }: { readonly keepMicroSct: number }): JSX.Element {
  const [text, setText] = useState<string | null>(null)
  const [sending, setSending] = useState(false)
  const [refused, setRefused] = useState<Refusal | null>(null)
  const written = readWritten(text ?? '', {
    decimals: 6,
    most: MICRO_MOST,
    tooMuch: `At most ${sct(MICRO_MOST)}.`,
    empty: 'Write how many SCT; 0 keeps nothing back.',
    zero: true,
  })
  const save = async (): Promise<void> => {
    const parts = partsOf(written)
    if (parts === null) return
    setSending(true)
    const answer = await keepTokens(parts)
    setSending(false)
    setRefused(answer)
    if (answer !== null) return
    notice.value = { on: 'rules', text: `Rules leave ${sct(parts)} alone.` }
    setText(null)
  }
  return (
    <Card id="keep" title="Never below" icon="wallet">
      {text === null ? (
        <div class="keep">
          <p>
            <strong>{sct(keepMicroSct)}</strong>
            <small>No rule binds the last of your SCT. You yourself still can.</small>
          </p>
          <button type="button" class="button" onClick={() => setText(fieldText(keepMicroSct, 6))}>
            Change
          </button>
        </div>
      ) : (
        <form
          class="form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            void save()
          }}
        >
          <Field
            id="keep-tokens"
            label="Leave alone"
            unit="SCT"
            value={text}
            set={setText}
            problem={problemOf(written)}
          />
          <FormProblem refused={refused} problem={null} />
          <div class="buttons">
            <button type="submit" class="button button-loud" disabled={sending}>
              Save
            </button>
            <button type="button" class="button" onClick={() => setText(null)}>
              Cancel
            </button>
          </div>
        </form>
      )}
    </Card>
  )
}
