import { z } from 'zod'
import { deathSchema } from './wire.ts'

/** A way to die of the archive; a state may change more than one thing outside, each at its turn. */
export const archiveDeath = deathSchema.extend({ nth: z.number() })
export type ArchiveDeath = z.infer<typeof archiveDeath>
