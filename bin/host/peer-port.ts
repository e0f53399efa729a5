import { createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { readMeta, writeMeta } from '../../actors/storage/meta.ts'
import type { Store } from '../../actors/storage/store.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'

const KEPT = 'peer-port'

const portIn = (address: string): number | null => {
  const port = multiaddr(address)
    .getComponents()
    .find(({ name }) => name === 'tcp')?.value
  return port === undefined ? null : Number(port)
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, () => probe.close(() => resolve(true)))
  })

/**
 * Where the peer listens: an address that leaves the port open (`/tcp/0`) gets the port of the last run, so
 * that neighbours find it after a restart where they knew it, without mDNS. A port that another took
 * meanwhile is let go.
 */
export async function whereItListened(store: Store, listen: readonly string[]): Promise<string[]> {
  const kept = await readMeta(store.db, KEPT)
  if (kept === null || !(await isFree(Number(kept)))) return [...listen]
  return listen.map((address) =>
    portIn(address) === 0 ? address.replace('/tcp/0', `/tcp/${kept}`) : address,
  )
}

/** Remembers the port of a peer that has started. */
export async function keepPort(store: Store, node: PeerNode): Promise<void> {
  const port = node
    .addresses()
    .map(portIn)
    .find((each) => each !== null)
  if (port === undefined) return
  await store.transaction((trx) => writeMeta(trx, KEPT, String(port)))
}
