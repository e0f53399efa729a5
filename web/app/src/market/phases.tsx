import type { JSX } from 'preact'
import type { AuctionPhase, AuctionView } from '../../../market-model.ts'
import { nowMs } from '../model/live.ts'
import { Countdown } from './countdown.tsx'

interface Step {
  readonly name: string
  readonly phases: readonly AuctionPhase[]
}

const STEPS: readonly Step[] = [
  { name: 'Offer', phases: ['offering'] },
  { name: 'Bids', phases: ['bidding', 'gap'] },
  { name: 'Opening', phases: ['showing', 'revealing'] },
  { name: 'Award', phases: ['settling'] },
  { name: 'Delivery', phases: ['delivering'] },
  { name: 'Paid', phases: ['paid'] },
]

const ENDS: Readonly<Partial<Record<AuctionPhase, string>>> = {
  bidding: 'Bids close in',
  gap: 'Opening begins in',
  showing: 'Maximum price within',
  revealing: 'All opened within',
  settling: 'Decided within',
  delivering: 'Delivery ends in',
}

/** Where an auction stands, and how long this step still lasts. */
export function Phases({ auction }: { readonly auction: AuctionView }): JSX.Element {
  const { phase, phaseEndsAtMs } = auction
  const label = ENDS[phase]
  const here = stepOf(auction)
  return (
    <div class="phases-box">
      <ol class={`phases${phase === 'failed' ? ' is-failed' : ''}`}>
        {STEPS.map(({ name }, index) => (
          <li
            key={name}
            class={index < here ? 'is-done' : index === here ? 'is-here' : ''}
            aria-current={index === here ? 'step' : undefined}
          >
            <i style={index === here ? { '--gone': shareGone(auction) } : {}} />
            <span>{name}</span>
          </li>
        ))}
      </ol>
      {label === undefined || phaseEndsAtMs === null ? null : (
        <Countdown untilMs={phaseEndsAtMs} label={label} />
      )}
    </div>
  )
}

/** Where it stands; past the last step when it is over for this home. */
function stepOf(auction: AuctionView): number {
  const { phase, role, won } = auction
  if (phase === 'failed') return failedAt(auction)
  if (phase === 'paid' || (role === 'seller' && won === false)) return STEPS.length
  return STEPS.findIndex(({ phases }) => phases.includes(phase))
}

/** The step that an auction failed at. */
function failedAt({ failure, bids, reveals }: AuctionView): number {
  if (failure === 'refused') return 0
  if (failure === 'too-late') return 3
  return reveals > 0 ? 3 : failure === 'no-max-price' || bids > 0 ? 2 : 1
}

/** How much of the step is over, as a style knows it. */
function shareGone({ phaseStartsAtMs, phaseEndsAtMs }: AuctionView): string {
  if (phaseStartsAtMs === null || phaseEndsAtMs === null || phaseEndsAtMs <= phaseStartsAtMs) return '50%'
  const share = (nowMs.value - phaseStartsAtMs) / (phaseEndsAtMs - phaseStartsAtMs)
  return `${Math.round(100 * Math.max(0, Math.min(1, share)))}%`
}
