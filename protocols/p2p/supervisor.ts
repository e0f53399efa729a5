import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { RandomSource } from '../rules/clock.ts'
import { badField, Fault } from '../rules/fault.ts'
import { deadline } from './deadline.ts'
import type { Deadline } from './deadline.ts'
import type { Member, Membership } from './membership.ts'
import { parsePeerId } from './peer-key.ts'

/** Time between two rounds, ms; each differs by up to a quarter so that homes do not dial in step. */
export const REDIAL_INTERVAL_MS = 2_000
/**
 * One dial may take this long. Forty handshakes at once take a busy gateway of 2 cores about 6 s of processor time; a shorter
 * limit would throw half-made ones away and begin them again.
 */
export const DIAL_TIMEOUT_MS = 12_000
/** Dials under way at a time: a Noise handshake costs tens of ms of processor. */
export const DIALS_MAX = 8
/** Addresses kept for one peer; older ones go first. */
export const ADDRESSES_PER_PEER = 8
/** Peers whose addresses are kept, members or not yet (mDNS tells of all on the LAN). */
export const ADDRESS_BOOK_PEERS = 1024
/** The higher peer id of a pair waits this many rounds for the lower one to dial, else each pair connects twice. */
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
  /** Remembers where a peer can be dialled; the last component may be `/p2p/<peer id>`. @throws Fault `bad-field` */
  learn(peerId: string, addresses: readonly string[]): void
  /** As `learn`, from discovery: dials at once when it is our turn. */
  discovered(peerId: string, addresses: readonly Multiaddr[]): void
  /** Dials a member by all addresses known. @throws Fault `no-address`, `dial-failed` */
  dial(peerId: string, signal?: AbortSignal): Promise<void>
  addressesOf(peerId: string): string[]
}

/** Addresses of peers, bounded. */
function createAddressBook() {
  const book = new Map<string, Map<string, Multiaddr>>()
  const trim = (map: Map<string, unknown>, max: number): void => {
    for (const oldest of map.keys()) {
      if (map.size <= max) break
      map.delete(oldest)
    }
  }
  return {
    of: (peerId: string): Multiaddr[] => [...(book.get(peerId)?.values() ?? [])].reverse(),
    add: (peerId: string, addresses: readonly Multiaddr[]): void => {
      const known = book.get(peerId) ?? new Map<string, Multiaddr>()
      for (const address of addresses) {
        known.delete(address.toString())
        known.set(address.toString(), address)
      }
      trim(known, ADDRESSES_PER_PEER)
      book.delete(peerId)
      book.set(peerId, known)
      trim(book, ADDRESS_BOOK_PEERS)
    },
  }
}

/** Reads a multiaddress and gives it the peer's id. @throws Fault `bad-field` */
export function addressOfPeer(peerId: string, address: string | Multiaddr): Multiaddr {
  try {
    const parsed = multiaddr(address.toString())
    const named = parsed.getComponents().find(({ name }) => name === 'p2p')?.value
    if (named === undefined) return parsed.encapsulate(`/p2p/${peerId}`)
    if (named === peerId) return parsed
  } catch {
    throw badField('address', 'a multiaddress such as /ip4/192.168.1.10/tcp/4001', address.toString())
  }
  throw badField('address', `an address of peer ${peerId}`, address.toString())
}

/**
 * Keeps a node connected to the members in its reach. libp2p's own KEEP_ALIVE gives up after five tries, and a discovery is
 * told once only, so a partition of a minute would last for ever.
 */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { libp2p, membership, random, reach, intervalMs = REDIAL_INTERVAL_MS } = options
  const book = createAddressBook()
  const dialling = new Map<string, Promise<void>>()
  const roundsAlone = new Map<string, number>()
  const limits = new Set<Deadline>()
  let timer: NodeJS.Timeout | undefined

  const isConnected = (peerId: string): boolean =>
    libp2p.getConnections(parsePeerId(peerId)).some(({ status }) => status === 'open')

  const dialOnce = async (peerId: string, signal: AbortSignal): Promise<void> => {
    const stored = await libp2p.peerStore.get(parsePeerId(peerId)).catch(() => undefined)
    const fromIdentify =
      stored?.addresses.map(({ multiaddr: address }) => addressOfPeer(peerId, address)) ?? []
    const known = new Map(
      [...book.of(peerId), ...fromIdentify].map((address) => [address.toString(), address]),
    )
    if (known.size === 0) {
      const message = `peer ${peerId}: no address is known; wait for mDNS or give one with the invite`
      throw new Fault('no-address', message, { peerId })
    }
    try {
      await libp2p.dial([...known.values()], { signal })
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.name : 'unknown'
      throw new Fault('dial-failed', `peer ${peerId}: could not be reached (${reason})`, { peerId, reason })
    }
  }

  const dial = (peerId: string, signal?: AbortSignal): Promise<void> => {
    if (isConnected(peerId)) return Promise.resolve()
    const running = dialling.get(peerId)
    if (running !== undefined) return running
    const limit = deadline(DIAL_TIMEOUT_MS, signal)
    limits.add(limit)
    const attempt = dialOnce(peerId, limit.signal).finally(() => {
      limit.clear()
      limits.delete(limit)
      dialling.delete(peerId)
    })
    dialling.set(peerId, attempt)
    return attempt
  }

  const inReach = (member: Member): boolean =>
    member.peerId !== libp2p.peerId.toString() && (reach === 'members' || member.role === 'community')

  /** A home always dials its gateway; between others the lower id goes first, the higher when that fails. */
  const isOurTurn = (member: Member, roundsWaited: number): boolean =>
    member.role === 'community' || libp2p.peerId.toString() < member.peerId || roundsWaited >= PATIENCE_ROUNDS

  const tryDial = (member: Member): void => {
    if (dialling.size >= DIALS_MAX || dialling.has(member.peerId)) return
    // A failed dial is the usual case while a peer is away; the next round tries again.
    dial(member.peerId).catch(() => undefined)
  }

  const round = (): void => {
    const alone = membership.list().filter((member) => inReach(member) && !isConnected(member.peerId))
    const waited = new Map(alone.map(({ peerId }) => [peerId, (roundsAlone.get(peerId) ?? 0) + 1]))
    roundsAlone.clear()
    waited.forEach((rounds, peerId) => roundsAlone.set(peerId, rounds))
    // Whoever waited longest goes first, lest a few dead peers use up every round's dials.
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
      limits.forEach((limit) => limit.abort())
    },
    learn: (peerId, addresses) =>
      book.add(
        peerId,
        addresses.map((address) => addressOfPeer(peerId, address)),
      ),
    discovered: (peerId, addresses) => {
      book.add(
        peerId,
        addresses.map((address) => addressOfPeer(peerId, address)),
      )
      const member = membership.find(peerId)
      if (member === undefined || !inReach(member) || isConnected(peerId)) return
      if (isOurTurn(member, 0)) tryDial(member)
    },
    dial,
    addressesOf: (peerId) => book.of(peerId).map(String),
  }
}
