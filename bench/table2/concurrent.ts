import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Ipc } from '../../chain/network/geth/ipc.ts'
import { hex, type Ground, type Measured } from './ground.ts'

const WATCH_MS = 40_000
const LOOK_MS = 80
const LOOK_BACK = 6

const blockReply = z.object({
  number: z.string().transform(Number),
  hash: z.string(),
  difficulty: z.string().transform(Number),
})
type Block = z.infer<typeof blockReply>

/** What one node took for the chain, and what it took back. */
interface Seen {
  readonly canonical: Map<number, string>
  deepest: number
}

interface Watched {
  readonly heights: number
  readonly outOfTurn: number
  /** Heights at which more than one block was made. */
  readonly races: number
  /** Most blocks that any node took back at once. */
  readonly deepest: number
}

const blockAt = (ipc: Ipc, number: number | 'latest'): Promise<Block | null> => {
  const at = number === 'latest' ? number : hex(number)
  return ipc.ask('eth_getBlockByNumber', [at, false], blockReply.nullable())
}

/** Looks at the newest blocks of a node; what differs from before was taken back. */
async function look(ipc: Ipc, seen: Seen, all: Map<number, Map<string, number>>): Promise<void> {
  const head = await blockAt(ipc, 'latest')
  if (head === null || seen.canonical.get(head.number) === head.hash) return
  let changed = 0
  for (let number = head.number; number > Math.max(0, head.number - LOOK_BACK); number -= 1) {
    const block = number === head.number ? head : await blockAt(ipc, number)
    if (block === null) break
    const known = seen.canonical.get(number)
    if (known === block.hash) break
    if (known !== undefined) changed += 1
    seen.canonical.set(number, block.hash)
    const made = all.get(number) ?? new Map<string, number>()
    all.set(number, made.set(block.hash, block.difficulty))
  }
  seen.deepest = Math.max(seen.deepest, changed)
}

async function watch({ signers }: Ground): Promise<Watched> {
  const all = new Map<number, Map<string, number>>()
  const nodes = signers.map(({ ipc }) => ({
    ipc,
    seen: { canonical: new Map<number, string>(), deepest: 0 },
  }))
  const until = performance.now() + WATCH_MS
  const follow = async ({ ipc, seen }: (typeof nodes)[number]): Promise<void> => {
    while (performance.now() < until) {
      // A node that is frozen answers nothing.
      await look(ipc, seen, all).catch(() => undefined)
      await sleep(LOOK_MS)
    }
  }
  await Promise.all(nodes.map(follow))
  const last = nodes.flatMap(({ seen }) => [...seen.canonical])
  const difficulties = new Map(last.map(([number, hash]) => [number, all.get(number)?.get(hash) ?? 0]))
  return {
    heights: all.size,
    outOfTurn: [...difficulties.values()].filter((difficulty) => difficulty === 1).length,
    races: [...all.values()].filter((made) => made.size > 1).length,
    deepest: Math.max(...nodes.map(({ seen }) => seen.deepest)),
  }
}

/** Table 2: N − K + 1 signers may seal at any time; "we add a small random offset" to avoid racing. */
export async function concurrent(ground: Ground): Promise<Measured> {
  const { chain, signers, tell } = ground
  tell(`concurrent  all signers seal for ${WATCH_MS / 1000} s`)
  const calm = await watch(ground)
  const gone = signers[0]?.name ?? ''
  tell(`concurrent  ${gone} is frozen: the others race at each of its turns`)
  chain.signal('SIGSTOP', [gone])
  const racing = await watch({ ...ground, signers: signers.slice(1) }).finally(() =>
    chain.signal('SIGCONT', [gone]),
  )
  const named = (name: string, { heights, outOfTurn, races, deepest }: Watched) => ({
    [`${name}.blocks`]: heights,
    [`${name}.outOfTurn`]: outOfTurn,
    [`${name}.races`]: races,
    [`${name}.deepestReorg`]: deepest,
  })
  const told = ({ heights, outOfTurn, races, deepest }: Watched): string =>
    `${heights} blocks, ${outOfTurn} out of turn, ${races} races, at most ${deepest} taken back`
  return {
    figures: { ...named('all', calm), ...named('oneFrozen', racing) },
    effect: `all there: ${told(calm)}; one frozen: ${told(racing)}`,
    claimHolds: Math.max(calm.deepest, racing.deepest) <= Math.floor(signers.length / 2) ? 'yes' : 'no',
  }
}
