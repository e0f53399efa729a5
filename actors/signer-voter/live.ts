import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ContinuedRpc } from '../../chain/archive/continued-rpc.ts'
import { signVote, type VoteDomain, type VoteSigner } from '../../protocols/crypto/vote.ts'
import type { Vote } from '../../protocols/messages/vote.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { votableBlock } from '../../protocols/rules/quorum.ts'
import { createDurableActor, type DurableActor, type StepRecord } from '../durable.ts'
import type { Store } from '../storage/store.ts'
import { signerCloned, signerEquivocates, signerLocked } from './alarms.ts'
import { readBranch, type Branch, type BranchBlock } from './branch.ts'
import { signerVoterMachine, type VotedBlock } from './machine.ts'

const MACHINE_VERSION = 1

export interface VoterOptions {
  readonly store: Store
  /** The signer's node, by its socket. */
  readonly node: ContinuedRpc
  /** The signer's account, lower-case. */
  readonly signer: string
  readonly wallet: VoteSigner
  readonly domain: VoteDomain
  readonly blockPeriodMs: number
  readonly clock: Clock
  /** Tells a vote to the peers, and to this gateway itself. */
  readonly publish: (vote: Vote) => Promise<void>
  /** A named alarm about this signer, with its remedy. */
  readonly onAlarm: (alarm: Fault) => void
  readonly onFault: (thrown: unknown, about: string) => void
  readonly inspect?: (record: StepRecord) => void
}

export interface SignerVoter {
  readonly signer: string
  readonly actor: DurableActor<typeof signerVoterMachine>
  /** A block is final: the voter may be let out of a branch that lost. */
  certified(block: VotedBlock): void
  /** Two words of one signer that exclude each other. */
  equivocation(signer: string): void
  stop(): Promise<void>
}

/** Looks this often in one block period; never more often than the shortest pause. */
const LOOKS_IN_PERIOD = 5
const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2_000
/** The newest vote is said again after so many periods without a new one: who missed it hears it. */
const SAY_AGAIN_PERIODS = 2
const LEAST_SAY_AGAIN_MS = 2_000
/** Blocks that are looked at from the head down for enough distinct sealers, per signer. */
const LOOKED_AT_PER_SIGNER = 4
/** A voter that is further behind votes for the newest block that it may, not for each in turn. */
const IN_TURN_MOST = 16

const votedSchema = z.object({ number: z.number(), hash: z.string() })
const equivocationSchema = z.object({ signer: z.string() })
const nothing = z.unknown()

/** What a look at the node's chain finds. */
interface Seen {
  readonly holds: boolean
  readonly next: VotedBlock | null
}
const IDLE: Seen = { holds: true, next: null }

/** Starts the voter of a signer where it stopped: what it stands by is in the store. */
export async function startSignerVoter(options: VoterOptions): Promise<SignerVoter> {
  return new RunningVoter(options).start()
}

class RunningVoter implements SignerVoter {
  readonly signer: string
  readonly #options: VoterOptions
  readonly #branch: Branch
  readonly #ended = new AbortController()
  #actor: DurableActor<typeof signerVoterMachine> | undefined
  #looking: Promise<void> = Promise.resolve()
  #newest: Vote | undefined
  #saidAtMs = 0
  #certified: VotedBlock | undefined
  #told = ''
  /** The head above which there is nothing to do. */
  #idleAt = ''

  constructor(options: VoterOptions) {
    this.#options = options
    this.signer = options.signer
    this.#branch = readBranch(options.node, ({ sealer }) => this.equivocation(sealer))
  }

  get actor(): DurableActor<typeof signerVoterMachine> {
    if (this.#actor === undefined) throw new Fault('impossible', 'the voter has not started')
    return this.#actor
  }

  async start(): Promise<this> {
    const { store, clock, onFault, inspect, signer } = this.#options
    this.#actor = await createDurableActor({
      key: `signer-voter:${signer}`,
      version: MACHINE_VERSION,
      machine: signerVoterMachine,
      input: undefined,
      store,
      clock,
      onFault,
      ...(inspect === undefined ? {} : { inspect }),
      effects: {
        castVote: async ({ params }, _now, send) => {
          const block = votedSchema.parse(params)
          await this.#cast(block)
          await send({ type: 'VOTE_CAST', number: block.number })
        },
        stopSealing: () => this.#seal(false),
        resumeSealing: () => this.#seal(true),
        tellLocked: (_action, { context }) => this.#tellLocked(context.standsBy),
        tellEquivocation: ({ params }) => this.#tellEquivocation(equivocationSchema.parse(params).signer),
      },
    })
    const { standsBy } = this.#actor.snapshot().context
    if (standsBy !== null) await this.#sign(standsBy)
    this.#looking = this.#lookOn()
    return this
  }

  certified(block: VotedBlock): void {
    this.#certified = block
  }

  equivocation(signer: string): void {
    this.actor
      .send({ type: 'EQUIVOCATION_SEEN', signer })
      .catch((thrown: unknown) => this.#options.onFault(thrown, 'evidence'))
  }

  async stop(): Promise<void> {
    this.#ended.abort()
    await this.#looking
    await this.#actor?.stop()
  }

  async #lookOn(): Promise<void> {
    const { signal } = this.#ended
    const { blockPeriodMs, onFault } = this.#options
    const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, blockPeriodMs / LOOKS_IN_PERIOD))
    while (!signal.aborted) {
      try {
        await this.#look()
        this.#told = ''
      } catch (thrown) {
        // Told once for each change: a node that is away is asked again all the time.
        const code = thrown instanceof Fault ? thrown.code : String(thrown)
        if (code !== this.#told) onFault(thrown, `voter of ${this.signer}`)
        this.#told = code
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #look(): Promise<void> {
    const head = await this.#branch.head()
    if (await this.#wasBegunAnew()) return
    const seen = head.hash === this.#idleAt ? IDLE : await this.#seen(head)
    if (seen === undefined) return
    this.#idleAt = seen.holds && seen.next === null ? head.hash : ''
    const { actor } = this
    const isLocked = actor.snapshot().matches({ branch: 'locked' })
    if (isLocked && !seen.holds) {
      await this.#seal(false)
      await this.#leaveLostBranch()
    } else if (isLocked === seen.holds || seen.next !== null) {
      await actor.send({ type: 'CHAIN_SEEN', ...seen })
    }
    await this.#sayAgain()
  }

  /** Whether the node has another chain since the last look: the voter goes on from its archive. */
  async #wasBegunAnew(): Promise<boolean> {
    const from = this.#options.node.follows()
    if (from === null || from.hash === this.actor.snapshot().context.begunFrom) return false
    this.#idleAt = ''
    await this.actor.send({ type: 'BEGUN_ANEW', from })
    return true
  }

  /** What the node's chain says; undefined when the node changed its branch meanwhile. */
  async #seen(head: BranchBlock): Promise<Seen | undefined> {
    const { standsBy } = this.actor.snapshot().context
    const holds = standsBy === null || (await this.#isOnBranch(standsBy, head))
    const next = holds ? await this.#next(head, standsBy) : null
    if (holds && next === null) return IDLE
    const still = await this.#branch.at(head.number)
    if (still?.hash !== head.hash) return undefined
    return { holds, next: next === null ? null : { number: next.number, hash: next.hash } }
  }

  async #isOnBranch(block: VotedBlock, head: BranchBlock): Promise<boolean> {
    if (block.number > head.number) return false
    return (await this.#branch.at(block.number))?.hash === block.hash
  }

  /**
   * The block to vote for: each in its turn, so that all voters vote at the same heights; the newest one when
   * there is nothing to go on from, or too much.
   */
  async #next(head: BranchBlock, standsBy: VotedBlock | null): Promise<BranchBlock | null> {
    const signers = await this.#branch.signersAt(head.hash)
    const blocks = await this.#branch.below(head, LOOKED_AT_PER_SIGNER * signers.length)
    const votable = votableBlock(blocks, signers)
    if (votable === null || votable.number === 0 || !signers.includes(this.signer)) return null
    const { highest } = this.actor.snapshot().context
    if (votable.number <= highest) return null
    if (standsBy === null || votable.number - highest > IN_TURN_MOST) return votable
    return this.#branch.at(highest + 1)
  }

  /** A certificate on the node's branch proves that what the voter stands by can never be final. */
  async #leaveLostBranch(): Promise<void> {
    const block = this.#certified
    if (block === undefined || !(await this.#isOnBranch(block, await this.#branch.head()))) return
    await this.actor.send({ type: 'BRANCH_CERTIFIED', block })
  }

  async #sign(block: VotedBlock): Promise<Vote> {
    const { wallet, domain } = this.#options
    this.#newest = await signVote(wallet, domain, block)
    return this.#newest
  }

  async #cast(block: VotedBlock): Promise<void> {
    const { publish, clock } = this.#options
    const vote = await this.#sign(block)
    this.#saidAtMs = clock.nowMs()
    await publish(vote)
  }

  /** A sign of life while no block comes, and a second chance for who missed the first. */
  async #sayAgain(): Promise<void> {
    const { clock, publish, blockPeriodMs } = this.#options
    const dueMs = Math.max(LEAST_SAY_AGAIN_MS, SAY_AGAIN_PERIODS * blockPeriodMs)
    if (this.#newest === undefined || clock.nowMs() - this.#saidAtMs < dueMs) return
    this.#saidAtMs = clock.nowMs()
    await publish(this.#newest)
  }

  /** A node that was started again seals again: it is told as often as it must be. */
  async #seal(on: boolean): Promise<void> {
    const { node } = this.#options
    if ((await node.call('eth_mining', [], z.boolean())) === on) return
    await node.call(on ? 'miner_start' : 'miner_stop', [], nothing)
  }

  #tellLocked(standsBy: VotedBlock | null): void {
    this.#options.onAlarm(signerLocked(this.signer, standsBy?.number ?? 0))
  }

  #tellEquivocation(signer: string): void {
    this.#options.onAlarm(signer === this.signer ? signerCloned(signer) : signerEquivocates(signer))
  }
}
