import { z } from 'zod'

/** Moments of a state at which a process is killed. */
export const HOOKS = ['after persist', 'before send', 'after send', 'after receipt'] as const

/** A way to die: the leaf state, the moment in it. */
export const deathSchema = z.object({ leaf: z.string(), hook: z.enum(HOOKS) })
export type Death = z.infer<typeof deathSchema>

export const settingsSchema = z.object({
  machine: z.enum(['smart-gateway', 'community-gateway']),
  file: z.string(),
  deaths: z.array(deathSchema),
})
export type Settings = z.infer<typeof settingsSchema>

/** What the child says: it wants something done outside, or it took an event and rests. */
export const saidSchema = z.discriminatedUnion('say', [
  z.object({ say: z.literal('do'), ask: z.number(), deed: z.string(), about: z.string() }),
  z.object({
    say: z.literal('rests'),
    after: z.string(),
    snapshot: z.string(),
    counts: z.record(z.string(), z.number()),
  }),
])

/** What the parent says: the deed is done (or refused), or something happened to the machine. */
export const heardSchema = z.discriminatedUnion('hear', [
  z.object({ hear: z.literal('done'), ask: z.number(), refusal: z.string().nullable() }),
  z.object({ hear: z.literal('event'), id: z.string(), event: z.looseObject({ type: z.string() }) }),
])

/** A death that was died, and the leaf states that the process was killed in. */
export const diedSchema = z.object({ hook: z.enum(HOOKS), leaves: z.array(z.string()) })
export type Died = z.infer<typeof diedSchema>

/** By machine: which states reach out of their gateway, and what they ask for. */
export const DEEDS_OF: Readonly<Record<Settings['machine'], Readonly<Record<string, readonly string[]>>>> = {
  'smart-gateway': {
    'joining.finding': ['findCommunity'],
    'joining.introducing': ['introduce'],
    'joining.exchangingKeys': ['exchangeKeys'],
    'joining.registering': ['publishKey'],
    'operating.metering.sealing': ['sealReading'],
    'operating.reporting.waiting': ['submitted'],
    'operating.alarms.raised': ['tellPeople'],
    'operating.keys.renewing': ['exchangeKeys', 'publishKey'],
  },
  'community-gateway': {
    'founding.deploying': ['deployOrAttach'],
    'founding.announcing': ['announceKeys'],
    'operating.membership.admitting': ['admit'],
    'operating.membership.open': ['allocateQuotas'],
    'operating.keys.turning': ['beginEpoch'],
    'operating.collecting.opening': ['openRecords'],
    'operating.quotaControl.periods.closing': ['closePeriod'],
    'operating.quotaControl.excesses.undisputed': ['lookAtExcesses'],
    'operating.alarms.sending': ['publishAlarms'],
    'operating.priceFeed.stale': ['warnOperator'],
    'operating.chainWatch.stalled': ['warnOperator'],
    'operating.chainWatch.rewound': ['warnOperator'],
  },
}
