import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getBytes, Wallet } from 'ethers'
import { z } from 'zod'
import { type PriceFeed, createPriceFeed } from '../../actors/community-gateway/price-feed/live.ts'
import type { PriceNotice } from '../../actors/community-gateway/price-feed/notices.ts'
import type { PriceSource } from '../../actors/community-gateway/price-feed/sources/source.ts'
import { type AccountOutbox, createAccountOutbox } from '../../actors/contract-proxy/live.ts'
import type { OutboxPort } from '../../actors/outbox-port.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import type { ChainLink } from '../../bin/host/chain-link.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { type ChainFeed, createChainFeed } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import type { MarketPrice } from '../../protocols/rules/market-price.ts'
import {
  call,
  MANAGER,
  MANAGER_ROLE,
  ORACLE_ROLE,
  OWNER,
  token,
  TokenLab,
} from '../chain/contracts/token-setting.ts'

type Listener = Parameters<ChainLink['onOutcome']>[0]

const hexData = z.string().regex(/^0x[0-9a-f]*$/i)

/** A price feed on a chain of its own: real outbox, real token, a source that says what a spec wants. */
export class FeedBench {
  readonly lab: TokenLab
  readonly store: Store
  readonly notices: PriceNotice[] = []
  readonly faults: string[] = []
  /** What the source says; null: it is away. */
  market: Partial<Record<MarketPrice['resource'], number>> | null = { energy: 150_000 }
  reads = 0
  /** In this state of the feed's work the chain does not answer. */
  chainAwayIn: string | null = null
  feed: PriceFeed | undefined
  #offsetMs = 0
  #mining: NodeJS.Timeout | undefined
  readonly #folder: string
  readonly #chain: ChainFeed
  readonly #outbox: AccountOutbox
  readonly #wallet: Wallet
  readonly #listeners: Listener[]

  private constructor(parts: {
    lab: TokenLab
    store: Store
    folder: string
    chain: ChainFeed
    wallet: Wallet
    outbox: AccountOutbox
    listeners: Listener[]
  }) {
    this.lab = parts.lab
    this.store = parts.store
    this.#folder = parts.folder
    this.#chain = parts.chain
    this.#wallet = parts.wallet
    this.#outbox = parts.outbox
    this.#listeners = parts.listeners
  }

  static async open(): Promise<FeedBench> {
    const lab = await TokenLab.open()
    const [account] = lab.chain.accounts
    const wallet = new Wallet(account?.privateKey ?? '')
    await lab.access('grantRole', MANAGER_ROLE, wallet.address, 0)
    await lab.access('grantRole', ORACLE_ROLE, wallet.address, 0)
    await lab.do(call(MANAGER, 'setPriceSigner', wallet.address))
    await lab.do(call(OWNER, 'transferOwn', wallet.address))
    await lab.do(call(wallet.address, 'acceptOwn'))
    const folder = await mkdtemp(join(tmpdir(), 'meterhood-feed-'))
    const store = await openStore({ file: join(folder, 'gateway.sqlite') })
    const bench: { made?: FeedBench } = {}
    const listeners: Listener[] = []
    const clock = { nowMs: () => bench.made?.nowMs() ?? Date.now() }
    const chain = await createChainFeed({ rpc: createRpc({ url: lab.chain.rpc }), clock })
    const outbox = await createAccountOutbox({
      store,
      feed: chain,
      signerKey: getBytes(wallet.privateKey),
      clock,
      abis: [tokenAbi],
      isFinal: () => false,
      onOutcome: ({ id, kind }, { state, error }) => {
        for (const listener of listeners) listener({ id, kind, state, error })
      },
      onFault: (thrown) => bench.made?.faults.push(messageOf(thrown)),
    })
    bench.made = new FeedBench({ lab, store, folder, chain, wallet, outbox, listeners })
    bench.made.mine()
    return bench.made
  }

  nowMs(): number {
    return Date.now() + this.#offsetMs
  }

  mine(): void {
    this.#mining ??= setInterval(() => void this.lab.rpc('evm_mine').catch(() => undefined), 60)
  }

  stopMining(): void {
    clearInterval(this.#mining)
    this.#mining = undefined
  }

  /** Chain and clock go on by `seconds`, and the feed's time to look comes. */
  async pass(seconds: number): Promise<void> {
    this.#offsetMs += seconds * 1000
    await this.lab.pass(seconds)
    await this.feed?.actor.send({ type: 'DUE' })
  }

  source(): PriceSource {
    return {
      name: 'a spec',
      read: () => {
        this.reads += 1
        if (this.market === null) return Promise.reject(new Fault('source-away', 'a spec: away'))
        const hourS = Math.floor(this.nowMs() / 3_600_000) * 3600
        return Promise.resolve(
          Object.entries(this.market).map(([resource, microEuro]) => ({
            resource: z.enum(['energy', 'power', 'water']).parse(resource),
            microEuro,
            validFromS: hourS,
            validUntilS: hourS + 3600,
            source: 'a spec',
          })),
        )
      },
    }
  }

  async start(): Promise<PriceFeed> {
    this.feed = await createPriceFeed({
      store: this.store,
      clock: { nowMs: () => this.nowMs() },
      ...this.chainLink(),
      signer: this.#wallet,
      chainId: this.lab.chain.chainId,
      token: this.lab.token,
      source: this.source(),
      tell: (notice) => this.notices.push(notice),
      onFault: (thrown, about) => this.faults.push(`${about}: ${messageOf(thrown)}`),
    })
    return this.feed
  }

  outbox(): OutboxPort {
    return {
      enqueue: (trx, { data, ...wanted }) => this.#outbox.enqueue(trx, { ...wanted, data: getBytes(data) }),
    }
  }

  read(to: string, data: string): Promise<string> {
    const work = this.feed?.actor.snapshot().value.work ?? 'meeting'
    if (work === this.chainAwayIn) return Promise.reject(new Fault('chain-away', 'a spec: away'))
    return this.#chain.rpc.call('eth_call', [{ to, data }, 'latest'], hexData)
  }

  /** The bench's way to the chain, as the parts of a gateway see it. */
  chainLink(): Pick<ChainLink, 'outbox' | 'read' | 'onOutcome'> {
    return {
      outbox: this.outbox(),
      read: (to, data) => this.read(to, data),
      onOutcome: (listener) => void this.#listeners.push(listener),
    }
  }

  wallet(): Wallet {
    return this.#wallet
  }

  account(): string {
    return this.#wallet.address
  }

  /** Events of the token by name, as often as they are on the chain. */
  async events(name: string): Promise<number> {
    const topic = token.getEvent(name)?.topicHash
    const filter = { address: this.lab.token, fromBlock: '0x0', topics: [topic] }
    return z.array(z.unknown()).parse(await this.lab.rpc('eth_getLogs', [filter])).length
  }

  async close(): Promise<void> {
    await this.feed?.stop()
    this.stopMining()
    await this.#outbox.stop()
    await this.#chain.stop()
    this.#chain.rpc.close()
    await this.store.close()
    await this.lab.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
