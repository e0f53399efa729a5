import type { DelegationTable, OwnDelegationTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'

/** Machine states from which nothing comes any more. */
export const OVER: readonly string[] = ['closed', 'declined', 'failed']

/** A home's delegations that are not over, and of those that are, the newest. */
export async function ownDelegations({ db }: Store, overMost: number): Promise<OwnDelegationTable[]> {
  const open = await db
    .selectFrom('own_delegation')
    .selectAll()
    .where('state', 'not in', [...OVER])
    .orderBy('began_at_ms')
    .execute()
  const over = await db
    .selectFrom('own_delegation')
    .selectAll()
    .where('state', 'in', [...OVER])
    .orderBy('began_at_ms', 'desc')
    .limit(overMost)
    .execute()
  return [...over, ...open]
}

export function ownDelegation({ db }: Store, negotiation: string): Promise<OwnDelegationTable | undefined> {
  return db.selectFrom('own_delegation').selectAll().where('negotiation', '=', negotiation).executeTakeFirst()
}

/** A delegation as the chain has it. */
export async function registeredAs({ db }: Store, id: number | null): Promise<DelegationTable | null> {
  if (id === null) return null
  const row = await db.selectFrom('delegation').selectAll().where('id', '=', id).executeTakeFirst()
  return row ?? null
}

/** Keeps the newest state of a machine, for lists; `overAtMs` when it has come to its end. */
export async function keepState(
  store: Store,
  negotiation: string,
  state: string,
  overAtMs: number | null,
): Promise<void> {
  await store.transaction((trx) =>
    trx
      .updateTable('own_delegation')
      .set({ state, ended_at_ms: overAtMs })
      .where('negotiation', '=', negotiation)
      .execute(),
  )
}
