import type { AuctionTable } from '../../../actors/storage/schema.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import type { AskedLot } from '../../../protocols/rules/trade-rules/bid.ts'
import { simulateRules, type PastMoment } from '../../../protocols/rules/trade-rules/simulate.ts'
import type { Simulated } from '../../../web/market-messages.ts'
import type { RuleForm } from '../../../web/market-model.ts'
import type { HomeMarket } from './home-market.ts'
import { sizeOf } from './market-times.ts'
import { shortened } from './request-view.ts'
import { factsOf } from './trade-facts.ts'

const DAY_MS = 24 * 60 * 60_000
/** Moments of a day at which the rules look: every quarter of an hour. */
const MOMENTS_MOST = 96
const ACTS_TOLD = 1_000
const NOTHING_OUT = { offered: 0, buying: 0 }

/** The slots at which the rules would have looked, the oldest first. */
function slotsToLook(market: HomeMarket, untilSlot: number): number[] {
  const { sampleMs } = market.times
  const oldest = market.uses.oldestSlot()
  if (oldest === null) return []
  const first = Math.max(oldest, untilSlot - Math.floor(DAY_MS / sampleMs))
  const step = Math.max(market.uses.slotsPerStep(), Math.ceil((untilSlot - first) / MOMENTS_MOST))
  const slots: number[] = []
  for (let slot = first; slot <= untilSlot; slot += step) slots.push(slot)
  return slots
}

/** What neighbours asked for within the last day. */
function askedSince(market: HomeMarket, fromMs: number): Promise<AuctionTable[]> {
  const { store, account } = market.options
  return store.db
    .selectFrom('auction')
    .selectAll()
    .where('offered_at_ms', '>=', fromMs)
    .where('buyer', '!=', account)
    .orderBy('offered_at_ms')
    .execute()
}

const lotOf = (auction: AuctionTable, market: HomeMarket): AskedLot => {
  return { ...sizeOf(auction, market.times), period: auction.period }
}

/** The last day as rules would have seen it: what was used then, today's prices and today's balance. */
async function lastDay(market: HomeMarket, nowMs: number): Promise<PastMoment[]> {
  const { prices, purse, use } = await market.state()
  const slots = slotsToLook(market, use.slot - 1)
  const { sampleMs } = market.times
  const asked = await askedSince(market, ((slots[0] ?? 0) + 1) * sampleMs)
  return slots.flatMap((slot, index): PastMoment[] => {
    const then = market.uses.past(slot)
    if (then === null) return []
    const atMs = (slot + 1) * sampleMs
    const nextMs = index + 1 < slots.length ? ((slots[index + 1] ?? slot) + 1) * sampleMs : nowMs
    const quota = market.options.quotaAt(slot)
    const out = { energy: NOTHING_OUT, power: NOTHING_OUT, water: NOTHING_OUT }
    const facts = factsOf({ use: then, quota, prices, purse, nowMs: atMs, today: {} }, out)
    const within = asked.filter(({ offered_at_ms: at }) => at >= atMs && at < nextMs)
    return [{ atMs, facts, asked: within.map((auction) => lotOf(auction, market)) }]
  })
}

/** What rules would have decided over the last day; nothing is done. */
export async function simulateYesterday(
  market: HomeMarket,
  forms: readonly RuleForm[],
  nowMs: number,
): Promise<Simulated> {
  const rules = market.book.checked(forms)
  const history = await lastDay(market, nowMs)
  const first = history[0]
  const last = history.at(-1)
  if (first === undefined || last === undefined) {
    throw new Fault('no-history', 'This home has no past yet to try rules on.', {
      fix: 'Try again after its first readings.',
    })
  }
  const { outcomes, acts } = simulateRules(rules, history)
  const resourceBy = new Map(forms.map(({ name, resource }) => [name, resource]))
  return {
    fromMs: first.atMs,
    untilMs: last.atMs,
    outcomes: outcomes.map(({ rule, times, sentence }) => ({ rule, times, text: sentence })),
    decisions: acts.slice(-ACTS_TOLD).map(({ atMs, rule, sentence }) => ({
      atMs,
      rule,
      resource: resourceBy.get(rule) ?? null,
      acted: true,
      text: shortened(sentence),
    })),
  }
}
