import { promisedMicroSct } from '../../../actors/auction/funds.ts'
import { phaseOf } from '../../../actors/auction/signals.ts'
import { sightOf, type MarketSight } from '../../../actors/auction/sights.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { resourceOf } from '../../../protocols/rules/resource.ts'
import { amountInWords } from '../../../protocols/rules/trade-rules/words.ts'
import type { BidRequest, BuyRequest } from '../../../web/market-messages.ts'
import type { MarketActions } from '../../../web/server/market-routes.ts'
import { wallClock } from '../../clock.ts'
import { checkFunds, checkPrice, orderFrom } from './buy-check.ts'
import type { HomeMarket } from './home-market.ts'
import { buyCall, sellCall } from './token-calls.ts'
import { simulateYesterday } from './yesterday.ts'

const nowMs = (): number => wallClock.nowMs()

/** What the account may still put into bonds or take out: not what calls on their way will need. */
async function free(market: HomeMarket): Promise<{ balance: bigint; credit: bigint }> {
  const { store, account } = market.options
  const [balance, credit, promised] = await Promise.all([
    market.reads.balanceOf(account),
    market.reads.creditOf(account),
    promisedMicroSct(store, account),
  ])
  return { balance, credit: credit > promised ? credit - promised : 0n }
}

async function buy(market: HomeMarket, request: BuyRequest): Promise<void> {
  const { options, times, leadMs } = market
  const desk = market.desk()
  const [{ balance, credit }, { prices }] = await Promise.all([free(market), market.state()])
  const order = orderFrom(request, {
    times,
    leadMs,
    nowMs: nowMs(),
    own: options.quota(),
    community: options.communityQuota(),
    ceilingMicroSct: prices[request.resource].ceilingMicroSct,
    freeMicroSct: balance + credit,
  })
  await desk.buy(order, `order-${request.requestId}`)
  market.changed()
}

/** A request that still takes bids. Throws `request-unknown`, `request-closed`. */
async function openRequest(market: HomeMarket, auctionId: string): Promise<MarketSight> {
  const { store, account } = market.options
  const head = market.head()
  const blockMs = market.times.blockMs
  const sight =
    head === null
      ? null
      : await sightOf(store, auctionId, { account, head, finalBlock: head.number, blockMs })
  if (sight === null || sight.auction.buyer === account) {
    throw new Fault('request-unknown', 'There is no such request of a neighbour.', {
      field: 'auctionId',
      fix: 'Reload the page.',
    })
  }
  if (phaseOf(sight) === 'bids') return sight
  throw new Fault('request-closed', 'Bids are closed: the request can no longer be answered.', {
    field: 'auctionId',
    fix: 'Wait for the next one.',
  })
}

/** A home cannot sell quota that it has used, or locked elsewhere. Its forecast is its own business. */
async function checkLeft(market: HomeMarket, { auction }: MarketSight): Promise<void> {
  const resource = resourceOf(auction.resource)
  const { left, offered } = (await market.facts()).resources[resource]
  const most = Math.max(0, left - offered)
  if (auction.amount <= most) return
  throw new Fault('above-quota', `You have ${amountInWords(resource, most)} of your quota left to sell.`, {
    field: 'auctionId',
    expected: `a lot of at most ${most}`,
    fix: 'Let this request pass.',
  })
}

async function bid(market: HomeMarket, { auctionId, valueMicroSct }: BidRequest): Promise<void> {
  const desk = market.desk()
  const sight = await openRequest(market, auctionId)
  const bond = BigInt(sight.auction.bond)
  checkPrice('valueMicroSct', valueMicroSct, bond)
  await checkLeft(market, sight)
  const { balance, credit } = await free(market)
  checkFunds('valueMicroSct', bond, balance + credit)
  await desk.bid(auctionId, String(valueMicroSct), '')
  market.changed()
}

/** Asks for a call of the token or of the credit, once for each request. */
async function enqueue(
  market: HomeMarket,
  kind: string,
  requestId: string,
  call: { to: string; data: string; gas: number; valueWei?: bigint },
): Promise<void> {
  const { store, chain } = market.options
  await store.transaction((trx) => chain.outbox.enqueue(trx, { id: `${kind}:${requestId}`, kind, ...call }))
  market.changed()
}

type MarketOf = () => HomeMarket

function tradingActions(marketOf: MarketOf) {
  return {
    buy: (request) => buy(marketOf(), request),
    bid: (request) => bid(marketOf(), request),
    decline: async (auctionId) => {
      const market = marketOf()
      await market.desk().decline(auctionId)
      market.changed()
    },
    cancelOffer: async (auctionId) => {
      const market = marketOf()
      await market.desk().cancel(auctionId)
      market.changed()
    },
    trades: async () => marketOf().picture.trades(),
    bills: async () => marketOf().picture.bills(),
  } satisfies Partial<MarketActions>
}

function tokenActions(marketOf: MarketOf) {
  return {
    buyTokens: async ({ requestId, microSct }) => {
      const market = marketOf()
      const call = buyCall(market.calls, await market.picture.token(), microSct, nowMs())
      await enqueue(market, 'buy-tokens', requestId, call)
    },
    sellTokens: async ({ requestId, microSct }) => {
      const market = marketOf()
      const [token, { balance }] = await Promise.all([market.picture.token(), free(market)])
      await enqueue(market, 'sell-tokens', requestId, sellCall(market.calls, token, balance, microSct))
    },
    withdraw: async (requestId) => {
      const market = marketOf()
      const { credit } = await free(market)
      if (credit === 0n) {
        throw new Fault('no-credit', 'Nothing is free in the market now.', {
          fix: 'Bonds come back when their auctions end.',
        })
      }
      await enqueue(market, 'withdraw', requestId, market.calls.withdraw(credit))
    },
  } satisfies Partial<MarketActions>
}

function ruleActions(marketOf: MarketOf) {
  const inBook = async (work: (book: HomeMarket['book']) => Promise<void>): Promise<void> => {
    const market = marketOf()
    await work(market.book)
    market.changed()
  }
  return {
    saveRule: ({ id, rule }) => inBook((book) => book.save(id, rule)),
    keepTokens: (microSct) => inBook((book) => book.keep(microSct)),
    removeRule: (id) => inBook((book) => book.remove(id)),
    switchRule: (id, enabled) => inBook((book) => book.switch(id, enabled)),
    savePreferences: async (form) => marketOf().prefer(form),
    simulateRules: async (rules) => simulateYesterday(marketOf(), rules, nowMs()),
  } satisfies Partial<MarketActions>
}

/**
 * What people ask of their home's market; whatever is wrong is named before anything is signed. `marketOf`
 * throws while there is none.
 */
export function marketActions(marketOf: MarketOf): MarketActions {
  return { ...tradingActions(marketOf), ...tokenActions(marketOf), ...ruleActions(marketOf) }
}
