import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ExcessView } from '../../../read-model.ts'
import { demandProof } from '../model/actions.ts'
import { nowMs } from '../model/live.ts'
import { Card } from '../parts/card.tsx'
import { Icon } from '../parts/icons.tsx'
import { count, duration, energyScale, moment, powerScale, waterScale, type Scale } from '../words/format.ts'

/** How many excesses stand there before "show all". */
const SHOWN = 4

const SCALES: Readonly<Record<ExcessView['resource'], (largest: number) => Scale>> = {
  energy: energyScale,
  power: powerScale,
  water: waterScale,
}

/** What the community says that this home used above its quotas, and the home's right to see the proof. */
export function Excesses({ excesses }: { readonly excesses: readonly ExcessView[] }): JSX.Element | null {
  const [all, setAll] = useState(false)
  if (excesses.length === 0) return null
  const shown = all ? excesses : excesses.slice(0, SHOWN)
  const open = excesses.filter(({ state }) => state === 'asserted').length
  const aside = open === 0 ? null : <span class="chip chip-high">{count(open)} to answer</span>
  return (
    <Card id="excesses" title="Above your quota" icon="total" aside={aside}>
      <ul class="alarms">
        {shown.map((excess) => (
          <Excess key={`${excess.period.index}-${excess.resource}`} excess={excess} />
        ))}
      </ul>
      {excesses.length > SHOWN ? (
        <button type="button" class="button button-wide" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${count(excesses.length)}`}
        </button>
      ) : null}
    </Card>
  )
}

function Excess({ excess }: { readonly excess: ExcessView }): JSX.Element {
  const { resource, period, amount, state } = excess
  const amountText = SCALES[resource](amount).text(amount)
  const now = nowMs.value
  const settled = state === 'withdrawn' || state === 'void'
  return (
    <li
      class={`alarm excess ${settled ? 'alarm-acknowledged' : 'alarm-warning'}`}
      data-testid="excess"
      data-state={state}
    >
      <span class="alarm-icon">
        <Icon name={resource} />
      </span>
      <div class="alarm-words">
        <p>
          {amountText} of {resource} above the quota
        </p>
        <p class="alarm-meta">
          <span>
            {moment(period.startsAtMs, now)} to {moment(period.endsAtMs, now)}
          </span>
        </p>
        <p class="excess-state">{stateWords(excess, now)}</p>
      </div>
      {state === 'asserted' ? <AskForProof excess={excess} amountText={amountText} /> : null}
    </li>
  )
}

interface AskForProofProps {
  readonly excess: ExcessView
  readonly amountText: string
}

function AskForProof({ excess, amountText }: AskForProofProps): JSX.Element {
  const [asking, setAsking] = useState(false)
  const ask = async (): Promise<void> => {
    setAsking(true)
    await demandProof(excess.period.index, excess.resource)
    setAsking(false)
  }
  return (
    <button
      type="button"
      class="button button-loud"
      disabled={asking}
      aria-label={`Ask for the proof of ${amountText} of ${excess.resource}`}
      onClick={() => void ask()}
    >
      Ask for the proof
    </button>
  )
}

/** How the excess stands, and what can still be done. */
function stateWords(excess: ExcessView, now: number): string {
  const { resource, state, value } = excess
  switch (state) {
    case 'asserted':
      return `You may ask for the proof ${until(excess, now)}; after that it stands.`
    case 'asking':
      return 'Your demand is on its way to the ledger.'
    case 'demanded':
      return `You asked for the proof: the community can show it ${until(excess, now)}.`
    case 'opened':
      return `Proved on the ledger: you used ${SCALES[resource](value ?? 0).text(value ?? 0)}.`
    case 'final':
      return 'Nobody asked for the proof in time: it stands.'
    case 'withdrawn':
      return 'The community took it back.'
    case 'void':
      return 'The proof did not come in time: it is void.'
  }
}

function until({ lastBlock, untilMs }: ExcessView, now: number): string {
  const block = `until block ${count(lastBlock)}`
  return untilMs === null || untilMs <= now ? block : `${block}, about ${duration(untilMs - now)} from now`
}
