import {
  type DeterminationEvent,
  determinationMachine,
} from '../../../actors/auction/determination/machine.ts'
import { type AuctionCall, negotiationMachine } from '../../../actors/auction/negotiation/machine.ts'
import { paymentMachine } from '../../../actors/auction/payment/machine.ts'
import { callId } from '../../../actors/auction/ports.ts'
import { negotiationSignals, paymentSignals, phaseOf, type Signal } from '../../../actors/auction/signals.ts'
import type { ContractCall } from '../contracts/call.ts'
import { judge, NOT_JUDGED, statusOf, unstatedUntilMs } from './delivery-sight.ts'
import type { DurableMachine } from './durable.ts'
import type { MarketDesk, Sight } from './market-desk.ts'
import type { OwnTrade, TradeStage } from './own-trade.ts'
import { restsInPhase } from './trade-rest.ts'
import { placeBid, placeOffer, saltOf } from './trade-calls.ts'

const CALLS_OF: Readonly<Record<TradeStage, readonly AuctionCall[]>> = {
  determination: ['offer'],
  negotiation: ['receiveBid', 'cancel', 'depositMaxPrice', 'revealBid', 'checkWinner'],
  payment: ['refund', 'challengeDelivery', 'confirmResourceExchange'],
  over: [],
}

type Told = { readonly state: string; readonly names: Set<string> }

/** A machine as far as one is told something. */
interface Listener<E extends { type: string }> {
  snapshot(): { readonly value: unknown; can(event: E): boolean }
  send(event: E): Promise<void>
}

type Machine =
  | { readonly stage: 'determination'; readonly of: DurableMachine<typeof determinationMachine> }
  | { readonly stage: 'negotiation'; readonly of: DurableMachine<typeof negotiationMachine> }
  | { readonly stage: 'payment'; readonly of: DurableMachine<typeof paymentMachine> }

/** One stage of one trade: its machine, what it is told, and what it does. */
export class TradeRun {
  readonly stage: TradeStage
  readonly round: number
  readonly #desk: MarketDesk
  readonly #subject: string
  readonly #machine: Machine
  #told: Told = { state: '', names: new Set() }
  #decidedSince: number | null = null
  #failures = 0
  /** Until then, and while nothing is said of its auction, nothing can happen. */
  #rest: { readonly untilMs: number; readonly known: unknown } | null = null
  /** The same, while nobody states an excess of the seller either: the auction does not tell of that. */
  #unstated: { readonly untilMs: number; readonly known: unknown } | null = null
  #hearing = 0

  private constructor(desk: MarketDesk, own: OwnTrade, machine: Machine) {
    this.#desk = desk
    this.#subject = own.subject
    this.#machine = machine
    this.stage = own.stage
    this.round = own.round
  }

  static async start(desk: MarketDesk, own: OwnTrade): Promise<TradeRun | null> {
    const machine = machineOf(desk, own)
    if (machine === null) return null
    await machine.of.start()
    return new TradeRun(desk, own, machine)
  }

  /** Whether anything is to be told or done: at most blocks nothing is. */
  hasNews(own: OwnTrade): boolean {
    const machine = this.#machine
    if (machine.of.snapshot().status !== 'active' || this.#failures !== this.#desk.home.store.failures)
      return true
    if (this.restsUntilMs() !== null) return false
    const { id } = this.#about(own)
    const sight = id === null ? null : this.#desk.sightOf(id)
    if (sight === null) return false
    if (machine.stage === 'payment') return this.#isPaymentNew(machine.of, sight)
    if (machine.stage === 'negotiation') {
      if (negotiationSignals(sight).some((signal) => this.#isNew(machine.of, signal))) return true
      const untilMs = this.#hearing > 0 ? null : restsInPhase(sight)
      this.#rest = untilMs === null ? null : { untilMs, known: this.#known() }
      return false
    }
    return determinationSignals(own, sight).some((signal) => this.#isNew(machine.of, signal))
  }

  /** A delivery is judged by what the contracts say at every block; all else the auction itself tells. */
  #isPaymentNew(machine: DurableMachine<typeof paymentMachine>, sight: Sight): boolean {
    const { value } = machine.snapshot()
    if (typeof value === 'object') return !this.#isUnstated(sight)
    if (value === 'delivering') return true
    const unjudged = { fair: null, challenged: false, closesAtMs: Infinity, decidedSince: this.#decidedSince }
    return paymentSignals({ ...sight, ...unjudged }).some((signal) => this.#isNew(machine, signal))
  }

  /** Tells the machine what the chain says; when it has come to its end, the next stage begins. */
  async hear(own: OwnTrade): Promise<void> {
    this.#hearing += 1
    try {
      await this.#hear(own)
    } finally {
      this.#hearing -= 1
    }
  }

  async #hear(own: OwnTrade): Promise<void> {
    const { failures } = this.#desk.home.store
    if (this.restsUntilMs() !== null && this.#failures === failures) return
    this.#failures = failures
    const { refusals, id } = this.#about(own)
    const sight = id === null ? null : this.#desk.sightOf(id)
    const machine = this.#machine
    if (sight !== null && machine.stage === 'determination') {
      for (const signal of determinationSignals(own, sight)) await this.#tell(machine.of, signal)
    } else if (sight !== null && machine.stage === 'negotiation') {
      for (const signal of negotiationSignals(sight)) await this.#tell(machine.of, signal)
    } else if (sight !== null && machine.stage === 'payment') await this.#hearPayment(machine.of, sight)
    await this.#hearRefusals(refusals)
    // What the machine did not take yet is told it again.
    if (this.#unheard(refusals).length > 0) this.#failures = -1
    await this.#advance()
  }

  /** Until when nothing can happen to it; null when something can. */
  restsUntilMs(): number | null {
    return this.#rest !== null && this.#lasts(this.#rest) ? this.#rest.untilMs : null
  }

  #lasts({ untilMs, known }: { readonly untilMs: number; readonly known: unknown }): boolean {
    return this.#desk.head.timestampMs < untilMs && known === this.#known()
  }

  /** What is known of its auction: another thing whenever something is said of it. */
  #known(): unknown {
    return this.#desk.book.known.get(this.#machine.of.snapshot().context.auctionId ?? '')
  }

  #isUnstated(sight: Sight): boolean {
    return this.#unstated !== null && this.#lasts(this.#unstated) && statusOf(this.#desk, sight) === 'none'
  }

  #about(own: OwnTrade): { refusals: number; id: string | null } {
    if (this.#machine.stage === 'determination') return { refusals: 0, id: own.auction }
    const { auctionId, refusals } = this.#machine.of.snapshot().context
    return { refusals, id: auctionId }
  }

  async #hearPayment(machine: DurableMachine<typeof paymentMachine>, sight: Sight): Promise<void> {
    const { contracts } = this.#desk.home.world.chain
    const { auction, head } = sight
    const known = this.#known()
    const now = { timeS: Math.floor(head.timestampMs / 1000), height: head.number }
    const kept = contracts.trading.auction(auction.id)
    const judging =
      auction.state === 'awarded' && machine.snapshot().matches('judging') && kept?.state === 'awarded'
    if (judging && this.#decidedSince === null && contracts.trading.decision(now, kept).decided) {
      this.#decidedSince = head.number
    }
    const closesAtMs = contracts.trading.closesAt(auction.period) * 1000
    const { fair, challenged, lasts } = judging ? judge(this.#desk, sight, closesAtMs) : NOT_JUDGED
    const said = { ...sight, fair, challenged, closesAtMs, decidedSince: this.#decidedSince }
    const before = machine.snapshot()
    for (const signal of paymentSignals(said)) await this.#tell(machine, signal)
    const waits = auction.state === 'awarded' && machine.snapshot().value === 'delivering'
    this.#rest = waits ? { untilMs: closesAtMs, known } : null
    const stays = lasts && this.#decidedSince === null && machine.snapshot() === before
    this.#unstated = stays ? { untilMs: unstatedUntilMs(this.#desk, sight, closesAtMs), known } : null
  }

  #unheard(refusals: number) {
    const { machines } = this.#desk.home.store
    const refused = this.#desk.refusedCalls(this.#subject, CALLS_OF[this.stage], refusals)
    return refused.length === 0 ? refused : refused.filter(({ id }) => !machines.has(`told:refused:${id}`))
  }

  async #hearRefusals(refusals: number): Promise<void> {
    const { stage } = this.#machine
    for (const { id, call, reason } of this.#unheard(refusals)) {
      const name = `refused:${id}`
      if (this.#machine.stage === 'determination') {
        await this.#once(this.#machine.of, name, { type: 'OFFER_REFUSED', reason, again: false })
      } else {
        const known = CALLS_OF[stage].find((each) => each === call)
        if (known === undefined) continue
        const event = { type: 'CALL_REFUSED', call: known, reason } as const
        if (this.#machine.stage === 'negotiation') await this.#once(this.#machine.of, name, event)
        else await this.#once(this.#machine.of, name, event)
      }
    }
  }

  /** A refusal counts once, whatever happens. */
  async #once<E extends { type: string }>(
    machine: { snapshot(): { can(event: E): boolean }; send(event: E): Promise<void> },
    name: string,
    event: E,
  ): Promise<void> {
    if (!machine.snapshot().can(event)) return
    const { store, life } = this.#desk.home
    await store.transaction(life, () => {
      store.machines.set(`told:${name}`, { persisted: {}, step: 0, pending: [] })
    })
    await machine.send(event)
  }

  /** Whether the machine takes an event and was not told it in the state in which it is. */
  #isNew<E extends { type: string }>(machine: Listener<E>, { id, event }: Signal<E>): boolean {
    const snapshot = machine.snapshot()
    const { value } = snapshot
    const state = typeof value === 'string' ? value : JSON.stringify(value)
    if (this.#told.state !== state) this.#told = { state, names: new Set() }
    return !this.#told.names.has(id) && snapshot.can(event)
  }

  async #tell<E extends { type: string }>(machine: Listener<E>, signal: Signal<E>): Promise<void> {
    if (!this.#isNew(machine, signal)) return
    this.#told.names.add(signal.id)
    await machine.send(signal.event)
  }

  /** When the machine has come to its end, the trade goes on with the next one. */
  async #advance(): Promise<void> {
    const { status, value } = this.#machine.of.snapshot()
    if (status !== 'done') return
    if (this.#machine.stage === 'determination') await this.#determined(this.#machine.of)
    else if (this.#machine.stage === 'negotiation' && value !== 'out') await this.#move({ stage: 'payment' })
    else {
      if (this.#machine.stage === 'payment') this.#checkOver(this.#machine.of)
      await this.#move({ stage: 'over' })
    }
  }

  #checkOver(machine: DurableMachine<typeof paymentMachine>): void {
    const { home, book } = this.#desk
    const { auctionId, outcome } = machine.snapshot().context
    const decidedMs = book.known.get(auctionId)?.auction.decided_at_ms ?? 0
    home.world.watch.tradeOver(home, this.#subject, outcome, decidedMs)
  }

  async #determined(machine: DurableMachine<typeof determinationMachine>): Promise<void> {
    const { value, context } = machine.snapshot()
    const { wish, auctionId } = context
    if (value === 'offered') await this.#move({ stage: 'negotiation' })
    else if (value === 'interested' && wish !== null && auctionId !== null) {
      const salt = saltOf(this.#desk, auctionId)
      await this.#move({ stage: 'negotiation', value: wish.valueMicroSct, salt })
    } else await this.#move({ stage: 'over' })
  }

  async #move(change: Partial<OwnTrade>): Promise<void> {
    const { store, life } = this.#desk.home
    await store.transaction(life, () => {
      const own = this.#desk.trades.get(this.#subject)
      // A fork may have begun another round meanwhile.
      if (own?.round === this.round && own.stage === this.stage) this.#desk.keep({ ...own, ...change })
    })
  }
}

function determinationSignals(own: OwnTrade, sight: Sight): Signal<DeterminationEvent>[] {
  if (own.role === 'buyer') {
    return [{ id: 'offered', event: { type: 'OFFERED', auctionId: sight.auction.id } }]
  }
  return phaseOf(sight) === 'bids' ? [] : [{ id: 'closed', event: { type: 'BIDS_CLOSED' } }]
}

function machineOf(desk: MarketDesk, own: OwnTrade): Machine | null {
  const { subject, role, auction: auctionId, stage, round } = own
  const key = round === 0 ? `${stage}:${subject}` : `${stage}:${subject}:${round}`
  if (stage === 'determination') {
    return { stage, of: determinationOf(desk, own, key) }
  }
  if (stage === 'over' || auctionId === null) return null
  if (stage === 'negotiation') {
    return { stage, of: negotiationOf(desk, subject, { auctionId, role }, key) }
  }
  const known = desk.book.known.get(auctionId)?.auction
  if (known === undefined || known.state === 'open' || known.state === 'shown') return null
  const mine = known.winner === desk.home.account || known.buyer === desk.home.account
  const outcome = known.state === 'failed' ? 'failed' : mine ? 'awarded' : 'lost'
  return { stage, of: paymentOf(desk, subject, { auctionId, role, outcome }, key) }
}

const ask = (
  desk: MarketDesk,
  subject: string,
  name: AuctionCall,
  attempt: number,
  call: ContractCall,
): Promise<void> => desk.home.askNow(callId(name, subject, attempt), name, call)

function determinationOf(desk: MarketDesk, own: OwnTrade, key: string) {
  const { subject, role, auction: auctionId } = own
  const machine: DurableMachine<typeof determinationMachine> = desk.home.machine({
    key,
    machine: determinationMachine,
    input: { role, subject, auctionId },
    effects: {
      placeOffer: () => placeOffer(desk, subject),
      gossipOffer: () => desk.home.gossip(subject),
      judgeRequest: async () => {
        const known = desk.book.known.get(auctionId ?? '')
        if (known === undefined) return
        const said = desk.judge(known.auction)
        if ('value' in said) {
          await machine.send({
            type: 'INTERESTED',
            wish: { valueMicroSct: said.value, because: said.because },
          })
        } else await machine.send({ type: 'NOT_INTERESTED', because: said.because })
        void desk.follow(subject)
      },
      tellPeople: () => undefined,
    },
  })
  return machine
}

function negotiationOf(
  desk: MarketDesk,
  subject: string,
  input: { auctionId: string; role: 'buyer' | 'seller' },
  key: string,
) {
  const id = input.auctionId
  const sealed = () => {
    const { value, salt } = desk.trades.get(subject) ?? { value: null, salt: null }
    return { value: value ?? '0', salt: salt ?? '' }
  }
  const refusals = (): number => machine.snapshot().context.refusals
  const machine: DurableMachine<typeof negotiationMachine> = desk.home.machine({
    key,
    machine: negotiationMachine,
    input,
    effects: {
      placeBid: () => placeBid(desk, subject, id, refusals()),
      showMaxPrice: () => {
        const { value, salt } = sealed()
        const call = { contract: 'trading', name: 'depositMaxPrice', id, maxPrice: value, salt } as const
        return ask(desk, subject, 'depositMaxPrice', refusals(), call)
      },
      revealBid: () => {
        const { value, salt } = sealed()
        return ask(desk, subject, 'revealBid', 0, { contract: 'trading', name: 'revealBid', id, value, salt })
      },
      settle: () =>
        ask(desk, subject, 'checkWinner', refusals(), { contract: 'trading', name: 'checkWinner', id }),
      cancel: () => ask(desk, subject, 'cancel', 0, { contract: 'trading', name: 'cancel', id }),
    },
  })
  return machine
}

function paymentOf(
  desk: MarketDesk,
  subject: string,
  input: { auctionId: string; role: 'buyer' | 'seller'; outcome: 'awarded' | 'lost' | 'failed' },
  key: string,
) {
  const { auctionId: id, outcome } = input
  const { account } = desk.home
  const refusals = (): number => machine.snapshot().context.refusals
  const machine: DurableMachine<typeof paymentMachine> = desk.home.machine({
    key,
    machine: paymentMachine,
    input,
    effects: {
      refund: () => {
        const name = outcome === 'failed' ? 'refundFail' : 'refundSucceed'
        return ask(desk, subject, 'refund', refusals(), { contract: 'trading', name, id, account })
      },
      challengeDelivery: () =>
        ask(desk, subject, 'challengeDelivery', 0, { contract: 'trading', name: 'challengeDelivery', id }),
      confirmExchange: () => {
        const call = { contract: 'trading', name: 'confirmResourceExchange', id } as const
        return ask(desk, subject, 'confirmResourceExchange', refusals(), call)
      },
    },
  })
  return machine
}
