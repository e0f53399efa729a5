import { setTimeout as sleep } from 'node:timers/promises'
import type { OutboxPort } from '../../actors/outbox-port.ts'
import type { Store } from '../../actors/storage/store.ts'
import { anchorCall } from '../../chain/archive/anchored.ts'
import { exportAnchorable, knownExports } from '../../chain/archive/export-statement.ts'
import { knownArchives } from '../../chain/archive/places.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import { anchorableOf } from '../../chain/archive/statement.ts'

const LOOK_EVERY_MS = 1_000

export interface AnchorDesk {
  readonly store: Store
  readonly outbox: OutboxPort
  /** Folder in which archives are noted as they are made. */
  readonly archives: string
  /** … and exports of its history. */
  readonly exports: string
  /** The contract that keeps their roots, and the community's chain. */
  readonly archive: string
  readonly origin: string
  readonly onFault: (thrown: unknown) => void
}

/**
 * Puts the root of each archive of the manager's on the chain, oldest first. One that was anchored on a chain
 * that an archive did not hold any more is sent again by the outbox, as every call. Returns how to end it.
 */
export function openAnchorDesk(desk: AnchorDesk): () => void {
  const ended = new AbortController()
  const sent = new Set<string>()
  let told = ''
  const watch = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      // What stays wrong is told once.
      const words = await anchorNew(desk, sent).then(
        () => '',
        (thrown: unknown) => {
          if (messageOf(thrown) !== told) desk.onFault(thrown)
          return messageOf(thrown)
        },
      )
      told = words
      await sleep(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined)
    }
  }
  void watch()
  return () => ended.abort()
}

async function anchorNew(
  { store, outbox, archives, exports, archive, origin }: AnchorDesk,
  sent: Set<string>,
): Promise<void> {
  const states = (await knownArchives(archives)).map(({ statement, next }) => ({
    statement,
    anchorable: anchorableOf(statement, next),
  }))
  const histories = (await knownExports(exports)).map(({ statement }) => ({
    statement,
    anchorable: exportAnchorable(statement),
  }))
  const all = [...states, ...histories].sort((a, b) => a.anchorable.height - b.anchorable.height)
  for (const { statement, anchorable } of all) {
    const { root } = anchorable
    const isOwn = statement.origin === origin && statement.archive === archive.toLowerCase()
    if (!isOwn || sent.has(root)) continue
    const call = { id: `anchor:${root}`, kind: 'anchor', to: archive, data: anchorCall(anchorable) }
    await store.transaction((trx) => outbox.enqueue(trx, call))
    sent.add(root)
  }
}
