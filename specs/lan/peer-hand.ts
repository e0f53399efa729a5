import { setTimeout as sleep } from 'node:timers/promises'
import { systemRandom, wallClock } from '../../bin/clock.ts'
import { votesTopic } from '../../protocols/messages/vote.ts'
import { joinExchange } from '../../protocols/p2p/join.ts'
import { createPeerNode, type PeerNode } from '../../protocols/p2p/node.ts'
import { noticesExchange } from '../../protocols/p2p/notices.ts'
import { keyOfPeerId } from '../../protocols/p2p/peer-key.ts'
import { callExchange, type Exchange } from '../../protocols/p2p/request-response.ts'
import { votesExchange } from '../../protocols/p2p/votes.ts'
import { codeOf } from '../../protocols/rules/fault.ts'

/** The name that a community has when nobody gave it another. */
const COMMUNITY = 'community'
const SEED_BYTES = 32
const FOUND_LIMIT_MS = 120_000
const LOOK_EVERY_MS = 250
/** Time in which a gateway that hangs up has done so, and in which signers say something. */
const QUIET_MS = 6_000
const LASTING_MS = 4_000

/** What came of all that a peer tried. */
export interface Tried {
  /** Peers that mDNS told of. */
  readonly found: number
  /** Protocols on which any of them gave an answer. */
  readonly answered: readonly string[]
  /** Codes with which the others ended. */
  readonly refused: readonly string[]
  /** Messages heard of what members tell each other. */
  readonly heard: number
  /** Connections that last. */
  readonly open: readonly string[]
}

/** A peer of ours on a host: with an identity that is not known there, or with a member's own. */
export class PeerHand {
  readonly #found = new Set<string>()
  readonly #heard: Uint8Array[] = []
  #node: PeerNode | null = null

  /** Starts it; it keeps dialling whomever mDNS tells of, and listens to all that members say. */
  async open(seed: Uint8Array | null): Promise<void> {
    const node = await createPeerNode({
      identitySeed: seed ?? systemRandom(SEED_BYTES),
      listen: ['/ip4/0.0.0.0/tcp/0'],
      mdns: { interval: 2_000 },
      clock: wallClock,
      random: systemRandom,
      reach: 'members',
      onEvent: (event) => {
        if (event.type !== 'discovered' || this.#found.has(event.peerId)) return
        this.#found.add(event.peerId)
        node.membership.admit({ peerKey: keyOfPeerId(event.peerId), role: 'community' })
      },
    })
    await node.start()
    node.gossip.subscribe(
      votesTopic(COMMUNITY),
      () => 'accept',
      (message) => void this.#heard.push(message),
    )
    this.#node = node
  }

  get #started(): PeerNode {
    if (this.#node === null) throw new Error('this peer was not started')
    return this.#node
  }

  /** Asks everybody it finds for all that a gateway tells members and joiners. */
  async tries(): Promise<Tried> {
    for (let waited = 0; this.#found.size === 0 && waited < FOUND_LIMIT_MS; waited += LOOK_EVERY_MS) {
      await sleep(LOOK_EVERY_MS)
    }
    // The answers of several hosts come one after the other.
    await sleep(QUIET_MS / 2)
    const before = this.#heard.length
    const results = await Promise.all([...this.#found].map((peerId) => this.#asks(peerId)))
    await sleep(QUIET_MS)
    const all = results.flat()
    return {
      found: this.#found.size,
      answered: all.flatMap(({ protocol, code }) => (code === null ? [protocol] : [])),
      refused: [...new Set(all.flatMap(({ code }) => code ?? []))],
      heard: this.#heard.length - before,
      open: await this.connections(),
    }
  }

  async #asks(peerId: string): Promise<{ readonly protocol: string; readonly code: string | null }[]> {
    const hello = { step: 'hello', inviteId: systemRandom(8), nonce: systemRandom(32) } as const
    const topic = `/${COMMUNITY}/notices`
    return [
      await this.#ask(peerId, votesExchange, { from: 0 }),
      await this.#ask(peerId, noticesExchange, { topic, since: [] }),
      await this.#ask(peerId, joinExchange, hello),
    ]
  }

  async #ask<Q, A>(peerId: string, exchange: Exchange<Q, A>, question: Q) {
    const { protocol } = exchange
    return callExchange(this.#started, exchange, peerId, question).then(
      () => ({ protocol, code: null }),
      (thrown: unknown) => ({ protocol, code: codeOf(thrown) }),
    )
  }

  /** Says once more whatever it heard so far; the result is how much that was. */
  async repeats(): Promise<number> {
    const recorded = [...this.#heard]
    for (const message of recorded) await this.#started.gossip.publish(votesTopic(COMMUNITY), message)
    return recorded.length
  }

  /** Connections that last, in words: one that is refused is there for a moment, too. */
  async connections(): Promise<string[]> {
    const before = this.#opened().map(({ id }) => id)
    await sleep(LASTING_MS)
    const lasting = this.#opened().filter(({ id }) => before.includes(id))
    return lasting.map(({ direction, remoteAddr }) => `${direction} ${remoteAddr.toString()}`)
  }

  #opened() {
    const connections = this.#node?.libp2p.getConnections() ?? []
    return connections.filter(({ status }) => status === 'open')
  }

  async close(): Promise<void> {
    await this.#node?.stop()
    this.#node = null
    this.#found.clear()
    this.#heard.length = 0
  }
}
