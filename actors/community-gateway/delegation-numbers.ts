import { bytesToHex } from '@noble/hashes/utils.js'
import type { DeskRequest } from '../../protocols/messages/delegation-desk.ts'
import { DELEGATION_ID_MAX } from '../../protocols/messages/delegation-terms.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { Database, Trx } from '../storage/schema.ts'

/** Numbers that a home may hold of delegations that never came to the chain: nobody negotiates so many. */
export const NUMBERS_WAITING_MAX = 64

type Asked = Omit<Extract<DeskRequest, { kind: 'number' }>, 'kind'>

/** The delegatee of a delegation, as the chain or, before that, its number says; null for an unknown one. */
export async function delegateeOf(db: Database | Trx, delegation: number): Promise<string | null> {
  for (const table of ['delegation', 'delegation_number'] as const) {
    const row = await db.selectFrom(table).select('delegatee').where('id', '=', delegation).executeTakeFirst()
    if (row !== undefined) return row.delegatee
  }
  return null
}

/**
 * The number of a delegation to come: the same for the same negotiation, above every other one given out or
 * on the chain. Throws `not-the-delegatee`, `own-delegatee`, `not-a-member`, `negotiation-differs`,
 * `too-many-numbers`, `numbers-exhausted`.
 */
export async function giveNumber(trx: Trx, asked: Asked, account: string, nowMs: number): Promise<number> {
  const negotiation = bytesToHex(asked.negotiation)
  const [delegator, delegatee] = [asked.delegator.toLowerCase(), asked.delegatee.toLowerCase()]
  await requireParties(trx, delegator, delegatee, account)
  const known = await trx
    .selectFrom('delegation_number')
    .selectAll()
    .where('negotiation', '=', negotiation)
    .executeTakeFirst()
  if (known !== undefined) {
    if (known.delegator === delegator && known.delegatee === delegatee) return known.id
    throw new Fault('negotiation-differs', 'delegation: this negotiation is one between other homes')
  }
  await requireFew(trx, delegatee)
  const id = (await highest(trx)) + 1
  if (id > DELEGATION_ID_MAX) throw new Fault('numbers-exhausted', 'delegation: no number is left')
  await trx
    .insertInto('delegation_number')
    .values({ id, negotiation, delegator, delegatee, given_at_ms: nowMs })
    .execute()
  return id
}

async function requireParties(trx: Trx, delegator: string, delegatee: string, account: string) {
  if (account !== delegatee) {
    const message = 'delegation: only the home that would watch may ask for the number'
    throw new Fault('not-the-delegatee', message, { account, delegatee })
  }
  if (delegator === delegatee) {
    throw new Fault('own-delegatee', 'delegation: a home cannot watch for itself', { home: delegator })
  }
  const members = await trx
    .selectFrom('member')
    .select('account')
    .where('account', 'in', [delegator, delegatee])
    .where('state', 'in', ['admitted', 'active'])
    .execute()
  const missing = [delegator, delegatee].find((home) => members.every((row) => row.account !== home))
  if (missing === undefined) return
  throw new Fault('not-a-member', `delegation: ${missing} is no member of this community`, { home: missing })
}

async function requireFew(trx: Trx, delegatee: string): Promise<void> {
  const { waiting } = await trx
    .selectFrom('delegation_number')
    .leftJoin('delegation', 'delegation.id', 'delegation_number.id')
    .select((row) => row.fn.countAll<number>().as('waiting'))
    .where('delegation_number.delegatee', '=', delegatee)
    .where('delegation.id', 'is', null)
    .executeTakeFirstOrThrow()
  if (waiting < NUMBERS_WAITING_MAX) return
  const message = `delegation: ${NUMBERS_WAITING_MAX} numbers of this home were never used`
  throw new Fault('too-many-numbers', message, { most: NUMBERS_WAITING_MAX })
}

async function highest(trx: Trx): Promise<number> {
  const ids = await Promise.all(
    (['delegation', 'delegation_number'] as const).map((table) =>
      trx
        .selectFrom(table)
        .select((row) => row.fn.max('id').as('id'))
        .executeTakeFirst(),
    ),
  )
  return Math.max(0, ...ids.map((row) => row?.id ?? 0))
}
