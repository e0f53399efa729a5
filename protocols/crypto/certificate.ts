import { getBytes } from 'ethers'
import { z } from 'zod'
import { certificateOf } from '../rules/certificates.ts'
import { voterOf, type VoteDomain } from './vote.ts'

const hex = (bytes: number) => z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`))
/** More signers than any community has. */
const VOTES_MOST = 64

/** A final block with the votes that make it so, as it is written down: anybody can check it. */
export const certificateSchema = z.object({
  /** Height over all chains of the community. */
  number: z.number().int().nonnegative(),
  hash: hex(32),
  votes: z.array(z.object({ signature: hex(65) })).max(VOTES_MOST),
})
export type Certificate = z.infer<typeof certificateSchema>

/** Whether the votes are of enough of these signers, each for this very block (decision 101). */
export function makesFinal(
  domain: VoteDomain,
  { number, hash, votes }: Certificate,
  signers: readonly string[],
): boolean {
  const cast = votes.flatMap(({ signature }) => {
    const signer = voterOf(domain, { number, hash, signature: getBytes(signature) })
    return signer === null ? [] : [{ signer, number, hash }]
  })
  return certificateOf(cast, signers) !== null
}
