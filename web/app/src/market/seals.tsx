import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { AuctionView, SealView } from '../../../market-model.ts'
import { Icon } from '../parts/icons.tsx'
import { shortHex } from '../words/format.ts'
import { sct } from '../words/money.ts'

/** How many bids stand there before "and more". */
const SHOWN = 8

/** The sealed bids as locks, which open when they are revealed; the maximum price is one of them. */
export function Seals({ auction }: { readonly auction: AuctionView }): JSX.Element {
  const { role, ownValueMicroSct, maxPriceMicroSct, seals, bids, reveals } = auction
  const second = secondOf(seals)
  const [all, setAll] = useState(false)
  const shown = all || seals.length <= SHOWN ? seals : seals.slice(0, SHOWN - 1)
  return (
    <div>
      <p class="seals-head">
        <span>
          {bids === 0 ? 'No bid yet' : `${bids} sealed ${bids === 1 ? 'bid' : 'bids'}`}
          {reveals === 0 ? '' : `, ${reveals} opened`}
        </span>
      </p>
      <ul class="seals">
        <Seal
          name={role === 'buyer' ? 'Your maximum' : 'Maximum price'}
          value={maxPriceMicroSct}
          own={role === 'buyer' ? ownValueMicroSct : null}
          mark="max"
        />
        {shown.map((seal, index) => (
          <Seal
            key={`${index}-${seal.account}`}
            name={seal.own ? 'Your bid' : shortHex(seal.account)}
            value={seal.valueMicroSct}
            own={seal.own ? ownValueMicroSct : null}
            mark={markOf(seal, auction, second)}
          />
        ))}
        {shown.length === seals.length ? null : (
          <li>
            <button type="button" class="seal seal-more" onClick={() => setAll(true)}>
              and {seals.length - shown.length} more
            </button>
          </li>
        )}
      </ul>
    </div>
  )
}

type Mark = 'max' | 'winner' | 'second' | 'none'

interface SealProps {
  readonly name: string
  /** Null while everybody else sees a lock. */
  readonly value: number | null
  /** What the home itself sealed: it may see it. */
  readonly own: number | null
  readonly mark: Mark
}

const MARK_WORDS: Readonly<Record<Mark, string>> = {
  max: '',
  winner: 'lowest, wins',
  second: 'sets the price',
  none: '',
}

function Seal({ name, value, own, mark }: SealProps): JSX.Element {
  const shown = value ?? own
  return (
    <li class={`seal seal-${mark}${value === null ? ' is-sealed' : ' is-open'}`} data-testid="seal">
      <Icon name={value === null ? 'lock' : 'unlocked'} />
      <span>{name}</span>
      <strong>{shown === null ? 'sealed' : sct(shown)}</strong>
      <small>{value === null && own !== null ? 'only you see it' : MARK_WORDS[mark]}</small>
    </li>
  )
}

function markOf(seal: SealView, { seller }: AuctionView, second: SealView | null): Mark {
  if (seller !== null && seal.account.toLowerCase() === seller.toLowerCase()) return 'winner'
  return seller !== null && seal === second ? 'second' : 'none'
}

/** The second-lowest opened bid; of equal ones the later. */
function secondOf(seals: readonly SealView[]): SealView | null {
  const opened = seals.filter(({ valueMicroSct }) => valueMicroSct !== null)
  const sorted = opened.sort((a, b) => (a.valueMicroSct ?? 0) - (b.valueMicroSct ?? 0))
  return sorted[1] ?? null
}
