import { getBytes } from 'ethers'
import { z } from 'zod'
import type { ChainFact } from '../chain-fact.ts'
import type { Trx } from '../storage/schema.ts'

const address = z.string().transform((text) => text.toLowerCase())
const bytes = z.string().transform((hex) => getBytes(hex))
/** uint32 and smaller come as number, larger ones as bigint. */
const integer = z.union([z.number(), z.bigint()]).transform(Number)
const amount = z.union([z.number(), z.bigint()]).transform(String)

const shapes = {
  DelegationRegistered: z.object({
    id: integer,
    delegator: address,
    delegatee: address,
    functions: integer,
    fromSlot: integer,
    untilSlot: integer,
    reward: amount,
    terms: z.string(),
  }),
  DelegationEnded: z.object({ id: integer, by: address, untilSlot: integer }),
  RewardClaimed: z.object({ id: integer, count: integer, root: z.string(), paid: amount }),
  RewardReturned: z.object({ id: integer, amount }),
  OperationKeyPublished: z.object({ epoch: integer, delegation: integer, key: bytes }),
}

/** Events of delegations: few enough for every gateway to hear all of them. */
export const DELEGATION_EVENTS: readonly string[] = Object.keys(shapes)

async function registered(trx: Trx, { args, block }: ChainFact): Promise<number> {
  const { id, fromSlot, untilSlot, ...rest } = shapes.DelegationRegistered.parse(args)
  const ended = { ended_by: null, ended_block: null, returned: null, returned_block: null }
  const claimed = { watched_count: null, watched_root: null, paid: null, claimed_block: null }
  const window = { from_slot: fromSlot, until_slot: untilSlot, agreed_until_slot: untilSlot }
  await trx
    .insertInto('delegation')
    .values({ id, ...rest, ...window, ...ended, ...claimed, block })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return id
}

/** A delegation's key counts from the slot after its block, and not before the delegation does. */
async function keyed(trx: Trx, fact: ChainFact, sampleMs: number): Promise<number | null> {
  const { epoch, delegation, key } = shapes.OperationKeyPublished.parse(fact.args)
  if (delegation === 0) return null
  const row = await trx
    .selectFrom('delegation')
    .select('from_slot')
    .where('id', '=', delegation)
    .executeTakeFirst()
  if (row === undefined) return null
  const next = Math.floor(fact.timestampMs / sampleMs) + 1
  await trx
    .insertInto('delegation_epoch_key')
    .values({ delegation, epoch, key, from_slot: Math.max(next, row.from_slot), block: fact.block })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return delegation
}

async function ended(trx: Trx, { args, block }: ChainFact): Promise<number> {
  const { id, by, untilSlot } = shapes.DelegationEnded.parse(args)
  await trx
    .updateTable('delegation')
    .set({ until_slot: untilSlot, ended_by: by, ended_block: block })
    .where('id', '=', id)
    .execute()
  return id
}

async function claimed(trx: Trx, { args, block }: ChainFact): Promise<number> {
  const { id, count, root, paid } = shapes.RewardClaimed.parse(args)
  const set = { watched_count: count, watched_root: root, paid, claimed_block: block }
  await trx.updateTable('delegation').set(set).where('id', '=', id).execute()
  return id
}

async function returned(trx: Trx, { args, block }: ChainFact): Promise<number> {
  const event = shapes.RewardReturned.parse(args)
  const set = { returned: event.amount, returned_block: block }
  await trx.updateTable('delegation').set(set).where('id', '=', event.id).execute()
  return event.id
}

function applyOne(trx: Trx, fact: ChainFact, sampleMs: number): Promise<number | null> {
  switch (fact.name) {
    case 'DelegationRegistered':
      return registered(trx, fact)
    case 'OperationKeyPublished':
      return keyed(trx, fact, sampleMs)
    case 'DelegationEnded':
      return ended(trx, fact)
    case 'RewardClaimed':
      return claimed(trx, fact)
    case 'RewardReturned':
      return returned(trx, fact)
    default:
      return Promise.resolve(null)
  }
}

/** Keeps what the contract told of delegations, in its order; gives the ids that are others now. */
export async function applyDelegationFacts(
  trx: Trx,
  facts: readonly ChainFact[],
  sampleMs: number,
): Promise<number[]> {
  const touched = new Set<number>()
  for (const fact of facts) {
    const id = await applyOne(trx, fact, sampleMs)
    if (id !== null) touched.add(id)
  }
  return [...touched]
}

/** Takes back what blocks from `fromBlock` on had told. */
export async function revertDelegationFacts(trx: Trx, fromBlock: number): Promise<void> {
  await trx.deleteFrom('delegation_epoch_key').where('block', '>=', fromBlock).execute()
  await trx.deleteFrom('delegation').where('block', '>=', fromBlock).execute()
  await trx
    .updateTable('delegation')
    .set((row) => ({ until_slot: row.ref('agreed_until_slot'), ended_by: null, ended_block: null }))
    .where('ended_block', '>=', fromBlock)
    .execute()
  await trx
    .updateTable('delegation')
    .set({ watched_count: null, watched_root: null, paid: null, claimed_block: null })
    .where('claimed_block', '>=', fromBlock)
    .execute()
  await trx
    .updateTable('delegation')
    .set({ returned: null, returned_block: null })
    .where('returned_block', '>=', fromBlock)
    .execute()
}
