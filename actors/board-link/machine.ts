import { assign, setup } from 'xstate'
import { backOffMs, SILENT_PERIODS } from '../../protocols/rules/link-timing.ts'
import { placeholder } from '../placeholder.ts'

export interface BoardLinkInput {
  readonly boardId: number
  readonly sampleMs: number
}

/** A change of a board's gain and offset, as its firmware takes it. */
export interface Calibration {
  readonly channel: number
  /** Parts per million: 1,000,000 changes nothing. */
  readonly gainPpm: number
  readonly offset: number
}

export interface BoardLinkContext extends BoardLinkInput {
  /** Attempts to reach the board since it was last live. */
  readonly attempts: number
  /** Commands without an answer in the present step. */
  readonly unanswered: number
  /** People were told that the board is away, and not yet that it is back. */
  readonly away: boolean
  readonly reason: string | null
  readonly calibration: Calibration | null
}

export type BoardLinkEvent =
  | { readonly type: 'PORT_OPENED' }
  | { readonly type: 'PORT_FAILED'; readonly reason: string }
  | { readonly type: 'PORT_CLOSED'; readonly reason: string }
  | { readonly type: 'ANSWERED' }
  | { readonly type: 'REFUSED'; readonly reason: string }
  | { readonly type: 'FRAME' }
  | { readonly type: 'CALIBRATE'; readonly calibration: Calibration }
  | { readonly type: 'STOP' }

/** A board answers within milliseconds; a radio may take longer. */
export const ANSWER_MS = 2_000
/** Commands without an answer before the link is opened anew. */
export const COMMAND_ATTEMPTS = 3

const setupBoardLink = setup({
  types: {
    context: {} as BoardLinkContext,
    events: {} as BoardLinkEvent,
    input: {} as BoardLinkInput,
  },
  delays: {
    backOff: ({ context }) => backOffMs(context.attempts),
    silence: ({ context }) => SILENT_PERIODS * context.sampleMs,
    answer: ANSWER_MS,
  },
  actions: {
    openPort: placeholder('openPort'),
    closePort: placeholder('closePort'),
    sendHello: placeholder('sendHello'),
    sendAuthorise: placeholder('sendAuthorise'),
    sendConfigure: placeholder('sendConfigure'),
    sendCalibrate: placeholder('sendCalibrate'),
    tellAway: placeholder('tellAway'),
    tellBack: placeholder('tellBack'),
    tellCalibrated: placeholder('tellCalibrated'),
    tellCalibrationFailed: placeholder('tellCalibrationFailed'),
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    countUnanswered: assign({ unanswered: ({ context }) => context.unanswered + 1 }),
    clearUnanswered: assign({ unanswered: 0 }),
    rememberReason: assign({
      reason: ({ context, event }) => ('reason' in event ? event.reason : context.reason),
    }),
    rememberSilence: assign({ reason: 'no frames' }),
    rememberMute: assign({ reason: 'no answer' }),
    markAway: assign({ away: true }),
    markLive: assign({ away: false, attempts: 0, unanswered: 0, reason: null }),
    takeCalibration: assign(({ event }) =>
      event.type === 'CALIBRATE' ? { calibration: event.calibration } : {},
    ),
  },
  guards: {
    isAway: ({ context }) => context.away,
    isMute: ({ context }) => context.unanswered + 1 >= COMMAND_ATTEMPTS,
  },
})

/** One step of a conversation: the command goes out on entry, and again until it is answered. */
const unanswered = (again: string) =>
  [
    { guard: 'isMute', target: '#boardLink.lost', actions: 'rememberMute' },
    { target: again, reenter: true, actions: 'countUnanswered' },
  ] as const

/**
 * The link of a home's gateway to one board (DESIGN §6): it opens the port, greets and authorises the board,
 * sets its report window, and follows it. A silence of three sample periods or a closed port is told once,
 * the return once; between them it tries again with back-off.
 */
export const boardLinkMachine = setupBoardLink.createMachine({
  id: 'boardLink',
  context: ({ input }) => ({
    ...input,
    attempts: 0,
    unanswered: 0,
    away: false,
    reason: null,
    calibration: null,
  }),
  initial: 'connecting',
  on: { STOP: '.stopped' },
  states: {
    absent: { after: { backOff: 'connecting' } },
    lost: {
      entry: ['closePort', 'countAttempt'],
      always: [
        { guard: 'isAway', target: 'absent' },
        { target: 'absent', actions: ['markAway', 'tellAway'] },
      ],
    },
    connecting: {
      entry: ['openPort', 'clearUnanswered'],
      on: {
        PORT_OPENED: 'authorising',
        PORT_FAILED: { target: 'lost', actions: 'rememberReason' },
        PORT_CLOSED: { target: 'lost', actions: 'rememberReason' },
      },
    },
    authorising: {
      initial: 'greeting',
      on: {
        PORT_CLOSED: { target: 'lost', actions: 'rememberReason' },
        REFUSED: { target: 'lost', actions: 'rememberReason' },
      },
      states: {
        greeting: {
          entry: 'sendHello',
          on: { ANSWERED: { target: 'admitting', actions: 'clearUnanswered' } },
          after: { answer: unanswered('greeting') },
        },
        admitting: {
          entry: 'sendAuthorise',
          on: { ANSWERED: { target: 'configuring', actions: 'clearUnanswered' } },
          after: { answer: unanswered('admitting') },
        },
        configuring: {
          entry: 'sendConfigure',
          on: { ANSWERED: { target: '#boardLink.live', actions: 'clearUnanswered' } },
          after: { answer: unanswered('configuring') },
        },
      },
    },
    live: {
      on: {
        FRAME: [
          { guard: 'isAway', target: 'live', reenter: true, actions: ['markLive', 'tellBack'] },
          { target: 'live', reenter: true, actions: 'markLive' },
        ],
        CALIBRATE: { target: 'calibrating', actions: ['takeCalibration', 'clearUnanswered'] },
        PORT_CLOSED: { target: 'lost', actions: 'rememberReason' },
      },
      after: {
        silence: [
          { guard: 'isAway', target: 'stale', actions: 'rememberSilence' },
          { target: 'stale', actions: ['rememberSilence', 'markAway', 'tellAway'] },
        ],
      },
    },
    stale: {
      on: {
        FRAME: { target: 'live', actions: ['markLive', 'tellBack'] },
        PORT_CLOSED: { target: 'lost', actions: 'rememberReason' },
      },
      after: { silence: 'lost' },
    },
    calibrating: {
      entry: 'sendCalibrate',
      on: {
        ANSWERED: { target: 'live', actions: 'tellCalibrated' },
        REFUSED: { target: 'live', actions: 'tellCalibrationFailed' },
        PORT_CLOSED: { target: 'lost', actions: ['rememberReason', 'tellCalibrationFailed'] },
      },
      after: {
        answer: [
          { guard: 'isMute', target: 'live', actions: 'tellCalibrationFailed' },
          { target: 'calibrating', reenter: true, actions: 'countUnanswered' },
        ],
      },
    },
    stopped: { type: 'final', entry: 'closePort' },
  },
})
