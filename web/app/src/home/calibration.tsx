import type { JSX } from 'preact'
import { useId, useState } from 'preact/hooks'
import type { BoardView, CalibrationView } from '../../../read-model.ts'
import { calibrate } from '../model/actions.ts'
import { nowMs } from '../model/live.ts'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { ago } from '../words/format.ts'
import { correction, QUANTITY_WORDS, typed, written } from '../words/quantities.ts'

/** Where an installer brings a board in line with a reference instrument; closed until it is wanted. */
export function Calibration({ board }: { readonly board: BoardView }): JSX.Element | null {
  const [first] = board.calibration
  if (first === undefined) return null
  return (
    <details class="calibration" data-testid={`calibration-${board.kind}`}>
      <summary>Calibrate</summary>
      <p class="quiet">{QUANTITY_WORDS[first.quantity].advice} Then type in what the reference shows.</p>
      <ul>
        {board.calibration.map((each) => (
          <Channel key={each.quantity} board={board} channel={each} />
        ))}
      </ul>
    </details>
  )
}

interface ChannelProps {
  readonly board: BoardView
  readonly channel: CalibrationView
}

function Channel({ board, channel }: ChannelProps): JSX.Element {
  const [text, setText] = useState('')
  const id = useId()
  const { quantity, measured, atMs } = channel
  const words = QUANTITY_WORDS[quantity]
  const reference = typed(text, words)
  const live = board.link === 'live' && measured !== null
  const known = channel.gainPpm !== null
  const set = async (): Promise<boolean> => {
    const done = await calibrate({ board: board.kind, quantity, reference })
    if (done) setText('')
    return done
  }
  const setBack = (): Promise<boolean> => calibrate({ board: board.kind, quantity, reference: null })
  const since = atMs === null ? '' : `, set ${ago(atMs, nowMs.value)}`
  return (
    <li class="channel" data-testid={`channel-${quantity}`}>
      <p class="channel-name">
        {words.name} <strong>{measured === null ? '–' : written(measured, words)}</strong>
      </p>
      <p class="quiet">
        Correction: {correction(channel, words)}
        {since}
      </p>
      {hintOf(channel)}
      <div class="channel-set">
        <label for={id}>Reference</label>
        <span class="with-unit">
          <input
            id={id}
            inputMode="decimal"
            autocomplete="off"
            value={text}
            disabled={!live || !known}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <span aria-hidden="true">{words.unit}</span>
        </span>
        {reference === null || !live ? (
          <button type="button" class="button" disabled>
            Set
          </button>
        ) : (
          <ConfirmButton label="Set" confirm={`Press again: ${written(reference, words)}`} act={set} />
        )}
        {live && isSet(channel) ? (
          <ConfirmButton label="Factory setting" confirm="Press again: undo" act={setBack} />
        ) : null}
      </div>
    </li>
  )
}

const isSet = ({ gainPpm, offset }: CalibrationView): boolean => gainPpm !== 1_000_000 || offset !== 0

/** What stands in the way, before it is tried. */
function hintOf({ gainPpm, least, measured, quantity }: CalibrationView): JSX.Element | null {
  const words = QUANTITY_WORDS[quantity]
  const low = least !== null && measured !== null && measured < least
  const hint =
    gainPpm === null
      ? 'Somebody else calibrated this board: set it back to the factory first.'
      : low
        ? `Too little flows: at least ${written(least, words)} is needed.`
        : null
  return hint === null ? null : <p class="board-note">{hint}</p>
}
