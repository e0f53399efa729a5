import { z } from 'zod'
import { addressField, defineMessage } from './json-message.ts'

/** A gateway listens at a few addresses: one for each of its networks. */
export const WHEREABOUTS_MAX = 16
/** A multiaddress of IP, port and peer id is under 120 characters. */
const ADDRESS_MAX = 200
const REPLY_MAX_BYTES = WHEREABOUTS_MAX * (ADDRESS_MAX + 4) + 64

/** Which home is looked for. */
export const whereaboutsRequest = defineMessage(
  'whereabouts request',
  96,
  z.strictObject({ account: addressField() }),
)
export type WhereaboutsRequest = ReturnType<typeof whereaboutsRequest.decode>

/** Where it listens, as multiaddresses; none when the community gateway does not know. */
export const whereaboutsReply = defineMessage(
  'whereabouts reply',
  REPLY_MAX_BYTES,
  z.strictObject({ addresses: z.array(z.string().max(ADDRESS_MAX)).max(WHEREABOUTS_MAX) }),
)
export type WhereaboutsReply = ReturnType<typeof whereaboutsReply.decode>
