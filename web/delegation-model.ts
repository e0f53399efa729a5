import { z } from 'zod'

/**
 * What the pages Neighbours and Caring for know, and what a person may ask there. Rewards are in micro-SCT;
 * moments are unix ms.
 */

/** Most rows of a list. */
export const DELEGATION_LIST_LIMIT = 50
/** What the parties write to each other fits on a small screen. */
export const DELEGATION_TEXT_MAX = 600

const natural = z.int().min(0)
const moment = z.int().min(0).describe('milliseconds since the Unix epoch')
const line = z.string().max(240)
const micro = z.int().min(0).max(999_999_999_999_999)
const account = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'an account: 0x and 40 hexadecimal digits')
const negotiation = z.string().regex(/^[0-9a-f]{32}$/, 'the name of a negotiation in the view')
const functions = z
  .array(z.enum(['readings', 'alarms']))
  .min(1)
  .max(2)

export const delegationState = z.enum([
  'proposed',
  'negotiating',
  'consented',
  'registered',
  'active',
  'ending',
  'ended',
  'closed',
  'declined',
  'failed',
])
export type DelegationState = z.infer<typeof delegationState>

/** One delegation of this home, in either role; the newest first. */
export const delegationView = z.object({
  negotiation,
  id: natural.nullable().describe('its number, once the community gave one'),
  role: z.enum(['delegator', 'delegatee']),
  peer: account,
  state: delegationState,
  ourTurn: z.boolean().describe('a person of this home may accept, offer or decline now'),
  functions,
  fromMs: moment,
  untilMs: moment.describe('when it ends if nobody ends it before; after an end, that end'),
  rewardMicroSct: micro.describe('for all of the agreed time'),
  watchedSlots: natural.describe('acknowledged so far'),
  slots: natural.describe('that the parties agreed on'),
  earnedMicroSct: micro.describe('by the slots acknowledged so far'),
  paidMicroSct: micro.nullable(),
  answerByMs: moment.nullable(),
  text: z.string().max(DELEGATION_TEXT_MAX),
  because: line.nullable().describe('why it came to nothing'),
})
export type DelegationView = z.infer<typeof delegationView>

/** A neighbour’s home that this one watches now. */
export const careView = z.object({
  id: natural,
  negotiation,
  home: account,
  functions,
  untilMs: moment,
  newest: z
    .object({
      atMs: moment,
      powerW: z.int(),
      peakPowerW: natural,
      importWh: natural,
      exportWh: natural,
      waterMl: natural,
    })
    .nullable()
    .describe('the newest reading that was opened'),
  recentPeakW: z.array(natural).max(120).describe('peak power of the newest slots, oldest first'),
  over: z.boolean().describe('more than was agreed is used now'),
  silent: z.boolean(),
  opened: natural,
  missed: natural,
  unseenAlarms: natural,
  alarms: z
    .array(
      z.object({ number: z.int(), atMs: moment, code: z.string().max(40), text: line, seen: z.boolean() }),
    )
    .max(DELEGATION_LIST_LIMIT)
    .describe('of that home, newest first'),
})
export type CareView = z.infer<typeof careView>

export const delegationsView = z.object({
  neighbours: z.array(account).max(1_024).describe('whom this home may ask'),
  list: z.array(delegationView).max(DELEGATION_LIST_LIMIT),
  caring: z.array(careView).max(DELEGATION_LIST_LIMIT),
})
export type DelegationsView = z.infer<typeof delegationsView>

/** What a person proposes, or offers instead. */
export const offerForm = z.strictObject({
  functions,
  fromMs: moment.nullable().describe('null: as soon as it is registered'),
  untilMs: moment,
  rewardMicroSct: micro,
  text: z.string().max(DELEGATION_TEXT_MAX).default(''),
})
export type OfferForm = z.infer<typeof offerForm>

export const proposeForm = offerForm.extend({ requestId: negotiation, peer: account })
export type ProposeForm = z.infer<typeof proposeForm>
export const counterForm = offerForm.extend({ negotiation })
export type CounterForm = z.infer<typeof counterForm>
export const delegationChoice = z.strictObject({ negotiation })
export type DelegationChoice = z.infer<typeof delegationChoice>

/** What a home's gateway does about delegations; each resolves when it is kept, and throws a named fault. */
export interface DelegationActions {
  propose(form: ProposeForm): Promise<void>
  counter(form: CounterForm): Promise<void>
  accept(choice: DelegationChoice): Promise<void>
  decline(choice: DelegationChoice): Promise<void>
  end(choice: DelegationChoice): Promise<void>
  /** The alarms of a neighbour’s home were seen. */
  saw(choice: DelegationChoice): Promise<void>
}
