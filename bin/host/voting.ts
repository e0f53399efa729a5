import { FinalityDesk, patienceMsOf } from '../../actors/finality/desk.ts'
import { chainStalled, signerEquivocates } from '../../actors/signer-voter/alarms.ts'
import { startSignerVoter, type SignerVoter } from '../../actors/signer-voter/live.ts'
import type { Store } from '../../actors/storage/store.ts'
import { NodeFolder } from '../../chain/network/geth/node-folder.ts'
import { signerKey } from '../../chain/network/geth/signer-key.ts'
import { rememberingVoters } from '../../protocols/crypto/vote.ts'
import { writeCertificate } from '../../chain/certificate-file.ts'
import type { ContinuedRpc } from '../../chain/archive/continued-rpc.ts'
import type { BlockRef } from '../../chain/proxy/block.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import type { Vote } from '../../protocols/messages/vote.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import { openVotes, type Votes } from '../../protocols/p2p/votes.ts'
import { createSealWitness } from '../../protocols/rules/equivocation.ts'
import type { Fault } from '../../protocols/rules/fault.ts'
import { quorumOf } from '../../protocols/rules/quorum.ts'
import { wallClock } from '../clock.ts'
import type { ChainLink } from './chain-link.ts'
import type { FinalityKind } from './finality.ts'
import type { GatewayLog } from './log.ts'
import { StallWatch } from './stall-watch.ts'

export interface VotingOptions {
  readonly node: PeerNode
  readonly chain: ChainLink
  readonly store: Store
  /** Folder of the gateway. */
  readonly folder: string
  readonly community: string
  readonly chainId: number
  readonly genesisHash: string
  /** Folders of the chain nodes beside this gateway that seal: it votes for each. */
  readonly signers: readonly string[]
  readonly log: GatewayLog
  /** A named alarm about the chain or a signer, with its remedy. */
  readonly onAlarm: (alarm: Fault) => void
  readonly onChange: () => void
}

const MS_PER_S = 1_000
/** A line on a page. */
const WORDS_MOST = 240

/** All gateways of a process hear the same votes. */
const VOTERS = rememberingVoters(1_024)

/** An account as people compare it. */
const shortened = (account: string): string => `${account.slice(0, 8)}…${account.slice(-4)}`

/** The votes of the signers at this gateway: it counts them, and votes for the signers beside it. */
export class Voting {
  readonly #options: VotingOptions
  readonly #desk: FinalityDesk
  readonly #told = new Set<string>()
  readonly #seals = createSealWitness()
  /** Null until the node has answered. */
  #hasSigners: boolean | null = null
  #voters: readonly SignerVoter[] = []
  readonly #nodes: ContinuedRpc[] = []
  readonly #stall: StallWatch
  #votes: Votes | undefined

  constructor(options: VotingOptions) {
    this.#options = options
    const { chain, store, log, chainId, genesisHash } = options
    const blockPeriodMs = chain.blockTimeS * MS_PER_S
    this.#stall = new StallWatch({
      blockPeriodMs,
      patienceMs: patienceMsOf(blockPeriodMs),
      missing: () => this.#desk.quorum().missing,
      tell: (missing) => options.onAlarm(chainStalled(missing)),
    })
    chain.finality.explainedBy(() => this.notice())
    this.#desk = new FinalityDesk({
      store,
      ledger: chain.ledger,
      domain: { chainId, genesisHash },
      voterOf: VOTERS,
      blockPeriodMs,
      clock: wallClock,
      show: (certificate) => writeCertificate(options.folder, certificate),
      onFinal: (block) => {
        chain.finality.certified(block?.number ?? null)
        if (block !== null) for (const voter of this.#voters) voter.certified(block)
        options.onChange()
      },
      onEquivocation: (signer) => this.#equivocation(signer),
      onAlarm: options.onAlarm,
      onFault: (thrown, about) => log.fault(thrown, about),
    })
  }

  async open(): Promise<this> {
    const { chain, node, community, log, signers } = this.#options
    await this.#desk.open()
    chain.onBlock((block) => {
      this.#look()
      this.#witness(block)
    })
    chain.onState((state) => this.#stall.changed(state))
    this.#votes = await openVotes(node, {
      community,
      judge: (vote) => this.#desk.judge(vote),
      onVote: (vote) => this.#desk.take(vote),
      page: (from) => this.#desk.page(from),
      from: () => this.#desk.newest(),
      onFault: (thrown, about) => log.fault(thrown, about),
    })
    this.#voters = await Promise.all(signers.map((folder) => this.#startVoter(folder)))
    return this
  }

  /** Looks for signers that sealed twice, unless a voter here does. */
  #witness({ number, hash }: BlockRef): void {
    if (this.#hasSigners !== true || this.#options.signers.length > 0) return
    this.#options.chain.ledger.sealerOf(hash).then(
      (sealer) => {
        if (sealer !== '' && this.#seals.see({ number, hash, sealer }) !== null) this.#equivocation(sealer)
      },
      (thrown: unknown) => this.#options.log.fault(thrown, 'seals'),
    )
  }

  #look(): void {
    if (this.#hasSigners === true) return this.#desk.look()
    this.#findSigners().catch((thrown: unknown) => this.#options.log.fault(thrown, 'signers'))
  }

  /** The first block says for ever whether the chain has signers; its hash is known to every member. */
  async #findSigners(): Promise<void> {
    if (this.#hasSigners !== null) return
    const { chain, genesisHash } = this.#options
    this.#hasSigners = await chain.ledger.hasSigners(genesisHash)
    if (this.#hasSigners) this.#desk.look()
    else chain.finality.unsigned()
  }

  async #startVoter(path: string): Promise<SignerVoter> {
    const { store, chain, chainId, genesisHash, log, onAlarm } = this.#options
    const folder = NodeFolder.open(path)
    const wallet = await signerKey(folder)
    const beside = chain.nodeAt(folder.ipcPath)
    this.#nodes.push(beside)
    return startSignerVoter({
      store,
      node: beside,
      signer: wallet.address.toLowerCase(),
      wallet,
      domain: { chainId, genesisHash },
      blockPeriodMs: chain.blockTimeS * MS_PER_S,
      clock: wallClock,
      publish: (vote) => this.#publish(vote),
      onAlarm,
      onFault: (thrown, about) => log.fault(thrown, about),
    })
  }

  async #publish(vote: Vote): Promise<void> {
    this.#desk.take(vote)
    await this.#votes?.publish(vote)
  }

  #equivocation(signer: string): void {
    for (const voter of this.#voters) voter.equivocation(signer)
    if (this.#voters.length > 0 || this.#told.has(signer)) return
    this.#told.add(signer)
    this.#options.onAlarm(signerEquivocates(signer))
  }

  /** Who is missing when too few signers are there, as a page shows it. */
  notice(): string | null {
    if (this.#hasSigners !== true) return null
    const { signers, missing, isReached } = this.#desk.quorum()
    if (isReached) return null
    const need = `${quorumOf(signers.length)} of ${signers.length} signers must vote before anything is final`
    return `Confirmed, waiting for signer ${missing.map(shortened).join(' and ')}: ${need}.`.slice(
      0,
      WORDS_MOST,
    )
  }

  async stop(): Promise<void> {
    this.#stall.stop()
    await Promise.all(this.#voters.map((voter) => voter.stop()))
    for (const beside of this.#nodes) beside.close()
    await this.#votes?.stop()
    await this.#desk.stop()
  }
}

/** What a gateway opens its voting with. */
export type VotingGround = Pick<VotingOptions, 'node' | 'chain' | 'store' | 'log'> & {
  readonly config: {
    readonly dataDir: string
    readonly finality: FinalityKind
    readonly signers: readonly string[]
  }
}

/** Opens the voting of a gateway; null where its chain has no signers to vote. */
export async function openVoting(
  { config, ...ground }: VotingGround,
  { communityName: community, chainId, genesisHash }: CommunityDescriptor,
  tell: Pick<VotingOptions, 'onAlarm' | 'onChange'>,
): Promise<Voting | null> {
  if (config.finality !== 'votes') return null
  const { node, chain, store, log } = ground
  const { signers, dataDir: folder } = config
  const about = { folder, community, chainId, genesisHash, signers }
  return new Voting({ node, chain, store, log, ...about, ...tell }).open()
}
