import { auctionPhase, phaseEndMs } from '../../../protocols/rules/auction-phase.ts'
import { clear } from '../../../protocols/rules/clear.ts'
import { isFair } from '../../../protocols/rules/delivery-word.ts'
import {
  answerTo,
  type ExcessEvent,
  excessAt,
  excessOver,
  isOpen,
  METERED,
  resourceNumber,
} from '../../../protocols/rules/excess.ts'
import * as prices from '../../../protocols/rules/lot-price.ts'
import type { Chance } from '../chance.ts'
import { type Ask, refuse } from './asked.ts'

/** Offers with ties, about the cap and without any. */
export function askClearing(ask: Ask, chance: Chance): void {
  const cap = chance.whole(0, 6)
  const offers = Array.from({ length: chance.whole(0, 5) }, (_, index) => {
    return { id: `seller ${index}`, price: chance.whole(0, 8) }
  })
  const strict = chance.hits(500_000)
  const nobody = (reason: string) => ({ winner: null, winningBid: null, price: null, reason })
  ask(
    'clearing',
    { cap, offers, strict },
    () => clear(offers, cap, { strict }),
    () => {
      const [first, second] = offers
        .map((offer, place) => ({ ...offer, place }))
        .sort((a, b) => a.price - b.price || a.place - b.place)
      if (first === undefined) return nobody('no-offers')
      if (first.price > cap) return nobody('none-under-cap')
      if (strict && second !== undefined && second.price > cap) return nobody('second-above-cap')
      return {
        winner: first.id,
        winningBid: first.price,
        price: Math.min(second?.price ?? cap, cap),
        reason: null,
      }
    },
  )
}

/** An auction about each end of its phases. */
export function askPhase(ask: Ask, chance: Chance): void {
  const blockMs = 10_000
  const [commitEndMs, showEndMs] = [1_000_000, 1_200_000]
  const revealEndMs = chance.pick([null, null, 1_300_000])
  const bids = chance.whole(0, 3)
  const auction = {
    ...{ commitEndMs, showEndMs, revealEndMs, bids, reveals: chance.whole(0, bids) },
    ...{ newestBidBlock: chance.whole(95, 100), decided: chance.hits(100_000) },
  }
  const end = chance.pick([commitEndMs, commitEndMs + 3 * blockMs, showEndMs, 1_300_000])
  const timestampMs = end + chance.pick([-10_001, -10_000, -9_999, -1, 0, 1])
  const head = { number: chance.whole(98, 103), timestampMs }
  const phaseOf = (): string => {
    const later = (moment: number): boolean => timestampMs + blockMs > moment
    if (auction.decided) return 'decided'
    if (revealEndMs !== null) return later(revealEndMs) || bids - auction.reveals === 0 ? 'check' : 'reveals'
    if (!later(commitEndMs)) return 'bids'
    if (later(showEndMs)) return 'check'
    const settled = timestampMs - commitEndMs > 3 * blockMs - 1 && head.number - auction.newestBidBlock > 2
    return settled ? 'show' : 'gap'
  }
  ask('phases', { auction, head }, () => auctionPhase(auction, head, blockMs), phaseOf)
  const phase = chance.pick(['bids', 'gap', 'show', 'reveals', 'check', 'decided'] as const)
  ask(
    'phases',
    { auction, phase },
    () => phaseEndMs(auction, phase, blockMs),
    () => {
      const ends = { bids: commitEndMs, gap: commitEndMs + 30_000, show: showEndMs, reveals: revealEndMs }
      return phase in ends ? Reflect.get(ends, phase) : null
    },
  )
}

export function askFairness(ask: Ask, chance: Chance): void {
  const word = {
    status: chance.pick(['none', 'asserted', 'demanded', 'opened', 'final', 'void', 'unproved'] as const),
    excess: chance.whole(0, 3),
    own: chance.pick([null, 1, 2]),
    isSeller: chance.hits(500_000),
    isLate: chance.hits(500_000),
  }
  ask(
    'fairness',
    word,
    () => isFair(word),
    () => {
      const { status, excess, own, isSeller, isLate } = word
      switch (status) {
        case 'none':
        case 'void':
          return isLate && !isSeller ? false : null
        case 'asserted':
          return !(isSeller && own !== null && own < excess)
        default:
          return true
      }
    },
  )
}

/** Disputes about an excess, in any order the chain may tell of them. */
export function askExcess(ask: Ask, chance: Chance): void {
  let block = 1
  const events = Array.from({ length: chance.whole(0, 4) }, (): ExcessEvent => {
    block += chance.whole(0, 3)
    const lastBlock = block + chance.whole(1, 4)
    const kind = chance.pick([
      'asserted',
      'demanded',
      'forced',
      'opened',
      'final',
      'void',
      'unproved',
    ] as const)
    if (kind === 'asserted') return { kind, block, lastBlock, amount: chance.whole(1, 9) }
    if (kind === 'demanded' || kind === 'forced') return { kind, block, lastBlock }
    return kind === 'opened'
      ? { kind, block, amount: chance.whole(0, 9), value: chance.whole(1, 99) }
      : { kind, block }
  })
  const head = block + chance.whole(0, 5)
  ask(
    'excesses',
    { events, head },
    () => excessAt(events, head),
    () => excessThen(events, head),
  )
  const state = chance.pick([
    'asserted',
    'demanded',
    'forced',
    'opened',
    'final',
    'withdrawn',
    'void',
    'unproved',
  ] as const)
  const excess = { state, amount: 5, lastBlock: 9, value: null }
  const due = chance.pick([null, 4, 5])
  const refused = chance.hits(300_000)
  const open = ['asserted', 'demanded', 'forced'].includes(state)
  ask(
    'excesses',
    state,
    () => isOpen(excess),
    () => open,
  )
  ask(
    'excesses',
    { excess, due, refused },
    () => answerTo(excess, due, refused),
    () => {
      const withdraw = (why: string) => ({ do: 'withdraw', why })
      if (!open || (state === 'forced' && due === null)) return { do: 'nothing' }
      if (state === 'forced') return { do: 'open' }
      if (due === null) return withdraw('cannot-be-shown')
      if (due !== 5) return withdraw('amount-differs')
      if (refused) return withdraw('contract-refused')
      return { do: state === 'asserted' ? 'nothing' : 'open' }
    },
  )
  ask(
    'excesses',
    METERED,
    () => METERED.map(resourceNumber),
    () => [1, 2, 3],
  )
  const used = { energy: chance.pick([null, 99, 100, 101]), power: chance.pick([null, 200, 203]), water: 305 }
  ask(
    'excesses',
    used,
    () => excessOver(used, { energyWh: 100, powerW: 200, waterMl: 300 }),
    () => ({
      energy: used.energy === null ? null : used.energy === 101 ? 1 : 0,
      power: used.power === null ? null : used.power - 200,
      water: 5,
    }),
  )
}

interface Dispute {
  readonly state: string
  readonly amount: number
  readonly lastBlock: number
  readonly value: number | null
}

/** How a dispute stands at a block, after what was said and what was not. */
function excessThen(events: readonly ExcessEvent[], head: number) {
  const now = events.reduce<Dispute | null>(disputeAfter, null)
  if (now === null || now.lastBlock >= head) return now
  const silent = new Map([
    ['asserted', 'final'],
    ['demanded', 'void'],
    ['forced', 'unproved'],
  ])
  return { ...now, state: silent.get(now.state) ?? now.state }
}

function disputeAfter(now: Dispute | null, event: ExcessEvent): Dispute | null {
  if (event.kind === 'asserted') {
    return { state: 'asserted', amount: event.amount, lastBlock: event.lastBlock, value: null }
  }
  if (event.kind === 'forced') {
    const gone = now === null || now.state === 'withdrawn' || now.state === 'void'
    return { state: 'forced', amount: gone ? 0 : now.amount, lastBlock: event.lastBlock, value: null }
  }
  if (now === null) return null
  if (event.kind === 'demanded') return { ...now, state: 'demanded', lastBlock: event.lastBlock }
  if (event.kind === 'opened') return { ...now, state: 'opened', amount: event.amount, value: event.value }
  if (event.kind === 'void') return { ...now, state: event.block > now.lastBlock ? 'void' : 'withdrawn' }
  return { ...now, state: event.kind }
}

const HOUR = 3_600_000n
const up = (of: bigint, by: bigint): bigint => of / by + (of % by === 0n ? 0n : 1n)

/** Lots of each resource, at prices that do not divide. */
export function askPrices(ask: Ask, chance: Chance): void {
  const resource = chance.pick(['energy', 'power', 'water'] as const)
  const power = resource === 'power'
  const [slots, sampleMs] = power ? [chance.whole(0, 3), 900_000] : [0, 0]
  const amount = chance.pick([0, 1, 2, 999, 1_000, 123_457, 2 ** 48 - 1, 2 ** 48, 1.5])
  const lot = { resource, amount, slots, sampleMs }
  const unit = chance.pick([1, 7, 999_999, 2_000_000])
  const whole = (): bigint => {
    const size = { energy: 1_000n, power: 1_000n * HOUR, water: 1_000_000n }[resource]
    refuse(amount === 0 || amount === 1.5 || amount > 2 ** 48 - 1 || (power && slots === 0))
    return size
  }
  const times = power ? BigInt(slots * sampleMs) : 1n
  const units = (): bigint => times * BigInt(amount)
  ask(
    'lots',
    { lot, unit },
    () => prices.bondOf(lot, unit),
    () => up(units0(whole, units) * BigInt(unit), whole()),
  )
  ask(
    'lots',
    { lot, unit },
    () => prices.leastPriceOf(lot, unit),
    () => up(units0(whole, units) * BigInt(unit), whole()),
  )
  ask(
    'lots',
    { lot, unit },
    () => prices.mostPriceOf(lot, unit),
    () => (units0(whole, units) * BigInt(unit)) / whole(),
  )
  const price = BigInt(chance.whole(1, 9_999_999))
  ask(
    'lots',
    { lot, price },
    () => prices.unitPriceOf(lot, price),
    () => (price * whole()) / units0(whole, units),
  )
  const money = chance.pick([-1, 0, 1, 999, 1_000_000, 2 ** 50])
  ask(
    'lots',
    { lot, unit, money },
    () => prices.amountWithin(lot, unit, money),
    () => {
      if (money <= 0) return 0
      refuse(power && slots === 0)
      const size = { energy: 1_000n, power: 1_000n * HOUR, water: 1_000_000n }[resource]
      const most = Number((BigInt(money) * size) / (times * BigInt(unit)))
      return Math.min(most, 2 ** 48 - 1)
    },
  )
}

/** The size first: what cannot be priced is refused before anything is multiplied. */
const units0 = (size: () => bigint, units: () => bigint): bigint => (size() > 0n ? units() : 0n)

export function askLargeSums(ask: Ask, chance: Chance): void {
  const most = 2n ** 96n - 2n
  const lot = { resource: 'energy', amount: 1_000, slots: 0, sampleMs: 0 } as const
  const unit = most + BigInt(chance.whole(-1, 1))
  ask(
    'lots',
    { unit },
    () => prices.leastPriceOf(lot, unit),
    () => {
      refuse(unit > most)
      return unit
    },
  )
}

export function askPayments(ask: Ask, chance: Chance): void {
  const bid = BigInt(chance.whole(0, 9_999))
  const bps = chance.pick([0, 1, 2_000, 9_999, 10_000])
  ask(
    'payments',
    { bid, bps },
    () => prices.heldOf(bid, bps),
    () => up(bid * BigInt(bps), 10_000n),
  )
  const amount = BigInt(chance.whole(1, 12))
  const lot = {
    amount,
    priceMicroSct: BigInt(chance.whole(0, 99)),
    heldMicroSct: BigInt(chance.whole(0, 99)),
  }
  const delivered = amount + BigInt(chance.whole(-13, 1))
  ask(
    'payments',
    { lot, delivered },
    () => prices.paymentOf(lot, delivered),
    () => {
      refuse(delivered < 0n || delivered > amount)
      const part = (of: bigint, share: bigint): bigint => (of * share - ((of * share) % amount)) / amount
      const missing = amount - delivered
      return {
        paid: part(lot.priceMicroSct, delivered),
        returned: part(lot.heldMicroSct, delivered),
        penalty: part(lot.heldMicroSct, missing),
        spared: part(lot.priceMicroSct, missing),
      }
    },
  )
}
