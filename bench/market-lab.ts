/**
 * A market on an embedded chain of its own: homes with credit and quota, and auctions run step by step.
 */
import { getBytes, Interface, keccak256, Result, toUtf8Bytes } from 'ethers'
import { z } from 'zod'
import { quotaAbi } from '../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../chain/bindings/token.gen.ts'
import { tradingAbi } from '../chain/bindings/trading.gen.ts'
import { auctionIdOf, bidSeal, maxPriceSeal } from '../protocols/crypto/auction-seal.ts'
import { Fault } from '../protocols/rules/fault.ts'
import type { Call, ContractLab, LabReceipt } from './contract-lab.ts'

const ownErrors = new Set<string>(tradingAbi.flatMap((each) => (each.type === 'error' ? [each.name] : [])))
const quotaErrors = quotaAbi.filter((each) => each.type === 'error' && !ownErrors.has(each.name))
/** The market's interface, with the errors of the quota contract that it passes on. */
export const trading = new Interface([...tradingAbi, ...quotaErrors])
export const token = new Interface(tokenAbi)

export const [ENERGY, POWER, WATER] = [1, 2, 3]
/** One SCT in the unit that everything is counted in. */
export const SCT = 1_000_000n

/** What a buyer asks for; phases of half a minute unless said otherwise. */
export interface Asked {
  readonly buyer: string
  readonly resource?: number
  readonly period?: number
  readonly fromSlot?: number
  readonly untilSlot?: number
  readonly amount: number
  readonly maxPrice: bigint
  readonly commitSeconds?: number
  readonly showSeconds?: number
  readonly revealSeconds?: number
}

/** An auction with what its parties keep to themselves. */
export interface Secret {
  /** 0x hex. */
  readonly id: string
  readonly asked: Asked
  readonly bids: Map<string, bigint>
}

const blockSchema = z.object({ timestamp: z.string().transform(BigInt) })

const PHASE_S = 30
const MS_PER_S = 1000
/** What a division takes at the most. */
const DIVIDED_WITHIN_S = 10
const GAP_BLOCKS = 3

export class MarketLab {
  readonly lab: ContractLab

  private constructor(lab: ContractLab) {
    this.lab = lab
  }

  /** A market whose blocks are one second apart, however long the machine takes for them. */
  static async open(lab: ContractLab): Promise<MarketLab> {
    await lab.rpc('anvil_setBlockTimestampInterval', [1])
    return new MarketLab(lab)
  }

  get domain() {
    const { chainId, trading: address } = this.lab.contracts
    return { chainId, trading: address }
  }

  to(from: string, name: string, ...args: readonly unknown[]): Call {
    return { from, to: this.lab.contracts.trading, contract: trading, name, args }
  }

  toToken(from: string, name: string, ...args: readonly unknown[]): Call {
    return { from, to: this.lab.contracts.token, contract: token, name, args }
  }

  async read(name: string, ...args: readonly unknown[]): Promise<unknown[]> {
    return this.lab.read(trading, this.lab.contracts.trading, name, args)
  }

  async number(name: string, ...args: readonly unknown[]): Promise<bigint> {
    const [value] = await this.read(name, ...args)
    if (typeof value !== 'bigint') throw new Fault('no-number', `${name}: gave ${String(value)}`)
    return value
  }

  async balanceOf(account: string): Promise<bigint> {
    const [value] = await this.lab.read(token, this.lab.contracts.token, 'balanceOf', [account])
    return BigInt(String(value))
  }

  creditOf(account: string): Promise<bigint> {
    return this.number('creditOf', account)
  }

  async period(): Promise<number> {
    return Number((await this.lab.readMonitoring('currentPeriod'))[0])
  }

  /** Gives each home SCT of its own and puts them into its credit. */
  async fund(homes: readonly string[], amount: bigint): Promise<void> {
    const { lab } = this
    for (const home of homes) {
      await lab.do(this.toToken(lab.manager.address, 'createToken', amount, home))
      await lab.do(this.toToken(home, 'approve', lab.contracts.trading, amount))
      await lab.do(this.to(home, 'deposit', amount))
    }
  }

  /** Divides a contract so that each home may use `part` of every resource from the current period on. */
  async divide(homes: readonly string[], part: number): Promise<void> {
    const { lab } = this
    await this.#beginPeriod()
    const sum = part * homes.length
    await lab.do(lab.quotaAsManager('setCommunityContract', await this.period(), sum, sum, sum))
    const parts = homes.map(() => part)
    await lab.do(lab.quotaAsManager('allocate', 1, homes, parts, parts, parts))
    await lab.do(lab.quotaAsManager('closeAllocation', 1))
  }

  /** Goes on to the next period where this one is about to end: three calls must come within one. */
  async #beginPeriod(): Promise<void> {
    const [sampleMs, slots] = await Promise.all(
      ['sampleMs', 'slotsPerBilling'].map(async (name) => Number((await this.lab.readMonitoring(name))[0])),
    )
    const lastsS = ((sampleMs ?? 0) * (slots ?? 0)) / MS_PER_S
    const leftS = lastsS - (Number(await this.now()) % lastsS)
    if (leftS < Math.min(DIVIDED_WITHIN_S, lastsS / 2)) await this.pass(leftS)
  }

  saltOf(id: string, account: string): Uint8Array {
    return getBytes(keccak256(toUtf8Bytes(`salt of ${id} and ${account}`)))
  }

  async offerCall(asked: Asked): Promise<{ secret: Secret; call: Call }> {
    const { buyer, amount, maxPrice } = asked
    const number = (await this.number('offersOf', buyer)) + 1n
    const id = auctionIdOf(buyer, number)
    const terms = [
      asked.resource ?? ENERGY,
      asked.period ?? (await this.period()),
      asked.fromSlot ?? 0,
      asked.untilSlot ?? 0,
      amount,
      asked.commitSeconds ?? PHASE_S,
      asked.showSeconds ?? PHASE_S,
      asked.revealSeconds ?? PHASE_S,
    ]
    const salt = this.saltOf(id, buyer)
    const sealed = { auctionId: id, account: buyer, valueMicroSct: maxPrice, salt }
    const call = this.to(buyer, 'offer', number, terms, maxPriceSeal(this.domain, sealed))
    return { secret: { id, asked, bids: new Map() }, call }
  }

  async offer(asked: Asked): Promise<Secret> {
    const { secret, call } = await this.offerCall(asked)
    await this.lab.do(call)
    return secret
  }

  bidCall({ id, bids }: Secret, seller: string, value: bigint): Call {
    bids.set(seller, value)
    const salt = this.saltOf(id, seller)
    const sealed = { auctionId: id, account: seller, valueMicroSct: value, salt }
    return this.to(seller, 'receiveBid', id, bidSeal(this.domain, sealed))
  }

  bid(secret: Secret, seller: string, value: bigint): Promise<LabReceipt> {
    return this.lab.do(this.bidCall(secret, seller, value))
  }

  showCall({ id, asked }: Secret): Call {
    const { buyer, maxPrice } = asked
    return this.to(buyer, 'depositMaxPrice', id, maxPrice, this.saltOf(id, buyer))
  }

  /** Waits for the end of the bids and the gap, and shows the maximum price. */
  async show(secret: Secret): Promise<LabReceipt> {
    await this.passGap(secret)
    return this.lab.do(this.showCall(secret))
  }

  revealCall({ id, bids }: Secret, seller: string): Call {
    return this.to(seller, 'revealBid', id, bids.get(seller), this.saltOf(id, seller))
  }

  reveal(secret: Secret, seller: string): Promise<LabReceipt> {
    return this.lab.do(this.revealCall(secret, seller))
  }

  async revealAll(secret: Secret): Promise<LabReceipt[]> {
    const receipts: LabReceipt[] = []
    for (const seller of secret.bids.keys()) receipts.push(await this.reveal(secret, seller))
    return receipts
  }

  check({ id }: Secret, by = this.lab.manager.address): Promise<LabReceipt> {
    return this.lab.do(this.to(by, 'checkWinner', id))
  }

  /** From the offer to the decision, with all shown. */
  async auction(asked: Asked, bids: readonly (readonly [string, bigint])[]): Promise<Secret> {
    const secret = await this.offer(asked)
    for (const [seller, value] of bids) await this.bid(secret, seller, value)
    await this.show(secret)
    await this.revealAll(secret)
    await this.check(secret)
    return secret
  }

  /** Everything about an auction, by name. */
  async auctionOf({ id }: Pick<Secret, 'id'>): Promise<Readonly<Record<string, unknown>>> {
    const [told] = await this.read('auction', id)
    return told instanceof Result ? told.toObject() : {}
  }

  /** Mines blocks until the newest has at least this time. */
  async passTo(time: bigint): Promise<void> {
    const now = await this.now()
    if (time > now) await this.lab.rpc('evm_setNextBlockTimestamp', [Number(time)])
    await this.lab.rpc('evm_mine')
  }

  async pass(seconds: number): Promise<void> {
    await this.passTo((await this.now()) + BigInt(seconds))
  }

  async now(): Promise<bigint> {
    const block = await this.lab.rpc('eth_getBlockByNumber', ['latest', false])
    return blockSchema.parse(block).timestamp
  }

  async passGap({ id }: Secret): Promise<void> {
    const [, time] = await this.read('showFrom', id)
    await this.lab.rpc('anvil_mine', [`0x${GAP_BLOCKS.toString(16)}`])
    await this.passTo(BigInt(String(time)))
  }

  /** To the first second after the lot's period. */
  async close({ id }: Secret): Promise<void> {
    await this.passTo(await this.number('closesAt', id))
  }
}
