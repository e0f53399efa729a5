import { createHash, randomBytes } from 'node:crypto'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { Wallet, ZeroAddress } from 'ethers'
import { onTestFinished } from 'vitest'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import { createInviteBook } from '../../protocols/p2p/invite-book.ts'
import type { InviteBook } from '../../protocols/p2p/invite-book.ts'
import { serveJoin } from '../../protocols/p2p/join-server.ts'
import type { ServeJoinOptions } from '../../protocols/p2p/join-server.ts'
import { createPeerNode } from '../../protocols/p2p/node.ts'
import type { PeerNode, PeerNodeEvent, PeerNodeOptions } from '../../protocols/p2p/node.ts'
import type { Clock } from '../../protocols/rules/clock.ts'

export const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
export const MONITORING = '0x5FbDB2315678afecb367f032d93F642f64180aa3'
export const CHAIN_ID = 31337

export const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length))
export const wallClock: Clock = { nowMs: () => Date.now() }

/** A clock that specs can move. */
export function movableClock(): Clock & { forwardMs(ms: number): void } {
  let ahead = 0
  return {
    nowMs: () => Date.now() + ahead,
    forwardMs: (ms) => {
      ahead += ms
    },
  }
}

export interface TestNode extends PeerNode {
  readonly events: PeerNodeEvent[]
}

/** A started node on loopback, stopped after the test. */
export async function startNode(
  options: Partial<PeerNodeOptions> & { seed?: string } = {},
): Promise<TestNode> {
  const events: PeerNodeEvent[] = []
  const identitySeed = options.seed === undefined ? random(32) : sha(options.seed)
  const node = await createPeerNode({
    identitySeed,
    listen: [LOOPBACK],
    mdns: false,
    clock: wallClock,
    random,
    redialIntervalMs: 200,
    onEvent: (event) => events.push(event),
    ...options,
  })
  await node.start()
  onTestFinished(() => node.stop())
  return Object.assign(node, { events })
}

export const sha = (text: string): Uint8Array => Uint8Array.from(createHash('sha256').update(text).digest())

/** Waits until something is so; a spec that waits in vain fails with the sentence. */
export async function until(what: string, check: () => boolean, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Makes two nodes members of each other; the first is the community gateway. */
export function introduce(gateway: PeerNode, home: PeerNode, account: string | null = null): void {
  gateway.membership.admit({ peerKey: home.peerKey, account })
  home.membership.admit({ peerKey: gateway.peerKey, role: 'community' })
  home.learnAddresses(gateway.peerId, gateway.addresses())
}

/** A gateway and a home that are connected members. */
export async function startPair(account: string | null = null) {
  const gateway = await startNode({ reach: 'members' })
  const home = await startNode()
  introduce(gateway, home, account)
  await home.connect(gateway.peerId)
  await until('both are connected', () => gateway.connectedMembers().includes(home.peerId))
  return { gateway, home }
}

export function descriptorOf(gateway: PeerNode, community: string): CommunityDescriptor {
  return {
    version: 1,
    communityName: 'calle-mayor',
    chainId: CHAIN_ID,
    genesisHash: `0x${'ab'.repeat(32)}`,
    deployedAtBlock: 3,
    rpc: ['http://127.0.0.1:8545'],
    profile: 'commitment',
    access: ZeroAddress,
    monitoring: MONITORING,
    quota: ZeroAddress,
    community,
    communityPeerKey: gateway.peerKey,
    sampleMs: 2000,
    slotsPerBilling: 30,
    length: 100,
    blockTimeS: 1,
    gatewayAddresses: [],
  }
}

export interface Community {
  readonly gateway: TestNode
  readonly account: Wallet
  readonly invites: InviteBook
  readonly candidates: string[]
}

/** A community gateway that lets homes join. */
export async function startCommunity(
  nodeOptions: Parameters<typeof startNode>[0] = {},
  joinOptions: Partial<ServeJoinOptions> = {},
): Promise<Community> {
  const gateway = await startNode({ reach: 'members', ...nodeOptions })
  const account = newWallet()
  const invites = createInviteBook({ clock: gateway.clock, random })
  const candidates: string[] = []
  await serveJoin(gateway, {
    descriptor: () => descriptorOf(gateway, account.address),
    community: account,
    invites,
    onJoin: (candidate) => {
      candidates.push(candidate.account)
      return Promise.resolve({ admitted: true })
    },
    ...joinOptions,
  })
  return { gateway, account, invites, candidates }
}

export function newWallet(): Wallet {
  return new Wallet(`0x${Buffer.from(random(32)).toString('hex')}`)
}

/** A cable between two nodes that a spec can cut: a TCP relay to the port of a multiaddress. */
export async function cable(target: string) {
  const port = Number(/\/tcp\/(\d+)/.exec(target)?.[1])
  const sockets = new Set<Socket>()
  let whole = true
  const server: Server = createServer((near) => {
    if (!whole) {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    sockets.forEach((socket) => socket.destroy())
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay does not listen')
  return {
    address: `/ip4/127.0.0.1/tcp/${address.port}`,
    cut: () => {
      whole = false
      sockets.forEach((socket) => socket.destroy())
    },
    mend: () => {
      whole = true
    },
  }
}
