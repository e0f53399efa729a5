import { netMw, rowValue } from './profile-rows.ts'
import type { HomeProfile } from './profiles.ts'
import { roomClimate } from './room.ts'
import { LITRES_PER_MINUTE_PER_M_PER_S } from './sensors.ts'
import { mainsWave } from './world.ts'
import type { World } from './world.ts'

const MAINS_V = 230
/** A home takes a little reactive power; an inverter gives none. */
const IMPORT_LAG = Math.acos(0.95)
const EXPORT_LAG = Math.PI
/** A tap in use; longer or stronger only when the row's litres do not fit into the sample period. */
const TAP_ML_PER_MS = 12_000 / 60_000
/** Less is kept for a later row: nobody opens a tap for less than a fifth of a second. */
const DRAW_LEAST_ML = 40

export interface HouseholdOptions {
  readonly profile: HomeProfile
  readonly stepMs: number
  readonly sampleMs: number
  /** The first row is that of the slot which holds this moment, unix ms. */
  readonly startMs: number
}

/**
 * The world of a home whose rows last one sample period, that is one slot, each. The power is the row's own;
 * litres and the hour are scaled to the sample period, as energy is by lasting less: a real second holds what
 * a second of the row held. Ask it in the order of time.
 */
export function householdWorld(options: HouseholdOptions): World {
  const { profile, stepMs, sampleMs, startMs } = options
  const originMs = Math.floor(startMs / sampleMs) * sampleMs
  const rowAt = (ms: number): number => Math.max(0, Math.floor((ms - originMs) / sampleMs))
  const current = currentOf(profile)
  const tap = tapOf(profile, sampleMs, sampleMs / stepMs)
  const climate = (ms: number): { celsius: number; humidity: number } =>
    roomClimate(((ms - originMs) * stepMs) / sampleMs)
  return {
    voltsAt: (ms) => mainsWave(MAINS_V, ms),
    amperesAt: (ms) => current(rowAt(ms), ms),
    velocityAt: (ms) => tap(rowAt(ms), ms - originMs),
    celsiusAt: (ms) => climate(ms).celsius,
    humidityAt: (ms) => climate(ms).humidity,
  }
}

function currentOf(profile: HomeProfile): (row: number, ms: number) => number {
  let known = -1
  let rms = 0
  let lag = 0
  return (row, ms) => {
    if (row !== known) {
      const watts = netMw(profile, row) / 1000
      lag = watts < 0 ? EXPORT_LAG : IMPORT_LAG
      rms = watts / (MAINS_V * Math.cos(lag))
      known = row
    }
    return mainsWave(rms, ms, lag)
  }
}

/** Litres of the rows become draws of a tap, each at the beginning of its row. */
function tapOf(
  profile: HomeProfile,
  sampleMs: number,
  scale: number,
): (row: number, elapsedMs: number) => number {
  let known = -1
  let owedMl = 0
  let endsMs = 0
  let velocity = 0
  return (row, elapsedMs) => {
    while (known < row) {
      known++
      owedMl += (rowValue(profile.waterUl, known) / 1000) * scale
      const mlPerMs = Math.max(TAP_ML_PER_MS, owedMl / sampleMs)
      const drawMl = owedMl < DRAW_LEAST_ML ? 0 : owedMl
      endsMs = known * sampleMs + drawMl / mlPerMs
      velocity = (mlPerMs * 60) / LITRES_PER_MINUTE_PER_M_PER_S
      owedMl -= drawMl
    }
    return elapsedMs < endsMs ? velocity : 0
  }
}
