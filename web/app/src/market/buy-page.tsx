import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { MarketResourceView } from '../../../market-model.ts'
import type { Refusal } from '../../../messages.ts'
import { nowMs } from '../model/live.ts'
import { sizeOf } from '../model/lot.ts'
import { buy, newRequestId, notice } from '../model/market.ts'
import { addressOf, goTo, route } from '../model/route.ts'
import { Card } from '../parts/card.tsx'
import { Field } from '../parts/field.tsx'
import { Icon } from '../parts/icons.tsx'
import { Nothing, PageHead } from '../parts/page-head.tsx'
import { LOT_UNITS, lotText, RESOURCE_NAMES, sct } from '../words/money.ts'
import { fieldText } from '../words/written.ts'
import { checkBuy, requestOf, type BuyDraft, type BuyFacts, type BuyField } from './buy-form.ts'
import { BuyCosts, SecondPrice } from './buy-costs.tsx'
import { FormProblem } from './form-problem.tsx'
import { Prices, suggestionsOf } from './prices.tsx'
import type { MarketPageProps } from './market-pages.tsx'
import { QuotaLine } from './quota-line.tsx'
import { firstWindow, windowStepS } from './window.ts'

/** Asking the neighbours for quota (figure 8b): how much, and at most for how much. */
export function BuyPage(props: MarketPageProps): JSX.Element {
  const { resources } = props.market
  const of = resources.find(({ resource }) => resource === route.value.detail) ?? resources[0]
  if (of === undefined) {
    return (
      <>
        <PageHead title="Buy" />
        <Nothing title="Nothing can be bought yet">
          <p>Quotas and prices have not come yet. They appear here by themselves.</p>
        </Nothing>
      </>
    )
  }
  return (
    <>
      <PageHead title={`Buy ${of.resource}`}>
        From a neighbour who can spare it, by a sealed auction. Only this home knows your maximum price.
      </PageHead>
      <nav class="segments" aria-label="Resource">
        {resources.map(({ resource }) => (
          <a
            key={resource}
            href={addressOf('buy', resource)}
            aria-current={resource === of.resource ? 'true' : undefined}
          >
            <Icon name={resource} />
            {RESOURCE_NAMES[resource]}
          </a>
        ))}
      </nav>
      <div class="columns columns-even">
        <div class="column">
          <BuyForm key={of.resource} {...props} of={of} />
        </div>
        <div class="column">
          <QuotaLine of={of} />
          <Prices of={of} wallet={props.market.wallet} />
          <SecondPrice strict={props.market.strict} />
        </div>
      </div>
    </>
  )
}

type BuyFormProps = MarketPageProps & { readonly of: MarketResourceView }

/** A form as it is being filled in and sent. */
function useBuyForm(props: BuyFormProps) {
  const { home, market, of } = props
  const [draft, setDraft] = useState<BuyDraft>(() => emptyDraft(home.period, market.leadMs, of))
  const [left, setLeft] = useState<readonly string[]>([])
  const [sending, setSending] = useState(false)
  const [requestId, setRequestId] = useState(newRequestId)
  const [refused, setRefused] = useState<Refusal | null>(null)
  const checked = checkBuy(draft, factsOf(props))
  const tell = (field: BuyField, value: string): void => {
    setDraft({ ...draft, [field]: value })
    setRefused(null)
    // Another wish is another request; the same wish sent again is the same one.
    setRequestId(newRequestId())
  }
  const problem = (field: BuyField | 'form'): string | null => {
    if (field === 'form') return checked.problems.form
    if (refusedField(refused) === field) return refused?.message ?? null
    return left.includes(field) ? checked.problems[field] : null
  }
  const send = async (): Promise<void> => {
    setLeft(['amount', 'maxPrice', 'from', 'until'])
    const request = requestOf(draft, checked, requestId)
    if (request === null) return focusFirst(checked.problems)
    setSending(true)
    const answer = await buy(request)
    setSending(false)
    setRefused(answer)
    if (answer !== null) return
    const text = `You asked for ${lotText(of.resource, request.amount)}. Bids can come now.`
    notice.value = { on: 'auctions', text }
    goTo('auctions')
  }
  const field = (name: BuyField) => ({
    id: `buy-${name}`,
    value: draft[name],
    set: (value: string) => tell(name, value),
    problem: problem(name),
    left: () => setLeft((before) => [...before, name]),
  })
  return { checked, tell, problem, send, field, sending, refused }
}

function BuyForm(props: BuyFormProps): JSX.Element {
  const { home, market, of } = props
  const form = useBuyForm(props)
  const { checked, tell, field } = form
  return (
    <Card id="buy-form" title="What do you need?" icon={of.resource}>
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void form.send()
        }}
      >
        <Field {...field('amount')} label="How much" unit={LOT_UNITS[of.resource].amount} />
        <Shortage of={of} use={(text) => tell('amount', text)} />
        {of.resource !== 'power' ? null : (
          <div class="form-pair form-pair-wide">
            <Field {...field('from')} label="From" type="datetime-local" step={windowStepS(home.period)} />
            <Field {...field('until')} label="Until" type="datetime-local" step={windowStepS(home.period)} />
          </div>
        )}
        <Field
          {...field('maxPrice')}
          label="At most, for all of it"
          unit="SCT"
          hint="Write your true limit: you pay the second-lowest bid, not your limit."
        />
        <div class="suggestions">
          {suggestionsOf(of, lotOf(of, checked, home.sampleMs)).map(({ text, microSct }) => (
            <Suggestion
              key={text}
              text={`${text} ${sct(microSct)}`}
              use={() => tell('maxPrice', fieldText(microSct, 6))}
            />
          ))}
        </div>
        <BuyCosts of={of} checked={checked} market={market} sampleMs={home.sampleMs} />
        <FormProblem
          refused={refusedField(form.refused) === null ? form.refused : null}
          problem={form.problem('form')}
        />
        <button type="submit" class="button button-loud button-main" disabled={form.sending}>
          {form.sending ? 'Sending' : askText(of, checked.amount)}
        </button>
      </form>
    </Card>
  )
}

interface ShortageProps {
  readonly of: MarketResourceView
  readonly use: (text: string) => void
}

/** What will likely be missing, as an amount to begin with. */
function Shortage({ of, use }: ShortageProps): JSX.Element | null {
  const { resource, quota, likelyByEnd } = of
  const missing = quota === null || likelyByEnd === null ? 0 : likelyByEnd - quota
  if (missing <= 0) return null
  const { decimals } = LOT_UNITS[resource]
  return (
    <div class="suggestions">
      <Suggestion
        text={`You will likely lack ${lotText(resource, missing)}`}
        use={() => use(fieldText(missing, decimals))}
      />
    </div>
  )
}

function Suggestion({ text, use }: { readonly text: string; readonly use: () => void }): JSX.Element {
  return (
    <button type="button" class="suggestion" onClick={use}>
      {text}
    </button>
  )
}

const askText = ({ resource }: MarketResourceView, amount: number | null): string =>
  amount === null ? 'Ask the neighbours' : `Ask the neighbours for ${lotText(resource, amount)}`

function emptyDraft(
  period: MarketPageProps['home']['period'],
  leadMs: number,
  { resource }: MarketResourceView,
): BuyDraft {
  return { resource, amount: '', maxPrice: '', ...firstWindow(period, leadMs, nowMs.value) }
}

function factsOf({ home, market, of }: BuyFormProps): BuyFacts {
  const { wallet, leadMs } = market
  return { of, wallet, period: home.period, sampleMs: home.sampleMs, leadMs, nowMs: nowMs.value }
}

function lotOf({ resource }: MarketResourceView, checked: ReturnType<typeof checkBuy>, sampleMs: number) {
  const { amount, window } = checked
  return amount === null || window === null ? null : sizeOf({ resource, amount, ...window }, sampleMs)
}

/** The field of the form that a refusal of the gateway is about. */
function refusedField(refused: Refusal | null): BuyField | null {
  switch (refused?.field) {
    case 'amount':
      return 'amount'
    case 'maxPriceMicroSct':
      return 'maxPrice'
    case 'fromMs':
      return 'from'
    case 'untilMs':
      return 'until'
    default:
      return null
  }
}

function focusFirst(problems: ReturnType<typeof checkBuy>['problems']): void {
  const first = (['amount', 'from', 'until', 'maxPrice'] as const).find((name) => problems[name] !== null)
  if (first !== undefined) document.getElementById(`buy-${first}`)?.focus()
}
