import { HDNodeWallet, Mnemonic } from 'ethers'
import { ContractLab, LAB_SETTINGS } from '../../bench/contract-lab.ts'
import { ENERGY, MarketLab, SCT } from '../../bench/market-lab.ts'
import type { TradeOrder } from '../../actors/auction/ports.ts'
import type { ChainFeed } from '../../chain/proxy/feed.ts'
import type { ChainRecord } from '../../protocols/messages/record.ts'
import { metered } from '../chain/contracts/metered.ts'
import { followChain, openTradingHome, type TradingHome } from './trading-home.ts'

const DEVELOPERS = Mnemonic.fromPhrase('test test test test test test test test test test test junk')
/** Accounts of the homes begin here: those before belong to the manager. */
const FIRST_HOME = 50
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
const RICH_WEI = '0x3635c9adc5dea00000'

/** The key of a home, by its number from 0. */
export function homeKey(number: number): Uint8Array {
  const wallet = HDNodeWallet.fromMnemonic(DEVELOPERS, `m/44'/60'/0'/0/${FIRST_HOME + number}`)
  return Uint8Array.from(Buffer.from(wallet.privateKey.slice(2), 'hex'))
}
const homeAccount = (number: number): string =>
  HDNodeWallet.fromMnemonic(DEVELOPERS, `m/44'/60'/0'/0/${FIRST_HOME + number}`).address.toLowerCase()

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
  #sequence = 0
  #fromBlock = 0

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
    const period = (await market.period()) + 1
    await market.passTo(timeOf(period * PERIOD_SLOTS + 2))
    for (const account of this.accounts) {
      const readings = [this.#reading(period, -1), this.#reading(period, 1)]
      await market.lab.do(market.lab.submitCall(account, readings))
    }
    this.#fromBlock = (await this.head()) + 1
  }

  #reading(period: number, slot: number): ChainRecord {
    this.#sequence += 1
    const registers = { importWh: 10_000n, waterMl: 0n, peakW: 0n }
    return metered(period * PERIOD_SLOTS + slot, this.#sequence, registers).record
  }

  /** Opens the desks of the homes with these numbers. */
  async openHomes(numbers: readonly number[]): Promise<TradingHome[]> {
    const { feed } = this
    const { contracts } = this.market.lab
    for (const number of numbers) {
      const own = { key: homeKey(number), orders: `order-of-${number}` }
      const home = await openTradingHome({ feed, contracts, fromBlock: this.#fromBlock, ...own })
      this.homes.push(home)
    }
    return this.homes
  }

  async closeHomes(): Promise<void> {
    await Promise.all(this.homes.splice(0).map((home) => home.close()))
  }

  async close(): Promise<void> {
    await this.closeHomes()
    await this.feed.stop()
    this.feed.rpc.close()
    await this.market.lab.chain.stop()
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
    const head = await this.head()
    this.feed.poke()
    while ((this.feed.head()?.number ?? 0) < head) await new Promise((resolve) => setTimeout(resolve, 2))
    await Promise.all(this.homes.map((home) => home.settled()))
  }

  /** Blocks go by, one second each. */
  async live(blocks: number): Promise<void> {
    await this.settled()
    for (let mined = 0; mined < blocks; mined += STRIDE_BLOCKS) {
      const stride = Math.min(STRIDE_BLOCKS, blocks - mined)
      await this.market.lab.rpc('anvil_mine', [`0x${stride.toString(16)}`])
      await this.settled()
    }
  }

  /** Blocks go by until it is so. */
  async until(isSo: () => boolean | Promise<boolean>, mostBlocks = 120): Promise<void> {
    await this.settled()
    for (let block = 0; block < mostBlocks; block += STRIDE_BLOCKS) {
      if (await isSo()) return
      await this.live(STRIDE_BLOCKS)
    }
    throw new Error(`not so after ${mostBlocks} blocks`)
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
    for (const home of this.homes) {
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
    await market.passTo(timeOf(period * PERIOD_SLOTS) + BigInt(auctions?.decisionSeconds ?? 0) + 1n)
    await this.settled()
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
