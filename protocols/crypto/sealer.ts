import { randomBytes } from '@noble/hashes/utils.js'
import type { RandomSource } from '../rules/clock.ts'
import { warmGenerators } from './points.ts'
import { prepareRecipient } from './recipient.ts'
import { type ReadingToSeal, type SealedReading, sealReading } from './seal-reading.ts'

/** What a home calls once a slot; a few milliseconds each, so that it needs no thread of its own. */
export interface Sealer {
  /** Builds the tables of the next recipient ahead of its first slot. Throws `bad-point`. */
  prepare(recipient: Uint8Array): void
  /** Seals to the 33 bytes of a public key; throws as `sealReading` does, and `bad-point`. */
  seal(reading: Omit<ReadingToSeal, 'recipient'> & { readonly recipient: Uint8Array }): SealedReading
}

/** A sealer in this process. */
export function createSealer({ random = randomBytes }: { random?: RandomSource } = {}): Sealer {
  return {
    prepare: (recipient) => {
      warmGenerators()
      prepareRecipient(recipient)
    },
    seal: (reading) => sealReading({ ...reading, recipient: prepareRecipient(reading.recipient) }, random),
  }
}
