import { z } from 'zod'

/** What a home in a process of its own and its parent say to each other. */

export const HOOKS = ['after persist', 'before send', 'after send', 'after receipt'] as const

/** Where a home is killed: in a state of a machine, and there at a moment. */
export const deathSchema = z.object({
  machine: z.enum(['delegation', 'caring']),
  state: z.string(),
  hook: z.enum(HOOKS),
  /** What the state does: a word, a call, or something that it asks the community for. */
  deed: z.string().nullable(),
})
export type Death = z.infer<typeof deathSchema>

/** The course that the homes are in; a home that starts again is told it first. */
export const planSchema = z.object({
  negotiation: z.string(),
  deaths: z.array(deathSchema),
  /** How far its clock is off. */
  skewMs: z.number(),
})
export type Plan = z.infer<typeof planSchema>

const termsSchema = z.object({
  functions: z.array(z.enum(['readings', 'alarms'])),
  fromSlot: z.number(),
  untilSlot: z.number(),
  rewardMicroSct: z.string(),
  text: z.string(),
})
const personSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('PERSON_ACCEPTS') }),
  z.object({ type: z.literal('PERSON_DECLINES') }),
  z.object({ type: z.literal('PERSON_ENDS') }),
  z.object({ type: z.literal('PERSON_OFFERS'), terms: termsSchema, answerByMs: z.number() }),
])
export type PersonWish = z.infer<typeof personSchema>

/** What a home is told to do; asked again after a death, it is done once. */
export const wishSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('settle') }),
  z.object({ do: z.literal('plan'), plan: planSchema }),
  z.object({ do: z.literal('propose'), peer: z.string(), terms: termsSchema, answerByMs: z.number() }),
  /** Only in this state: in another it is done already. */
  z.object({ do: z.literal('person'), in: z.string(), event: personSchema }),
  z.object({ do: z.literal('hear'), text: z.string() }),
  z.object({ do: z.literal('call'), id: z.string(), to: z.string(), data: z.string() }),
  z.object({ do: z.literal('alarm'), number: z.number(), about: z.string() }),
  z.object({ do: z.literal('saw') }),
])
export type Wish = z.infer<typeof wishSchema>

const faultSchema = z.object({ code: z.string(), message: z.string() })
export type ToldFault = z.infer<typeof faultSchema>

/** The states that the machines of a home are in, by machine. */
export const statesSchema = z.record(z.string(), z.array(z.string()))
export type States = z.infer<typeof statesSchema>

/** From the home: it is up, it did as it was told, or it needs something from outside. */
export const fromHomeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('up') }),
  z.object({ kind: z.literal('done'), id: z.number(), states: statesSchema, fault: faultSchema.nullable() }),
  z.object({ kind: z.literal('need'), id: z.number(), what: z.string(), body: z.string() }),
])

/** To the home: a wish, or what it needed. */
export const toHomeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('wish'), id: z.number(), wish: wishSchema }),
  z.object({
    kind: z.literal('given'),
    id: z.number(),
    body: z.string(),
    fault: faultSchema.extend({ remote: z.boolean() }).nullable(),
  }),
])

/** Bytes in JSON are hex. */
export const grantSchema = z.object({
  epoch: z.number(),
  key: z.string(),
  signature: z.string(),
  proof: z.string(),
  secret: z.string(),
})

/** The leaves of a machine's state, as paths of names. */
export function leavesOf(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [[...path, String(value)].join('.')]
  return Object.entries(value).flatMap(([name, child]) => leavesOf(child, [...path, name]))
}
