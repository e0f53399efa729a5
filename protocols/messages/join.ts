import { keccak256, toUtf8Bytes } from 'ethers'
import { z } from 'zod'
import { addressField, bytesField, defineMessage, hash32Field, naturalField } from './json-message.ts'
import { peerRecordSchema } from './peer-record.ts'

/** The first 8 bytes of a hash of the code: names an invite without telling it. */
export const INVITE_ID_BYTES = 8
/** 128 random bits: no one guesses a code, not even off line with a proof in hand. */
export const INVITE_CODE_MIN_BYTES = 16
/** A longer code is not safer, and the invite must still be typed or scanned. */
export const INVITE_CODE_MAX_BYTES = 32
/** Nonces are drawn once an exchange: 32 bytes never repeat. */
export const JOIN_NONCE_BYTES = 32
/** Settings, a dozen addresses and 8 URLs of a community fit with room. */
export const DESCRIPTOR_MAX_BYTES = 4096
/** A descriptor (escaped as a JSON string), a signature and two hashes. */
export const JOIN_MAX_BYTES = 2 * DESCRIPTOR_MAX_BYTES + 1024

const urlField = () =>
  z
    .string()
    .max(200)
    .regex(/^(https?|wss?):\/\/\S+$/, 'expected an http(s) or ws(s) URL')

/** What a home must know to take part; signed by the community's account. */
export const descriptorSchema = z.strictObject({
  version: z.literal(1),
  communityName: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'expected 1 to 32 of a-z, 0-9 and -'),
  chainId: naturalField().min(1),
  genesisHash: hash32Field(),
  deployedAtBlock: naturalField(),
  /** Where the chain may be asked; hints only, the home checks chain id and genesis. */
  rpc: z.array(urlField()).max(8),
  profile: z.enum(['commitment', 'storage']),
  access: addressField(),
  monitoring: addressField(),
  quota: addressField(),
  token: addressField().optional(),
  trading: addressField().optional(),
  /** The account whose EIP-712 signatures count for the community. */
  community: addressField(),
  /** The ed25519 public key of the community gateway's peer id. */
  communityPeerKey: bytesField(32),
  /** T, ms. */
  sampleMs: naturalField().min(1),
  slotsPerBilling: naturalField().min(1),
  /** L of the monitoring contract's ring. */
  length: naturalField().min(1),
  blockTimeS: z.number().positive().max(3600),
  /** Multiaddresses at which the community gateway may be dialled later. */
  gatewayAddresses: z.array(z.string().max(200)).max(8),
})

/** The community as its gateway describes it. */
export type CommunityDescriptor = z.output<typeof descriptorSchema>

export const descriptorMessage = defineMessage('descriptor', DESCRIPTOR_MAX_BYTES, descriptorSchema)

/** The EIP-712 type that the community's account signs: the hash of the descriptor's very bytes. */
export const DESCRIPTOR_TYPES = {
  CommunityDescriptor: [
    { name: 'community', type: 'address' },
    { name: 'peerKey', type: 'bytes32' },
    { name: 'content', type: 'bytes32' },
  ],
}

/** keccak256 of the descriptor text as it was sent; signing the text spares a canonical JSON. */
export function descriptorHash(text: string): string {
  return keccak256(toUtf8Bytes(text))
}

/** A descriptor as sent: its text, and the community account's signature over it. */
export const signedDescriptorSchema = z.strictObject({
  text: z.string().max(DESCRIPTOR_MAX_BYTES),
  signature: bytesField(65),
})
export type SignedDescriptor = z.output<typeof signedDescriptorSchema>

/**
 * Step 1: which invite, and a nonce. Step 2: the proof of the code and the record, now that the chain is
 * known.
 */
export const joinRequest = defineMessage(
  'join request',
  4096,
  z.discriminatedUnion('step', [
    z.strictObject({
      step: z.literal('hello'),
      inviteId: bytesField(INVITE_ID_BYTES),
      nonce: bytesField(JOIN_NONCE_BYTES),
    }),
    z.strictObject({
      step: z.literal('record'),
      inviteId: bytesField(INVITE_ID_BYTES),
      proof: bytesField(32),
      record: peerRecordSchema,
      /** What the manager sees in the list of homes; kept off chain. */
      homeName: z.string().min(1).max(48).optional(),
    }),
  ]),
)

/** Step 1's reply proves that the gateway knows the code too; step 2's tells what was decided. */
export const joinReply = defineMessage(
  'join reply',
  JOIN_MAX_BYTES,
  z.discriminatedUnion('step', [
    z.strictObject({
      step: z.literal('hello'),
      descriptor: signedDescriptorSchema,
      nonce: bytesField(JOIN_NONCE_BYTES),
      proof: bytesField(32),
    }),
    z.strictObject({ step: z.literal('admitted') }),
    /** The chain has not answered yet: ask again after `retryMs`. */
    z.strictObject({ step: z.literal('pending'), retryMs: naturalField(60_000) }),
  ]),
)
