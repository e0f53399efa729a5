import { z } from 'zod'
import { alarmView, boardKind, calibrationView, sentAlarmView } from './read-model.ts'

/** What travels between a page and its gateway beside the view: events, actions, sign-in, errors. */

const natural = z.int().min(0)

/**
 * A reading as soon as this gateway has it: the home's own complete D^t, or at the community the
 * decrypted E^t.
 */
export const readingEvent = z.object({
  home: z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'an account: 0x and 40 hexadecimal digits'),
  slot: natural,
  atMs: natural,
  meanPowerW: z.int(),
  peakPowerW: z.int(),
  importWh: natural,
  exportWh: natural,
  waterMl: natural,
})
export type ReadingEvent = z.infer<typeof readingEvent>

/** An alarm as soon as it is opened (home) or sent (community). */
export const alarmEvent = z.union([alarmView, sentAlarmView])
export type AlarmEvent = z.infer<typeof alarmEvent>

export const acknowledgeAlarmBody = z.strictObject({
  id: z.string().min(1).max(64).describe('the id of an alarm in the view'),
})
export const valveBody = z.strictObject({ open: z.boolean() })
export const demandProofBody = z.strictObject({
  period: natural.describe('the index of the period of an excess in the view'),
  resource: z.enum(['energy', 'power', 'water']),
})
export const calibrateBody = z.strictObject({
  board: boardKind,
  quantity: calibrationView.shape.quantity,
  reference: z
    .int()
    .min(-1_000_000_000)
    .max(1_000_000_000)
    .nullable()
    .describe('what the reference shows: mV, mA, mW, 0.01 °C or ‰; null sets the board back'),
})
export type CalibrateBody = z.infer<typeof calibrateBody>
export const endDelegationBody = z.strictObject({
  delegation: z.int().min(1).describe('the number of a delegation, as the ledger has it'),
})
export const removeHomeBody = z.strictObject({
  home: z
    .string()
    .regex(/^0x[0-9a-f]{40}$/, 'an account: 0x and 40 hex digits')
    .describe('the account of a home that is a member'),
})
export const emptyBody = z.strictObject({})
export const sessionBody = z.strictObject({
  token: z.string().min(1).max(128).describe('the access code of the link that the gateway printed'),
})

export const done = z.object({ ok: z.literal(true) })
export const health = z.object({ ok: z.literal(true), role: z.enum(['home', 'community']) })

/** Every refusal: a code for programs, a sentence for people, and what to do next. */
export const refusal = z.object({
  code: z.string(),
  message: z.string(),
  field: z.string().nullable(),
  expected: z.string().nullable(),
  fix: z.string().nullable(),
})
export type Refusal = z.infer<typeof refusal>
