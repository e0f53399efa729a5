import { Wallet } from 'ethers'
import { z } from 'zod'
import { rpcCall } from '../../chain/network/rpc.ts'
import { registrationDigest } from '../../protocols/crypto/registration.ts'
import {
  delegationTyped,
  termsHashOf,
  termsValue,
  watchedTyped,
  type DelegationTerms,
} from '../../protocols/messages/delegation-terms.ts'
import type { Reader, SpecCommunity, SpecHome } from './community.ts'
import { homeOf, meteredCommunity } from './metered.ts'

export const REWARD = 1_000_000n
/** Slots: so many that no machine is too slow to end a delegation before it expires. */
const LONG = 3_000
const SLOTS_A_SECOND = 10

/** The slots that a delegated history is about. */
export interface DelegatedHistory {
  readonly community: SpecCommunity
  readonly away: SpecHome
  readonly near: SpecHome
  readonly terms: DelegationTerms
  /** Delegated slots, in order. */
  readonly slots: readonly number[]
  /** A slot after the end. */
  readonly after: number
}

const domainOf = ({ contracts: { chainId, monitoring } }: SpecCommunity) => ({ chainId, monitoring })

/** Registers a delegation that both have consented to; `proof` in place of that of its key. */
export async function delegate(
  community: SpecCommunity,
  [away, near]: readonly [SpecHome, SpecHome],
  terms: DelegationTerms,
  forged: Uint8Array | null = null,
): Promise<Reader> {
  const { values, key } = await community.issue(near, terms.id)
  const [epoch, , keyBytes, signature, proof] = values
  const digest = registrationDigest(domainOf(community), delegationTyped(terms))
  const consents = [away, near].map(({ wallet }) => wallet.signingKey.sign(digest).serialized)
  const signed = { epoch, key: keyBytes, signature, proof: forged ?? proof }
  await community.act(away, 'monitoring', 'registerDelegation', [termsValue(terms), ...consents, signed])
  return { key, delegation: terms.id }
}

export const termsOf = (
  away: SpecHome,
  near: SpecHome,
  fromSlot: number,
  change: Partial<DelegationTerms> = {},
): DelegationTerms => ({
  ...{ id: 1, delegator: away.account, delegatee: near.account, functions: ['readings', 'alarms'] },
  ...{ fromSlot, untilSlot: fromSlot + LONG, rewardMicroSct: REWARD, termsHash: termsHashOf('the house') },
  ...change,
})

const blockShape = z.object({ timestamp: z.string() })

async function newestSecond({ chain }: SpecCommunity): Promise<number> {
  const latest = await rpcCall(chain.rpc, 'eth_getBlockByNumber', ['latest', false])
  return Number(blockShape.parse(latest).timestamp)
}

/** The slot of the newest block. */
export const newestSlot = async (community: SpecCommunity): Promise<number> =>
  (await newestSecond(community)) * SLOTS_A_SECOND

/** Mines a block in this slot, or in the next second. */
async function reach(community: SpecCommunity, slot: number): Promise<void> {
  const { rpc } = community.chain
  const second = Math.max((await newestSecond(community)) + 1, Math.ceil(slot / SLOTS_A_SECOND))
  await rpcCall(rpc, 'evm_setNextBlockTimestamp', [second])
  await rpcCall(rpc, 'evm_mine')
}

/** The community's witness of a count. */
export function witness(community: SpecCommunity, id: number, count: number, root: string): string {
  const digest = registrationDigest(domainOf(community), watchedTyped({ id, count, root }))
  return new Wallet(community.managerKey).signingKey.sign(digest).serialized
}

/**
 * A metered community in which one home was handed over for a while: four of its readings went to its
 * neighbour, the last with the points of another, so that it was declared void; the neighbour ended it, later
 * readings went to the community again; the reward was claimed, the rest returned.
 */
export async function delegatedCommunity(): Promise<DelegatedHistory> {
  const community = await meteredCommunity(3)
  const [away, near] = [homeOf(community, 0), homeOf(community, 1)]
  const fromSlot = Math.max((community.firstPeriod + 3) * 20 + 1, (await newestSlot(community)) + 100)
  await community.manage('token', 'createToken', [REWARD, away.account])
  await community.act(away, 'token', 'approve', [community.contracts.monitoring, REWARD])
  const terms = termsOf(away, near, fromSlot)
  const reader = await delegate(community, [away, near], terms)
  const slots = [fromSlot, fromSlot + 4, fromSlot + 9]
  const delegated = slots.map((slot) => community.sealFor(away, slot, 900 + slot - fromSlot, reader))
  const forged = community.sealFor(away, fromSlot + 10, 915, reader, delegated[0])
  await community.submit(away, [...delegated, forged], reader.key.id)
  await community.voidReading(forged, reader)
  await reach(community, fromSlot + 10)
  await community.act(near, 'monitoring', 'endDelegation', [1])
  const after = (await newestSlot(community)) + 20
  await community.submit(away, [community.seal(away, after, 990)])
  for (const home of community.homes.slice(1))
    await community.submit(home, [community.seal(home, after, 2990)])
  await community.publishTotal(community.firstPeriod + 2, community.homes)
  await reach(community, after)
  const root = `0x${'5c'.repeat(32)}`
  await community.act(near, 'monitoring', 'claimReward', [1, 3, root, witness(community, 1, 3, root)])
  await community.act(away, 'monitoring', 'returnReward', [1])
  return { community, away, near, terms, slots, after }
}
