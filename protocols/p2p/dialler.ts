import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { badField, Fault } from '../rules/fault.ts'
import { deadline } from './deadline.ts'
import type { Deadline } from './deadline.ts'
import { parsePeerId } from './peer-key.ts'

/**
 * One dial may take this long. Forty handshakes at once take a busy gateway of 2 cores about 6 s of processor
 * time; a shorter limit would throw half-made ones away and begin them again.
 */
export const DIAL_TIMEOUT_MS = 12_000
/** Addresses kept for one peer; older ones go first. */
export const ADDRESSES_PER_PEER = 8
/** Peers whose addresses are kept, members or not yet (mDNS tells of all on the LAN). */
export const ADDRESS_BOOK_PEERS = 1024
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

export interface Dialler {
  isConnected(peerId: string): boolean
  /** Remembers where a peer can be dialled. @throws Fault `bad-field` */
  learn(peerId: string, addresses: readonly (string | Multiaddr)[]): void
  addressesOf(peerId: string): string[]
  /** Dials a peer by all addresses known, once at a time. @throws Fault `no-address`, `dial-failed` */
  dial(peerId: string, signal?: AbortSignal): Promise<void>
  isDialling(peerId: string): boolean
  /** Dials under way. */
  count(): number
  stop(): void
}

/** Where peers are, and the dials to them. */
export function createDialler(libp2p: Libp2p): Dialler {
  const book = createAddressBook()
  const dialling = new Map<string, Promise<void>>()
  const limits = new Set<Deadline>()

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

  return {
    isConnected,
    dial,
    learn: (peerId, addresses) => {
      const whole = addresses.map((address) => addressOfPeer(peerId, address))
      book.add(peerId, whole)
    },
    addressesOf: (peerId) => book.of(peerId).map(String),
    isDialling: (peerId) => dialling.has(peerId),
    count: () => dialling.size,
    stop: () => limits.forEach((limit) => limit.abort()),
  }
}
