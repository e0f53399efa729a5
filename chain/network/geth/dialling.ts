import { BlockList, connect, isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { enodeOf, type NodeCard } from './community-network.ts'
import type { Ipc } from './ipc.ts'

/*
 * Geth dials a member that it lost at once, and if that is in vain not again for 35 s: a line that comes back
 * meanwhile stays unused. Here a member that cannot be reached is taken off Geth's list, so that no dial is
 * wasted on it, and put back on it as soon as its port answers: then Geth dials at once. The port of a member
 * that counts as connected is knocked at, too: Geth takes half a minute to notice a cut line.
 */

/** `dialHistoryExpiration` of Geth's p2p/dial.go, and a second. */
const REST_MS = 36_000
/** Time between two looks, ms. */
const LOOK_EVERY_MS = 1_500
const KNOCK_LIMIT_MS = 1_500
/** Doors knocked at in one look; where more members are away they take turns. */
const KNOCKS_MOST = 8
/** Connected members are knocked at in each third look … */
const CALM_LOOKS = 3
/** … and given up after this many knocks in a row without an answer: a kernel answers, however busy. */
const MISSES_MOST = 2
/** The end whose turn it is not gives the other this many looks, lest both dial and refuse each other. */
const PATIENCE_LOOKS = 2

/** A member as the one that keeps it dialled sees it. */
export interface Standing {
  /** Whether it is on Geth's list of nodes to dial. */
  readonly listed: boolean
  readonly connected: boolean
  /** Looks in a row in which its port answered. */
  readonly answers: number
  /** Knocks in a row, while it counted as connected, that nobody answered. */
  readonly misses: number
  /** Until then Geth would not dial it, even if it was listed. */
  readonly restsUntilMs: number
}

/** Geth begins with all members listed, and dials each at once: who is not there then was dialled in vain. */
export const LISTED: Standing = { listed: true, connected: true, answers: 0, misses: 0, restsUntilMs: 0 }

/** What a look found. */
export interface Sight {
  readonly connected: boolean
  /** Whether its port answered; null when nobody knocked. */
  readonly answers: boolean | null
  /** Whether this end dials first. */
  readonly first: boolean
  readonly nowMs: number
}

/** What to do about one member. */
export function nextStanding(was: Standing, seen: Sight): Standing {
  if (seen.connected) return keptConnected(was, seen)
  // Geth dialled it in the moment in which it went.
  const restsUntilMs = was.connected && was.listed ? seen.nowMs + REST_MS : was.restsUntilMs
  const lost = { ...was, connected: false, misses: 0, restsUntilMs }
  if (seen.answers === null) return lost
  if (!seen.answers) return { ...lost, listed: false, answers: 0 }
  const answers = was.answers + 1
  const isTurn = answers >= (seen.first ? 1 : PATIENCE_LOOKS) && seen.nowMs >= restsUntilMs
  return { ...lost, answers, listed: was.listed || isTurn }
}

/** A member that Geth holds for connected: before Geth dials in vain, it is taken off the list. */
function keptConnected(was: Standing, { answers }: Sight): Standing {
  const kept = { ...was, connected: true, answers: 0 }
  if (answers === null) return kept
  const misses = answers ? 0 : was.misses + 1
  return { ...kept, misses, listed: misses < MISSES_MOST && was.listed }
}

export interface Dialling {
  readonly ipc: Ipc
  readonly self: NodeCard
  /** The members at this moment: one that was let go is dialled no more. */
  readonly members: () => readonly NodeCard[]
}

const peersReply = z.array(z.object({ enode: z.string() }))
const nothing = z.unknown()

/** Keeps a node dialling those that can be reached, until the signal is aborted. */
export async function keepDialling(dialling: Dialling, signal: AbortSignal): Promise<void> {
  const known = new Map<string, Standing>()
  for (let look = 0; !signal.aborted; look += 1) {
    // A node that is frozen or about to end does not answer: the next look tells.
    await lookOnce(dialling, known, look).catch(() => undefined)
    await sleep(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

async function lookOnce(dialling: Dialling, known: Map<string, Standing>, look: number): Promise<void> {
  const { ipc, self } = dialling
  const peers = await ipc.ask('admin_peers', [], peersReply)
  const isConnected = ({ key }: NodeCard): boolean => peers.some(({ enode }) => enode.includes(key))
  const others = dialling.members().filter((card) => card.key !== self.key && mayKnockAt(card.host))
  const away = others.filter((card) => !isConnected(card))
  const near = look % CALM_LOOKS === 0 ? others.filter(isConnected) : []
  const answers = await knock([...inTurn(away, look), ...inTurn(near, look / CALM_LOOKS)])
  for (const card of others) {
    const was = known.get(card.key) ?? LISTED
    const sight = { connected: isConnected(card), answers: answers.get(card.key) ?? null }
    const next = nextStanding(was, { ...sight, first: self.key < card.key, nowMs: performance.now() })
    // To take it off the list is also what hangs up.
    const givenUp = next.misses === MISSES_MOST
    if (givenUp || next.listed !== was.listed) await list(dialling, card, next.listed)
    known.set(card.key, next)
  }
}

/** Puts a member on Geth's list, or takes it off; one that was let go meanwhile is not put back. */
async function list({ ipc, members }: Dialling, card: NodeCard, listed: boolean): Promise<void> {
  if (listed && !members().some(({ key }) => key === card.key)) return
  await ipc.ask(listed ? 'admin_addPeer' : 'admin_removePeer', [enodeOf(card)], nothing)
}

/** As many as one look knocks at, others in the next. */
function inTurn(cards: readonly NodeCard[], look: number): NodeCard[] {
  const from = cards.length === 0 ? 0 : (look * KNOCKS_MOST) % cards.length
  return [...cards.slice(from), ...cards.slice(0, from)].slice(0, KNOCKS_MOST)
}

async function knock(cards: readonly NodeCard[]): Promise<Map<string, boolean>> {
  return new Map(await Promise.all(cards.map(async (card) => [card.key, await answersAt(card)] as const)))
}

function answersAt({ host, port }: NodeCard): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: KNOCK_LIMIT_MS })
    const end = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}

/**
 * The networks of which Geth takes any number of connections; from elsewhere it takes one in 30 s of an
 * address, and a knock would keep the dial behind it out.
 */
const NEAR = new BlockList()
for (const [net, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  NEAR.addSubnet(net, prefix, 'ipv4')
}
for (const [net, prefix] of [
  ['::1', 128],
  ['fe80::', 10],
  ['fc00::', 7],
] as const) {
  NEAR.addSubnet(net, prefix, 'ipv6')
}

const mayKnockAt = (host: string): boolean => NEAR.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4')
