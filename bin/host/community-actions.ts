import { removeHome } from '../../actors/community-gateway/removal.ts'
import type { PageActions } from '../../web/server/routes.ts'
import type { CommunityParts } from './community-gateway.ts'

type Needed = Pick<CommunityParts, 'store' | 'chain' | 'contracts' | 'monitoringFace' | 'delegations'>

/** What the manager may ask for on the community's page. */
export function communityActions(parts: Needed): PageActions {
  const { store, chain, contracts, monitoringFace, delegations } = parts
  const monitoring = contracts.monitoring.toLowerCase()
  return {
    endDelegation: (delegation) => delegations.end(delegation),
    removeHome: (home) => removeHome({ store, outbox: chain.outbox, abi: monitoringFace, monitoring }, home),
  }
}
