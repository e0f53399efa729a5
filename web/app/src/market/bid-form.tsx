import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { RequestView, WalletView } from '../../../market-model.ts'
import type { Refusal } from '../../../messages.ts'
import { perUnit, sizeOf } from '../model/lot.ts'
import { bid } from '../model/market.ts'
import { Field } from '../parts/field.tsx'
import { aboutEuro, lotText, sct, unitPriceText } from '../words/money.ts'
import { fieldText, partsOf, problemOf, readWritten, type Written } from '../words/written.ts'
import { fundsOf } from './buy-form.ts'
import { FormProblem } from './form-problem.tsx'

interface BidFormProps {
  readonly request: RequestView
  readonly wallet: WalletView
  readonly sampleMs: number
  readonly close: () => void
}

const locksText = (lot: string, bond: string): string =>
  `Until it is decided, ${lot} of your quota and a bond of ${bond} are locked. Both come back if you lose.`

/** The least that a home wants for what a neighbour asks. */
export function BidForm({ request, wallet, sampleMs, close }: BidFormProps): JSX.Element {
  const { auctionId, resource, amount, ceilingMicroSct, estimateMicroSct } = request
  const [text, setText] = useState('')
  const [left, setLeft] = useState(false)
  const [sending, setSending] = useState(false)
  const [refused, setRefused] = useState<Refusal | null>(null)
  const value = readBid(text, ceilingMicroSct)
  const parts = partsOf(value)
  const send = async (): Promise<void> => {
    setLeft(true)
    if (parts === null) return document.getElementById(`bid-${auctionId}`)?.focus()
    setSending(true)
    const answer = await bid({ auctionId, valueMicroSct: parts })
    setSending(false)
    setRefused(answer)
    if (answer === null) close()
  }
  const tooPoor = ceilingMicroSct > fundsOf(wallet)
  const unit = (microSct: number) => unitPriceText(resource, perUnit(sizeOf(request, sampleMs), microSct))
  return (
    <form
      class="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <Field
        id={`bid-${auctionId}`}
        label={`The least you want for ${lotText(resource, amount)}`}
        unit="SCT"
        value={text}
        set={(next) => {
          setText(next)
          setRefused(null)
        }}
        problem={left ? problemOf(value) : null}
        left={() => setLeft(text !== '')}
        hint="If you win you get the second-lowest bid, never less than this."
      />
      {estimateMicroSct === null ? null : (
        <div class="suggestions">
          <button
            type="button"
            class="suggestion"
            onClick={() => setText(fieldText(Math.min(estimateMicroSct, ceilingMicroSct), 6))}
          >
            Estimate {sct(estimateMicroSct)}
          </button>
        </div>
      )}
      <p class="form-hint">
        {parts === null ? '' : `${unit(parts)}, ${aboutEuro(parts, wallet.sctSellMicroEur)} in all. `}
        {locksText(lotText(resource, amount), sct(ceilingMicroSct))}
      </p>
      <FormProblem refused={refused} problem={tooPoor && left ? poorText(ceilingMicroSct, wallet) : null} />
      <div class="buttons">
        <button type="submit" class="button button-loud" disabled={sending || tooPoor}>
          {sending ? 'Sealing' : 'Seal and send'}
        </button>
        <button type="button" class="button" onClick={close}>
          Not now
        </button>
      </div>
    </form>
  )
}

function readBid(text: string, ceilingMicroSct: number): Written {
  return readWritten(text, {
    decimals: 6,
    most: ceilingMicroSct,
    tooMuch: `No lot of this size may cost more than ${sct(ceilingMicroSct)}: write at most that.`,
    empty: 'Write the least that you want for all of it.',
  })
}

const poorText = (bond: number, wallet: WalletView): string =>
  `The bond is ${sct(bond)} and ${sct(fundsOf(wallet))} are free. Buy SCT first.`
