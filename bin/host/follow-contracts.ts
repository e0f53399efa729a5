import { Interface } from 'ethers'
import { DELEGATION_EVENTS } from '../../actors/delegation/chain-book.ts'
import { QUOTA_CHANGES } from '../../actors/quota-exchanges.ts'
import { applyHomeFacts, revertHomeFacts } from '../../actors/smart-gateway/facts.ts'
import { eventsOf, tellMachine, undoneOf } from '../../actors/smart-gateway/told-machine.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import { wallClock } from '../clock.ts'
import type { ChainLink, Followed } from './chain-link.ts'
import { epochBegan, published } from './home-epochs.ts'
import type { HomeOpening } from './home-joining.ts'
import { Neighbours, REGISTRY_TOPICS } from './neighbours.ts'

const monitoringFace = new Interface(monitoringAbi)

/** Events that every home hears, whomever they are about. */
const GENERAL_TOPICS: ReadonlySet<string> = new Set([
  ...REGISTRY_TOPICS,
  ...['CommunityKeysAnnounced', 'CommunityContractSet', 'AllocationClosed', ...DELEGATION_EVENTS].map(
    (name) => monitoringFace.getEvent(name)?.topicHash ?? name,
  ),
])

/** What a home must know to read the chain's facts. */
const factsOf = (home: HomeOpening, { community, chainId, monitoring }: CommunityDescriptor) => ({
  account: home.account,
  community,
  chainId,
  monitoring,
  keyOf: (epoch: number) => home.keys.get(epoch) ?? null,
  watchKeyOf: (delegation: number, epoch: number) =>
    home.gateway.attached?.delegations?.watchKeyOf(delegation, epoch) ?? null,
  nowMs: wallClock.nowMs(),
})

/** Follows the contracts that tell of this home, and of those that it cares for. */
export async function followContracts(
  home: HomeOpening,
  descriptor: CommunityDescriptor,
  chain: ChainLink,
): Promise<void> {
  const { store, gateway, account } = home
  const own = `0x${account.slice(2).padStart(64, '0')}`
  const delegations = home.attached.delegations
  const neighbours = new Neighbours(home)
  await neighbours.load()
  const apply: Followed['apply'] = async (trx, found) => {
    const told = await applyHomeFacts(trx, found, factsOf(home, descriptor))
    await tellMachine(store, trx, eventsOf(told), wallClock.nowMs())
    await neighbours.heard(trx, found)
    await delegations?.apply(trx, found)
    const quotaChanged = found.some(({ name }) => QUOTA_CHANGES.includes(name))
    store.afterCommit(trx, () => {
      gateway.heard(told, quotaChanged)
      for (const { epoch } of told.keyPublished) published(home, epoch)
      for (const { epoch } of told.epochs) epochBegan(home, epoch)
    })
  }
  const revert: Followed['revert'] = async (trx, from) => {
    const undone = await revertHomeFacts(trx, from)
    await tellMachine(store, trx, undoneOf(undone), wallClock.nowMs())
    await delegations?.revert(trx, from)
    store.afterCommit(trx, () => gateway.undone(undone.length))
  }
  await chain.follow({
    name: 'monitoring',
    address: descriptor.monitoring,
    apply,
    revert,
    onBlock: (block) => delegations?.block(block),
    // Forty homes look at the same block: most logs are about other homes.
    wants: ({ topics }) =>
      topics[1] === own || GENERAL_TOPICS.has(topics[0] ?? '') || delegations?.concerns(topics[1]) === true,
  })
  await chain.follow({ name: 'quota', address: descriptor.quota, apply, revert })
  chain.onState((state) => gateway.chainState(state))
}
