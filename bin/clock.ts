import { randomBytes } from 'node:crypto'
import type { Clock, RandomSource } from '../protocols/rules/clock.ts'

/** The only place that reads the wall clock. */
export const wallClock: Clock = { nowMs: () => Date.now() }

/** The only place that asks the system for chance. */
export const systemRandom: RandomSource = (length) => Uint8Array.from(randomBytes(length))
