import type { Clock } from '../../protocols/rules/clock.ts'
import type { StepRecord } from '../durable.ts'
import type { OutboxPort } from '../outbox-port.ts'
import type { AuctionTable, OwnTradeTable } from '../storage/market-tables.ts'
import type { Store } from '../storage/store.ts'
import type { AuctionCall } from './negotiation/machine.ts'

/** A call as the outbox takes it; `gas` because what it needs may still be on its way. */
export interface EncodedCall {
  readonly to: string
  readonly data: string
  readonly gas: number
}

/** What a home asks for: a lot of a period, and the most that it will pay for the whole. */
export interface TradeOrder {
  /** 1 energy, 2 power, 3 water. */
  readonly resource: number
  readonly period: number
  /** Of power, a window of slots of that period; 0 else. */
  readonly fromSlot: number
  readonly untilSlot: number
  readonly amount: number
  readonly maxPriceMicroSct: string
  /** Why, in words; empty where people asked. */
  readonly because: string
}

/** The calls of the market's contracts, encoded. Ids are 0x hex, money is micro-SCT. */
export interface TradingCalls {
  approve(amountMicroSct: bigint): EncodedCall
  deposit(amountMicroSct: bigint): EncodedCall
  offer(number: bigint, order: TradeOrder, seal: string): EncodedCall
  receiveBid(id: string, seal: string): EncodedCall
  cancel(id: string): EncodedCall
  depositMaxPrice(id: string, maxPriceMicroSct: bigint, salt: Uint8Array): EncodedCall
  revealBid(id: string, bidMicroSct: bigint, salt: Uint8Array): EncodedCall
  checkWinner(id: string): EncodedCall
  refund(id: string, account: string, awarded: boolean): EncodedCall
  challengeDelivery(id: string, number: number): EncodedCall
  confirmResourceExchange(id: string): EncodedCall
}

/** What a home reads of the contracts before it signs anything. */
export interface TradingReads {
  balanceOf(account: string): Promise<bigint>
  allowanceOf(account: string): Promise<bigint>
  creditOf(account: string): Promise<bigint>
  offersOf(account: string): Promise<bigint>
  bondFor(order: Pick<TradeOrder, 'resource' | 'amount' | 'fromSlot' | 'untilSlot'>): Promise<bigint>
  /** Whether the delivery of an award is decided as of the newest block. */
  isDecided(id: string): Promise<boolean>
  /** The number of the seller's record that a challenge names; 0 where the contract ignores it. */
  recordToOpen(id: string): Promise<number>
}

/** The seals of a home (DESIGN §8): digests over auction, account, value and a salt found again at will. */
export interface TradingSeals {
  auctionId(buyer: string, number: bigint): string
  salt(auctionId: string, nonce: number): Uint8Array
  bid(auctionId: string, valueMicroSct: bigint, salt: Uint8Array): string
  maxPrice(auctionId: string, valueMicroSct: bigint, salt: Uint8Array): string
}

/** What a home thinks of a neighbour's request. */
export type Judgement =
  | { readonly kind: 'bid'; readonly valueMicroSct: string; readonly because: string }
  | { readonly kind: 'decline'; readonly because: string }
  | { readonly kind: 'ask'; readonly because: string }

/** What the machines of a home's trades act through. */
export interface TradingPorts {
  readonly store: Store
  readonly clock: Clock
  readonly outbox: OutboxPort
  /** The home's own, lower case. */
  readonly account: string
  readonly calls: TradingCalls
  readonly reads: TradingReads
  readonly seals: TradingSeals
  /** Preferences, surplus and rules, asked about a request. */
  judge(auction: AuctionTable): Promise<Judgement>
  /** Tells the neighbours of an offer of this home; the chain remains what counts. */
  gossip(auction: AuctionTable): void
  /** A request that no rule decides. */
  tellPeople(auction: AuctionTable, because: string): void
  /**
   * Works that count on the same money, or take the next number, come one after another: a home runs many
   * trades at once.
   */
  inTurn(work: () => Promise<void>): Promise<void>
  readonly inspect?: (record: StepRecord) => void
  readonly onFault: (thrown: unknown, about: string) => void
}

/** What a desk is made of. */
export interface DeskOptions extends Omit<TradingPorts, 'inTurn'> {
  readonly blockMs: number
  /** The newest final block; -1 before the first. */
  readonly finalBlock: () => number
  /** Which of the neighbours' offers the home wants to be told of; asked again as long as bids are taken. */
  welcomes(auctions: readonly AuctionTable[]): Promise<readonly AuctionTable[]>
  /** When a lot's period, or its window of power, is over. */
  readonly closesAtMs: (lot: { resource: number; period: number; until_slot: number }) => number
  /** What was stated of the delivery of an award, and whether this home finds it fair. */
  delivery(auctionId: string): Promise<{ readonly fair: boolean | null; readonly challenged: boolean }>
  /** A name for a new order. */
  readonly newSubject: () => string
  /** Something changed that a page shows. */
  readonly onChange: () => void
}

/** An own trade with its auction, once the chain has it. */
export interface OwnTrade {
  readonly own: OwnTradeTable
  readonly auction: AuctionTable | null
}

/** Names a call of a trade in the outbox: asked twice, it is done once. */
export const callId = (call: AuctionCall, subject: string, attempt = 0): string =>
  attempt === 0 ? `${call}:${subject}` : `${call}:${subject}:${attempt}`
