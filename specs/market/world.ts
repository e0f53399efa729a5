import type { WorldEvent } from '../models/auction.ts'
import type { StepRecord } from '../../actors/durable.ts'
import { BOND, MAX_PRICE, storyOf, type TradingLab } from './trading-lab.ts'
import { keptState, type TradingHome, type TradingHomeOptions } from './trading-home.ts'

const BID = 500_000n
const WINDOW_BLOCKS = 10
/** The time for reveals, and that in which the buyer closes it. */
const REVEAL_BLOCKS = 16
/** More than the time for bids. */
const WINDOW_S = 14

/** What was sealed cannot be shown any more. */
async function damageSalts({ store }: TradingHome): Promise<void> {
  await store.transaction(async (trx) => {
    await trx
      .updateTable('own_trade')
      .set({ salt: new Uint8Array(32) })
      .execute()
  })
}

/** Carries out what the model says on the desks of a buyer, a seller and a neighbour. */
export class World {
  readonly lab: TradingLab
  readonly steps: StepRecord[] = []
  #buyer: TradingHome | undefined
  #seller: TradingHome | undefined

  constructor(lab: TradingLab) {
    this.lab = lab
  }

  get buyer(): TradingHome {
    if (this.#buyer === undefined) throw new Error('nobody buys')
    return this.#buyer
  }

  get seller(): TradingHome {
    if (this.#seller === undefined) throw new Error('nobody sells')
    return this.#seller
  }

  /** The state of a machine, as its store has it. */
  stateOf(role: 'buyer' | 'seller'): Promise<string> {
    return keptState((role === 'buyer' ? this.buyer : this.seller).store)
  }

  /** Carries out an event. */
  do(type: WorldEvent['type']): Promise<void> {
    return this.#deeds[type]()
  }

  async #buys(options: Partial<TradingHomeOptions> = {}): Promise<void> {
    this.#buyer = await this.lab.openHome(0, { onStep: (step) => this.steps.push(step), ...options })
  }

  async #sells(bid: bigint | null, number = 1): Promise<void> {
    this.#seller = await this.lab.openHome(number, { onStep: (step) => this.steps.push(step) })
    this.#seller.judge = () =>
      bid === null
        ? { kind: 'ask', because: 'no rule speaks of it' }
        : { kind: 'bid', valueMicroSct: String(bid), because: 'it is spared' }
  }

  async #leaves(home: TradingHome): Promise<void> {
    await this.lab.closeHomes([home])
  }

  #over(): Promise<void> {
    return this.lab.untilAll('over')
  }

  #is(home: () => TradingHome, state: string): Promise<void> {
    return this.lab.until(() => storyOf(home()).at(-1) === state)
  }

  async #auction(): Promise<string> {
    return (await this.buyer.trade()).auction ?? ''
  }

  async #asked(): Promise<string> {
    await this.#sells(null)
    await this.lab.live(1)
    return (await this.seller.trade()).subject
  }

  async #stated(excess: number): Promise<void> {
    await this.lab.state(await this.#auction(), excess)
    await this.lab.live(3)
  }

  /** The node loses the seller's call, which is away while these blocks go by: sent again, it is late. */
  async #dropped(blocks: number): Promise<void> {
    await this.#leaves(this.seller)
    await this.lab.market.lab.rpc('anvil_dropAllTransactions')
    await this.lab.market.pass(blocks)
    await this.lab.market.lab.rpc('anvil_mine', [`0x${blocks.toString(16)}`])
    await this.#sells(BID)
  }

  async #shownBy(options: Partial<TradingHomeOptions>, prepare?: () => Promise<void>): Promise<void> {
    await this.#leaves(this.seller)
    await this.#leaves(this.buyer)
    await this.#buys(options)
    await prepare?.()
    await this.#is(() => this.buyer, 'negotiation.buying.revealing')
  }

  readonly #deeds: Readonly<Record<WorldEvent['type'], () => Promise<void>>> = {
    ORDER: async () => {
      await this.#buys()
      await this.buyer.desk.buy(await this.lab.order())
      await this.#offered()
    },
    ORDER_UNDER_TAKEN_NUMBER: async () => {
      const { market } = this.lab
      await market.fund(this.lab.accounts.slice(0, 1), 4n * BOND)
      await this.#buys()
      const asked = { buyer: this.buyer.account, amount: 1_000, maxPrice: MAX_PRICE }
      const { call } = await market.offerCall(asked)
      await this.buyer.desk.buy(await this.lab.order())
      await this.buyer.settled()
      await market.lab.rpc('anvil_dropAllTransactions')
      await market.lab.do(call)
      await this.#offered()
    },
    ORDER_OF_PAST_PERIOD: async () => {
      await this.#buys()
      const order = await this.lab.order()
      await this.buyer.desk.buy({ ...order, period: order.period - 1 })
      await this.#over()
    },
    ORDER_OF_TOO_MUCH: async () => {
      await this.#buys()
      await this.#sells(BID)
      await this.buyer.desk.buy(await this.lab.order({ amount: 12_000 }))
      await this.#over()
    },
    SELLER_DECLINES: async () => {
      await this.#sells(null)
      this.seller.judge = () => ({ kind: 'decline', because: 'nothing to spare' })
      await this.#over()
    },
    PERSON_DECLINES: async () => {
      await this.#declined(await this.#asked())
    },
    PERSON_IS_SILENT: async () => {
      await this.#asked()
      await this.#over()
    },
    BUYER_CANCELS: async () => {
      await this.buyer.desk.cancel(await this.#auction())
      await this.#over()
    },
    PERSON_BIDS: async () => {
      await this.#personBids()
      await this.#is(() => this.seller, 'negotiation.selling.sealed')
    },
    PERSON_BIDS_TOO_LATE: async () => {
      await this.#personBids()
      await this.lab.market.lab.rpc('anvil_dropAllTransactions')
      // Whenever the bid is sent, or sent again: the next block is past its time.
      await this.lab.market.pass(WINDOW_S)
      await this.#over()
    },
    SELLER_BIDS: async () => {
      await this.#sells(BID)
      await this.#is(() => this.seller, 'negotiation.selling.sealed')
    },
    BID_BEFORE_THE_OFFER: async () => {
      await this.#sells(BID)
      await this.lab.settled()
      await this.#refuses(this.seller, 'receiveBid', 'NoAuction')
      await this.#is(() => this.seller, 'negotiation.selling.sealed')
    },
    SELLER_BIDS_ABOVE: async () => {
      await this.#sells(MAX_PRICE + 1n)
      await this.#over()
    },
    SELLER_IS_OUTBID: async () => {
      await this.lab.openSeller(2, BID - 1n)
      await this.#sells(BID)
      await this.#is(() => this.seller, 'payment.closed')
    },
    LOSER_REFUND_REFUSED: async () => {
      await this.lab.openSeller(2, BID - 1n)
      await this.#sells(BID)
      await this.#is(() => this.seller, 'negotiation.lost')
      await this.#refuses(this.seller, 'refund', 'NothingToRefund')
    },
    PRICE_SHOWN: () => this.#shownBy({}),
    PRICE_SHOWN_TOO_EARLY: () => {
      this.lab.stride = 1
      return this.#shownBy({ blockMs: 400 })
    },
    CANCEL_MEETS_A_BID: () => this.#shownBy({}, () => this.#cancelledInVain()),
    BUYER_AWAY: async () => {
      await this.#leaves(this.buyer)
      await this.#over()
      await this.#buys()
      await this.#over()
    },
    SETTLING_REFUSED: async () => {
      await this.#leaves(this.buyer)
      await this.#is(() => this.seller, 'negotiation.selling.settling')
      await this.#refuses(this.seller, 'checkWinner', 'TooEarly')
      await this.#over()
      await this.#buys()
      await this.#over()
    },
    SALT_DAMAGED: async () => {
      await damageSalts(this.buyer)
      await this.#over()
    },
    REVEALED: async () => {
      await this.#sells(BID)
      await this.#is(() => this.seller, 'payment.delivering')
      await this.#is(() => this.buyer, 'payment.delivering')
    },
    REVEALED_BUT_REFUND_REFUSED: async () => {
      await this.#sells(BID)
      await this.#is(() => this.seller, 'negotiation.awarded')
      await this.#refuses(this.seller, 'refund', 'WrongState')
      await this.#refuses(this.seller, 'refund', 'NothingToRefund')
      await this.#is(() => this.buyer, 'payment.delivering')
    },
    REVEAL_REFUSED: async () => {
      await this.#leaves(this.buyer)
      await this.#sells(BID)
      await damageSalts(this.seller)
      await this.#over()
      await this.#buys()
      await this.#over()
    },
    REVEAL_LOST: async () => {
      await this.#sells(BID)
      await this.#is(() => this.seller, 'negotiation.selling.revealing')
      await this.#dropped(REVEAL_BLOCKS)
      await this.#over()
    },
    CHECKED_TOO_EARLY: async () => {
      await this.#leaves(this.buyer)
      this.lab.stride = 1
      await this.#buys({ blockMs: 2_000 })
      await this.#over()
      await this.#sells(BID)
      await this.#over()
    },
    PERIOD_OVER: () => this.lab.closePeriod(),
    SILENCE: async () => {
      await this.lab.passSilence()
      await this.#over()
    },
    FAIR_STATEMENT: async () => {
      await this.#stated(500)
      await this.#over()
    },
    SELLER_CHALLENGES: async () => {
      this.seller.fair = false
      await this.#stated(500)
      await this.lab.live(WINDOW_BLOCKS)
      await this.lab.passSilence()
      await this.#over()
    },
    BUYER_CHALLENGES: async () => {
      await this.#stated(0)
      await this.buyer.desk.challenge(await this.#auction())
      await this.#over()
    },
    PERSON_CHALLENGES_TOO_LATE: async () => {
      await this.#stated(0)
      await this.seller.desk.challenge(await this.#auction())
      await this.#dropped(WINDOW_BLOCKS)
      await this.#over()
    },
    CHALLENGE_REFUSED: async () => {
      await this.#stated(0)
      await this.seller.desk.challenge(await this.#auction())
      await this.#refuses(this.seller, 'challengeDelivery', 'NotDemandable')
      await this.lab.live(WINDOW_BLOCKS)
      await this.lab.passSilence()
      await this.#over()
    },
    CONFIRMATION_REFUSED: async () => {
      await this.lab.passSilence()
      await this.#is(() => this.seller, 'payment.closing')
      await this.#refuses(this.seller, 'confirmResourceExchange', 'NotDecided')
      await this.#over()
    },
    SELLER_AWAY: async () => {
      await this.#leaves(this.seller)
      await this.lab.passSilence()
      await this.#over()
    },
  }

  async #offered(): Promise<void> {
    await this.lab.until(async () => (await this.buyer.trade()).stage === 'negotiation')
  }

  async #personBids(): Promise<void> {
    const auction = await this.#asked()
    await this.seller.desk.bid(auction, String(BID), 'a person said so')
  }

  async #declined(auction: string): Promise<void> {
    await this.seller.desk.decline(auction)
    await this.#over()
  }

  /** A fork hides the bid from the buyer until it has asked to cancel. */
  async #cancelledInVain(): Promise<void> {
    const { store } = this.buyer
    const bids = await store.db.selectFrom('auction_bid').selectAll().execute()
    await store.transaction(async (trx) => {
      await trx.deleteFrom('auction_bid').execute()
    })
    await this.lab.until(() => storyOf(this.buyer).includes('negotiation.buying.cancelling'))
    await store.transaction(async (trx) => {
      await trx.insertInto('auction_bid').values(bids).execute()
    })
  }

  /** The contract refuses a call that is on its way, as after a fork; the call itself is late. */
  async #refuses({ store }: TradingHome, kind: string, reason: string): Promise<void> {
    await this.lab.market.lab.rpc('anvil_dropAllTransactions')
    await store.transaction(async (trx) => {
      await trx
        .updateTable('intent')
        .set({ state: 'failed', error: reason })
        .where('kind', '=', kind)
        .where('state', 'not in', ['final', 'failed'])
        .execute()
    })
    await this.lab.settled()
  }
}
