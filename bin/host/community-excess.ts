import type { Interface } from 'ethers'
import { createDeliveryDesk, type DeliveryDesk } from '../../actors/community-gateway/delivery-desk.ts'
import {
  createExcessDesk,
  type ExcessDesk,
  type Withdrawn,
} from '../../actors/community-gateway/excess-desk.ts'
import type { CommunityActor } from '../../actors/community-gateway/live.ts'
import type { Store } from '../../actors/storage/store.ts'
import type { Contracts } from '../../chain/contracts-file.ts'
import type { WhyWithdrawn } from '../../protocols/rules/excess.ts'
import type { ChainLink } from './chain-link.ts'
import type { ContractWords } from './contract-words.ts'
import type { GatewayLog } from './log.ts'

/** Records that a home may add to its ring while an assertion of its peak is on its way. */
const ON_THE_WAY = 8

const WORDS: Readonly<Record<WhyWithdrawn, string>> = {
  'cannot-be-shown': 'the readings behind it cannot be shown any more',
  'amount-differs': 'the readings and quotas show another amount now',
  'contract-refused': 'the contract found that it does not open',
}

/** One sentence for the manager about an excess that was taken back. */
export const withdrawalText = ({ home, period, resource, why }: Withdrawn): string =>
  `The ${resource} excess of ${home.slice(0, 8)}… in period ${period} was taken back: ${WORDS[why]}.`

export interface ExcessNeeds {
  readonly store: Store
  readonly chain: ChainLink
  readonly contracts: Contracts
  readonly words: ContractWords
  readonly quotaFace: Interface
  readonly log: GatewayLog
  readonly tell: (event: Parameters<CommunityActor['send']>[0]) => void
  readonly onWithdrawn: (withdrawn: Withdrawn) => void
}

export type DeliveryNeeds = Omit<ExcessNeeds, 'tell' | 'onWithdrawn'> & { readonly tradingFace: Interface }

/** The desk that states what was delivered of each award. */
export function openDeliveryDesk(needs: DeliveryNeeds): DeliveryDesk {
  const { store, chain, contracts, words, quotaFace, tradingFace, log } = needs
  return createDeliveryDesk({
    store,
    outbox: chain.outbox,
    abi: { trading: tradingFace, quota: quotaFace },
    trading: contracts.trading,
    quota: contracts.quota,
    slotsPerBilling: contracts.slotsPerBilling,
    kept: keptRecords(contracts),
    quotaOf: (home, period) => words.quotaOf(home, period),
    head: () => chain.view().head,
    onFault: (thrown) => log.fault(thrown, 'deliveries'),
  })
}

const keptRecords = ({ L }: Contracts): number => Math.max(0, L - ON_THE_WAY)

/** The desk that asserts, shows and takes back excesses, on this gateway's chain and store. */
export function openExcessDesk(needs: ExcessNeeds): ExcessDesk {
  const { store, chain, contracts, words, quotaFace, log, tell, onWithdrawn } = needs
  let told = 0
  return createExcessDesk({
    store,
    outbox: chain.outbox,
    abi: quotaFace,
    quota: contracts.quota,
    slotsPerBilling: contracts.slotsPerBilling,
    kept: keptRecords(contracts),
    quotaOf: (home, period) => words.quotaOf(home, period),
    head: () => chain.view().head,
    onWithdrawn,
    onLooked: (demanded) => {
      if (demanded !== told) tell({ type: 'EXCESSES_LOOKED', demanded })
      told = demanded
    },
    onFault: (thrown) => log.fault(thrown, 'excesses'),
  })
}
