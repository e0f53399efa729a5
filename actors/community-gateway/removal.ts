import type { Interface } from 'ethers'
import { Fault } from '../../protocols/rules/fault.ts'
import type { OutboxPort } from '../outbox-port.ts'
import type { Store } from '../storage/store.ts'
import { isMember } from './membership.ts'

export interface Removal {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly abi: Interface
  readonly monitoring: string
}

/**
 * Lets a member go by the manager's word: the chain takes nothing of it any more, once for each time that it
 * was admitted. Fault: `not-a-member`.
 */
export async function removeHome(
  { store, outbox, abi, monitoring }: Removal,
  account: string,
): Promise<void> {
  const member = await store.db
    .selectFrom('member')
    .select(['state', 'admitted_block'])
    .where('account', '=', account)
    .executeTakeFirst()
  if (member === undefined || !isMember(member.state)) {
    const fix = 'reload the page; it may have left meanwhile'
    throw new Fault('not-a-member', `home: ${account} is no member of this community`, { field: 'home', fix })
  }
  const id = `revoke:${account}:${member.admitted_block ?? 0}`
  const data = abi.encodeFunctionData('revoke', [account])
  await store.transaction(async (trx) => {
    const asked = await trx.selectFrom('intent').select('id').where('id', '=', id).executeTakeFirst()
    if (asked === undefined) await outbox.enqueue(trx, { id, kind: 'revoke', to: monitoring, data })
  })
}
