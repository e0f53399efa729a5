import { Fault } from '../../protocols/rules/fault.ts'
import type { DelegationActions, DelegationState, ProposeForm } from '../../web/delegation-model.ts'
import type { HomeGateway } from './home-gateway.ts'

/** What can still be ended: words of a negotiation are declined, and what is over is over. */
const ENDABLE: readonly DelegationState[] = ['consented', 'registered', 'active']

/** Throws `delegations-closed` where nothing can be delegated, or not yet. */
export function delegationsOf({ attached }: HomeGateway) {
  const delegations = attached?.delegations ?? null
  if (delegations !== null) return delegations
  throw new Fault('delegations-closed', 'This home cannot delegate yet.', {
    fix: 'Wait until it has joined its community.',
  })
}

/** What people ask about delegations on their home's page. */
export function delegationActions(actionsOf: () => DelegationActions): DelegationActions {
  return {
    propose: async (form) => actionsOf().propose(form),
    counter: async (form) => actionsOf().counter(form),
    accept: async (choice) => actionsOf().accept(choice),
    decline: async (choice) => actionsOf().decline(choice),
    end: async (choice) => actionsOf().end(choice),
    saw: async (choice) => actionsOf().saw(choice),
  }
}

/** A run of `start` lets a home propose a delegation, as its people would on its page. */
export async function proposeDelegation(gateway: HomeGateway, form: ProposeForm): Promise<void> {
  await delegationsOf(gateway).propose(form)
}

/**
 * The same for an end: of what the home delegated to `peer`, or to anybody. Gives how many it asked to end.
 */
export async function endOwnDelegations(gateway: HomeGateway, peer: string | null): Promise<number> {
  const delegations = delegationsOf(gateway)
  const own = delegations
    .view()
    .list.filter(({ role, state }) => role === 'delegator' && ENDABLE.includes(state))
    .filter((each) => peer === null || each.peer.toLowerCase() === peer.toLowerCase())
  for (const { negotiation } of own) await delegations.end({ negotiation })
  return own.length
}
