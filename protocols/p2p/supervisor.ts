import type { Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { RandomSource } from '../rules/clock.ts'
import { createDialler } from './dialler.ts'
import type { Member, Membership } from './membership.ts'

/** Time between two rounds, ms; each differs by up to a quarter so that homes do not dial in step. */
export const REDIAL_INTERVAL_MS = 2_000
/** Dials under way at a time: a Noise handshake costs tens of ms of processor. */
export const DIALS_MAX = 8
/**
 * The higher peer id of a pair waits this many rounds for the lower one to dial, else each pair connects
 * twice.
 */
const PATIENCE_ROUNDS = 2

/** Which members a node keeps itself connected to. */
export type Reach = 'community' | 'members'

export interface SupervisorOptions {
  readonly libp2p: Libp2p
  readonly membership: Membership
  readonly random: RandomSource
  /** `community` (a home: star), or `members` (the community gateway, or a home that meshes). */
  readonly reach: Reach
  readonly intervalMs?: number
}

export interface Supervisor {
  start(): void
  stop(): void
  /**
   * Remembers where a peer can be dialled; the last component may be `/p2p/<peer id>`. @throws Fault `bad-
   * field`
   */
  learn(peerId: string, addresses: readonly string[]): void
  /** As `learn`, from discovery: dials at once when it is our turn. */
  discovered(peerId: string, addresses: readonly Multiaddr[]): void
  /** Dials a member by all addresses known. @throws Fault `no-address`, `dial-failed` */
  dial(peerId: string, signal?: AbortSignal): Promise<void>
  addressesOf(peerId: string): string[]
}

/**
 * Keeps a node connected to the members in its reach. libp2p's own KEEP_ALIVE gives up after five tries, and
 * a discovery is told once only, so a partition of a minute would last for ever.
 */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { libp2p, membership, random, reach, intervalMs = REDIAL_INTERVAL_MS } = options
  const dialler = createDialler(libp2p)
  const roundsAlone = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  const inReach = (member: Member): boolean =>
    member.peerId !== libp2p.peerId.toString() && (reach === 'members' || member.role === 'community')

  /** A home always dials its gateway; between others the lower id goes first, the higher when that fails. */
  const isOurTurn = (member: Member, roundsWaited: number): boolean =>
    member.role === 'community' || libp2p.peerId.toString() < member.peerId || roundsWaited >= PATIENCE_ROUNDS

  const tryDial = (member: Member): void => {
    if (dialler.count() >= DIALS_MAX || dialler.isDialling(member.peerId)) return
    // A failed dial is the usual case while a peer is away; the next round tries again.
    dialler.dial(member.peerId).catch(() => undefined)
  }

  const round = (): void => {
    const alone = membership.list().filter((member) => inReach(member) && !dialler.isConnected(member.peerId))
    const waited = new Map(alone.map(({ peerId }) => [peerId, (roundsAlone.get(peerId) ?? 0) + 1]))
    roundsAlone.clear()
    waited.forEach((rounds, peerId) => roundsAlone.set(peerId, rounds))
    // The order turns from round to round, lest a few dead peers use up every round's dials.
    const due = alone.filter((member) => isOurTurn(member, waited.get(member.peerId) ?? 0))
    const offset = due.length === 0 ? 0 : Math.max(...waited.values()) % due.length
    for (const member of [...due.slice(offset), ...due.slice(0, offset)]) tryDial(member)
  }

  const schedule = (delayMs: number): void => {
    timer = setTimeout(() => {
      round()
      const jitter = ((random(1)[0] ?? 0) / 255 - 0.5) / 2
      schedule(intervalMs * (1 + jitter))
    }, delayMs)
  }

  return {
    start: () => schedule(0),
    stop: () => {
      clearTimeout(timer)
      dialler.stop()
    },
    discovered: (peerId, addresses) => {
      dialler.learn(peerId, addresses)
      const member = membership.find(peerId)
      if (member === undefined || !inReach(member) || dialler.isConnected(peerId)) return
      if (isOurTurn(member, 0)) tryDial(member)
    },
    learn: (peerId, addresses) => dialler.learn(peerId, addresses),
    dial: (peerId, signal) => dialler.dial(peerId, signal),
    addressesOf: (peerId) => dialler.addressesOf(peerId),
  }
}
