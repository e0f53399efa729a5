import { z } from 'zod'

/** How a community's auctions are set when the market is deployed; ITradingEnabler says what each means. */
export const auctionSettingsSchema = z.object({
  blockSeconds: z.number().int().min(1).max(3600),
  securityBps: z.number().int().min(0).max(10_000),
  strict: z.boolean(),
  decisionSeconds: z.number().int().positive(),
})
export type AuctionSettings = z.infer<typeof auctionSettingsSchema>

/**
 * Ceiling prices at the start, in micro-SCT per kWh, per kW and hour, and per m³, by the resource's number.
 * One SCT is worth one kWh of the supplier, so a kWh at two is above any tariff; the others follow from what
 * a kW and hour and a m³ of water cost beside a kWh. The manager sets others as tariffs change.
 */
export const CEILINGS = { 1: 2_000_000n, 2: 1_000_000n, 3: 40_000_000n } as const

/** A tenth of a second's chain still counts its blocks in whole seconds. */
const wholeSeconds = (seconds: number): number => Math.max(1, Math.ceil(seconds))

const WEEK_S = 7 * 86_400
const LEAST_DECISION_BLOCKS = 20

/**
 * Settings that fit a chain and a billing period: silence decides a delivery after half a billing period, at
 * least 20 blocks and at most a week. S, the seller's security, is a fifth of its bid.
 */
export function auctionSettings(blockTimeS: number, billingMs: number): AuctionSettings {
  const blockSeconds = wholeSeconds(blockTimeS)
  const half = wholeSeconds(billingMs / 2000)
  const decisionSeconds = Math.min(WEEK_S, Math.max(LEAST_DECISION_BLOCKS * blockSeconds, half))
  return { blockSeconds, securityBps: 2000, strict: false, decisionSeconds }
}

/** Functions of the market that the manager's role may call. */
export const MANAGER_OF_TRADING = ['setCeiling', 'assertDelivery'] as const
