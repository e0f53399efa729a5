import { setup } from 'xstate'

/*
 * What may happen to the link to a board, as a person would tell it. Each event is carried out on a live link
 * to a board that runs the real firmware in the emulator (board-link.spec.ts).
 */

export type LinkWorldEvent =
  | { type: 'BOARD_ANSWERS' }
  | { type: 'PORT_DOES_NOT_OPEN' }
  | { type: 'BOARD_IS_MUTE' }
  | { type: 'BOARD_IS_MUTE_AFTER_HELLO' }
  | { type: 'BOARD_IS_MUTE_AFTER_AUTHORISE' }
  | { type: 'BOARD_REFUSES' }
  | { type: 'PORT_CLOSES_BEFORE_AN_ANSWER' }
  | { type: 'BOARD_COMES_BACK' }
  | { type: 'BOARD_COMES_BACK_AND_SAYS_NOTHING' }
  | { type: 'BOARD_SPEAKS_AGAIN' }
  | { type: 'FRAMES_COME' }
  | { type: 'FRAMES_STAY_AWAY' }
  | { type: 'SILENCE_LASTS' }
  | { type: 'PORT_CLOSES' }
  | { type: 'IS_CALIBRATED' }
  | { type: 'CALIBRATION_IS_REFUSED' }
  | { type: 'CALIBRATION_IS_NOT_ANSWERED' }
  | { type: 'PORT_CLOSES_IN_A_CALIBRATION' }
  | { type: 'PERSON_STOPS_IT' }

/** The state that the link must show. */
export type LinkMeta = readonly string[]

export const linkModel = setup({
  types: { events: {} as LinkWorldEvent, meta: {} as LinkMeta },
}).createMachine({
  id: 'linkModel',
  initial: 'new',
  states: {
    new: {
      on: {
        BOARD_ANSWERS: 'live',
        PORT_DOES_NOT_OPEN: 'absent',
        BOARD_IS_MUTE: 'absent',
        BOARD_IS_MUTE_AFTER_HELLO: 'absent',
        BOARD_IS_MUTE_AFTER_AUTHORISE: 'absent',
        BOARD_REFUSES: 'absent',
        PORT_CLOSES_BEFORE_AN_ANSWER: 'absent',
      },
    },
    absent: {
      meta: ['absent'],
      on: { BOARD_COMES_BACK: 'live', BOARD_COMES_BACK_AND_SAYS_NOTHING: 'stale' },
    },
    live: {
      meta: ['live'],
      on: {
        FRAMES_COME: 'live',
        FRAMES_STAY_AWAY: 'stale',
        PORT_CLOSES: 'absent',
        IS_CALIBRATED: 'live',
        CALIBRATION_IS_REFUSED: 'live',
        CALIBRATION_IS_NOT_ANSWERED: 'live',
        PORT_CLOSES_IN_A_CALIBRATION: 'absent',
        PERSON_STOPS_IT: 'stopped',
      },
    },
    stale: {
      meta: ['stale'],
      on: { BOARD_SPEAKS_AGAIN: 'live', SILENCE_LASTS: 'absent', PORT_CLOSES: 'absent' },
    },
    stopped: { type: 'final', meta: ['stopped'] },
  },
})
