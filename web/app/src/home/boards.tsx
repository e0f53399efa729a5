import type { JSX } from 'preact'
import type { BoardLink, BoardView } from '../../../read-model.ts'
import { nowMs } from '../model/live.ts'
import { Card, Empty } from '../parts/card.tsx'
import { Icon } from '../parts/icons.tsx'
import { ago, count } from '../words/format.ts'
import { Calibration } from './calibration.tsx'

const NAMES: Readonly<Record<BoardView['kind'], string>> = {
  power: 'Power board',
  water: 'Water board',
  comfort: 'Comfort board',
}

const LINK_WORDS: Readonly<Record<BoardLink, string>> = {
  absent: 'Not found',
  connecting: 'Connecting',
  authorising: 'Being authorised',
  live: 'Connected',
  stale: 'Silent',
  calibrating: 'Calibrating',
}

/** The boards of the home; the two dots are the two lamps on each board. */
export function Boards({ boards }: { readonly boards: readonly BoardView[] }): JSX.Element {
  return (
    <Card id="boards" title="Boards" icon="home">
      {boards.length === 0 ? <Empty icon="home">No board has been found yet.</Empty> : null}
      <ul class="boards">
        {boards.map((board, index) => (
          <Board key={`${board.kind}-${index}`} board={board} />
        ))}
      </ul>
    </Card>
  )
}

function Board({ board }: { readonly board: BoardView }): JSX.Element {
  const { kind, link, authorised, lastFrameMs } = board
  return (
    <li class="board">
      <span class="board-icon">
        <Icon name={kind} />
      </span>
      <div>
        <p class="board-name">{NAMES[kind]}</p>
        <p class="board-age">
          {lastFrameMs === null ? 'Nothing heard yet' : `Heard ${ago(lastFrameMs, nowMs.value)}`}
        </p>
        {noteOf(board)}
      </div>
      <ul class="lamps">
        <li class={`lamp lamp-${link}`} data-testid={`lamp-${kind}`}>
          <i />
          {LINK_WORDS[link]}
        </li>
        <li class={`lamp ${authorised ? 'lamp-live' : 'lamp-absent'}`}>
          <i />
          {authorised ? 'Authorised' : 'Not authorised'}
        </li>
      </ul>
      <Calibration board={board} />
    </li>
  )
}

function noteOf({ crcErrors, keyed }: BoardView): JSX.Element | null {
  const notes = [
    ...(crcErrors === 0
      ? []
      : [`${count(crcErrors)} damaged ${crcErrors === 1 ? 'frame' : 'frames'} dropped`]),
    ...(keyed ? [] : ['no key of its own: the community cannot check it']),
  ]
  return notes.length === 0 ? null : <p class="board-note">{notes.join(' · ')}</p>
}
