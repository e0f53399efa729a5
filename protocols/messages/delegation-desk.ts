import { z } from 'zod'
import { DELEGATION_ID_MAX } from './delegation-terms.ts'
import { addressField, bytesField, defineMessage, naturalField } from './json-message.ts'

/** Slots acknowledged in one request. */
export const ACKNOWLEDGED_MAX = 64
/** Each entry is under 90 bytes: a slot and 32 bytes in base64url with their names. */
export const DESK_MESSAGE_MAX_BYTES = 8_192

const U32_MAX = 0xffff_ffff
const delegation = naturalField(DELEGATION_ID_MAX).min(1)

/** What a delegatee asks the community gateway for. */
export const deskRequest = defineMessage(
  'delegation desk request',
  DESK_MESSAGE_MAX_BYTES,
  z.discriminatedUnion('kind', [
    /** The number of a delegation to come; the same negotiation gets the same number. */
    z.strictObject({
      kind: z.literal('number'),
      negotiation: bytesField(16),
      delegator: addressField(),
      delegatee: addressField(),
    }),
    /** Slots that were watched, in their order, each with its receipt (zeros: nothing came). */
    z.strictObject({
      kind: z.literal('acknowledge'),
      delegation,
      slots: z
        .array(z.strictObject({ slot: naturalField(), receipt: bytesField(32) }))
        .min(1)
        .max(ACKNOWLEDGED_MAX),
    }),
    /** The community's word on how many slots were acknowledged, once the delegation is over. */
    z.strictObject({ kind: z.literal('witness'), delegation }),
  ]),
)
export type DeskRequest = ReturnType<typeof deskRequest.decode>

export const deskReply = defineMessage(
  'delegation desk reply',
  DESK_MESSAGE_MAX_BYTES,
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('number'), id: delegation }),
    /** How many count by now, and the slots that were taken; what is missing is sent again later. */
    z.strictObject({
      kind: z.literal('acknowledged'),
      count: naturalField(U32_MAX),
      taken: z.array(naturalField()).max(ACKNOWLEDGED_MAX),
      /** Slots that will never count: too late, not of this delegation, or with another receipt. */
      refused: z.array(naturalField()).max(ACKNOWLEDGED_MAX),
    }),
    /** The community's EIP-712 signature over `Watched`. */
    z.strictObject({
      kind: z.literal('witness'),
      count: naturalField(U32_MAX),
      root: bytesField(32),
      signature: bytesField(65),
    }),
  ]),
)
export type DeskReply = ReturnType<typeof deskReply.decode>
