import { z } from 'zod'
import { bytesField, defineMessage, hash32Field, naturalField } from './json-message.ts'

/** A number, a hash and a signature of 65 bytes, with their names. */
const VOTE_MAX_BYTES = 256
/** A word of gossip is heard at once or not at all: who missed it pulls. */
export const VOTE_LIFE_MS = 60_000
/** Clocks of gateways may differ by this much. */
export const VOTE_SKEW_MS = 60_000
/** The votes for the newest final block and those above it, of as many signers as a community has. */
export const VOTES_IN_PAGE_MAX = 128

const voteSchema = z.strictObject({
  number: naturalField(),
  hash: hash32Field(),
  /** EIP-712 by the signer; who that is follows from it. */
  signature: bytesField(65),
})

/** A signer's word that a block is on the branch it stands by, and every block below it. */
export type Vote = z.output<typeof voteSchema>

/** A vote as it travels on the topic of votes. */
export const voteMessage = defineMessage(
  'vote',
  VOTE_MAX_BYTES + 64,
  z.strictObject({ vote: voteSchema, expiresMs: naturalField() }),
)
export type VoteMessage = ReturnType<typeof voteMessage.decode>

/** A peer that was away asks for what it missed. */
export const votePull = defineMessage('vote pull', 64, z.strictObject({ from: naturalField() }))
export type VotePull = ReturnType<typeof votePull.decode>

/** The votes that make the newest final block final, and those above it. */
export const votePage = defineMessage(
  'vote page',
  VOTES_IN_PAGE_MAX * VOTE_MAX_BYTES + 64,
  z.strictObject({ votes: z.array(voteSchema).max(VOTES_IN_PAGE_MAX) }),
)
export type VotePage = ReturnType<typeof votePage.decode>

/** The gossip topic of a community's votes. */
export const votesTopic = (community: string): string => `/${community}/votes`
