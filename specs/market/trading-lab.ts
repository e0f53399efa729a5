import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { z } from 'zod'
import { ContractLab, LAB_SETTINGS } from '../../bench/contract-lab.ts'
import { ENERGY, MarketLab, SCT } from '../../bench/market-lab.ts'
import type { TradeOrder } from '../../actors/auction/ports.ts'
import type { ChainFeed } from '../../chain/proxy/feed.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import type { ChainRecord } from '../../protocols/messages/record.ts'
import { metered } from '../chain/contracts/metered.ts'
import { followChain, homeKey, openTradingHome, stateOf } from './trading-home.ts'
import type { Participant, TradingHome, TradingHomeOptions } from './trading-home.ts'

const PERIOD_SLOTS = 150
const SAMPLE_MS = 2_000
/** Each home may use this much of every resource in a period (Wh, W, mL). */
export const PART = 10_000
/** Each home's tokens at the start, in micro-SCT. */
export const TOKENS = 100n * SCT
/** A lot of 2 kWh, whose bond at the ceiling of 2 SCT a kWh is this. */
export const LOT_WH = 2_000
export const BOND = 4n * SCT
export const MAX_PRICE = 900_000n
/** Blocks mined at once: a phase has ten, a call takes one. */
const STRIDE_BLOCKS = 3
const MOST_BLOCKS = 120
const RICH_WEI = '0x3635c9adc5dea00000'

const homeAccount = (number: number): string => createSigner(homeKey(number)).account

const LOOK_MS = 3
const headSchema = z.object({ hash: z.string() })

/** First second of a slot. */
const timeOf = (slot: number): bigint => BigInt((slot * SAMPLE_MS) / 1000)

/**
 * A community of homes that trade on a chain which mines when told: a block is followed by the next only when
 * every home has heard it and sent what it makes of it.
 */
export class TradingLab {
  readonly market: MarketLab
  readonly feed: ChainFeed
  readonly accounts: readonly string[]
  readonly homes: TradingHome[] = []
  /** Homes in processes of their own. */
  readonly others: Participant[] = []
  #sequence = 0
  #fromBlock = 0

  /** Blocks mined at once. */
  stride = STRIDE_BLOCKS
  readonly folder = mkdtempSync(join(tmpdir(), 'meterhood-market-'))

  private constructor(market: MarketLab, feed: ChainFeed, accounts: readonly string[]) {
    this.market = market
    this.feed = feed
    this.accounts = accounts
  }

  static async open(homes: number): Promise<TradingLab> {
    const chain = await ContractLab.chainOnly()
    const settings = { ...LAB_SETTINGS, sampleMs: SAMPLE_MS, slotsPerBilling: PERIOD_SLOTS, L: 100 }
    const contracts = await ContractLab.deploy(chain, settings)
    const market = await MarketLab.open(contracts)
    const accounts = Array.from({ length: homes }, (_, number) => homeAccount(number))
    const feed = await followChain(chain.rpc)
    const lab = new TradingLab(market, feed, accounts)
    for (const account of accounts) await market.lab.rpc('anvil_setBalance', [account, RICH_WEI])
    await market.lab.found(accounts)
    // With a whole period ahead: what is divided for a period must be closed before that period ends.
    await market.passTo(timeOf(((await market.period()) + 1) * PERIOD_SLOTS))
    await market.divide(accounts, PART)
    for (const account of accounts) {
      const call = market.toToken(market.lab.manager.address, 'createToken', TOKENS, account)
      await market.lab.do(call)
    }
    return lab
  }

  get rpc(): string {
    return this.market.lab.chain.rpc
  }

  get fromBlock(): number {
    return this.#fromBlock
  }

  /** A new billing period, in which every home has been metered. */
  async beginPeriod(): Promise<void> {
    const { market } = this
    this.stride = STRIDE_BLOCKS
    const period = (await market.period()) + 1
    await market.passTo(timeOf(period * PERIOD_SLOTS + 2))
    for (const account of this.accounts) {
      const readings = [this.#reading(period, -1), this.#reading(period, 1)]
      await market.lab.do(market.lab.submitCall(account, readings))
    }
    this.#fromBlock = (await this.head()) + 1
  }

  /** Every home begins with its tokens in its hands, and the market may take none of them. */
  async emptyCredits(): Promise<void> {
    const { market } = this
    for (const account of this.accounts) {
      const credit = await market.creditOf(account)
      if (credit > 0n) await market.lab.do(market.to(account, 'withdraw', credit))
      await market.lab.do(market.toToken(account, 'approve', market.lab.contracts.trading, 0n))
    }
    this.#fromBlock = (await this.head()) + 1
  }

  #reading(period: number, slot: number): ChainRecord {
    this.#sequence += 1
    const registers = { importWh: 10_000n, waterMl: 0n, peakW: 0n }
    return metered(period * PERIOD_SLOTS + slot, this.#sequence, registers).record
  }

  /** Where a home keeps its store in this period. */
  fileOf(number: number): string {
    return join(this.folder, `home-${number}-${this.#fromBlock}.sqlite`)
  }

  /** Opens a home's desk, or opens it again after it was closed. */
  async openHome(number: number, options: Partial<TradingHomeOptions> = {}): Promise<TradingHome> {
    const { feed } = this
    const { contracts } = this.market.lab
    const own = { key: homeKey(number), orders: `order-of-${number}`, file: this.fileOf(number) }
    const home = await openTradingHome({ feed, contracts, fromBlock: this.#fromBlock, ...own, ...options })
    this.homes.push(home)
    return home
  }

  /** A home whose rules bid this for every request. */
  async openSeller(
    number: number,
    bid: bigint,
    options: Partial<TradingHomeOptions> = {},
  ): Promise<TradingHome> {
    const home = await this.openHome(number, options)
    home.judge = () => ({ kind: 'bid', valueMicroSct: String(bid), because: 'it is spared' })
    return home
  }

  /** Closes these homes, or all. */
  async closeHomes(homes: readonly Participant[] = [...this.homes, ...this.others]): Promise<void> {
    const closing = [...homes]
    for (const open of [this.homes, this.others]) {
      const left = open.filter((home) => !closing.includes(home))
      open.splice(0, open.length, ...left)
    }
    await Promise.all(closing.map((home) => home.close()))
  }

  async close(): Promise<void> {
    await this.closeHomes()
    await this.feed.stop()
    this.feed.rpc.close()
    await this.market.lab.chain.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async order(change: Partial<TradeOrder> = {}): Promise<TradeOrder> {
    const period = await this.market.period()
    const lot = { resource: ENERGY, period, fromSlot: 0, untilSlot: 0, amount: LOT_WH }
    return { ...lot, maxPriceMicroSct: String(MAX_PRICE), because: 'for the oven', ...change }
  }

  async head(): Promise<number> {
    return Number(await this.market.lab.rpc('eth_blockNumber'))
  }

  /** Everybody hears the newest block and does what follows from it. */
  async settled(): Promise<void> {
    const { hash } = headSchema.parse(await this.market.lab.rpc('eth_getBlockByNumber', ['latest', false]))
    while (this.feed.head()?.hash !== hash) {
      this.feed.poke()
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    await Promise.all([...this.homes, ...this.others].map((home) => home.settled()))
  }

  /** Blocks go by, one second each. */
  async live(blocks: number): Promise<void> {
    await this.settled()
    for (let mined = 0; mined < blocks; mined += this.stride) {
      const stride = Math.min(this.stride, blocks - mined)
      await this.market.lab.rpc('anvil_mine', [`0x${stride.toString(16)}`])
      await this.settled()
    }
  }

  /** Blocks go by until it is so. */
  async until(isSo: () => boolean | Promise<boolean>, mostBlocks = MOST_BLOCKS): Promise<void> {
    await this.settled()
    for (let block = 0; block < mostBlocks; block += this.stride) {
      if (await isSo()) return
      await this.live(this.stride)
    }
    const stand = await Promise.all(this.homes.map((home) => this.#standing(home)))
    throw new Error(`not so after ${mostBlocks} blocks: ${stand.join('; ')}`)
  }

  /** Where a home stands, for whoever reads why it did not go on. */
  async #standing({ account, steps, store, faults }: TradingHome): Promise<string> {
    const states = store.db.selectFrom('intent').select(['kind', 'state', 'error', 'nonce'])
    const calls = (await states.execute()).map(({ kind, state, error, nonce }) =>
      [kind, nonce, state, error].filter((part) => part !== null).join(' '),
    )
    return `${account}: ${storyOf({ steps }).join(' → ')}; calls ${calls.join(', ')}; ${faults.join(', ')}`
  }

  /** Until every trade of the homes has come this far. */
  untilAll(stage: 'payment' | 'over', mostBlocks?: number): Promise<void> {
    const isSo = async (): Promise<boolean> => {
      const stages = await Promise.all(this.homes.map((home) => this.#stages(home)))
      return stages.flat().every((each) => each === stage || each === 'over')
    }
    return this.until(isSo, mostBlocks)
  }

  async #stages({ store }: TradingHome): Promise<string[]> {
    const rows = await store.db.selectFrom('own_trade').select('stage').execute()
    return rows.map((row) => row.stage)
  }

  /** To the end of the billing period, which the homes' next readings close. */
  async closePeriod(): Promise<void> {
    const { market } = this
    await this.settled()
    const next = (await market.period()) + 1
    await market.passTo(timeOf(next * PERIOD_SLOTS + 1))
    for (const home of [...this.homes, ...this.others]) {
      const { contract, name, args } = market.lab.submitCall(home.account, [this.#reading(next, 0)])
      await home.call('submit', market.lab.contracts.monitoring, contract.encodeFunctionData(name, args))
    }
    await this.live(STRIDE_BLOCKS)
  }

  /** As far as silence decides what was delivered in the period before. */
  async passSilence(): Promise<void> {
    const { market } = this
    const period = await market.period()
    const { auctions } = market.lab.contracts
    await market.passTo(timeOf(period * PERIOD_SLOTS) + BigInt(auctions.decisionSeconds) + 1n)
    await this.settled()
  }

  /** The manager states by how much the seller exceeded. */
  async state(id: string, excess: number): Promise<void> {
    const { market } = this
    await market.lab.do(market.to(market.lab.manager.address, 'assertDelivery', id, excess, 0))
  }

  /** Everything that an account has: tokens and credit. */
  async worth(account: string): Promise<bigint> {
    return (await this.market.balanceOf(account)) + (await this.market.creditOf(account))
  }

  /** What each home gained since `before`. */
  async gains(before: ReadonlyMap<string, bigint>): Promise<bigint[]> {
    const gained = [...before].map(async ([account, had]) => (await this.worth(account)) - had)
    return Promise.all(gained)
  }

  async worths(): Promise<Map<string, bigint>> {
    const pairs = this.accounts.map(async (account) => [account, await this.worth(account)] as const)
    return new Map(await Promise.all(pairs))
  }
}

/** The states that the machines of a home went through, in order and without repetition. */
export function storyOf({ steps }: Pick<TradingHome, 'steps'>): string[] {
  const states = steps.map(stateOf)
  return states.filter((state, at) => state !== states[at - 1])
}

/** One lab for the file; each test begins with a period of its own, and without open homes. */
export function tradingLab(homes: number): () => TradingLab {
  let lab: TradingLab | undefined
  const current = (): TradingLab => {
    if (lab === undefined) throw new Error('the lab is not open')
    return lab
  }
  beforeAll(async () => {
    lab = await TradingLab.open(homes)
  })
  afterAll(() => lab?.close())
  beforeEach(() => current().beginPeriod())
  afterEach(() => current().closeHomes())
  return current
}
