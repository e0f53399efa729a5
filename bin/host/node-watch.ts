import { setTimeout as sleep } from 'node:timers/promises'
import { goesOn } from '../../chain/archive/places.ts'
import { identityOf, type ChainIdentity } from '../../chain/network/rpc.ts'
import { messageOf } from '../../protocols/rules/fault.ts'

const LOOK_EVERY_MS = 3_000
const ANSWER_MS = 5_000

export interface WatchedNode {
  readonly rpc: string
  /** The community's chain, once it is known. */
  readonly expected: () => (ChainIdentity & { readonly community: string }) | null
  /** Folder of the archives that the chain may have been begun anew from. */
  readonly archives: string
  readonly say: (line: string) => void
}

/** How the node stands, in a line for people. */
async function standing({ rpc, expected, archives }: WatchedNode): Promise<string> {
  try {
    const found = await identityOf(rpc, ANSWER_MS)
    const wanted = expected()
    if (wanted === null || found.genesisHash === wanted.genesisHash) return `--rpc: ${rpc} answers`
    if (await goesOn(found, wanted, archives)) {
      return `--rpc: ${rpc} answers with the chain that was begun anew from an archive`
    }
    const chains = `serves chain ${found.chainId}, the community’s is ${wanted.chainId} with another start`
    return `--rpc: ${rpc} ${chains}; name a node of the community’s chain`
  } catch (thrown) {
    return `--rpc: ${messageOf(thrown)}; start the node or correct the link; trying on`
  }
}

/** Says how a gateway's node stands: at once, and whenever that changes. Returns how to end it. */
export function watchNode(node: WatchedNode): () => void {
  const ended = new AbortController()
  const watch = async (): Promise<void> => {
    let last = ''
    while (!ended.signal.aborted) {
      const now = await standing(node)
      if (now !== last) node.say(`chain      ${now}`)
      last = now
      await sleep(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined)
    }
  }
  void watch()
  return () => ended.abort()
}
