import './polyfill.ts'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PeerId, PeerInfo } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { WHOLE_NETWORK, type Cable } from '../rules/cable.ts'
import type { Clock, RandomSource } from '../rules/clock.ts'
import { badField, Fault, messageOf } from '../rules/fault.ts'
import { DIAL_TIMEOUT_MS } from './dialler.ts'
import { createGater } from './gater.ts'
import type { RefusalPoint } from './gater.ts'
import { createGossip, createPenalties, gossipService } from './gossip.ts'
import type { Gossip, Penalties } from './gossip.ts'
import { createJoiners, JOINER_LIMITS } from './joiners.ts'
import type { JoinerLimits, Joiners } from './joiners.ts'
import { createMembership } from './membership.ts'
import type { Membership, MembershipChange } from './membership.ts'
import { membersOnly } from './members-only.ts'
import { parsePeerId } from './peer-key.ts'
import { createSupervisor } from './supervisor.ts'
import type { Reach, Supervisor } from './supervisor.ts'

/** mDNS service name of ours, so that other libp2p programs on the LAN stay out of our address book. */
export const MDNS_SERVICE = '_meterhood._udp.local'
/**
 * libp2p's default of 5 connections a second from one address let 5 of 40 homes in when a building came back.
 */
const INBOUND_PER_SECOND = 200
/** What may be under way on a stream: yamux would let it grow to 16 MB for whoever sends fast. */
const STREAM_WINDOW_BYTES = 256 * 1024
/** Handshakes under way: 40 homes at once, with room; a Noise handshake holds little memory. */
const INBOUND_PENDING = 100
/** More than members and joiners of one community together. */
const CONNECTIONS_MAX = 400
/** A dead link is noticed in about 15 s; the minimum keeps a busy processor from closing live ones. */
const PING_INTERVAL_MS = 10_000
const PING_TIMEOUT_MIN_MS = 10_000
/**
 * Every gateway on the LAN answers every query, and every other hears it: at 40 homes and this interval some
 * 110 packets a second. A gateway asks at once when it starts, so that finding one does not wait for the
 * interval.
 */
const DEFAULT_MDNS_INTERVAL_MS = 15_000

/** What a node tells the machine above it; facts, no decisions. */
export type PeerNodeEvent =
  | { readonly type: 'member-connected'; readonly peerId: string }
  | { readonly type: 'member-disconnected'; readonly peerId: string }
  | { readonly type: 'joiner-connected'; readonly peerId: string }
  | { readonly type: 'refused'; readonly peerId: string; readonly where: RefusalPoint }
  | { readonly type: 'discovered'; readonly peerId: string }
  /** It sent too much that nobody can read, and is kept out for a while. */
  | { readonly type: 'barred'; readonly peerId: string }
  | {
      readonly type: 'exchange-failed'
      readonly peerId: string
      readonly protocol: string
      readonly code: string
      readonly message: string
    }

export interface PeerNodeOptions {
  /** 32 secret bytes: the ed25519 seed of the peer id. */
  readonly identitySeed: Uint8Array
  /** Multiaddresses to listen on, such as `/ip4/0.0.0.0/tcp/4001`; port 0 takes a free one. */
  readonly listen: readonly string[]
  /** Finding peers on the LAN; `interval` in ms between queries. */
  readonly mdns: boolean | { readonly interval?: number; readonly serviceTag?: string }
  readonly membership?: Membership
  readonly clock: Clock
  readonly random: RandomSource
  /** Whom to stay connected to: a home its `community` gateway, the gateway all `members`. */
  readonly reach?: Reach
  readonly joinerLimits?: Partial<JoinerLimits>
  readonly redialIntervalMs?: number
  readonly pingIntervalMs?: number
  /** While it is cut there is no connection to anybody; dials go on failing until it is mended. */
  readonly cable?: Cable
  readonly onEvent?: (event: PeerNodeEvent) => void
}

/**
 * A gateway's place in the peer network. Nothing runs before `start`; a stopped node is not started again.
 */
export interface PeerNode {
  readonly peerId: string
  /** The ed25519 public key (32 bytes), as the contract's `admit` takes it. */
  readonly peerKey: Uint8Array
  readonly membership: Membership
  readonly gossip: Gossip
  readonly clock: Clock
  readonly random: RandomSource
  /** @throws Fault `listen-failed` when an address cannot be had */
  start(): Promise<void>
  stop(): Promise<void>
  /** Where others can dial this node, each ending in `/p2p/<peer id>`. */
  addresses(): string[]
  /** Members connected now. */
  connectedMembers(): string[]
  /** Remembers where a peer can be dialled. @throws Fault `bad-field` */
  learnAddresses(peerId: string, addresses: readonly string[]): void
  /** Addresses learnt of a peer (mDNS, invite, `learnAddresses`): worth keeping over a restart. */
  knownAddresses(peerId: string): string[]
  /** An open connection to a member, dialled when there is none. @throws Fault `no-address`, `dial-failed` */
  connect(peerId: string, signal?: AbortSignal): Promise<Connection>
  hangUp(peerId: string): Promise<void>
  /** From now on unknown peers may come in to ask to join whenever `when` says so. */
  acceptJoiners(when: () => boolean): void
  /** The joiner has named a live invite and may stay for the whole exchange. */
  joinerHelloed(peerId: string): void
  /** The peer sent what no gateway of ours sends: after a few such it is hung up on, and out for a while. */
  penalise(peerId: string): void
  /** ed25519 signature by the peer's key. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** Calls the listener with each event; the result ends that. */
  onEvent(listener: (event: PeerNodeEvent) => void): () => void
  /** Tells the listeners; for the protocols above. */
  emit(event: PeerNodeEvent): void
  readonly libp2p: Libp2p
}

function discovery(options: PeerNodeOptions, found: (peer: PeerInfo) => void) {
  if (options.mdns === false) return []
  const { interval = DEFAULT_MDNS_INTERVAL_MS, serviceTag = MDNS_SERVICE } =
    options.mdns === true ? {} : options.mdns
  const service = mdns({ interval, serviceTag })
  return [
    (components: Parameters<typeof service>[0]) => {
      const started = service(components)
      // libp2p's own `peer:discovery` tells of a peer once only; this one tells at each answer.
      started.addEventListener('peer', ({ detail }) => found(detail))
      return started
    },
  ]
}

interface Parts {
  readonly cable: Cable
  readonly membership: Membership
  readonly penalties: Penalties
  readonly mayJoin: (peerId: string) => boolean
  readonly emit: (event: PeerNodeEvent) => void
  readonly found: (peer: PeerInfo) => void
}

async function makeLibp2p(options: PeerNodeOptions, parts: Parts) {
  const { cable, membership, penalties, mayJoin, emit, found } = parts
  const isMember = (peer: { toString(): string }): boolean => membership.has(peer.toString())
  return createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', options.identitySeed),
    nodeInfo: { name: 'meterhood', version: '1' },
    addresses: { listen: [...options.listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES } })],
    peerDiscovery: discovery(options, found),
    connectionGater: createGater({
      membership,
      isCut: () => cable.isCut(),
      mayJoin,
      isBarred: (peerId) => penalties.isBarred(peerId),
      clock: options.clock,
      onRefused: (peerId, where) => emit({ type: 'refused', peerId, where }),
    }),
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      inboundConnectionThreshold: INBOUND_PER_SECOND,
      maxIncomingPendingConnections: INBOUND_PENDING,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: DIAL_TIMEOUT_MS,
      inboundUpgradeTimeout: DIAL_TIMEOUT_MS,
    },
    connectionMonitor: {
      pingInterval: options.pingIntervalMs ?? PING_INTERVAL_MS,
      pingTimeout: { minTimeout: PING_TIMEOUT_MIN_MS },
    },
    services: {
      identify: membersOnly(identify(), isMember),
      // 32 bytes echoed: joiners keep it, else their connection monitor would hang up while the chain
      // decides.
      ping: ping(),
      pubsub: gossipService(membership, penalties, options.clock),
    },
  })
}

/** Tells each coming and going of a member once, whatever the order in which connections open and close. */
function attendance(emit: Parts['emit']) {
  const present = new Set<string>()
  return {
    came: (peerId: string): void => {
      if (present.has(peerId)) return
      present.add(peerId)
      emit({ type: 'member-connected', peerId })
    },
    went: (peerId: string): void => {
      if (present.delete(peerId)) emit({ type: 'member-disconnected', peerId })
    },
  }
}

/** Members' comings and goings as events; joiners under their limits; revoked members hung up on. */
function watch(libp2p: Libp2p, membership: Membership, joiners: Joiners, emit: Parts['emit']): () => void {
  const members = attendance(emit)
  // That a stranger was not in the peer store is no error.
  const forget = (peer: PeerId): void => void libp2p.peerStore.delete(peer).catch(() => undefined)
  libp2p.addEventListener('connection:open', ({ detail }) => {
    const peerId = detail.remotePeer.toString()
    if (membership.has(peerId)) {
      members.came(peerId)
      return
    }
    joiners.entered(detail)
    emit({ type: 'joiner-connected', peerId })
  })
  libp2p.addEventListener('connection:close', ({ detail }) => joiners.left(detail))
  libp2p.addEventListener('peer:disconnect', ({ detail }) => {
    members.went(detail.toString())
    if (!membership.has(detail.toString())) forget(detail)
  })
  return membership.onChange((change: MembershipChange) => {
    const peer = parsePeerId(change.member.peerId)
    if (change.type === 'admitted') {
      joiners.admitted(change.member.peerId)
      return
    }
    libp2p.getConnections(peer).forEach((connection) => connection.abort(new Error('membership revoked')))
    members.went(change.member.peerId)
    forget(peer)
  })
}

function hangUpOn(libp2p: Libp2p, peerId: string): void {
  for (const connection of libp2p.getConnections(parsePeerId(peerId))) {
    connection.abort(new Error('too much of what nobody can read'))
  }
}

async function startListening(libp2p: Libp2p, listen: readonly string[]): Promise<void> {
  try {
    await libp2p.start()
  } catch (thrown) {
    const message = `listen: ${listen.join(', ')} cannot be had (${messageOf(thrown)}); choose a free port`
    throw new Fault('listen-failed', message, { listen: listen.join(', ') })
  }
}

async function openConnection(
  libp2p: Libp2p,
  supervisor: Supervisor,
  peerId: string,
  signal?: AbortSignal,
): Promise<Connection> {
  const open = () => libp2p.getConnections(parsePeerId(peerId)).find(({ status }) => status === 'open')
  const existing = open()
  if (existing !== undefined) return existing
  await supervisor.dial(peerId, signal)
  const dialled = open()
  if (dialled !== undefined) return dialled
  throw new Fault(
    'dial-failed',
    `peer ${peerId}: it closed the connection at once; is this home registered?`,
    {
      peerId,
      reason: 'closed',
    },
  )
}

/**
 * A libp2p 3 node: TCP, Noise, Yamux, identify, ping, mDNS, gossipsub; members only, but for joiners (DESIGN
 * §9).
 * @throws Fault `bad-field` for a seed that is not 32 bytes
 */
export async function createPeerNode(options: PeerNodeOptions): Promise<PeerNode> {
  const { clock, random, membership = createMembership(), cable = WHOLE_NETWORK.peers } = options
  if (options.identitySeed.length !== 32) {
    throw badField('identitySeed', '32 bytes', options.identitySeed.length)
  }
  const listeners = new Set<(event: PeerNodeEvent) => void>()
  if (options.onEvent !== undefined) listeners.add(options.onEvent)
  const emit = (event: PeerNodeEvent): void => listeners.forEach((listener) => listener(event))
  const penalties = createPenalties(clock, (peerId) => {
    emit({ type: 'barred', peerId })
    hangUpOn(libp2p, peerId)
  })
  const joiners = createJoiners({ ...JOINER_LIMITS, ...options.joinerLimits }, membership, clock)
  let joinersWanted = (): boolean => false
  const mayJoin = (peerId: string): boolean => joinersWanted() && joiners.mayEnter(peerId)
  const found = (peer: PeerInfo): void => {
    supervisor.discovered(peer.id.toString(), peer.multiaddrs)
    emit({ type: 'discovered', peerId: peer.id.toString() })
  }
  const libp2p = await makeLibp2p(options, { cable, membership, penalties, mayJoin, emit, found })
  const { reach = 'community', redialIntervalMs: intervalMs } = options
  const pace = intervalMs === undefined ? {} : { intervalMs }
  const supervisor = createSupervisor({ libp2p, membership, random, reach, ...pace })
  const unwatch = watch(libp2p, membership, joiners, emit)
  const forgetCable = cable.onCut(() => {
    for (const connection of libp2p.getConnections()) connection.abort(new Error('the cable is cut'))
  })
  const key = await generateKeyPairFromSeed('Ed25519', options.identitySeed)
  return {
    peerId: libp2p.peerId.toString(),
    peerKey: key.publicKey.raw,
    membership,
    gossip: createGossip(libp2p.services.pubsub, membership, penalties),
    clock,
    random,
    start: async () => {
      await startListening(libp2p, options.listen)
      supervisor.start()
    },
    stop: async () => {
      supervisor.stop()
      forgetCable()
      unwatch()
      await libp2p.stop()
      joiners.stop()
    },
    addresses: () => libp2p.getMultiaddrs().map(String),
    connectedMembers: () =>
      libp2p
        .getPeers()
        .map(String)
        .filter((peerId) => membership.has(peerId)),
    learnAddresses: (peerId, addresses) => supervisor.learn(peerId, addresses),
    knownAddresses: (peerId) => supervisor.addressesOf(peerId),
    connect: (peerId, signal) => openConnection(libp2p, supervisor, peerId, signal),
    hangUp: (peerId) => libp2p.hangUp(parsePeerId(peerId)),
    acceptJoiners: (when) => {
      joinersWanted = when
    },
    joinerHelloed: (peerId) => joiners.helloed(peerId),
    penalise: (peerId) => penalties.add(peerId),
    sign: async (bytes) => key.sign(bytes),
    onEvent: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    emit,
    libp2p,
  }
}
