import { getBytes, hexlify, Interface, type Wallet } from 'ethers'
import { z } from 'zod'
import type { Courier } from '../../actors/smart-gateway/courier.ts'
import { exchangeKeys, keptGrant, keptKeys, type KeyGrant } from '../../actors/smart-gateway/joining.ts'
import type { SealedSlotData } from '../../actors/smart-gateway/readings.ts'
import { readMeta, writeMeta } from '../../actors/storage/meta.ts'
import { archivesBeside } from '../../chain/archive/places.ts'
import type { Store } from '../../actors/storage/store.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { decodeScalar, keyPair } from '../../protocols/crypto/group.ts'
import type { OpeningKey } from '../../protocols/crypto/recover-reading.ts'
import { createSealer } from '../../protocols/crypto/sealer.ts'
import type { CommunityDescriptor, SignedDescriptor } from '../../protocols/messages/join.ts'
import { joinCommunity, type JoinOptions } from '../../protocols/p2p/join-client.ts'
import { verifyDescriptor } from '../../protocols/p2p/join.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import { keyOfPeerId } from '../../protocols/p2p/peer-key.ts'
import { bytesOfHex } from '../../protocols/p2p/peer-record.ts'
import type { Network } from '../../protocols/rules/cable.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { systemRandom } from '../clock.ts'
import type { HomeConfig } from './configs.ts'
import { HomeGateway, type Attached } from './home-gateway.ts'
import type { GatewayLog } from './log.ts'
import { watchNode } from './node-watch.ts'
import type { Voting } from './voting.ts'

const monitoringFace = new Interface(monitoringAbi)
const JOINED = 'joined'
const RETRY_MS = 700

const Joined = z.object({ gatewayPeerId: z.string(), text: z.string(), signature: z.string() })

export interface KnownCommunity {
  readonly gatewayPeerId: string
  readonly descriptor: CommunityDescriptor
}

/** Who stands by while a home is opened: the terminal of `meterhood home`. */
export interface Bystander {
  say(line: string): void
  /** The community does not take this home as it is. */
  refused(fault: unknown): void
}

/** What a home has around it. */
export type Around = { readonly network?: Network } & Partial<Bystander>

/** Why a try to join came to nothing, where people can do something about it. */
const TRIED: Readonly<Record<string, string>> = {
  'no-address': 'the community gateway is not seen on this network',
  'dial-failed': 'the community gateway does not answer where the invite says',
  'exchange-refused': 'the community gateway turns this home away; is the invite used or withdrawn?',
}

/** What joining waits for, in words, each time that changes. */
function progressOf({ log }: HomeOpening): NonNullable<JoinOptions['onProgress']> {
  const words = {
    searching: 'looking for the community gateway',
    hello: 'the community gateway answers',
    pending: 'the community gateway waits for its chain',
    admitted: 'admitted',
  } as const
  let last = ''
  return (step, code) => {
    const tried = code === undefined ? '' : `: ${TRIED[code] ?? code}; trying on`
    const line = `joining    ${words[step]}${tried}`
    if (line !== last) log.say(line)
    last = line
  }
}

/** A home being opened: what its parts share. */
export class HomeOpening {
  readonly config: HomeConfig
  readonly network: Network
  readonly log: GatewayLog
  readonly wallet: Wallet
  readonly account: string
  readonly store: Store
  readonly node: PeerNode
  readonly gateway: HomeGateway
  voting: Voting | null = null
  readonly sealer = createSealer()
  readonly sealed = new Map<number, SealedSlotData>()
  readonly keys = new Map<number, OpeningKey>()
  community: KnownCommunity | null = null
  courier: Courier | null = null
  /** Ends the watch over the chain node. */
  unwatchNode = (): void => undefined
  closed = false

  constructor(parts: Pick<HomeOpening, 'config' | 'network' | 'log' | 'wallet' | 'store' | 'node'>) {
    this.config = parts.config
    this.network = parts.network
    this.log = parts.log
    this.wallet = parts.wallet
    this.account = parts.wallet.address.toLowerCase()
    this.store = parts.store
    this.node = parts.node
    this.gateway = new HomeGateway({ ...parts, account: this.account })
  }

  /** From now on the log and the bystander hear how the chain node stands. */
  watchNode(): void {
    this.unwatchNode = watchNode({
      rpc: this.config.rpc,
      expected: () => this.community?.descriptor ?? null,
      archives: archivesBeside(this.config.dataDir),
      say: (line) => this.log.say(line),
    })
  }

  get attached(): Attached {
    if (this.gateway.attached === null)
      throw new Fault('not-joined', 'the home does not belong to a community yet')
    return this.gateway.attached
  }
}

/** The community does not take the home: its people are told why. */
export function refused(home: HomeOpening, thrown: unknown, around: Around): never {
  home.log.fault(thrown, 'joining')
  around.refused?.(thrown)
  throw thrown
}

export async function remembered(store: Store): Promise<KnownCommunity | null> {
  const text = await readMeta(store.db, JOINED)
  if (text === null) return null
  const kept = Joined.parse(JSON.parse(text))
  const signed: SignedDescriptor = { text: kept.text, signature: bytesOfHex(kept.signature) }
  return {
    gatewayPeerId: kept.gatewayPeerId,
    descriptor: verifyDescriptor(signed, keyOfPeerId(kept.gatewayPeerId)),
  }
}

/** Joins with the invite, or remembers the community joined before. */
export async function joinOnce(home: HomeOpening): Promise<KnownCommunity> {
  const known = await remembered(home.store)
  if (known !== null) return known
  const { invite, name } = home.config
  if (invite === null) {
    throw new Fault('no-invite', '--invite: expected the code that the manager gave; ask for one', {
      field: '--invite',
    })
  }
  const joined = await joinCommunity(home.node, {
    invite,
    account: home.wallet,
    homeName: name,
    onProgress: progressOf(home),
  })
  const kept = {
    gatewayPeerId: joined.gatewayPeerId,
    text: joined.signed.text,
    signature: hexlify(joined.signed.signature),
  }
  await home.store.transaction((trx) => writeMeta(trx, JOINED, JSON.stringify(kept)))
  return { gatewayPeerId: joined.gatewayPeerId, descriptor: joined.descriptor }
}

/** What the chain announced, by its name in the store; waits until it is known. */
export async function announced(home: HomeOpening, name: string): Promise<string> {
  for (;;) {
    const value = await readMeta(home.store.db, name)
    if (value !== null) return value
    if (home.closed) throw new Fault('closed', 'the gateway is closing')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** X_cg of an epoch. */
export const communityKey = (home: HomeOpening, epoch: number): Promise<string> =>
  announced(home, `community-key:${epoch}`)

/** Tries until it succeeds: the gateway may still be starting, or the network be down. */
async function persistently<T>(home: HomeOpening, what: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (thrown) {
      if (home.closed) throw thrown
      home.log.fault(thrown, what)
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

/**
 * The auxiliary-key exchange of the current epoch, for the home's own key or that of a delegation, unless it
 * was done before. The epoch is looked up at each try: the gateway issues keys of the current one only.
 */
export async function currentGrant(home: HomeOpening, delegation: number): Promise<KeyGrant> {
  const { community, store, account } = home
  if (community === null) throw new Fault('not-joined', 'the home does not belong to a community yet')
  const epoch = Number(await announced(home, 'epoch'))
  const delegationBase = getBytes(await announced(home, `delegation-base:${epoch}`))
  const kept = await keptGrant(store, account, epoch, delegation)
  if (kept !== null) return kept
  return exchangeKeys({
    node: home.node,
    store,
    account: home.wallet,
    community: community.descriptor,
    gatewayPeerId: community.gatewayPeerId,
    delegationBase,
    epoch,
    delegation,
    random: systemRandom,
  })
}

/** The home's own key; resolves with its epoch. */
export async function obtainKey(home: HomeOpening): Promise<number> {
  if (home.community === null) {
    throw new Fault('not-joined', 'the home does not belong to a community yet')
  }
  const { epoch } = await persistently(home, 'key exchange', () => currentGrant(home, 0))
  for (const [each, secret] of await keptKeys(home.store, home.account)) {
    home.keys.set(each, keyPair(decodeScalar(secret, 'operationKey')))
  }
  return epoch
}

/** Publishes the operation key with what the community granted. */
export async function publishKey(home: HomeOpening): Promise<void> {
  const { descriptor, chain } = home.attached
  const newest = Number(await announced(home, 'epoch'))
  const epochs = [...home.keys.keys()].filter((each) => each <= newest)
  const epoch = Math.max(...epochs)
  const grant = epochs.length === 0 ? null : await keptGrant(home.store, home.account, epoch)
  if (grant === null) throw new Fault('no-key', 'there is no operation key to publish yet')
  const data = monitoringFace.encodeFunctionData('publishKey', [
    epoch,
    0,
    grant.key,
    grant.signature,
    grant.proof,
  ])
  await home.store.transaction((trx) =>
    chain.outbox.enqueue(trx, { id: `key:${epoch}`, kind: 'key', to: descriptor.monitoring, data }),
  )
}
