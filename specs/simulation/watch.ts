import type { Intent, Outcome } from '../../actors/contract-proxy/call.ts'
import type { EssentialData } from '../../protocols/rules/reading.ts'
import { codeOf, messageOf } from '../../protocols/rules/fault.ts'
import type { SlotRefusal } from '../../protocols/rules/process-frames.ts'
import type { SimulatedBlock } from './chain/chain.ts'
import { decodeCall } from './chain/call-bytes.ts'
import type { ContractCall } from './contracts/call.ts'
import type { SignedTransaction } from './chain/signer.ts'
import type { Gateway } from './gateways/gateway.ts'
import type { HomeGateway } from './gateways/home.ts'
import type { Step } from './gateways/durable.ts'
import type { Word } from './transport.ts'
import type { World } from './world.ts'
import { checkDelivery, checkDivision, checkJudgement, checkTotal } from './second-opinion.ts'
import { checkBid, checkDecisions, checkForecast, checkMatch } from './trade-opinion.ts'
import { MISTAKE } from './faults.ts'
import { Market } from './market-watch.ts'
import { expectedRefusal } from './expected-refusals.ts'
import { Money } from './money-watch.ts'
import { OutboxWatch } from './outbox-watch.ts'

export interface Violation {
  readonly invariant: string
  readonly text: string
  readonly atMs: number
}

const KEPT_VIOLATIONS = 50
const SILENT = 'I6 nobody tells a secret'
const MINUTE_MS = 60_000
/** A block comes every ten seconds, and up to sixteen calls wait for each other. */
const IN_BLOCK_MS = 5 * MINUTE_MS
const IN_FLIGHT = 16
const ALARM_MS = 45 * MINUTE_MS
const OVER_MS = 60 * MINUTE_MS
/** Two blocks. */
const LAST_BID_MS = 20_000
/** So long before a period's end a gateway may have been killed, and miss it. */
const AWAY_MS = 90 * MINUTE_MS

/** What a gateway may tell of while nothing is wrong with it. */
const EXPECTED_FAULTS = new Set([
  'rpc-unreachable',
  'rpc-unknown',
  'already-sealed',
  'fee-above-cap',
  'call-stalled',
  'nonce-taken',
  'call-unfunded',
  'not-enough-balance',
])

/**
 * Watches that what must always hold does: at every step, block, word and outcome. The sums and comparisons
 * are made anew here, so that a rule is not judged by itself.
 */
export class Watch {
  readonly #world: World
  readonly violations: Violation[] = []
  readonly checked: Record<string, number> = {}
  readonly failures: Record<string, number> = {}
  readonly money: Money
  readonly market: Market
  readonly outboxes: OutboxWatch
  found = 0
  steps = 0
  refusedBoardFrames = 0
  readonly #executed = new Map<string, number>()
  readonly #contents = new Map<string, { content: string; maxFeeWei: bigint; tipWei: bigint; hash: string }>()
  readonly #newest = new Map<string, EssentialData & { readonly slot: number }>()
  onBroken: ((invariant: string, text: string) => void) | null = null
  onStep: ((gateway: Gateway, step: Step) => void) | null = null

  constructor(world: World) {
    this.#world = world
    this.money = new Money(world, this)
    this.market = new Market(world, this)
    this.outboxes = new OutboxWatch(world, this)
  }

  /** Counts a check, and a violation where it fails. */
  check(invariant: string, holds: boolean, text: () => string): void {
    this.checked[invariant] = (this.checked[invariant] ?? 0) + 1
    if (!holds) this.break(invariant, text())
  }

  break(invariant: string, text: string): void {
    this.found += 1
    this.onBroken?.(invariant, text)
    if (this.violations.length >= KEPT_VIOLATIONS) return
    this.violations.push({ invariant, text, atMs: this.#world.time.nowMs() })
  }

  checks(): number {
    return Object.values(this.checked).reduce((sum, each) => sum + each, 0)
  }

  // ---- Gateways

  step(gateway: Gateway, step: Step): void {
    this.steps += 1
    this.onStep?.(gateway, step)
  }

  fault(gateway: Gateway, thrown: unknown, about: string): void {
    if (gateway.life.dead) return
    const code = codeOf(thrown)
    this.#silent(gateway.name, messageOf(thrown))
    this.check('nothing unexpected is thrown', EXPECTED_FAULTS.has(code), () => {
      return `${gateway.name}, ${about}: ${code}: ${messageOf(thrown)}`
    })
  }

  failed(gateway: Gateway, id: string, kind: string, error: string): void {
    const name = `${kind}: ${error}`
    this.failures[name] = (this.failures[name] ?? 0) + 1
    if (id.startsWith(MISTAKE)) return this.#impossible(gateway, id, error)
    const sinceMs = (gateway.store.intents.get(id)?.created_at_ms ?? 0) - 30 * MINUTE_MS
    const disturbed =
      this.#world.faults.wasDisturbed(gateway, sinceMs) ||
      this.#sellerWasAway(gateway, id) ||
      this.#bidAtTheEnd(gateway, id)
    const expected = expectedRefusal(kind, error, disturbed) || this.#isBehindRefused(gateway, id, error)
    this.check('no call is refused but by a race', expected, () => {
      return `${gateway.name}: ${id} was refused: ${error}`
    })
  }

  /** What no contract can do is refused before it costs anything, for the reason that the contract gives. */
  #impossible({ name, store }: Gateway, id: string, error: string): void {
    const free = store.intents.get(id)?.nonce === null && error.startsWith('ERC20Insufficient')
    this.check('what cannot be done is refused before it is signed', free, () => `${name}: ${id}: ${error}`)
  }

  /** Offers have their numbers when they are asked for: behind one that was refused they are too high. */
  #isBehindRefused({ store }: Gateway, id: string, error: string): boolean {
    const isOther = (call: string): boolean => call !== id && call.startsWith('offer:')
    return error === 'OfferNumber' && [...store.failed.keys()].some(isOther)
  }

  /** A bid that is decided on in the last blocks of the bids may come too late. */
  #bidAtTheEnd({ store }: Gateway, id: string): boolean {
    const [, auction = ''] = id.split(':')
    const { commitEnd = Infinity } = this.#world.chain.contracts.trading.auction(auction) ?? {}
    return (store.intents.get(id)?.created_at_ms ?? 0) >= commitEnd * 1000 - LAST_BID_MS
  }

  /** A delivery cannot be judged while the seller's gateway has not sent the readings of its period's end. */
  #sellerWasAway(gateway: Gateway, id: string): boolean {
    const { chain, faults } = this.#world
    const subject = id.split(':').slice(1).join(':')
    const { trading } = chain.contracts
    const auction = trading.auction(
      this.#world.homeOf(gateway.account)?.market.trades.get(subject)?.auction ?? '',
    )
    const seller = this.#world.homeOf(auction?.winner ?? '')
    if (auction === undefined || seller === undefined) return false
    return faults.wasDisturbed(seller, trading.closesAt(auction.period) * 1000 - AWAY_MS)
  }

  /** Who is not disturbed has its calls in a block within minutes. */
  #inTime(gateway: Gateway, intent: Intent, state: string): void {
    if (state !== 'included') return
    const { time, times, faults, options } = this.#world
    // Whoever gathers looks at its clock when a block comes, which a quiet chain makes seldom.
    const gatheredMs = intent.kind === 'submit' ? (options.batch + 2) * times.sampleMs : 0
    // All homes come at once, and so many calls of one account at most are on their way.
    const queuedMs = intent.kind === 'admit' ? (options.homes / IN_FLIGHT) * times.blockSeconds * 1_000 : 0
    const tookMs = time.nowMs() - intent.created_at_ms
    const excused = faults.wasDisturbed(gateway, intent.created_at_ms)
    this.check(
      'a call is in a block in time',
      excused || tookMs <= gatheredMs + queuedMs + IN_BLOCK_MS,
      () => {
        return `${gateway.name}: ${intent.id} took ${Math.round(tookMs / 1000)} s`
      },
    )
  }

  /** An alarm reaches its home in time; the community may have been away for a while. */
  alarmRead(home: Gateway, draftedMs: number, readMs: number): void {
    const { faults, community } = this.#world
    const excused = faults.wasDisturbed(home, draftedMs) || faults.wasDisturbed(community, draftedMs)
    this.check('an alarm comes in time', excused || readMs - draftedMs <= ALARM_MS, () => {
      return `${home.name}: ${Math.round((readMs - draftedMs) / 60_000)} minutes`
    })
  }

  /** Who has not won has its money back soon. */
  tradeOver(home: Gateway, subject: string, outcome: string, decidedMs: number): void {
    if (outcome === 'awarded') return
    const { time, faults } = this.#world
    const excused = faults.wasDisturbed(home, decidedMs)
    this.check('who has not won is through soon', excused || time.nowMs() - decidedMs <= OVER_MS, () => {
      const minutes = Math.round((time.nowMs() - decidedMs) / MINUTE_MS)
      return `${home.name}: ${subject}, ${outcome}, took ${minutes} minutes`
    })
  }

  /** What an outbox tells its gateway must be so, on the chain that its gateway sees. */
  outcome(gateway: Gateway, intent: Intent, outcome: Outcome): void {
    const { state, block, blockHash, transactionHash } = outcome
    this.#inTime(gateway, intent, state)
    if (outcome.nonce < 0) {
      const nothing = state === 'failed' && block === null && outcome.gasUsed === 0 && !outcome.ok
      this.check('what was never signed has used nothing', nothing, () => `${gateway.name}: ${intent.id}`)
    }
    if (!['included', 'confirmed', 'final'].includes(state)) return
    const { chain } = this.#world
    const held = block === null ? undefined : chain.blockAt(block)
    // Final is what the signers say, wherever this gateway's own node stands.
    const head = state === 'final' ? chain.head.header.number : (gateway.feed.head()?.number ?? 0)
    const depth = block === null ? 0 : head - block + 1
    const least = state === 'included' ? 1 : state === 'confirmed' ? 3 : this.#world.times.finalBlocks
    this.check('the outbox tells only what is deep enough', depth >= least, () => {
      return `${gateway.name}: ${intent.id} is told ${state} at a depth of ${depth}`
    })
    if (state !== 'final') return
    const there =
      held?.header.hash === blockHash &&
      held.receipts.some((each) => each.transactionHash === transactionHash)
    this.check('what is told final is on the chain', there, () => {
      return `${gateway.name}: ${intent.id} is told final, and block ${block} does not hold it`
    })
  }

  // ---- Readings

  completed(home: HomeGateway, slot: number, essential: EssentialData): void {
    const truth = home.household.truth()
    const { energyImportWh, energyExportWh, waterMl } = essential
    const before = this.#newest.get(home.account)
    const never =
      energyImportWh <= truth.importWh && energyExportWh <= truth.exportWh && waterMl <= truth.waterMl
    this.check('nobody is billed for more than was used', never, () => {
      return `${home.name}, slot ${slot}: ${JSON.stringify(essential)} of ${JSON.stringify(truth)}`
    })
    if (slot > home.household.disturbedUntil) {
      const same =
        energyImportWh === truth.importWh && energyExportWh === truth.exportWh && waterMl === truth.waterMl
      this.check('a reading says what was used', same, () => {
        return `${home.name}, slot ${slot}: ${JSON.stringify(essential)} of ${JSON.stringify(truth)}`
      })
      const peak = home.household.peakW()
      this.check('a reading says the peak', essential.peakPowerW === peak, () => {
        return `${home.name}, slot ${slot}: a peak of ${essential.peakPowerW} W, it was ${peak} W`
      })
    }
    if (before === undefined || slot <= before.slot) return
    const rises = energyImportWh >= before.energyImportWh && waterMl >= before.waterMl
    this.check('registers never go back', rises && energyExportWh >= before.energyExportWh, () => {
      return `${home.name}, slot ${slot}: ${JSON.stringify(essential)} after ${JSON.stringify(before)}`
    })
  }

  refusedSlot(home: HomeGateway, slot: number, reason: SlotRefusal): void {
    this.check('a good slot is not refused', slot <= home.household.disturbedUntil, () => {
      return `${home.name}, slot ${slot}: ${reason.code} ${JSON.stringify(reason.facts)}`
    })
  }

  refusedFrames(home: HomeGateway, count: number): void {
    this.refusedBoardFrames += count
    this.check(
      'a good frame is not refused',
      home.household.wasDisturbed(),
      () => `${home.name}: ${count} frames`,
    )
  }

  sealed(home: HomeGateway, slot: number): void {
    const kept = home.slots.get(slot)
    if (kept !== undefined) this.#newest.set(home.account, { ...kept.essential, slot })
  }

  /** The community has opened what the home sealed, to the last number. */
  accepted(account: string, slot: number, essential: EssentialData): void {
    const own = this.#world.homeOf(account)?.slots.get(slot)?.essential
    const same =
      own !== undefined && fieldsOf(own).every((value, index) => value === fieldsOf(essential)[index])
    this.check('what is opened is what was sealed', same, () => {
      return `${account}, slot ${slot}: ${JSON.stringify(essential)} of ${JSON.stringify(own)}`
    })
  }

  // ---- Rules, by a second opinion

  divided = checkDivision(this)
  judged = checkJudgement(this)
  counted = checkTotal(this)
  delivery = checkDelivery(this)
  foreseen = checkForecast(this)
  decided = checkDecisions(this)
  matched = checkMatch(this)
  bidJudged = checkBid(this)

  // ---- The chain

  /** Bytes that a gateway has signed: one nonce has one content, and a replacement pays more. */
  offered(transaction: SignedTransaction): void {
    const { from, nonce, to, valueWei, data, maxFeeWei, tipWei, hash } = transaction
    this.outboxes.offered(transaction)
    const key = `${from}:${nonce}`
    const content = `${to}|${valueWei}|${Buffer.from(data).toString('latin1')}`
    const before = this.#contents.get(key)
    if (before?.hash === hash) return
    const { secrets } = this.#world
    const call = decodeCall(data)
    const isBinary = call?.name === 'submit'
    const tells = isBinary ? secrets.areInBytes(data) : secrets.areIn(Buffer.from(data).toString('latin1'))
    this.check(SILENT, !tells, () => `${from} signed ${call?.name}`)
    if (call !== undefined) this.#sealedInTime(from, call)
    this.check('one nonce has one content', before === undefined || before.content === content, () => {
      return `${from} signed nonce ${nonce} with two contents`
    })
    const tenth = (wei: bigint): bigint => wei + wei / 10n
    const pays =
      before === undefined || (maxFeeWei >= tenth(before.maxFeeWei) && tipWei >= tenth(before.tipWei))
    this.check('a replacement pays a tenth more', pays, () => `${from} replaced nonce ${nonce} too cheaply`)
    this.#contents.set(key, { content, maxFeeWei, tipWei, hash })
  }

  block(block: SimulatedBlock): void {
    for (const { transaction, refused } of block.endings) {
      if (refused === null) this.#count(transaction, 1)
      this.#contents.delete(`${transaction.from}:${transaction.nonce - 64}`)
    }
    this.money.block(block)
    this.market.block(block)
  }

  undone(block: SimulatedBlock): void {
    for (const { transaction, refused } of block.endings) if (refused === null) this.#count(transaction, -1)
    this.money.undone(block)
    this.market.undone(block)
  }

  #count({ from, nonce, hash }: SignedTransaction, by: number): void {
    const store = this.#world.gatewayOf(from)?.store
    const isOwn = store?.calls.get(nonce)?.attempts.some((attempt) => attempt.hash === hash)
    if (isOwn !== true) return
    for (const id of store?.intentsOf.get(nonce) ?? []) {
      const key = `${from}:${id}`
      const times = (this.#executed.get(key) ?? 0) + by
      this.#executed.set(key, times)
      this.check('no intent is done twice', times <= 1, () => `${from} did ${id} ${times} times`)
    }
  }

  // ---- Secrets

  overheard(from: Gateway, word: Word): void {
    this.#silent(from.name, JSON.stringify(word))
  }

  #silent(who: string, text: string): void {
    this.check(SILENT, !this.#world.secrets.areIn(text), () => `${who} said ${text}`)
  }

  /** What is sealed stays so while others still bid. */
  #sealedInTime(from: string, call: ContractCall): void {
    if (call.contract !== 'trading' || (call.name !== 'depositMaxPrice' && call.name !== 'revealBid')) return
    const auction = this.#world.chain.contracts.trading.auction(call.id)
    const over = auction === undefined || this.#world.time.nowMs() >= auction.commitEnd * 1000
    this.check(
      'I6 nothing sealed is shown while bids come',
      over,
      () => `${from}: ${call.name} of ${call.id}`,
    )
  }
}

const fieldsOf = (essential: EssentialData): number[] => [
  essential.sequence,
  essential.t,
  essential.flags,
  essential.energyImportWh,
  essential.energyExportWh,
  essential.waterMl,
  essential.meanPowerW,
  essential.peakPowerW,
]
