import type { JSX } from 'preact'
import type { MarketResourceView } from '../../../market-model.ts'
import { Card } from '../parts/card.tsx'
import { LimitBar } from '../parts/limit-bar.tsx'
import { lotText } from '../words/money.ts'

/** What is used of a quota, and what will likely be used by the end of the period. */
export function QuotaLine({ of }: { readonly of: MarketResourceView }): JSX.Element {
  const { resource, quota, used, likelyByEnd } = of
  const text = (amount: number): string => lotText(resource, amount)
  const words =
    quota === null ? `${text(used)}, no quota yet` : `${text(used)} of ${text(quota)}: ${likelyText(of)}`
  return (
    <Card id="quota" title="Your quota" icon={resource}>
      <p class="quota-figures">
        <strong>{text(used)}</strong>
        <span>
          {resource === 'power' ? 'highest' : 'used'}
          {quota === null ? '' : ` of ${text(quota)}`}
        </span>
      </p>
      <LimitBar label="Quota used" used={used} limit={quota} words={words} />
      {likelyByEnd === null ? null : (
        <p class={`quota-likely${quota !== null && likelyByEnd > quota ? ' urgent' : ''}`}>
          {likelyText(of)}
        </p>
      )}
      {quota === null || of.spareBecause === '' ? null : <p class="form-hint">{of.spareBecause}</p>}
    </Card>
  )
}

/** The forecast in words: how much will be left, or missing. */
export function likelyText(of: MarketResourceView): string {
  const { resource, likelyByEnd } = of
  if (likelyByEnd === null) return 'No forecast yet'
  const likely = lotText(resource, likelyByEnd)
  const until = resource === 'power' ? `Likely peak ${likely}` : `Likely ${likely} by the end of the period`
  const rest = restText(of)
  return rest === '' ? until : `${until}: ${rest}`
}

/** What the forecast leaves of the quota: `14 kWh too little`, or what of it can be spared for sure. */
export function restText({ resource, quota, likelyByEnd, spare }: MarketResourceView): string {
  if (likelyByEnd === null || quota === null) return ''
  const rest = quota - likelyByEnd
  if (rest < 0) return `${lotText(resource, -rest)} too little`
  return spare === null || spare === 0 ? 'just enough' : `${lotText(resource, spare)} to spare`
}
