import fc from 'fast-check'
import { expect, it } from 'vitest'
import { homeAddress } from '../../../bench/contract-lab.ts'
import { ENERGY, MarketLab, SCT } from '../../../bench/market-lab.ts'
import { auctionIdOf, bidSeal, maxPriceSeal } from '../../../protocols/crypto/auction-seal.ts'
import { clear } from '../../../protocols/rules/clear.ts'
import { ChainCrowd } from './crowd.ts'
import { REASON, STATE } from './market.ts'
import { contractLab, mineBlocks } from './setting.ts'

/**
 * The rule that the market's pages and `meterhood clear` use, against the contract: a thousand auctions at
 * once, so that each phase is a few blocks for all of them. Nothing stands between: every offer, bid and
 * reveal is a call of the contract by the account of its home.
 */
const BUYER = homeAddress(60)
const SELLERS = [1, 2, 3, 4, 5, 6].map((n) => homeAddress(60 + n))
const [AMOUNT, BOND, PHASE_S] = [2000, 4_000_000, 3600]
const DAY = { sampleMs: 2000, slotsPerBilling: 43_200, L: 10 }
const STRICT = { blockSeconds: 1, securityBps: 2000, strict: true, decisionSeconds: 60 }

interface Offered {
  readonly seller: string
  readonly price: number
  readonly shown: boolean
}
interface OfferSet {
  readonly cap: number
  readonly offers: readonly Offered[]
  /** Sellers in the order in which they show. */
  readonly order: readonly string[]
}

/** Prices of a few values for ties, around the cap, all above it, or any. */
const sets = fc
  .record({ cap: fc.oneof(fc.nat(6), fc.integer({ min: 7, max: BOND })), kind: fc.nat(9) })
  .chain(({ cap, kind }) => {
    const near = fc.integer({ min: Math.max(0, cap - 2), max: cap + 2 })
    const above = fc.integer({ min: cap + 1, max: cap + 50 })
    const price = kind < 3 ? fc.nat(6) : kind < 5 ? near : kind === 5 ? above : fc.nat(2 * cap + 1)
    const shown = kind === 9 ? fc.boolean() : fc.constant(true)
    const most = kind === 8 ? 1 : SELLERS.length
    const sellers = fc.shuffledSubarray(SELLERS, { minLength: 0, maxLength: most })
    return sellers.chain((chosen) => {
      const offers = fc.tuple(
        ...chosen.map((seller) => fc.record({ seller: fc.constant(seller), price, shown })),
      )
      const order = fc.shuffledSubarray(chosen, { minLength: chosen.length })
      return fc.record({ cap: fc.constant(cap), offers, order })
    })
  })

const lenient = contractLab(DAY, [BUYER, ...SELLERS])
const strict = contractLab({ ...DAY, auctions: STRICT }, [BUYER, ...SELLERS])
const idOf = (index: number): string => auctionIdOf(BUYER, BigInt(index + 1))

async function marketFor(lab: ReturnType<typeof lenient>): Promise<MarketLab> {
  const market = await MarketLab.open(lab)
  const homes = [BUYER, ...SELLERS]
  await market.divide(homes, 10_000_000)
  await market.fund(homes, 10_000n * SCT)
  return market
}

/** All auctions through all phases. */
async function held(market: MarketLab, all: readonly OfferSet[]): Promise<void> {
  const crowd = new ChainCrowd(market.lab)
  const terms = [ENERGY, await market.period(), 0, 0, AMOUNT, PHASE_S, PHASE_S, PHASE_S]
  const sealed = (id: string, account: string, value: number) => ({
    ...{ auctionId: id, account, valueMicroSct: BigInt(value), salt: market.saltOf(id, account) },
  })
  const each = <Made>(make: (set: OfferSet, id: string, index: number) => Made[]) =>
    all.flatMap((set, index) => make(set, idOf(index), index))
  await crowd.send(
    each(({ cap }, id, index) => [
      market.to(BUYER, 'offer', index + 1, terms, maxPriceSeal(market.domain, sealed(id, BUYER, cap))),
    ]),
  )
  await crowd.send(
    each(({ offers }, id) =>
      offers.map(({ seller, price }) =>
        market.to(seller, 'receiveBid', id, bidSeal(market.domain, sealed(id, seller, price))),
      ),
    ),
  )
  await market.pass(PHASE_S)
  await mineBlocks(market.lab, 4)
  const bidden = ({ offers }: OfferSet) => offers.length > 0
  await crowd.send(
    each((set, id) =>
      bidden(set) ? [market.to(BUYER, 'depositMaxPrice', id, set.cap, market.saltOf(id, BUYER))] : [],
    ),
  )
  await crowd.send(
    each(({ offers, order }, id) =>
      order.flatMap((seller) =>
        offers
          .filter((offer) => offer.seller === seller && offer.shown)
          .map(({ price }) => market.to(seller, 'revealBid', id, price, market.saltOf(id, seller))),
      ),
    ),
  )
  await market.pass(PHASE_S + 1)
  await crowd.send(each((_, id) => [market.to(market.lab.manager.address, 'checkWinner', id)]))
}

/** What the contract made of each, beside what the rule makes of the same offers in the order of the bids. */
async function expectCleared(market: MarketLab, all: readonly OfferSet[], isStrict: boolean): Promise<void> {
  const crowd = new ChainCrowd(market.lab)
  const places = await crowd.bidPlaces()
  const told = await crowd.auctions(all.map((_, index) => idOf(index)))
  const reasons = { 'none-under-cap': REASON.noneUnderMax, 'second-above-cap': REASON.secondAboveMax }
  for (const [index, { cap, offers }] of all.entries()) {
    const place = ({ seller }: Offered) => places.get(`${BigInt(idOf(index))} ${seller}`) ?? 0
    const shown = offers.filter((offer) => offer.shown).sort((a, b) => place(a) - place(b))
    const cleared = clear(
      shown.map(({ seller, price }) => ({ id: seller, price })),
      cap,
      { strict: isStrict },
    )
    const empty = offers.length === 0 ? REASON.noBids : REASON.noneUnderMax
    const expected =
      cleared.reason === null
        ? { state: STATE.awarded, price: BigInt(cleared.price), lowest: BigInt(cleared.winningBid) }
        : { state: STATE.failed, reason: cleared.reason === 'no-offers' ? empty : reasons[cleared.reason] }
    expect(told[index], JSON.stringify({ cap, shown })).toMatchObject(expected)
    if (cleared.winner !== null) expect(String(told[index]?.['winner']).toLowerCase()).toBe(cleared.winner)
  }
}

it.each([
  { name: 'the market’s rule', lab: lenient, isStrict: false, many: 1000 },
  { name: 'the paper’s strict rule', lab: strict, isStrict: true, many: 200 },
])('clears $many auctions by $name as the contract does', { timeout: 600_000 }, async (given) => {
  const { lab, isStrict, many } = given
  const all = fc.sample(sets, many)
  const market = await marketFor(lab())
  await held(market, all)
  await expectCleared(market, all, isStrict)
})
