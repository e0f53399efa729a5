import { applyFacts, revertFacts, type FactsTold } from '../../actors/community-gateway/facts.ts'
import { QUOTA_CHANGES } from '../../actors/quota-exchanges.ts'
import { wallClock } from '../clock.ts'
import type { Followed } from './chain-link.ts'
import type { CommunityParts } from './community-gateway.ts'

export interface FollowingHooks {
  /** What a block told, once it is committed; `allocated`: quotas may be others now. */
  readonly heard: (told: FactsTold, allocated: boolean) => void
  readonly rewound: (block: number) => void
}

/** Keeps the global repository by what the monitoring and the quota contract tell, from where it stands. */
export async function followContracts(
  { chain, contracts, store, quotas }: Pick<CommunityParts, 'chain' | 'contracts' | 'store' | 'quotas'>,
  { heard, rewound }: FollowingHooks,
): Promise<void> {
  const { sampleMs } = contracts
  const apply: Followed['apply'] = async (trx, facts) => {
    const told = await applyFacts(trx, facts, { nowMs: wallClock.nowMs(), sampleMs })
    const allocated = facts.some(({ name }) => QUOTA_CHANGES.includes(name))
    store.afterCommit(trx, () => heard(told, allocated))
  }
  const revert: Followed['revert'] = async (trx, fromBlock) => {
    await revertFacts(trx, fromBlock)
    quotas.clear()
    store.afterCommit(trx, () => rewound(fromBlock))
  }
  await chain.follow({ name: 'monitoring', address: contracts.monitoring, apply, revert })
  await chain.follow({ name: 'quota', address: contracts.quota, apply, revert })
}
