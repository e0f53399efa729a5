import { Interface, type Wallet } from 'ethers'
import type { AlarmRecipient } from '../../actors/alarm-sender.ts'
import { createDelegationDesk, type DelegationDesk } from '../../actors/community-gateway/delegation-desk.ts'
import { readerOfAlarm } from '../../actors/delegation/reader-of.ts'
import type { Store } from '../../actors/storage/store.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import type { Contracts } from '../../chain/contracts-file.ts'
import { wallClock } from '../clock.ts'
import type { ChainLink } from './chain-link.ts'
import type { ContractWords } from './contract-words.ts'

const monitoringFace = new Interface(monitoringAbi)

export interface DelegationNeeds {
  readonly store: Store
  readonly wallet: Wallet
  readonly contracts: Contracts
  readonly chain: Pick<ChainLink, 'view' | 'outbox'>
  readonly words: Pick<ContractWords, 'currentEpoch' | 'graceSlots'>
}

/** The slot of the newest block, as the contract's `currentSlot` goes by block time. */
function newestSlot({ chain, contracts }: Pick<DelegationNeeds, 'chain' | 'contracts'>): number | null {
  const { headAtMs } = chain.view()
  return headAtMs === null ? null : Math.floor(headAtMs / contracts.sampleMs)
}

/** The desk of this gateway's delegatees, on its chain and store. */
export function openDelegationDesk(needs: DelegationNeeds): DelegationDesk {
  const { store, wallet, contracts, chain, words } = needs
  let grace: number | null = null
  return createDelegationDesk({
    store,
    clock: wallClock,
    outbox: chain.outbox,
    abi: monitoringFace,
    signer: wallet,
    domain: { chainId: contracts.chainId, monitoring: contracts.monitoring },
    currentSlot: () => newestSlot(needs),
    graceSlots: async () => (grace ??= await words.graceSlots()),
  })
}

async function ownKey(store: Store, home: string): Promise<AlarmRecipient | null> {
  const row = await store.db
    .selectFrom('member')
    .select(['epoch', 'operation_key'])
    .where('account', '=', home)
    .executeTakeFirst()
  if (row === undefined || row.epoch === null || row.operation_key === null) return null
  return { epoch: row.epoch, key: row.operation_key, delegation: 0 }
}

/** Whose key an alarm about a home is sealed to: its delegatee's while alarms are delegated, else its own. */
export async function alarmReader(needs: DelegationNeeds, home: string): Promise<AlarmRecipient | null> {
  const slot = newestSlot(needs)
  const epoch = slot === null ? null : await needs.words.currentEpoch()
  const delegated =
    slot === null || epoch === null ? null : await readerOfAlarm(needs.store.db, home, slot, epoch)
  return delegated ?? ownKey(needs.store, home)
}
