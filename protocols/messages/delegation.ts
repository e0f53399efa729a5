import { keccak256, toUtf8Bytes } from 'ethers'
import { z } from 'zod'
import { addressField, bytesField, defineMessage, naturalField } from './json-message.ts'
import { DELEGATION_ID_MAX, REWARD_MAX } from './delegation-terms.ts'

/** What the parties write to each other fits on a small screen. */
export const TERMS_TEXT_MAX = 600
/** Offers and counter-offers of one negotiation: who has not agreed by then will not. */
export const ROUNDS_MAX = 8
/** A message waits for an answer for a day at most; people sleep. */
export const DELEGATION_MAX_LIFE_MS = 24 * 3600 * 1000
/** A text of 600 characters, each at most 4 bytes and escaped, keys and signatures. */
export const DELEGATION_MAX_BYTES = 6144

const U32_MAX = 0xffff_ffff
const REWARD_DIGITS = REWARD_MAX.toString().length

const functionsField = () =>
  z
    .array(z.enum(['readings', 'alarms']))
    .min(1)
    .max(2)
    .refine((names) => new Set(names).size === names.length, { message: 'expected each function once' })

const rewardField = () =>
  z
    .string()
    .max(REWARD_DIGITS)
    .regex(/^(0|[1-9][0-9]*)$/, { error: 'expected micro-SCT in decimal digits', abort: true })
    .refine((digits) => BigInt(digits) <= REWARD_MAX, { message: 'expected a reward of 64 bits' })

/** What one party would agree to. */
const offerSchema = z
  .strictObject({
    functions: functionsField(),
    fromSlot: naturalField(),
    untilSlot: naturalField(),
    /** For all slots together. */
    rewardMicroSct: rewardField(),
    /** In plain words; its hash is what both sign. */
    text: z.string().max(TERMS_TEXT_MAX),
  })
  .refine(({ fromSlot, untilSlot }) => fromSlot < untilSlot, {
    path: ['untilSlot'],
    error: 'expected an end after the start',
  })
export type DelegationOffer = z.output<typeof offerSchema>

/** What a gateway can do for another home, or lets be done for its own. */
const capabilitiesSchema = z.strictObject({
  functions: functionsField(),
  /** Its home has a relay that opens at too much power. */
  hasRelay: z.boolean(),
  /** Homes that it watches already. */
  caringFor: naturalField(U32_MAX),
})
export type DelegationCapabilities = z.output<typeof capabilitiesSchema>

/** Why somebody does not go on. */
export const DECLINE_REASONS = ['not-now', 'terms', 'cannot', 'busy', 'withdrawn', 'expired'] as const

const signedKeySchema = z.strictObject({
  epoch: naturalField(U32_MAX),
  /** X_sg, compressed. */
  key33: bytesField(33),
  /** The community's EIP-712 signature over `OpKey`. */
  signature: bytesField(65),
  /** Proof of m_sg. */
  proof: bytesField(64),
})
export type DelegationKey = z.output<typeof signedKeySchema>

const header = {
  version: z.literal(1),
  /** Chosen by the home that proposes. */
  negotiation: bytesField(16),
  sender: addressField(),
  recipient: addressField(),
  issuedMs: naturalField(),
  expiresMs: naturalField(),
}
const round = naturalField(ROUNDS_MAX).min(1)

const bodySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('propose'),
    ...header,
    round: z.literal(1),
    offer: offerSchema,
    capabilities: capabilitiesSchema,
  }),
  z.strictObject({
    kind: z.literal('counter'),
    ...header,
    round: naturalField(ROUNDS_MAX).min(2),
    offer: offerSchema,
    capabilities: capabilitiesSchema,
  }),
  /** The delegator takes the delegatee's last offer. */
  z.strictObject({ kind: z.literal('agree'), ...header, round }),
  /** The delegatee consents to the last offer, with the number and the key that the community gave. */
  z.strictObject({
    kind: z.literal('consent'),
    ...header,
    round,
    id: naturalField(DELEGATION_ID_MAX).min(1),
    signature: bytesField(65),
    key: signedKeySchema,
  }),
  z.strictObject({ kind: z.literal('decline'), ...header, round, reason: z.enum(DECLINE_REASONS) }),
  /** Says what the contract says too: the watch ends, or has ended. */
  z.strictObject({
    kind: z.literal('end'),
    ...header,
    id: naturalField(DELEGATION_ID_MAX).min(1),
    untilSlot: naturalField(),
  }),
])

/** One word of a negotiation between two homes. */
export type DelegationMessage = z.output<typeof bodySchema>
export type DelegationKind = DelegationMessage['kind']

export const delegationBody = defineMessage('delegation', DELEGATION_MAX_BYTES, bodySchema)

/** A message as it is sent: its very text, signed, which spares a canonical JSON. */
export const delegationRequest = defineMessage(
  'delegation request',
  // The text is escaped once more within the JSON around it.
  2 * DELEGATION_MAX_BYTES + 256,
  z.strictObject({ text: z.string().max(DELEGATION_MAX_BYTES), signature: bytesField(65) }),
)
export type DelegationRequest = ReturnType<typeof delegationRequest.decode>

/** The other side has it, and will not forget it. */
export const delegationReply = defineMessage(
  'delegation reply',
  64,
  z.strictObject({ taken: z.literal(true) }),
)

/** The EIP-712 form that a home's account signs: `DelegationMessage(address sender,…,bytes32 content)`. */
export function delegationMessageTyped(
  { sender, recipient }: Pick<DelegationMessage, 'sender' | 'recipient'>,
  text: string,
) {
  return {
    types: {
      DelegationMessage: [
        { name: 'sender', type: 'address' },
        { name: 'recipient', type: 'address' },
        { name: 'content', type: 'bytes32' },
      ],
    },
    value: { sender, recipient, content: keccak256(toUtf8Bytes(text)) },
  }
}
