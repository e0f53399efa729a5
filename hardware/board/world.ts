/** What surrounds the boards of a home, at a moment in unix milliseconds (fractions count). */
export interface World {
  /** Instantaneous voltage of the mains, V. */
  voltsAt(ms: number): number
  /**
   * Instantaneous current that flows while the relay is closed, A; with the voltage's sign it is imported.
   */
  amperesAt(ms: number): number
  /** Mean velocity of the water in the measuring tube while the valve is open, m/s; negative flows back. */
  velocityAt(ms: number): number
  /** Temperature of the room, C. */
  celsiusAt(ms: number): number
  /** Relative humidity of the room, percent. */
  humidityAt(ms: number): number
}

/** A world in which nothing changes: the root-mean-square values, for specs and calibration. */
export interface SteadyWorld {
  readonly volts?: number
  readonly amperes?: number
  /** Lag of the current behind the voltage, radians; pi exports. */
  readonly lag?: number
  readonly velocity?: number
  readonly celsius?: number
  readonly humidity?: number
}

/** Hertz of the mains. */
export const MAINS_HZ = 50
const PERIOD_MS = 1000 / MAINS_HZ

/** The instantaneous value of a sine of the mains with the given root mean square. */
export function mainsWave(rms: number, ms: number, lag = 0): number {
  return Math.SQRT2 * rms * Math.sin(2 * Math.PI * ((ms % PERIOD_MS) / PERIOD_MS) - lag)
}

export function steadyWorld(state: SteadyWorld = {}): World {
  const { volts = 230, amperes = 0, lag = 0, velocity = 0, celsius = 21, humidity = 50 } = state
  return {
    voltsAt: (ms) => mainsWave(volts, ms),
    amperesAt: (ms) => mainsWave(amperes, ms, lag),
    velocityAt: () => velocity,
    celsiusAt: () => celsius,
    humidityAt: () => humidity,
  }
}
