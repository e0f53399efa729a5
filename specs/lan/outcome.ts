import { Fault } from '../../protocols/rules/fault.ts'
import type { World } from './world.ts'

/** What a fault did, in words, and the time that the row is about, ms. */
export interface Outcome {
  readonly result: string
  readonly tookMs: number
}

/** One row of the matrix. */
export interface Trial {
  readonly fault: string
  readonly run: (world: World) => Promise<Outcome>
}

/** Fails the row with a sentence. */
export function require(holds: boolean, sentence: string): void {
  if (!holds) throw new Fault('not-so', sentence, {})
}
