import { hexlify } from 'ethers'
import { z } from 'zod'
import type { BlockRef } from '../../chain/proxy/block.ts'
import type { Certificate as WrittenCertificate } from '../../protocols/crypto/certificate.ts'
import type { VoteDomain, VoterOf } from '../../protocols/crypto/vote.ts'
import { type Vote, VOTES_IN_PAGE_MAX } from '../../protocols/messages/vote.ts'
import { certificateOf, createVoteBook, quorumNow, type Quorum } from '../../protocols/rules/certificates.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import type { Fault } from '../../protocols/rules/fault.ts'
import { chainAstray, finalLeft } from '../signer-voter/alarms.ts'
import type { Database } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'

/** A vote with the signer whose it is. */
interface KnownVote extends Vote {
  readonly signer: string
}

/** What the desk asks of this gateway's node. */
export interface Ledger {
  head(): BlockRef | undefined
  /** Whether the node's chain holds this very block. */
  holds(block: BlockRef): Promise<boolean>
  /** Who may seal after this block, lower-case. */
  signersAt(hash: string): Promise<readonly string[]>
}

export interface FinalityDeskOptions {
  readonly store: Store
  readonly ledger: Ledger
  readonly domain: VoteDomain
  readonly voterOf: VoterOf
  readonly blockPeriodMs: number
  readonly clock: Clock
  /** Writes a certificate down where others find it, too. */
  readonly show: (certificate: WrittenCertificate) => Promise<void>
  /** Another block is final; null when the node stands on a branch without any. */
  readonly onFinal: (block: BlockRef | null) => void
  /** A signer cast two votes at one height. */
  readonly onEquivocation: (signer: string) => void
  readonly onAlarm: (alarm: Fault) => void
  readonly onFault: (thrown: unknown, about: string) => void
}

/** A signer that is there is heard of twice in this many block periods. */
const PATIENCE_PERIODS = 6
const LEAST_PATIENCE_MS = 8_000

/** A signer that was not heard of for so long is missing. */
export const patienceMsOf = (blockPeriodMs: number): number =>
  Math.max(LEAST_PATIENCE_MS, PATIENCE_PERIODS * blockPeriodMs)
/** One certificate proves every block below it: every so many blocks one is written down. */
const KEPT_EVERY_BLOCKS = 4
/** … and those of so many blocks are kept. */
const KEPT_BLOCKS = 8_192
/** A vote said again this soon is no sign of life that others need. */
const SAID_AGAIN_MS = 1_000

const votesSchema = z.array(z.object({ signer: z.string(), signature: z.string() }))
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'))

interface Certificate extends BlockRef {
  readonly votes: readonly KnownVote[]
}

async function newestKept(db: Database): Promise<Certificate | null> {
  const row = await db.selectFrom('certificate').selectAll().orderBy('number', 'desc').executeTakeFirst()
  if (row === undefined) return null
  const { number, hash } = row
  const votes = votesSchema.parse(JSON.parse(row.votes)).map(({ signer, signature }) => {
    return { number, hash, signer, signature: bytesOf(signature) }
  })
  return { number, hash, votes }
}

/** Counts the votes that come, and knows what they make final (DESIGN §7). */
export class FinalityDesk {
  readonly #options: FinalityDeskOptions
  readonly #book = createVoteBook<KnownVote>()
  readonly #heardAtMs = new Map<string, number>()
  readonly #beganAtMs: number
  #signers: readonly string[] = []
  #newest: Certificate | null = null
  #isHeld = false
  /** The height of the newest certificate in the store. */
  #keptAt = -KEPT_EVERY_BLOCKS
  #looking: Promise<void> | undefined
  #again = false
  #stopped = false
  #astray = ''

  constructor(options: FinalityDeskOptions) {
    this.#options = options
    this.#beganAtMs = options.clock.nowMs()
  }

  /** Goes on from the newest certificate in the store. */
  async open(): Promise<void> {
    this.#newest = await newestKept(this.#options.store.db)
    this.#keptAt = this.#newest?.number ?? this.#keptAt
    for (const vote of this.#newest?.votes ?? []) this.#book.add(vote)
    this.look()
  }

  #voterOf(vote: Vote): string | null {
    return this.#options.voterOf(this.#options.domain, vote)
  }

  /** Whether a vote is a signer's, and worth being told to others. */
  judge(vote: Vote): 'accept' | 'ignore' | 'reject' {
    const signer = this.#voterOf(vote)
    if (signer === null) return 'reject'
    // A signer that was voted in a moment ago may be one there before it is one here.
    if (this.#signers.length > 0 && !this.#signers.includes(signer)) return 'ignore'
    if (!this.#book.knows({ ...vote, signer })) return 'accept'
    const heardMs = this.#options.clock.nowMs() - (this.#heardAtMs.get(signer) ?? 0)
    return this.#book.newestOf(signer)?.hash === vote.hash && heardMs > SAID_AGAIN_MS ? 'accept' : 'ignore'
  }

  /** Takes a vote that was judged. */
  take(vote: Vote): void {
    const signer = this.#voterOf(vote)
    if (signer === null) return
    this.#heardAtMs.set(signer, this.#options.clock.nowMs())
    const { isNew, excludes } = this.#book.add({ ...vote, signer })
    if (excludes !== null) this.#options.onEquivocation(signer)
    if (isNew) this.look()
  }

  /** There is a new block, another branch, or a vote: looks what is final now. */
  look(): void {
    if (this.#stopped) return
    if (this.#looking !== undefined) {
      this.#again = true
      return
    }
    this.#again = false
    this.#looking = this.#lookOnce()
      .catch((thrown: unknown) => this.#options.onFault(thrown, 'finality'))
      .finally(() => {
        this.#looking = undefined
        if (this.#again) this.look()
      })
  }

  async #lookOnce(): Promise<void> {
    const { ledger } = this.#options
    const head = ledger.head()
    if (head === undefined) return
    this.#signers = await ledger.signersAt(head.hash)
    await this.#checkHeld()
    for (const block of this.#book.blocksAbove(this.#newest?.number ?? -1)) {
      if (await this.#tryBlock(block, head)) return
    }
  }

  /** A node that does not hold the newest certified block stands on a branch that lost, or is behind. */
  async #checkHeld(): Promise<void> {
    const newest = this.#newest
    if (newest === null) return
    const isHeld = await this.#options.ledger.holds(newest)
    if (isHeld === this.#isHeld) return
    if (!isHeld) this.#options.onAlarm(finalLeft(newest.number, newest.hash))
    this.#isHeld = isHeld
    this.#options.onFinal(isHeld ? newest : null)
  }

  async #tryBlock(block: BlockRef, head: BlockRef): Promise<boolean> {
    if (block.number > head.number) return false
    const { ledger, onFinal } = this.#options
    const isHeld = await ledger.holds(block)
    const signers = isHeld ? await ledger.signersAt(block.hash) : this.#signers
    const votes = certificateOf(this.#book.forBlock(block.number, block.hash), signers)
    if (votes === null) return false
    if (!isHeld) {
      this.#tellAstray(block)
      return false
    }
    this.#newest = { ...block, votes }
    this.#isHeld = true
    if (block.number - this.#keptAt >= KEPT_EVERY_BLOCKS) await this.#keep(this.#newest)
    onFinal(block)
    return true
  }

  #tellAstray({ number, hash }: BlockRef): void {
    if (this.#astray === hash) return
    this.#astray = hash
    this.#options.onAlarm(chainAstray(number, hash))
  }

  async #keep({ number, hash, votes }: Certificate): Promise<void> {
    const { store, clock } = this.#options
    const json = votes.map(({ signer, signature }) => ({ signer, signature: hexlify(signature) }))
    const row = { hash, votes: JSON.stringify(json), kept_at_ms: clock.nowMs() }
    await store.transaction(async (trx) => {
      await trx
        .insertInto('certificate')
        .values({ number, ...row })
        .onConflict((conflict) => conflict.column('number').doUpdateSet(row))
        .execute()
      await trx
        .deleteFrom('certificate')
        .where('number', '<', number - KEPT_BLOCKS)
        .execute()
    })
    await this.#options.show({ number, hash, votes: json })
  }

  /** What a peer that was away is given: the newest certificate, and the votes above it. */
  page(from: number): Vote[] {
    const newest = this.#newest
    const above = this.#book.blocksAbove(Math.max(from, newest?.number ?? -1)).reverse()
    const votes = [
      ...(newest === null || newest.number <= from ? [] : newest.votes),
      ...above.flatMap(({ number, hash }) => this.#book.forBlock(number, hash)),
    ]
    return votes
      .slice(0, VOTES_IN_PAGE_MAX)
      .map(({ number, hash, signature }) => ({ number, hash, signature }))
  }

  /** The newest final block; -1 before the first. */
  newest(): number {
    return this.#newest?.number ?? -1
  }

  /** How the signers stand. */
  quorum(): Quorum {
    const { clock, blockPeriodMs } = this.#options
    const patienceMs = patienceMsOf(blockPeriodMs)
    const nowMs = clock.nowMs()
    return quorumNow(this.#signers, (signer) => {
      return nowMs - (this.#heardAtMs.get(signer) ?? this.#beganAtMs) <= patienceMs
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#looking
    const newest = this.#newest
    if (newest !== null && newest.number > this.#keptAt) await this.#keep(newest)
  }
}
