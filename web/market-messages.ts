import { z } from 'zod'
import {
  AMOUNT_MOST,
  decisionView,
  marketResource,
  MICRO_MOST,
  preferencesForm,
  RULES_LIMIT,
  ruleForm,
} from './market-model.ts'

/** What a page asks of the home's market. Whatever is wrong is named by its field before anything is done. */

const auctionId = z.string().regex(/^[0-9a-z-]{1,80}$/, 'the id of an auction in the view')
const ruleId = z.string().regex(/^[0-9a-z-]{1,40}$/, 'the id of a rule in the view')
const money = z
  .int({ error: 'a whole number of micro-SCT' })
  .min(1, 'more than nothing')
  .max(MICRO_MOST, 'at most 999,999,999.999999 SCT')
const moment = z.int({ error: 'milliseconds since the Unix epoch' }).min(0)
/** Made by the page once for each form that is sent, so that a request that is repeated is done once. */
const requestId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits, new for each request')
  .describe('a request with the same id is done once, however often it is sent')

export const buyBody = z
  .strictObject({
    requestId,
    resource: marketResource,
    amount: z
      .int({ error: 'a whole number of Wh, W or mL' })
      .min(1, 'more than nothing')
      .max(AMOUNT_MOST, 'at most 2^48 - 1'),
    maxPriceMicroSct: money.describe('for the whole lot; stays sealed until all bids are in'),
    fromMs: moment.nullable().describe('begin of the window of power; null for energy and water'),
    untilMs: moment.nullable(),
  })
  .superRefine(({ resource, fromMs, untilMs }, context) => {
    const wrong = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (resource !== 'power') {
      if (fromMs !== null) wrong('fromMs', 'null: energy and water have no window')
      else if (untilMs !== null) wrong('untilMs', 'null: energy and water have no window')
    } else if (fromMs === null) wrong('fromMs', 'the begin of the window, since power is lent')
    else if (untilMs === null) wrong('untilMs', 'the end of the window, since power is lent')
    else if (untilMs <= fromMs) wrong('untilMs', 'later than fromMs')
  })
export type BuyRequest = z.infer<typeof buyBody>

export const bidBody = z.strictObject({
  auctionId,
  valueMicroSct: money.describe('the least this home wants for the whole lot; stays sealed'),
})
export type BidRequest = z.infer<typeof bidBody>

export const auctionBody = z.strictObject({ auctionId })
export const tokensBody = z.strictObject({ requestId, microSct: money })
export type TokensRequest = z.infer<typeof tokensBody>
export const withdrawBody = z.strictObject({ requestId })

export const saveRuleBody = z.strictObject({
  id: ruleId.nullable().describe('null for a new rule'),
  rule: ruleForm,
})
export type SaveRuleRequest = z.infer<typeof saveRuleBody>
export const keepTokensBody = z.strictObject({
  keepMicroSct: z
    .int({ error: 'a whole number of micro-SCT' })
    .min(0, 'nothing or more')
    .max(MICRO_MOST, 'at most 999,999,999.999999 SCT')
    .describe('no rule binds the last so many SCT'),
})
export const savePreferencesBody = preferencesForm
export const removeRuleBody = z.strictObject({ id: ruleId })
export const switchRuleBody = z.strictObject({ id: ruleId, enabled: z.boolean() })
export const simulateRulesBody = z.strictObject({
  rules: z.array(ruleForm).min(1, 'at least one rule').max(RULES_LIMIT),
})

/** The most acts of a simulated day that are told one by one. */
const SIMULATED_LIMIT = 1000
export const simulated = z.object({
  fromMs: moment,
  untilMs: moment,
  outcomes: z.array(z.object({ rule: z.string(), times: z.int().min(0), text: z.string() })).max(RULES_LIMIT),
  decisions: z.array(decisionView).max(SIMULATED_LIMIT),
})
export type Simulated = z.infer<typeof simulated>
