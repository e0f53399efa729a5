import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { WalletView } from '../../../market-model.ts'
import type { Refusal } from '../../../messages.ts'
import { buyTokens, newRequestId, notice, sellTokens } from '../model/market.ts'
import { Card } from '../parts/card.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { FormProblem } from '../market/form-problem.tsx'
import { euro, euroWorth, sct } from '../words/money.ts'
import { fieldText, partsOf, problemOf, readWritten, type Written } from '../words/written.ts'

type Way = 'buy' | 'sell'

/** 999,999,999.999999 SCT. */
const MICRO_MOST = 999_999_999_999_999

/** A form as it is being filled in and sent. */
function useTokensForm(wallet: WalletView) {
  const [way, setWay] = useState<Way>('buy')
  const [text, setText] = useState('')
  const [left, setLeft] = useState(false)
  const [sending, setSending] = useState(false)
  const [requestId, setRequestId] = useState(newRequestId)
  const [refused, setRefused] = useState<Refusal | null>(null)
  const written = readTokens(text, way, wallet)
  const tell = (next: string): void => {
    setText(next)
    setRefused(null)
    setRequestId(newRequestId())
  }
  const choose = (next: Way): void => {
    setWay(next)
    setRefused(null)
    setRequestId(newRequestId())
  }
  const send = async (): Promise<void> => {
    setLeft(true)
    const parts = partsOf(written)
    if (parts === null) return document.getElementById('tokens')?.focus()
    setSending(true)
    const answer = await (way === 'buy' ? buyTokens : sellTokens)({ requestId, microSct: parts })
    setSending(false)
    setRefused(answer)
    if (answer !== null) return
    tell('')
    setLeft(false)
    const doing = way === 'buy' ? 'Buying' : 'Selling'
    const done = `${doing} ${sct(parts)}: your balance follows with the ledger.`
    notice.value = { on: 'wallet', text: done }
  }
  const field = {
    value: text,
    set: tell,
    problem: left ? problemOf(written) : null,
    left: () => setLeft(text !== ''),
  }
  return { way, choose, parts: partsOf(written), tell, send, field, sending, refused }
}

/** From money to SCT, and back. */
export function TokensForm({ wallet }: { readonly wallet: WalletView }): JSX.Element {
  const { way, choose, parts, tell, send, field, sending, refused } = useTokensForm(wallet)
  const price = way === 'buy' ? wallet.sctBuyMicroEur : wallet.sctSellMicroEur
  const closed = price === null || wallet.pricesStale
  return (
    <Card id="tokens" title="Buy or sell SCT" icon="wallet">
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <Choice
          name="way"
          label="What to do"
          options={[
            { value: 'buy', text: 'Buy SCT' },
            { value: 'sell', text: 'Sell SCT' },
          ]}
          value={way}
          set={choose}
        />
        <Field {...field} id="tokens" label="How many" unit="SCT" hint={worthText(way, parts, price)} />
        {way === 'buy' || wallet.balanceMicroSct === 0 ? null : (
          <div class="suggestions">
            <button
              type="button"
              class="suggestion"
              onClick={() => tell(fieldText(wallet.balanceMicroSct, 6))}
            >
              All {sct(wallet.balanceMicroSct)}
            </button>
          </div>
        )}
        <FormProblem refused={refused} problem={null} />
        <button type="submit" class="button button-loud button-main" disabled={sending || closed}>
          {sending ? 'Sending' : way === 'buy' ? 'Buy' : 'Sell'}
        </button>
      </form>
    </Card>
  )
}

function worthText(way: Way, parts: number | null, price: number | null): string {
  const worth = parts === null ? null : euroWorth(parts, price)
  if (price === null) return 'There is no price of SCT yet.'
  if (worth === null) return way === 'buy' ? 'What it costs stands here.' : 'What it brings stands here.'
  return way === 'buy' ? `It costs ${euro(worth)} now.` : `It brings ${euro(worth)} now.`
}

function readTokens(text: string, way: Way, { balanceMicroSct }: WalletView): Written {
  const empty = 'Write how many SCT.'
  if (way === 'buy') {
    const tooMuch = `At most ${sct(MICRO_MOST)} can be bought.`
    return readWritten(text, { decimals: 6, most: MICRO_MOST, tooMuch, empty })
  }
  const free = 'What is free in the market must be taken out first.'
  const tooMuch = `You have ${sct(balanceMicroSct)} to sell. ${free}`
  return readWritten(text, { decimals: 6, most: balanceMicroSct, tooMuch, empty })
}
