import type { JSX } from 'preact'
import type { BlockView } from '../../../read-model.ts'
import { nowMs } from '../model/live.ts'
import { Card, Empty } from '../parts/card.tsx'
import { ago, count, shortHex } from '../words/format.ts'

/** How many of the newest blocks stand in the strip. */
const SHOWN = 12

/** The newest blocks of the ledger, the newest first. */
export function Blocks({ blocks }: { readonly blocks: readonly BlockView[] }): JSX.Element {
  const shown = [...blocks].sort((a, b) => b.number - a.number).slice(0, SHOWN)
  const fullest = Math.max(1, ...shown.map(({ gasUsed }) => gasUsed))
  return (
    <Card id="blocks" title="Last blocks" icon="blocks">
      {shown.length === 0 ? (
        <Empty icon="blocks">No block has been seen yet.</Empty>
      ) : (
        <ol class="blocks" tabIndex={0} aria-label="Last blocks, the newest first">
          {shown.map((block) => (
            <Block key={block.hash} block={block} fullest={fullest} />
          ))}
        </ol>
      )}
    </Card>
  )
}

function Block({ block, fullest }: { readonly block: BlockView; readonly fullest: number }): JSX.Element {
  const { number, hash, timeMs, transactions, gasUsed } = block
  return (
    <li class={transactions === 0 ? 'block block-empty' : 'block'} data-testid="block">
      <strong>{count(number)}</strong>
      <span>{ago(timeMs, nowMs.value)}</span>
      <span>
        {count(transactions)} {transactions === 1 ? 'entry' : 'entries'}
      </span>
      <div class="block-gas" title={`${count(gasUsed)} gas`}>
        <i style={{ width: `${(100 * gasUsed) / fullest}%` }} />
      </div>
      <code title={hash}>{shortHex(hash)}</code>
    </li>
  )
}
