import { Interface } from 'ethers'
import { quotaAbi } from '../../../chain/bindings/quota.gen.ts'
import { slotsOf } from '../../../protocols/rules/billing.ts'
import { isFair, type DeliveryWord } from '../../../protocols/rules/delivery-word.ts'
import type { Allowance } from '../../../protocols/rules/divide.ts'
import { excessOver, METERED } from '../../../protocols/rules/excess.ts'
import type { AuctionTable } from '../../../actors/storage/market-tables.ts'
import type { Store } from '../../../actors/storage/store.ts'

const quotaFace = new Interface(quotaAbi)
/** The quota contract's statuses of an excess, in its order. */
const STATUSES = ['none', 'asserted', 'demanded', 'opened', 'final', 'void', 'unproved'] as const
const FIRST_LOAN = 16
const POWER = 2

export interface DeliveryJudgeOptions {
  readonly store: Store
  readonly read: (to: string, data: string) => Promise<string>
  readonly quota: string
  /** This home, lower case. */
  readonly account: string
  readonly slotsPerBilling: number
  /** When a lot's period is over, and how long silence is waited for after that. */
  readonly closesAtMs: (auction: AuctionTable) => number
  readonly silenceMs: () => Promise<number>
  readonly nowMs: () => number
}

/** What was stated of a delivery, and what the home thinks of it. */
export interface DeliveryOpinion {
  /** Null while nothing is stated, nor due. */
  readonly fair: boolean | null
  readonly challenged: boolean
}

const NOTHING: DeliveryOpinion = { fair: null, challenged: false }

/**
 * What this home can tell of a delivery of its own: a seller knows what it used by its own readings; a buyer
 * knows that silence is no statement, and can force one.
 */
export class DeliveryJudge {
  readonly #options: DeliveryJudgeOptions

  constructor(options: DeliveryJudgeOptions) {
    this.#options = options
  }

  async opinionOn(auctionId: string): Promise<DeliveryOpinion> {
    const auction = await this.#options.store.db
      .selectFrom('auction')
      .selectAll()
      .where('id', '=', auctionId)
      .executeTakeFirst()
    if (auction === undefined || auction.winner === null) return NOTHING
    const subject = await this.#subjectOf(auction)
    if (subject === null) return NOTHING
    const [amount, status] = await this.#ask('excessOf', [auction.winner, auction.period, subject])
    const word: DeliveryWord = {
      status: STATUSES[Number(status)] ?? 'none',
      excess: Number(amount),
      own: auction.winner === this.#options.account ? await this.#ownExcess(auction) : null,
      isSeller: auction.winner === this.#options.account,
      isLate: await this.#isLate(auction),
    }
    return { fair: isFair(word), challenged: word.status === 'demanded' }
  }

  async #ask(name: string, args: readonly unknown[]): Promise<readonly unknown[]> {
    const { read, quota } = this.#options
    const data = await read(quota, quotaFace.encodeFunctionData(name, args))
    return [...(quotaFace.decodeFunctionResult(name, data) as readonly unknown[])]
  }

  /** What the excess that decides the delivery is known by; null while the loan is not known here. */
  async #subjectOf(auction: AuctionTable): Promise<number | null> {
    if (auction.resource !== POWER) return auction.resource
    const loan = await this.#options.store.db
      .selectFrom('quota_exchange')
      .select('giver_place')
      .where('giver', '=', auction.winner)
      .where('taker', '=', auction.buyer)
      .where('resource', '=', POWER)
      .where('block', '=', auction.decided_block)
      .where('from_slot', '=', auction.from_slot)
      .where('until_slot', '=', auction.until_slot)
      .executeTakeFirst()
    return loan === undefined ? null : FIRST_LOAN + loan.giver_place
  }

  /** Half of the time after which silence decides has passed. */
  async #isLate(auction: AuctionTable): Promise<boolean> {
    const { closesAtMs, silenceMs, nowMs } = this.#options
    return nowMs() > closesAtMs(auction) + (await silenceMs()) / 2
  }

  /** What this home used above its quota, by the registers that it put on the chain; null: not known. */
  async #ownExcess(auction: AuctionTable): Promise<number | null> {
    const resource = METERED[auction.resource - 1]
    if (resource === undefined || resource === 'power') return null
    const used = await this.#ownUse(auction.period, resource)
    const quota = used === null ? null : await this.#ownQuota(auction.period)
    if (used === null || quota === null) return null
    return excessOver({ energy: null, power: null, water: null, [resource]: used }, quota)[resource]
  }

  async #ownUse(period: number, resource: 'energy' | 'water'): Promise<number | null> {
    const { first, last } = slotsOf(period, this.#options.slotsPerBilling)
    const end = await this.#register(resource, last)
    const start = await this.#register(resource, first - 1)
    if (start === null || end === null || end.slot < first || end.value < start.value) return null
    return end.value - start.value
  }

  /** The home's register in its newest record on the chain up to a slot. */
  async #register(resource: 'energy' | 'water', until: number) {
    const row = await this.#options.store.db
      .selectFrom('sealed')
      .innerJoin('sample', 'sample.slot', 'sealed.slot')
      .select(['sealed.slot', 'sample.import_wh', 'sample.water_ml'])
      .where('sealed.slot', '<=', until)
      .where('sealed.block', 'is not', null)
      .orderBy('sealed.slot', 'desc')
      .limit(1)
      .executeTakeFirst()
    const value = resource === 'energy' ? row?.import_wh : row?.water_ml
    return row === undefined || value === null || value === undefined ? null : { slot: row.slot, value }
  }

  async #ownQuota(period: number): Promise<Allowance | null> {
    const [energyWh, powerW, waterMl] = await this.#ask('quotaOf', [this.#options.account, period])
    return { energyWh: Number(energyWh), powerW: Number(powerW), waterMl: Number(waterMl) }
  }
}
