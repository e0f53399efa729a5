import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import { signerVoterMachine, type VoterEvent } from '../../actors/signer-voter/machine.ts'
import { certificateOf, type CastVote } from '../../protocols/rules/certificates.ts'
import { quorumOf, votableBlock } from '../../protocols/rules/quorum.ts'

/*
 * A model of Clique as Geth 1.13.15 has it (EIP-225 and core/forkchoice.go): who may seal, whose turn it is,
 * which of two branches a node takes. Voters are the real machine; a liar has its key in every part of a
 * split network, seals wherever it may and votes for whatever it likes. Time goes in rounds.
 */

interface Block {
  readonly number: number
  readonly hash: string
  readonly sealer: string
  readonly parent: Block | null
  readonly totalDifficulty: number
}

/** A node with a signer's key. */
interface Node {
  readonly signer: string
  readonly isLiar: boolean
  /** The part of the network that it is in; a liar's key is in all of them. */
  place: number
  head: Block
  voter: SnapshotFrom<typeof signerVoterMachine>
  readonly heard: Set<CastVote>
}

export interface World {
  readonly signers: number
  readonly liars: number
  readonly seed: number
  /** For each spell of rounds the place of each signer in turn, and who is away (null). */
  readonly spells: readonly { readonly rounds: number; readonly places: readonly (number | null)[] }[]
}

/** What came of a world: blocks and votes, wherever they were. */
export interface History {
  readonly blocks: readonly Block[]
  readonly votes: readonly CastVote[]
  /** The greatest depth of a branch that an honest node left. */
  readonly deepestFork: number
  readonly locked: number
  readonly signers: readonly string[]
}

const PLACES = 2
/** Out of turn a signer waits a little at random, and mostly hears the one in turn first. */
const OUT_OF_TURN = 0.35
/** A block or a vote reaches a neighbour in the same round, mostly. */
const DELIVERED = 0.85

/** A number in [0, 1) after another, the same for the same seed (mulberry32). */
function drawFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A block and those below it, the first block left out. */
export function branchOf(head: Block): Block[] {
  const branch: Block[] = []
  for (let block: Block | null = head; block !== null && block.number > 0; block = block.parent)
    branch.push(block)
  return branch
}

const isAncestor = (block: Block, of: Block): boolean => branchOf(of).some(({ hash }) => hash === block.hash)

/** Whether neither of two blocks is below the other. */
export const exclude = (one: Block, other: Block): boolean =>
  !isAncestor(one, other) && !isAncestor(other, one)

class Simulation {
  readonly #world: World
  readonly #draw: () => number
  readonly #signers: readonly string[]
  readonly #blocks = new Map<string, Block>()
  readonly #votes: CastVote[] = []
  #nodes: Node[]
  #deepestFork = 0

  constructor(world: World) {
    this.#world = world
    this.#draw = drawFrom(world.seed)
    this.#signers = Array.from({ length: world.signers }, (_, at) => `signer-${at}`)
    const first: Block = { number: 0, hash: 'first', sealer: '', parent: null, totalDifficulty: 1 }
    this.#nodes = this.#signers.flatMap((signer, at) => {
      const isLiar = at < world.liars
      const [voter] = initialTransition(signerVoterMachine)
      const node = (place: number): Node => ({ signer, isLiar, place, head: first, voter, heard: new Set() })
      return isLiar ? Array.from({ length: PLACES }, (_, place) => node(place)) : [node(0)]
    })
  }

  run(): History {
    for (const { rounds, places } of this.#world.spells) {
      const away = new Set<string>()
      this.#signers.forEach((signer, at) => {
        const place = places[at] ?? null
        if (place === null) away.add(signer)
        for (const node of this.#nodes)
          if (node.signer === signer && !node.isLiar && place !== null) node.place = place
      })
      for (let round = 0; round < rounds; round += 1) this.#round(away)
    }
    return {
      blocks: [...this.#blocks.values()],
      votes: this.#votes,
      deepestFork: this.#deepestFork,
      locked: this.#nodes.filter(({ voter }) => voter.matches({ branch: 'locked' })).length,
      signers: this.#signers,
    }
  }

  #round(away: ReadonlySet<string>): void {
    const present = this.#nodes.filter(({ signer, isLiar }) => isLiar || !away.has(signer))
    for (const node of this.#shuffled(present)) this.#trySeal(node)
    // Heads are told again each round, as peers do that find each other.
    for (const node of present)
      for (const other of this.#shuffled(present))
        if (this.#reaches(node, other)) this.#hear(other, node.head)
    for (const node of this.#shuffled(present)) {
      if (node.isLiar) this.#lie(node)
      else while (this.#vote(node)) continue
    }
    for (const node of present) {
      for (const vote of this.#votes) if (this.#draw() < DELIVERED) this.#hearVote(node, vote)
    }
  }

  #shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((each) => ({ each, at: this.#draw() }))
      .sort((a, b) => a.at - b.at)
      .map(({ each }) => each)
  }

  #reaches(from: Node, to: Node): boolean {
    return from !== to && from.place === to.place && this.#draw() < DELIVERED
  }

  /** EIP-225: one block in ⌊N/2⌋+1, difficulty 2 in turn. */
  #trySeal(node: Node): void {
    const { signer, head } = node
    if (!node.isLiar && node.voter.matches({ branch: 'locked' })) return
    const recent = branchOf(head).slice(0, Math.floor(this.#signers.length / 2))
    if (recent.some(({ sealer }) => sealer === signer)) return
    const number = head.number + 1
    const inTurn = number % this.#signers.length === this.#signers.indexOf(signer)
    if (!inTurn && this.#draw() > OUT_OF_TURN) return
    const hash = `${number}:${signer}:${this.#blocks.size}`
    const totalDifficulty = head.totalDifficulty + (inTurn ? 2 : 1)
    const block = { number, hash, sealer: signer, parent: head, totalDifficulty }
    this.#blocks.set(hash, block)
    node.head = block
    for (const other of this.#nodes) if (this.#reaches(node, other)) this.#hear(other, block)
  }

  /** Geth: the greater difficulty wins; at equal difficulty the lower height, at equal height a coin. */
  #hear(node: Node, block: Block): void {
    const { head } = node
    const more = block.totalDifficulty - head.totalDifficulty
    if (more < 0 || block.hash === head.hash) return
    if (more === 0 && block.number > head.number) return
    if (more === 0 && block.number === head.number && this.#draw() < 0.5) return
    if (!isAncestor(head, block) && !node.isLiar) {
      const common = branchOf(head).findIndex((each) => isAncestor(each, block))
      this.#deepestFork = Math.max(this.#deepestFork, common === -1 ? head.number : common)
    }
    node.head = block
  }

  #step(node: Node, event: VoterEvent): readonly string[] {
    const [next, actions] = transition(signerVoterMachine, node.voter, event)
    node.voter = next
    return actions.map(({ type }) => type)
  }

  /** Whether it has voted, and may have more to vote for. */
  #vote(node: Node): boolean {
    const { standsBy, highest } = node.voter.context
    const branch = branchOf(node.head)
    const holds = standsBy === null || branch.some(({ hash }) => hash === standsBy.hash)
    const votable = votableBlock(branch, this.#signers)
    const next =
      votable === null || votable.number <= highest || standsBy === null
        ? votable
        : (branch.find(({ number }) => number === highest + 1) ?? votable)
    const block = next === null || !holds ? null : { number: next.number, hash: next.hash }
    const actions = this.#step(node, { type: 'CHAIN_SEEN', holds, next: block })
    if (node.voter.matches({ branch: 'locked' })) this.#tryLeave(node, branch)
    if (!actions.includes('castVote') || block === null) return false
    this.#cast(node, block)
    this.#step(node, { type: 'VOTE_CAST', number: block.number })
    return true
  }

  #cast(node: Node, { number, hash }: { readonly number: number; readonly hash: string }): void {
    const vote = { signer: node.signer, number, hash }
    this.#votes.push(vote)
    node.heard.add(vote)
  }

  /** A liar votes for all that its branches hold, in every place. */
  #lie(node: Node): void {
    for (const { number, hash } of branchOf(node.head).slice(0, 3)) this.#cast(node, { number, hash })
  }

  #hearVote(node: Node, vote: CastVote): void {
    const from = this.#nodes.some(({ signer, place }) => signer === vote.signer && place === node.place)
    if (from) node.heard.add(vote)
  }

  #tryLeave(node: Node, branch: readonly Block[]): void {
    const block = branch.find(({ hash }) => {
      const votes = [...node.heard].filter((vote) => vote.hash === hash)
      return certificateOf(votes, this.#signers) !== null
    })
    if (block !== undefined)
      this.#step(node, { type: 'BRANCH_CERTIFIED', block: { number: block.number, hash: block.hash } })
  }
}

/** Plays a world to its end. */
export const play = (world: World): History => new Simulation(world).run()

/** Every block that has a certificate, whoever could have put it together. */
export const certified = ({ blocks, votes, signers }: History): Block[] =>
  blocks.filter(({ hash }) => {
    return (
      certificateOf(
        votes.filter((vote) => vote.hash === hash),
        signers,
      ) !== null
    )
  })

/** Every block that enough distinct signers have sealed at or above: final, if seals were counted. */
export function sealedByEnough({ blocks, signers }: History): Block[] {
  const standing = new Map<string, Set<string>>()
  for (const block of blocks) {
    for (const below of branchOf(block)) {
      const sealers = standing.get(below.hash) ?? new Set()
      standing.set(below.hash, sealers.add(block.sealer))
    }
  }
  return blocks.filter(({ hash }) => (standing.get(hash)?.size ?? 0) >= quorumOf(signers.length))
}

/** Two of the blocks that exclude each other, or null. */
export function conflictAmong(blocks: readonly Block[]): readonly [Block, Block] | null {
  for (const [at, one] of blocks.entries()) {
    const other = blocks.slice(at + 1).find((each) => exclude(one, each))
    if (other !== undefined) return [one, other]
  }
  return null
}
