import type { JSX } from 'preact'
import type { DelegationView } from '../../../delegation-model.ts'
import { nowMs, view } from '../model/live.ts'
import { Row, Rows } from '../parts/rows.tsx'
import { duration, moment } from '../words/format.ts'
import { aboutEuro, sct } from '../words/money.ts'
import { functionsText } from './offer-draft.ts'

/** The newest terms of a delegation, in rows. */
export function OfferRows({ delegation }: { readonly delegation: DelegationView }): JSX.Element {
  const { functions, fromMs, untilMs, rewardMicroSct, text } = delegation
  const begins = fromMs <= nowMs.value ? 'when both agree' : moment(fromMs, nowMs.value)
  return (
    <>
      <Rows>
        <Row name="Watched">{functionsText(functions)}</Row>
        <Row name="Begins">{begins}</Row>
        <Row name="Ends" more={`lasts ${duration(untilMs - Math.max(fromMs, nowMs.value))}`}>
          {moment(untilMs, nowMs.value)}
        </Row>
        <Row name="Reward" more={aboutEuro(rewardMicroSct, sctPrice())} strong>
          {sct(rewardMicroSct)}
        </Row>
      </Rows>
      {text === '' ? null : <blockquote class="note-text">{text}</blockquote>}
    </>
  )
}

/** What one SCT brings here; null where nobody knows. */
export function sctPrice(): number | null {
  const told = view.value
  return told !== null && told.role === 'home' ? (told.market?.wallet.sctSellMicroEur ?? null) : null
}
