import { setTimeout as sleep } from 'node:timers/promises'
import { identityOf, type ChainIdentity } from '../../chain/network/rpc.ts'
import { messageOf } from '../../protocols/rules/fault.ts'

const LOOK_EVERY_MS = 3_000
const ANSWER_MS = 5_000

export interface WatchedNode {
  readonly rpc: string
  /** The community's chain, once it is known. */
  readonly expected: () => ChainIdentity | null
  readonly say: (line: string) => void
}

/** How the node stands, in a line for people. */
async function standing({ rpc, expected }: WatchedNode): Promise<string> {
  try {
    const found = await identityOf(rpc, ANSWER_MS)
    const wanted = expected()
    if (wanted === null || (wanted.chainId === found.chainId && wanted.genesisHash === found.genesisHash)) {
      return `--rpc: ${rpc} answers`
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
