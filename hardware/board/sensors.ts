import type { World } from './world.ts'

/** The parts between the world and the pins; the firmware's constants are their inverse. */
export const PARTS = {
  supplyVolts: 5,
  middleVolts: 2.5,
  /** Divider and transformer of the voltage input, V per V of mains. */
  voltageRatio: 0.006,
  /** Current transformer: 1 V at 30 A. */
  voltsPerAmpere: 1 / 30,
  /** Noise at the ADC's input, V: about half a count, as a breadboard has. */
  adcNoiseVolts: 0.003,
  /** Along the pipe, between the faces of the two HC-SR04. */
  pathM: 0.3,
  soundInWaterMPerS: 1482,
  /** Jitter of an echo's edge. Without any, transit times stick to the 62.5 ns ticks. */
  echoNoiseS: 60e-9,
  /** From the end of the trigger pulse to the start of the echo. */
  echoDelayS: 125e-6,
  /** Bore of the measuring tube is 10 mm. */
  tubeAreaM2: Math.PI * 0.005 ** 2,
} as const

/** Litres a minute that one m/s in the measuring tube carries. */
export const LITRES_PER_MINUTE_PER_M_PER_S = PARTS.tubeAreaM2 * 1000 * 60

/** What the pins of a board see. A cut sensor wire leaves the inputs pulled to ground, and no echo comes. */
export interface Pins {
  /** Volts at an ADC input. */
  adcVolts(channel: number, ms: number): number
  /** Seconds that a shot sounds; with the water or against it. Undefined: no echo. */
  echoSeconds(withFlow: boolean, ms: number): number | undefined
}

const silent = (): undefined => undefined
const grounded = (): number => 0

/** The pins of a power board; `conducting` tells whether its relay is closed. */
export function powerPins(world: World, noise: () => number, conducting: () => boolean): Pins {
  const current = (ms: number): number => (conducting() ? world.amperesAt(ms) * PARTS.voltsPerAmpere : 0)
  const voltage = (ms: number): number => world.voltsAt(ms) * PARTS.voltageRatio
  return {
    adcVolts: (channel, ms) =>
      PARTS.middleVolts + (channel === 0 ? current(ms) : voltage(ms)) + PARTS.adcNoiseVolts * noise(),
    echoSeconds: silent,
  }
}

/** The pins of a water board; `conducting` tells whether its valve is open. */
export function waterPins(world: World, noise: () => number, conducting: () => boolean): Pins {
  return {
    adcVolts: grounded,
    echoSeconds: (withFlow, ms) => {
      const velocity = conducting() ? world.velocityAt(ms) : 0
      const speed = PARTS.soundInWaterMPerS + (withFlow ? velocity : -velocity)
      return PARTS.pathM / speed + PARTS.echoNoiseS * noise()
    },
  }
}

/** The pins of a comfort board: a TMP36 on ADC0, an HIH-4030 on ADC1. */
export function comfortPins(world: World, noise: () => number): Pins {
  const warm = (ms: number): number => 0.5 + world.celsiusAt(ms) / 100
  const damp = (ms: number): number => PARTS.supplyVolts * (0.00636 * world.humidityAt(ms) + 0.1515)
  return {
    adcVolts: (channel, ms) => (channel === 0 ? warm(ms) : damp(ms)) + PARTS.adcNoiseVolts * noise(),
    echoSeconds: silent,
  }
}

/** The pins of any board once its sensor wire is cut. */
export const CUT_PINS: Pins = { adcVolts: grounded, echoSeconds: silent }
