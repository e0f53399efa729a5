import type { JSX } from 'preact'
import type { ChainView } from '../../../read-model.ts'
import { nowMs } from '../model/live.ts'
import { ago, count } from '../words/format.ts'
import { Icon } from './icons.tsx'

const STATE_WORDS: Readonly<Record<ChainView['state'], string>> = {
  connecting: 'Connecting to the ledger',
  syncing: 'Catching up with the ledger',
  ready: 'Ledger in step',
  stalled: 'The ledger makes no new blocks',
  rewound: 'The ledger went back; sending again',
  away: 'The ledger does not answer',
}

/** The shared ledger in one line, at the foot of every page. */
export function Ledger({ chain }: { readonly chain: ChainView }): JSX.Element {
  return (
    <footer class={`ledger ${chain.state === 'ready' ? 'is-fine' : 'is-warn'}`} data-testid="ledger">
      <Icon name="blocks" />
      <span>{STATE_WORDS[chain.state]}</span>
      {chain.head === null ? null : (
        <span>
          block {count(chain.head)}
          {chain.headAtMs === null ? '' : `, ${ago(chain.headAtMs, nowMs.value)}`}
        </span>
      )}
      {chain.final === null ? null : <span>final to {count(chain.final)}</span>}
      {chain.notice === null ? null : <span>{chain.notice}</span>}
      <span>{chain.pending === 0 ? 'nothing waiting' : `${count(chain.pending)} waiting to be sent`}</span>
    </footer>
  )
}
