import { Fault } from './fault.ts'
import type { BoardFrame, BoardKind } from './reading.ts'

/** Gain and offset of one channel of a board, as its firmware keeps them. */
export interface ChannelSetting {
  /** Parts per million: 1,000,000 changes nothing. */
  readonly gainPpm: number
  /** Added after the gain, in the channel's unit. */
  readonly offset: number
}

/** A board as it left the factory. */
export const FACTORY: ChannelSetting = { gainPpm: 1_000_000, offset: 0 }

export const QUANTITIES = ['voltage', 'current', 'power', 'temperature', 'humidity'] as const
/** What a board measures and a reference instrument too. Units: mV, mA, mW, 0.01 °C, ‰. */
export type Quantity = (typeof QUANTITIES)[number]

interface Channel {
  readonly quantity: Quantity
  /** The number that the firmware knows it by. */
  readonly channel: number
  /** Least that must be measured for a gain to be told from noise; null where an offset is set. */
  readonly least: number | null
  readonly unit: string
}

/** What can be brought in line, by board; a frame of the water board shows no quantity of its channel. */
const CHANNELS: Readonly<Record<BoardKind, readonly Channel[]>> = {
  power: [
    { quantity: 'voltage', channel: 0, least: 100_000, unit: 'mV' },
    { quantity: 'current', channel: 1, least: 1_000, unit: 'mA' },
    { quantity: 'power', channel: 2, least: 200_000, unit: 'mW' },
  ],
  water: [],
  comfort: [
    { quantity: 'temperature', channel: 0, least: null, unit: '0.01 °C' },
    { quantity: 'humidity', channel: 1, least: null, unit: '‰' },
  ],
}

/**
 * Bounds of a setting. A transformer that is a quarter off is broken or mounted wrongly, and nobody may talk
 * a meter down by more.
 */
const GAIN_PPM = { least: 800_000, most: 1_250_000 } as const
const OFFSET_MOST: Readonly<Partial<Record<Quantity, number>>> = { temperature: 500, humidity: 150 }

export const channelsOf = (kind: BoardKind): readonly Channel[] => CHANNELS[kind]

/** The channel of a quantity. Throws `no-such-channel`. */
export function channelOf(kind: BoardKind, quantity: Quantity): Channel {
  const found = CHANNELS[kind].find((each) => each.quantity === quantity)
  if (found !== undefined) return found
  const measured = CHANNELS[kind].map((each) => each.quantity).join(', ')
  const fix = measured === '' ? 'it has nothing to calibrate' : `choose ${measured}`
  throw new Fault('no-such-channel', `quantity: the ${kind} board measures no ${quantity}; ${fix}`, {
    field: 'quantity',
    fix,
  })
}

/** What a board's frame says of a quantity, in the unit of its channel; null when it says nothing of it. */
export function measuredOf(frame: BoardFrame, quantity: Quantity): number | null {
  if (frame.kind === 'power') {
    if (quantity === 'voltage') return frame.voltageMv
    if (quantity === 'current') return frame.currentMa
    return quantity === 'power' ? frame.powerW * 1_000 : null
  }
  if (frame.kind === 'comfort') {
    if (quantity === 'temperature') return frame.temperatureCentiC
    return quantity === 'humidity' ? frame.humidityPermille : null
  }
  return null
}

/**
 * The setting with which the board would have measured what the reference shows, given the setting with which
 * it measured `measured`. Faults: `load-too-small`, `reference-far-off`.
 */
export function calibrated(
  kind: BoardKind,
  quantity: Quantity,
  before: ChannelSetting,
  measured: number,
  reference: number,
): ChannelSetting {
  const { least, unit } = channelOf(kind, quantity)
  if (least === null) return withOffset(quantity, unit, before, reference - measured)
  if (measured < least || reference < least) {
    const fix = `calibrate with at least ${least} ${unit} flowing`
    const message = `${quantity}: measured ${measured} ${unit}, the reference ${reference}; ${fix}`
    throw new Fault('load-too-small', message, { field: 'reference', fix })
  }
  const gainPpm = Math.round((before.gainPpm * reference) / measured)
  if (gainPpm < GAIN_PPM.least || gainPpm > GAIN_PPM.most) throw farOff(quantity, measured, reference, unit)
  return { gainPpm, offset: before.offset }
}

function withOffset(quantity: Quantity, unit: string, before: ChannelSetting, step: number): ChannelSetting {
  const offset = before.offset + step
  if (Math.abs(offset) > (OFFSET_MOST[quantity] ?? 0)) throw farOff(quantity, -step, 0, unit)
  return { gainPpm: before.gainPpm, offset }
}

function farOff(quantity: Quantity, measured: number, reference: number, unit: string): Fault {
  const fix = 'check the reference and how the sensor is mounted'
  const apart = `${measured} ${unit} measured against ${reference}`
  return new Fault('reference-far-off', `${quantity}: too far from the reference (${apart}); ${fix}`, {
    field: 'reference',
    fix,
  })
}
