import { z } from 'zod'
import { registrationDigest } from '../../protocols/crypto/registration.ts'
import { watchedTyped, delegationTyped, functionsOf } from '../../protocols/messages/delegation-terms.ts'
import type { ChainTransaction } from './blocks.ts'
import { bytesOf } from './encode.ts'
import { monitoringInterface } from './events.ts'
import { recoverFrom65 } from './sender.ts'
import type { Trail } from './trail.ts'

const natural = z.bigint().max(BigInt(Number.MAX_SAFE_INTEGER)).transform(Number)
const account = z.string().transform((address) => address.toLowerCase())

const registering = z.object({
  terms: z.object({
    id: natural,
    delegator: account,
    delegatee: account,
    functions: natural,
    fromSlot: natural,
    untilSlot: natural,
    reward: z.bigint(),
    terms: z.string(),
  }),
  byDelegator: z.string(),
  byDelegatee: z.string(),
  key: z.object({ signature: z.string() }),
})
const claiming = z.object({ id: natural, count: natural, root: z.string(), witness: z.string() })

export type Registering = z.output<typeof registering>
export type Claiming = z.output<typeof claiming>

function argumentsIn(name: string, { transaction }: ChainTransaction): unknown {
  try {
    return monitoringInterface.decodeFunctionData(name, transaction.input).toObject(true)
  } catch {
    return null
  }
}

/** What was signed in `registerDelegation`; null when a transaction is no such call. */
export function registeringIn(sent: ChainTransaction): Registering | null {
  return registering.safeParse(argumentsIn('registerDelegation', sent)).data ?? null
}

/** The same of `claimReward`. */
export function claimingIn(sent: ChainTransaction): Claiming | null {
  return claiming.safeParse(argumentsIn('claimReward', sent)).data ?? null
}

/** The account that signed these terms with a signature, or null. */
export function consentedBy({ terms }: Registering, signature: string, trail: Trail): string | null {
  try {
    const { functions, reward, terms: termsHash, ...same } = terms
    const agreed = { ...same, functions: functionsOf(functions), rewardMicroSct: reward, termsHash }
    const digest = registrationDigest(trail, delegationTyped(agreed))
    return recoverFrom65(bytesOf(digest), bytesOf(signature))
  } catch {
    return null
  }
}

/** The account that witnessed what was watched, or null. */
export function witnessedBy({ id, count, root, witness }: Claiming, trail: Trail): string | null {
  try {
    const digest = registrationDigest(trail, watchedTyped({ id, count, root }))
    return recoverFrom65(bytesOf(digest), bytesOf(witness))
  } catch {
    return null
  }
}
