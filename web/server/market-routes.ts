import { z } from 'zod'
import {
  auctionBody,
  bidBody,
  buyBody,
  keepTokensBody,
  removeRuleBody,
  savePreferencesBody,
  saveRuleBody,
  simulated,
  simulateRulesBody,
  switchRuleBody,
  tokensBody,
  withdrawBody,
  type BidRequest,
  type BuyRequest,
  type SaveRuleRequest,
  type Simulated,
  type TokensRequest,
} from '../market-messages.ts'
import type { BillView, PreferencesForm, RuleForm, TradeView } from '../market-model.ts'
import { done } from '../messages.ts'
import { billFile, tradesFile } from './market-files.ts'
import {
  notOffered,
  perform,
  refusals,
  requireSession,
  SIGNED_IN,
  type PageApp,
  type RouteParts,
} from './routes.ts'

/**
 * What a home may ask of its market. Each checks first (balance, quota, phase) and throws a Fault that
 * names the field before anything is signed; it resolves as soon as the wish is kept for good, not when the
 * chain has it.
 */
export interface MarketActions {
  /** Offers to buy a lot at most at a sealed price. Done once for each `requestId`. */
  buy(request: BuyRequest): Promise<void>
  /** Bids under seal in somebody's auction. */
  bid(request: BidRequest): Promise<void>
  /** Says that this home will not bid; nobody else learns it. */
  decline(auctionId: string): Promise<void>
  /** Takes back an own offer that nobody has bid on yet. */
  cancelOffer(auctionId: string): Promise<void>
  buyTokens(request: TokensRequest): Promise<void>
  sellTokens(request: TokensRequest): Promise<void>
  /** Takes the free credit out of the market contract. */
  withdraw(requestId: string): Promise<void>
  /** What the home likes to be asked from now on. */
  savePreferences(preferences: PreferencesForm): Promise<void>
  /** Saves a new rule (switched off) or changes one. */
  saveRule(request: SaveRuleRequest): Promise<void>
  /** No rule binds the last so many SCT. */
  keepTokens(keepMicroSct: number): Promise<void>
  removeRule(id: string): Promise<void>
  switchRule(id: string, enabled: boolean): Promise<void>
  /** What these rules would have decided yesterday; nothing is done. */
  simulateRules(rules: readonly RuleForm[]): Promise<Simulated>
  /** All trades of the home, the newest first. */
  trades(): Promise<readonly TradeView[]>
  /** All bills of the home, the newest first. */
  bills(): Promise<readonly BillView[]>
}

/** Rules, and lists of neighbours, are longer than other requests: this holds as many as a home may have. */
const RULES_BODY_BYTES = 32 * 1024

/** What people ask of their home's market. */
export function addMarket(app: PageApp, parts: RouteParts): void {
  addTrading(app, parts)
  addTokens(app, parts)
  addRules(app, parts)
  addFiles(app, parts)
}

function addTrading(app: PageApp, { actions, access }: RouteParts): void {
  const path = '/api/actions'
  app.post(`${path}/buy`, asking('Offer to buy a lot', buyBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.buy(request.body))
  })
  app.post(`${path}/bid`, asking('Bid under seal in an auction', bidBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.bid(request.body))
  })
  app.post(`${path}/decline`, asking('Do not bid in an auction', auctionBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.decline(request.body.auctionId))
  })
  app.post(`${path}/cancel-offer`, asking('Take back an own offer', auctionBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.cancelOffer(request.body.auctionId))
  })
}

function addTokens(app: PageApp, { actions, access }: RouteParts): void {
  const path = '/api/actions'
  app.post(`${path}/buy-tokens`, asking('Buy SCT', tokensBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.buyTokens(request.body))
  })
  app.post(`${path}/sell-tokens`, asking('Sell SCT', tokensBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.sellTokens(request.body))
  })
  app.post(`${path}/withdraw`, asking('Take the free credit out', withdrawBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.withdraw(request.body.requestId))
  })
}

function addRules(app: PageApp, { actions, access }: RouteParts): void {
  const path = '/api/actions'
  app.post(`${path}/save-rule`, asking('Save a rule', saveRuleBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.saveRule(request.body))
  })
  const asked = 'Say what the home likes to be asked'
  const many = { ...asking(asked, savePreferencesBody), bodyLimit: RULES_BODY_BYTES }
  app.post(`${path}/save-preferences`, many, async (request) => {
    requireSession(request, access)
    return perform(actions.market?.savePreferences(request.body))
  })
  app.post(`${path}/keep-tokens`, asking('Keep SCT from all rules', keepTokensBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.keepTokens(request.body.keepMicroSct))
  })
  app.post(`${path}/remove-rule`, asking('Remove a rule', removeRuleBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.removeRule(request.body.id))
  })
  app.post(`${path}/switch-rule`, asking('Switch a rule on or off', switchRuleBody), async (request) => {
    requireSession(request, access)
    return perform(actions.market?.switchRule(request.body.id, request.body.enabled))
  })
  const summary = 'What rules would have decided yesterday'
  const schema = { summary, body: simulateRulesBody, response: { 200: simulated, ...refusals } }
  const options = { config: SIGNED_IN, bodyLimit: RULES_BODY_BYTES, schema }
  app.post(`${path}/simulate-rules`, options, async (request) => {
    requireSession(request, access)
    if (actions.market === undefined) throw notOffered()
    return actions.market.simulateRules(request.body.rules)
  })
}

function addFiles(app: PageApp, { actions, access }: RouteParts): void {
  const market = (): MarketActions => {
    if (actions.market === undefined) throw notOffered()
    return actions.market
  }
  app.get('/api/trades.csv', file('All trades of the home'), async (request, reply) => {
    requireSession(request, access)
    const text = tradesFile(await market().trades())
    return asFile(reply, 'trades.csv').send(text)
  })
  app.get('/api/bill.csv', file('All bills of the home, line by line'), async (request, reply) => {
    requireSession(request, access)
    const text = billFile(await market().bills())
    return asFile(reply, 'bill.csv').send(text)
  })
}

function asking<Body extends z.ZodType>(summary: string, body: Body) {
  return { config: SIGNED_IN, schema: { summary, body, response: { 200: done, ...refusals } } }
}

function file(summary: string) {
  const response = { 200: { content: { 'text/csv': { schema: z.string() } } }, ...refusals }
  return { config: SIGNED_IN, schema: { summary, response } }
}

function asFile<Reply extends { headers(values: Record<string, string>): Reply }>(
  reply: Reply,
  name: string,
): Reply {
  return reply.headers({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${name}"`,
    'cache-control': 'no-store',
  })
}
