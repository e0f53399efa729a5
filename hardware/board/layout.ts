import type { BoardKind } from '../../protocols/rules/reading.ts'
import { MAC_BYTES } from './mac.ts'

/** The version that every frame begins with. */
export const FRAME_VERSION = 1
/** version u8, type u8, board id u32, sequence u32, uptime ms u32, flags u16. */
export const HEADER_BYTES = 16
export const CRC_BYTES = 2
/** Room the firmware has for a body; no body here needs it all. */
export const BODY_MAX_BYTES = 32
/** Header, body, MAC: the most that X^t keeps of one frame. */
export const FRAME_MAX_BYTES = HEADER_BYTES + BODY_MAX_BYTES + MAC_BYTES
/** Between two zeros on the wire: CRC and one byte of COBS more. Longer is garbage. */
export const WIRE_MAX_BYTES = FRAME_MAX_BYTES + CRC_BYTES + 1

export const FLAGS = { authorised: 1, calibrated: 2, sensorFault: 4 } as const

/** Report types and the bytes of their bodies. */
export const REPORTS: Readonly<Record<BoardKind, { readonly type: number; readonly bodyBytes: number }>> = {
  power: { type: 1, bodyBytes: 27 },
  water: { type: 2, bodyBytes: 9 },
  comfort: { type: 3, bodyBytes: 4 },
}

/** Command types and the bytes of their bodies; the type of an answer is 0x40 more. */
export const COMMANDS = {
  authorise: { type: 0x41, bodyBytes: 1 },
  calibrate: { type: 0x42, bodyBytes: 9 },
  relay: { type: 0x43, bodyBytes: 1 },
  valve: { type: 0x44, bodyBytes: 1 },
  configure: { type: 0x45, bodyBytes: 2 },
  hello: { type: 0x46, bodyBytes: 0 },
} as const
export type CommandName = keyof typeof COMMANDS

export const ANSWER_OFFSET = 0x40
export const ANSWER_BODY_BYTES = 14

/** What a board says of a command, in the order of their codes. */
export const ANSWER_STATUS = ['done', 'replayed', 'bad-argument', 'not-this-board'] as const
export type AnswerStatus = (typeof ANSWER_STATUS)[number]

/** Report windows the firmware takes, ms: one block of measurement, and a minute. */
export const WINDOW_MS = { least: 400, most: 60_000, default: 2_000 } as const
/** Gains the firmware takes, parts per million: half to double. */
export const GAIN_PPM = { least: 500_000, one: 1_000_000, most: 2_000_000 } as const

export const BOARD_KINDS: readonly BoardKind[] = ['power', 'water', 'comfort']

/** Channels that `calibrate` knows, by board; the offset's unit is the channel's. */
export const CHANNELS = {
  power: ['voltage mV', 'current mA', 'active power mW'],
  water: ['velocity mm/s'],
  comfort: ['temperature 0.01 C', 'humidity permille'],
} as const satisfies Record<BoardKind, readonly string[]>
