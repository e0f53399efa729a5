import type { Interface } from 'ethers'
import type { CommunityActor } from '../../actors/community-gateway/live.ts'
import type { Keyring } from '../../actors/community-gateway/keyring.ts'
import type { OpeningKeys } from '../../actors/community-gateway/opening-keys.ts'
import type { Store } from '../../actors/storage/store.ts'
import type { RandomSource } from '../../protocols/rules/clock.ts'
import type { ChainLink } from './chain-link.ts'
import type { ContractWords } from './contract-words.ts'
import type { GatewayLog } from './log.ts'
import { eraseRootKey } from './secrets.ts'

/** How often it is looked whether an epoch is due, or over. */
const LOOK_MS = 1_000
const ANNOUNCED_POLL_MS = 300

export interface EpochsOptions {
  readonly dataDir: string
  readonly store: Store
  readonly keyring: Keyring
  readonly opening: Pick<OpeningKeys, 'useKept'>
  readonly chain: Pick<ChainLink, 'outbox'>
  readonly words: Pick<ContractWords, 'currentEpoch' | 'epochBegan' | 'graceSlots'>
  readonly monitoring: string
  readonly face: Interface
  readonly sampleMs: number
  /** How long an epoch lasts; null: for ever. */
  readonly epochMs: number | null
  /** How long an epoch's chain key is kept after the next one began, at least. */
  readonly keepMs: number
  readonly nowMs: () => number
  readonly random: RandomSource
  readonly tell: (event: Parameters<CommunityActor['send']>[0]) => void
  readonly log: GatewayLog
}

/**
 * The community's epochs (DESIGN §4): each begins at its time with keys derived from the one before, and its
 * chain key is erased when nothing sealed to it may come any more, all of it was opened, and it was kept for
 * as long as was asked. When an epoch began is what the chain says, so that a restart changes nothing.
 */
export class Epochs {
  readonly #options: EpochsOptions
  #timer: NodeJS.Timeout | undefined
  #looking = false
  #stopped = false

  constructor(options: EpochsOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.#wake(), LOOK_MS)
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }

  /** Announces the first keys unless the chain has some; resolves with the epoch that holds. */
  async found(): Promise<number> {
    const known = await this.#options.words.currentEpoch()
    if (known !== null) return known
    await this.begin(0)
    return 0
  }

  /** Derives an epoch's keys and announces them, once; resolves when the chain has them. */
  async begin(epoch: number): Promise<void> {
    const { keyring, opening, store, chain, monitoring, face, words } = this.#options
    if (epoch > 0) await keyring.advance(epoch - 1)
    await opening.useKept()
    const { operation, delegationBase } = await keyring.keysOf(epoch)
    const data = face.encodeFunctionData('announceKeys', [epoch, operation.bytes, delegationBase.bytes])
    const call = { id: `announce:${epoch}`, kind: 'announce', to: monitoring, data }
    await store.transaction((trx) => chain.outbox.enqueue(trx, call))
    while (!this.#stopped) {
      const current = await words.currentEpoch().catch(() => null)
      if (current !== null && current >= epoch) return
      await new Promise((resolve) => setTimeout(resolve, ANNOUNCED_POLL_MS))
    }
  }

  #wake(): void {
    if (this.#looking) return
    this.#looking = true
    this.#look()
      .catch((thrown: unknown) => this.#options.log.fault(thrown, 'epochs'))
      .finally(() => {
        this.#looking = false
      })
  }

  async #look(): Promise<void> {
    const { words, epochMs, nowMs, tell } = this.#options
    const current = await words.currentEpoch()
    if (current === null) return
    const began = await this.#beganAtMs(current)
    if (epochMs !== null && nowMs() >= began + epochMs) tell({ type: 'EPOCH_DUE', epoch: current + 1 })
    await this.#eraseOld(current)
  }

  async #beganAtMs(epoch: number): Promise<number> {
    return (await this.#options.words.epochBegan(epoch)) * this.#options.sampleMs
  }

  async #eraseOld(current: number): Promise<void> {
    const { keyring, opening, words, sampleMs, keepMs, nowMs, log, dataDir, random } = this.#options
    const old = (await keyring.kept()).filter((epoch) => epoch < current)
    for (const epoch of old) {
      const overAtMs = await this.#beganAtMs(epoch + 1)
      const graceMs = (await words.graceSlots()) * sampleMs
      if (nowMs() < overAtMs + Math.max(graceMs, keepMs) || (await this.#unopened(epoch))) return
      // The root first: a crash in between leaves the chain key in the store, to be met again.
      if (epoch === 0) eraseRootKey(dataDir, random)
      await keyring.forget(epoch)
      await opening.useKept()
      log.info({ epoch }, 'the chain key of an epoch was erased')
    }
  }

  /** Whether something sealed to the epoch waits to be opened. */
  async #unopened(epoch: number): Promise<boolean> {
    const row = await this.#options.store.db
      .selectFrom('envelope')
      .leftJoin('reading', (join) =>
        join.onRef('reading.home', '=', 'envelope.home').onRef('reading.slot', '=', 'envelope.slot'),
      )
      .select('envelope.slot')
      .where('envelope.epoch', '=', epoch)
      .where('reading.slot', 'is', null)
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }
}
