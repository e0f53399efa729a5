import { z } from 'zod'
import { bytesField, defineMessage, naturalField } from './json-message.ts'

/**
 * X^t is 1,073 bytes on the wire today; 4 KB leaves room for homes with more boards and refuses anything odd.
 */
export const EXTENDED_WIRE_MAX_BYTES = 4096
/** Items of one page of the catch-up: a page stays under 100 KB. */
export const EXTENDED_PAGE_MAX = 16

const base64Length = (bytes: number): number => Math.ceil((bytes * 4) / 3)

const itemSchema = z.strictObject({
  slot: naturalField(),
  /** The sealed X^t whose hash the chain holds. */
  wire: bytesField(1, EXTENDED_WIRE_MAX_BYTES),
})
/** The sealed extended data of one slot. */
export type ExtendedItem = z.output<typeof itemSchema>

/** A home hands the community gateway the extended data of one slot. */
export const extendedPush = defineMessage(
  'extended push',
  base64Length(EXTENDED_WIRE_MAX_BYTES) + 256,
  itemSchema,
)

/**
 * What became of it: `stored` (it matches the chain's digest), `pending` (the chain has no digest yet; kept,
 * within bounds) or `refused` with a code (`wrong-digest`, `pending-full`, `slot-too-far`).
 */
export const extendedAck = defineMessage(
  'extended acknowledgement',
  512,
  z.discriminatedUnion('status', [
    z.strictObject({ status: z.literal('stored') }),
    z.strictObject({ status: z.literal('pending') }),
    z.strictObject({ status: z.literal('refused'), code: z.string().min(1).max(40) }),
  ]),
)
export type ExtendedAck = ReturnType<typeof extendedAck.decode>

/** The community gateway asks a home for what it holds from a slot on, or for chosen slots. */
export const extendedPull = defineMessage(
  'extended pull',
  256,
  z.strictObject({ sinceSlot: naturalField(), limit: naturalField(EXTENDED_PAGE_MAX).min(1) }),
)
export type ExtendedPull = ReturnType<typeof extendedPull.decode>

/** A page, slots rising; `more` says that a later page exists, to be asked from the last slot + 1. */
export const extendedPage = defineMessage(
  'extended page',
  EXTENDED_PAGE_MAX * (base64Length(EXTENDED_WIRE_MAX_BYTES) + 64) + 256,
  z
    .strictObject({ items: z.array(itemSchema).max(EXTENDED_PAGE_MAX), more: z.boolean() })
    .refine(({ items }) => items.every((item, i) => i === 0 || item.slot > (items[i - 1]?.slot ?? -1)), {
      message: 'expected slots that rise',
    }),
)
export type ExtendedPage = ReturnType<typeof extendedPage.decode>
