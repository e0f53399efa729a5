/** Wall time as a value: milliseconds since the Unix epoch. */
export interface Clock {
  nowMs(): number
}

/** Chance as a value: `length` unpredictable bytes. */
export type RandomSource = (length: number) => Uint8Array
