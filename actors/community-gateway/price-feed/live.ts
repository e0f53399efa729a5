import { z } from 'zod'
import { postArguments, type PriceSigner, signMarketPrice } from '../../../protocols/messages/market-price.ts'
import type { Clock } from '../../../protocols/rules/clock.ts'
import { codeOf, Fault } from '../../../protocols/rules/fault.ts'
import { nearPrices } from '../../../protocols/rules/market-price.ts'
import { type Resource, RESOURCES } from '../../../protocols/rules/resource.ts'
import { pricesAround } from '../../../protocols/rules/token-price.ts'
import {
  createDurableActor,
  type Deadline,
  type DurableActor,
  type Staged,
  type StepRecord,
} from '../../durable.ts'
import type { OutboxPort } from '../../outbox-port.ts'
import type { IntentState, Trx } from '../../storage/schema.ts'
import type { Store } from '../../storage/store.ts'
import { priceFeedMachine, type PriceFeedEvent } from './machine.ts'
import { noticeOf, type PriceNotice } from './notices.ts'
import type { PriceSource } from './sources/source.ts'
import { createTokenReader, postCall, setPriceCall, type TokenReader } from './token-reader.ts'

/** Raised whenever a stored snapshot of the machine before would not fit. */
const MACHINE_VERSION = 1
/** A source that has not answered by then is away. */
const READ_LIMIT_MS = 30_000
/** How long a call waits before the chain is asked again what became of it. */
const ASK_AGAIN_MS = 2_000
/** Half above Z_T, half below: enough that nobody gains by trading ahead of one step. */
const SPREAD_PPM = 20_000n

export interface PriceFeedOptions {
  readonly store: Store
  readonly clock: Clock
  readonly outbox: OutboxPort
  /** A free call of a contract's getter. */
  readonly read: (to: string, data: string) => Promise<string>
  /** Tells of every change of a call of the outbox. */
  readonly onOutcome: (
    listener: (outcome: {
      readonly id: string
      readonly state: IntentState
      readonly error: string | null
    }) => void,
  ) => void
  /** The feed's account: its signature is on every price. */
  readonly signer: PriceSigner
  readonly chainId: number
  readonly token: string
  readonly source: PriceSource
  readonly tell: (notice: PriceNotice) => void
  readonly onFault: (thrown: unknown, about: string) => void
  readonly inspect?: (record: StepRecord) => void
}

type PriceFeedActor = DurableActor<typeof priceFeedMachine>

/** The feed while it runs. */
export interface PriceFeed {
  readonly actor: PriceFeedActor
  stop(): Promise<void>
}

const postsSchema = z.object({
  posts: z.array(
    z.object({
      number: z.number(),
      resource: z.enum(RESOURCES),
      microEuro: z.number(),
      validFromS: z.number(),
      validUntilS: z.number(),
    }),
  ),
})
const priceSchema = z.object({ number: z.number(), buyWei: z.string(), sellWei: z.string() })
const numberSchema = z.object({ number: z.number() })
const tellSchema = z.object({
  code: z.enum(['price-stale', 'price-fresh', 'source-hindered', 'backing-short', 'price-refused']),
  about: z.string().default(''),
})

const postId = (number: number): string => `market-price:${number}`
const priceId = (number: number): string => `token-price:${number}`

/** States in which a call has been carried out, or never will be. */
const ENDED: readonly IntentState[] = ['included', 'confirmed', 'final', 'failed', 'lost']

/**
 * Starts the price feed where it stopped. Its account must be an oracle and a manager of the token, and its
 * signer the token's `priceSigner`.
 */
export async function createPriceFeed(options: PriceFeedOptions): Promise<PriceFeed> {
  return new RunningFeed(options).start()
}

type Send = (event: PriceFeedEvent) => Promise<void>

class RunningFeed {
  readonly #options: PriceFeedOptions
  readonly #token: TokenReader
  readonly #waiting = new Map<string, (error: string | null) => void>()
  readonly #stop = new AbortController()
  #name: string | undefined

  constructor(options: PriceFeedOptions) {
    this.#options = options
    this.#token = createTokenReader(options.token, options.read)
    options.onOutcome(({ id, state, error }) => {
      if (ENDED.includes(state)) this.#waiting.get(id)?.(state === 'lost' ? 'lost' : error)
    })
  }

  async start(): Promise<PriceFeed> {
    const { store, clock, onFault, inspect } = this.#options
    const actor = await createDurableActor({
      key: 'price-feed',
      version: MACHINE_VERSION,
      machine: priceFeedMachine,
      input: { nowS: this.#nowS() },
      store,
      clock,
      onFault,
      ...(inspect === undefined ? {} : { inspect }),
      stage: (trx, action) => this.#stage(trx, action),
      effects: {
        readChain: (_action, _now, send) => this.#readChain(send),
        readSource: (_action, _now, send) => this.#readSource(send),
        readToken: (_action, _now, send) => this.#readToken(send),
        awaitPosts: ({ params }, _now, send) => this.#awaitPosts(params, send),
        awaitPrice: ({ params }, _now, send) => this.#awaitPrice(numberSchema.parse(params).number, send),
        tell: ({ params }) => this.#tell(params),
      },
      deadlines: ({ value, context }) => {
        const due: Deadline<PriceFeedEvent>[] = []
        if (value.work === 'resting' || value.work === 'away') {
          due.push({ id: 'due', atMs: context.nextAtS * 1000, event: { type: 'DUE' } })
        }
        if (value.freshness === 'fresh') {
          due.push({ id: 'stale', atMs: context.staleAtS * 1000, event: { type: 'STALE' } })
        }
        return due
      },
    })
    await actor.send({ type: 'WOKEN', nowS: this.#nowS() })
    const stop = async (): Promise<void> => {
      this.#stop.abort()
      await actor.stop()
    }
    return { actor, stop }
  }

  #nowS(): number {
    return Math.floor(this.#options.clock.nowMs() / 1000)
  }

  async #stage(trx: Trx, { type, params }: Staged): Promise<void> {
    const { outbox, token } = this.#options
    if (type === 'post') {
      for (const each of postsSchema.parse(params).posts) {
        const data = postCall(postArguments(each, await this.#signed(each)))
        await outbox.enqueue(trx, { id: postId(each.number), kind: 'market-price', to: token, data })
      }
    }
    if (type === 'setPrice') {
      const { number, buyWei, sellWei } = priceSchema.parse(params)
      const data = setPriceCall(BigInt(buyWei), BigInt(sellWei))
      await outbox.enqueue(trx, { id: priceId(number), kind: 'token-price', to: token, data })
    }
  }

  #signed(price: Parameters<typeof signMarketPrice>[2]): Promise<string> {
    const { signer, chainId, token } = this.#options
    if (this.#name === undefined) throw new Fault('impossible', 'a price is posted before the token was read')
    return signMarketPrice(signer, { name: this.#name, chainId, token }, price)
  }

  async #readChain(send: Send): Promise<void> {
    const nowS = this.#nowS()
    try {
      this.#name = await this.#token.name()
      const taken = await this.#token.allTaken()
      await send({ type: 'CHAIN_READ', taken, leastStepS: await this.#token.leastStepS(), nowS })
    } catch (thrown) {
      await send({ type: 'CHAIN_AWAY', code: codeOf(thrown), nowS })
    }
  }

  async #readSource(send: Send): Promise<void> {
    const { source } = this.#options
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(READ_LIMIT_MS)])
    try {
      this.#name ??= await this.#token.name()
      const prices = await source.read(signal)
      const nowS = this.#nowS()
      await send({ type: 'SOURCE_READ', prices: nearPrices(prices, nowS), nowS })
    } catch (thrown) {
      await send({ type: 'SOURCE_FAILED', code: codeOf(thrown), nowS: this.#nowS() })
    }
  }

  async #awaitPosts(params: unknown, send: Send): Promise<void> {
    for (const { number, resource } of postsSchema.parse(params).posts) {
      await this.#ended(postId(number))
      const taken = await this.#takenOf(resource)
      if (this.#stop.signal.aborted) return
      await send({ type: 'POST_ENDED', number, resource, taken, nowS: this.#nowS() })
    }
  }

  /** What the chain says it took: asked until it answers. */
  async #takenOf(resource: Resource) {
    while (!this.#stop.signal.aborted) {
      try {
        return await this.#token.taken(resource)
      } catch {
        await this.#pause()
      }
    }
    return null
  }

  async #readToken(send: Send): Promise<void> {
    const nowS = this.#nowS()
    try {
      const prices = pricesAround(await this.#token.market(), SPREAD_PPM)
      await send(
        prices.ok
          ? { type: 'TOKEN_PRICED', buyWei: `${prices.buyWei}`, sellWei: `${prices.sellWei}` }
          : { type: 'BACKING_SHORT', missingWei: `${prices.missingWei}`, nowS },
      )
    } catch (thrown) {
      await send({ type: 'CHAIN_AWAY', code: codeOf(thrown), nowS })
    }
  }

  async #awaitPrice(number: number, send: Send): Promise<void> {
    const error = await this.#ended(priceId(number))
    if (!this.#stop.signal.aborted) await send({ type: 'PRICE_ENDED', error, nowS: this.#nowS() })
  }

  /**
   * Resolves with the call's error, or null, once it was carried out or never will be; also after a restart.
   */
  async #ended(id: string): Promise<string | null> {
    const told = new Promise<string | null>((resolve) => this.#waiting.set(id, resolve))
    try {
      while (!this.#stop.signal.aborted) {
        const row = await this.#options.store.db
          .selectFrom('intent')
          .select(['state', 'error'])
          .where('id', '=', id)
          .executeTakeFirst()
        if (row !== undefined && ENDED.includes(row.state)) return row.error
        const error = await Promise.race([told, this.#pause()])
        if (error !== undefined) return error
      }
      return null
    } finally {
      this.#waiting.delete(id)
    }
  }

  /** Some time, or until the feed stops. */
  #pause(): Promise<undefined> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#stop.signal.removeEventListener('abort', done)
        resolve(undefined)
      }
      const timer = setTimeout(done, ASK_AGAIN_MS)
      this.#stop.signal.addEventListener('abort', done)
    })
  }

  #tell(params: unknown): void {
    const { code, about } = tellSchema.parse(params)
    this.#options.tell(noticeOf(code, about))
  }
}
