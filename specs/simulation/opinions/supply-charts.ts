import { type Chart, type Facts, num } from './chart.ts'
import { type Heat, heatThen, heldUntil, isHeld, levelOf, restoredHeat } from './power-opinion.ts'

const orNull = (value: unknown): number | null => (value === null ? null : num(value))
const heatOf = ({ profile, contractedW, heat, lastT, maxGapMs, overrideUntilMs }: Facts): Heat => ({
  ...{ profile: String(profile), contractedW: num(contractedW), heat: num(heat), maxGapMs: num(maxGapMs) },
  ...{ lastT: orNull(lastT), overrideUntilMs: orNull(overrideUntilMs) },
})
const isAt =
  (level: string) =>
  (context: Facts, { t, powerW }: Facts): boolean =>
    levelOf(heatOf(context), num(t), num(powerW)) === level

/** What a reading leads to, from a state in which the supply is on. */
const judged = (from: string): string => {
  const to = (state: string, then = ''): string =>
    state === from ? '- | =reading' : `${state} | =reading ${then}`
  return `
    ${from} | READING ?trip   | ${to('supply.tripped.opening', 'tellTripped openRelay')}
    ${from} | READING ?warned | ${to('supply.warned', 'tellWarned')}
    ${from} | READING ?over   | ${to('supply.over')}
    ${from} | READING         | ${to('supply.normal')}`
}

/** The switch of a home (paper §5.1): what is drawn above the contract adds up, and cuts the supply. */
export const POWER: Chart = {
  begins: (input) => ({
    leaves: ['supply.normal', 'hand.automatic'],
    context: {
      ...input,
      ...{ heat: 0, lastT: null, overrideUntilMs: null, powerW: 0, slot: 0, relayFailures: 0 },
    },
    asked: [],
  }),
  lines: `
                           | CONTRACT                 | -                       | =contract
    ${judged('supply.normal')}
    ${judged('supply.over')}
    ${judged('supply.warned')}
    ${judged('supply.restored.closed')}
    supply.tripped         | RESTORE                  | supply.restored.closing | =halved closeRelay
    supply.tripped         | OVERRIDE ?lasts          | supply.restored.closing | =halved closeRelay
    supply.tripped.opening | RELAY_OPENED             | supply.tripped.open     | =obeyed
    supply.tripped.opening | RELAY_FAILED             | supply.tripped.failing  | =failed tellRelayFailed
    supply.tripped.opening | READING ?closed          | supply.tripped.opening  | =reading openRelay
    supply.tripped.opening | READING                  | supply.tripped.open     | =reading =obeyed
    supply.tripped.failing | READING ?closed          | supply.tripped.opening  | =reading openRelay
    supply.tripped.failing | READING                  | supply.tripped.open     | =reading =obeyed
    supply.tripped.open    | READING ?closed          | supply.tripped.opening  | =reading openRelay
    supply.tripped.open    | READING                  | -                       | =reading
    supply.restored.closing | RELAY_CLOSED            | supply.restored.closed  | =obeyed tellRestored
    supply.restored.closing | RELAY_FAILED            | supply.stuck            | =failed tellRelayFailed
    supply.restored.closing | READING ?closed | supply.restored.closed | =reading =obeyed tellRestored
    supply.restored.closing | READING                 | supply.restored.closing | =reading closeRelay
    supply.stuck           | RESTORE                  | supply.restored.closing | =halved closeRelay
    supply.stuck           | OVERRIDE ?lasts          | supply.restored.closing | =halved closeRelay
    supply.stuck | READING ?closed | supply.restored.closed | =reading =halved tellRestored
    supply.stuck           | READING                  | -                       | =reading
    hand.automatic         | OVERRIDE ?lasts          | hand.overridden         | =override
    hand.overridden        | OVERRIDE ?lasts          | -                       | =override
    hand.overridden        | OVERRIDE_END             | hand.automatic          | =free
    hand.overridden        | READING ?passed          | hand.automatic          | =free
  `,
  conditions: {
    trip: isAt('trip'),
    warned: isAt('warned'),
    over: isAt('over'),
    lasts: (_, { t, untilMs }) => num(untilMs) > num(t),
    closed: (_, { relayClosed }) => relayClosed === true,
    passed: (context, { t }) => !isHeld(heatOf(context), num(t)),
  },
  keeps: {
    contract: ({ profile }, event) => {
      return { contractedW: event['contractedW'], profile: event['profile'] ?? profile }
    },
    reading: (context, { t, slot, powerW }) => {
      return { heat: heatThen(heatOf(context), num(t), num(powerW)), lastT: t, slot, powerW }
    },
    halved: ({ heat }) => ({ heat: restoredHeat(num(heat)) }),
    obeyed: () => ({ relayFailures: 0 }),
    failed: ({ relayFailures }) => ({ relayFailures: num(relayFailures) + 1 }),
    override: (_, { t, untilMs }) => ({ overrideUntilMs: heldUntil(num(t), num(untilMs)) }),
    free: () => ({ overrideUntilMs: null }),
  },
}

const ANSWER_MS = 2_000
const HALF_SECOND_MS = 500
const HALF_MINUTE_MS = 30_000
const SILENT_PERIODS = 3
const ATTEMPTS = 3

/** Twice as long each time, from half a second to half a minute. */
function backOff({ attempts }: Facts): number {
  let ms = HALF_SECOND_MS
  for (let attempt = 1; attempt < num(attempts); attempt += 1) ms *= 2
  return Math.min(ms, HALF_MINUTE_MS)
}
const silence = ({ sampleMs }: Facts): number => SILENT_PERIODS * num(sampleMs)

/** A board that is lost is told of once. */
const lost = (from: string, event: string, why: string): string => `
    ${from} | ${event} ?away | absent | ${why} closePort =attempt wait:backOff
    ${from} | ${event}       | absent | ${why} closePort =attempt =away tellAway wait:backOff`

const step = (name: string, asks: string, next: string, then: string): string => {
  const [here, silence] = [`authorising.${name}`, `xstate.after.answer.boardLink.authorising.${name}`]
  return `
    ${here} | ANSWERED | ${next} | =answered ${then}
    ${lost(here, `${silence} ?mute`, '=mute')}
    ${here} | ${silence} | ${here} | =unanswered ${asks} wait:answer`
}

const MUTE = 'xstate.after.answer.boardLink.calibrating'

/** The link of a gateway to a board. */
export const LINK: Chart = {
  begins: (input) => ({
    leaves: ['connecting'],
    context: { ...input, attempts: 0, unanswered: 0, away: false, reason: null, calibration: null },
    asked: [{ name: 'openPort', params: null }],
  }),
  lines: `
    | STOP | stopped | closePort
    absent | xstate.after.backOff.boardLink.absent | connecting | openPort =answered
    connecting | PORT_OPENED | authorising.greeting | sendHello wait:answer
    ${lost('connecting', 'PORT_FAILED', '=reason')}
    ${lost('connecting', 'PORT_CLOSED', '=reason')}
    ${lost('authorising', 'PORT_CLOSED', '=reason')}
    ${lost('authorising', 'REFUSED', '=reason')}
    ${step('greeting', 'sendHello', 'authorising.admitting', 'sendAuthorise wait:answer')}
    ${step('admitting', 'sendAuthorise', 'authorising.configuring', 'sendConfigure wait:answer')}
    ${step('configuring', 'sendConfigure', 'live', 'wait:silence')}
    live | FRAME ?away | live | =live tellBack wait:silence
    live | FRAME | live | =live wait:silence
    live | CALIBRATE | calibrating | =calibration =answered sendCalibrate wait:answer
    ${lost('live', 'PORT_CLOSED', '=reason')}
    live | xstate.after.silence.boardLink.live ?away | stale | =silent wait:silence
    live | xstate.after.silence.boardLink.live | stale | =silent =away tellAway wait:silence
    stale | FRAME | live | =live tellBack wait:silence
    ${lost('stale', 'PORT_CLOSED', '=reason')}
    ${lost('stale', 'xstate.after.silence.boardLink.stale', '')}
    calibrating | ANSWERED | live | tellCalibrated wait:silence
    calibrating | REFUSED | live | tellCalibrationFailed wait:silence
    ${lost('calibrating', 'PORT_CLOSED', '=reason tellCalibrationFailed')}
    calibrating | ${MUTE} ?mute | live | tellCalibrationFailed wait:silence
    calibrating | ${MUTE} | calibrating | =unanswered sendCalibrate wait:answer
  `,
  conditions: {
    away: ({ away }) => away === true,
    mute: ({ unanswered }) => num(unanswered) > ATTEMPTS - 2,
  },
  keeps: {
    answered: () => ({ unanswered: 0 }),
    unanswered: ({ unanswered }) => ({ unanswered: num(unanswered) + 1 }),
    attempt: ({ attempts }) => ({ attempts: num(attempts) + 1 }),
    reason: (_, { reason }) => ({ reason }),
    silent: () => ({ reason: 'no frames' }),
    mute: () => ({ reason: 'no answer' }),
    away: () => ({ away: true }),
    live: () => ({ away: false, attempts: 0, unanswered: 0, reason: null }),
    calibration: (_, { calibration }) => ({ calibration }),
  },
  params: {
    'wait:backOff': backOff,
    'wait:silence': silence,
    'wait:answer': () => ANSWER_MS,
  },
}
