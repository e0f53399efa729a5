import { getBytes } from 'ethers'
import { z } from 'zod'
import { splitPayload } from '../../protocols/messages/record.ts'
import type { ChainFact } from '../chain-fact.ts'
import { applyDelegationFacts, revertDelegationFacts } from '../delegation/chain-book.ts'
import { keepExcessEvent, revertExcessEvents } from '../excess-events.ts'
import { keepQuotaExchange, revertQuotaExchanges } from '../quota-exchanges.ts'
import { count } from '../storage/store.ts'
import type { Trx } from '../storage/schema.ts'

/** What the facts of one block mean for the gateway, told after the commit. */
export interface FactsTold {
  readonly admitted: { account: string; peerKey: Uint8Array }[]
  readonly revoked: string[]
  readonly keyed: string[]
  readonly readings: number
  readonly alarms: number
  /** What was told of excesses: asserted, demanded, opened, ended. */
  readonly excesses: number
  /** Delegations that were agreed, keyed, ended or paid. */
  readonly delegations: number
}

const address = z.string().transform((text) => text.toLowerCase())
const bytes = z.string().transform((hex) => getBytes(hex))
/** uint32 and smaller come as number, larger ones as bigint. */
const integer = z.union([z.number(), z.bigint()]).transform(Number)

const shapes = {
  HomeAdmitted: z.object({ home: address, peerKey: bytes }),
  HomeRevoked: z.object({ home: address }),
  OperationKeyPublished: z.object({ home: address, epoch: integer, delegation: integer, key: bytes }),
  Reading: z.object({
    home: address,
    slot: integer,
    sequence: integer,
    epoch: integer,
    delegation: integer,
    extended: bytes,
    payload: bytes,
  }),
  AnchorKept: z.object({ home: address, period: integer, slot: integer, digest: bytes }),
  Alarm: z.object({ home: address, number: integer }),
  TotalPublished: z.object({ period: integer }),
  ReadingVoided: z.object({ home: address, slot: integer, kemPoint: bytes, proof: bytes }),
  CommunityContractSet: z.object({
    revision: integer,
    fromPeriod: integer,
    energyWh: integer,
    powerW: integer,
    waterMl: integer,
  }),
  QuotaAllocated: z.object({
    revision: integer,
    home: address,
    energyWh: integer,
    powerW: integer,
    waterMl: integer,
  }),
  AllocationClosed: z.object({ revision: integer }),
}

type Told = { -readonly [Key in keyof FactsTold]: FactsTold[Key] }

async function admitted(trx: Trx, fact: ChainFact, told: Told): Promise<void> {
  const { home, peerKey } = shapes.HomeAdmitted.parse(fact.args)
  await trx
    .updateTable('member')
    .set({ state: 'admitted', admitted_block: fact.block })
    .where('account', '=', home)
    .where('state', 'in', ['invited', 'revoked'])
    .execute()
  told.admitted.push({ account: home, peerKey })
}

async function keyPublished(trx: Trx, fact: ChainFact, told: Told): Promise<void> {
  const { home, epoch, delegation, key } = shapes.OperationKeyPublished.parse(fact.args)
  if (delegation !== 0) return
  await trx
    .updateTable('member')
    .set({ state: 'active', epoch, delegation, operation_key: key })
    .where('account', '=', home)
    .execute()
  told.keyed.push(home)
}

async function reading(trx: Trx, fact: ChainFact, nowMs: number, told: Told): Promise<void> {
  const event = shapes.Reading.parse(fact.args)
  const { envelope, points } = splitPayload(event.payload)
  const inserted = await trx
    .insertInto('envelope')
    .values({
      home: event.home,
      slot: event.slot,
      wire: envelope,
      points,
      sequence: event.sequence,
      epoch: event.epoch,
      delegation: event.delegation,
      extended: event.extended,
      block: fact.block,
      block_hash: fact.blockHash,
      tx_hash: fact.transactionHash,
      log_index: fact.logIndex,
      seen_at_ms: nowMs,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if ((inserted.numInsertedOrUpdatedRows ?? 0n) === 0n) return
  await count(trx, 'included')
  await trx.updateTable('member').set({ last_slot: event.slot }).where('account', '=', event.home).execute()
  told.readings += 1
}

async function anchorKept(trx: Trx, fact: ChainFact): Promise<void> {
  const { home, period, slot, digest } = shapes.AnchorKept.parse(fact.args)
  const row = { home, period, slot, digest, block: fact.block }
  await trx
    .insertInto('anchor')
    .values(row)
    .onConflict((conflict) => conflict.columns(['home', 'period']).doUpdateSet(row))
    .execute()
}

async function alarmPublished(trx: Trx, fact: ChainFact, told: Told): Promise<void> {
  const { number } = shapes.Alarm.parse(fact.args)
  const updated = await trx
    .updateTable('alarm_sent')
    .set({ state: 'published', block: fact.block })
    .where('number', '=', number)
    .executeTakeFirst()
  told.alarms += Number(updated.numUpdatedRows)
}

async function readingVoided(trx: Trx, fact: ChainFact): Promise<void> {
  const { home, slot, kemPoint, proof } = shapes.ReadingVoided.parse(fact.args)
  const inserted = await trx
    .insertInto('void')
    .values({ home, slot, kem_point: kemPoint, dleq: proof, block: fact.block })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  await count(trx, 'voided', Number(inserted.numInsertedOrUpdatedRows ?? 0n))
}

async function contractSet(trx: Trx, fact: ChainFact): Promise<void> {
  const event = shapes.CommunityContractSet.parse(fact.args)
  const row = {
    revision: event.revision,
    from_period: event.fromPeriod,
    energy_wh: event.energyWh,
    power_w: event.powerW,
    water_ml: event.waterMl,
    closed: 0,
    block: fact.block,
  }
  await trx
    .insertInto('community_contract')
    .values(row)
    .onConflict((conflict) => conflict.column('revision').doUpdateSet(row))
    .execute()
}

async function quotaAllocated(trx: Trx, fact: ChainFact): Promise<void> {
  const event = shapes.QuotaAllocated.parse(fact.args)
  const row = {
    revision: event.revision,
    home: event.home,
    energy_wh: event.energyWh,
    power_w: event.powerW,
    water_ml: event.waterMl,
    block: fact.block,
  }
  await trx
    .insertInto('quota')
    .values(row)
    .onConflict((conflict) => conflict.columns(['revision', 'home']).doUpdateSet(row))
    .execute()
}

async function applyOne(trx: Trx, fact: ChainFact, nowMs: number, told: Told): Promise<void> {
  switch (fact.name) {
    case 'HomeAdmitted':
      return admitted(trx, fact, told)
    case 'HomeRevoked': {
      const { home } = shapes.HomeRevoked.parse(fact.args)
      await trx.updateTable('member').set({ state: 'revoked' }).where('account', '=', home).execute()
      told.revoked.push(home)
      return
    }
    case 'OperationKeyPublished':
      return keyPublished(trx, fact, told)
    case 'Reading':
      return reading(trx, fact, nowMs, told)
    case 'AnchorKept':
      return anchorKept(trx, fact)
    case 'Alarm':
      return alarmPublished(trx, fact, told)
    case 'TotalPublished': {
      const { period } = shapes.TotalPublished.parse(fact.args)
      await trx
        .updateTable('total')
        .set({ state: 'published', block: fact.block })
        .where('period', '=', period)
        .execute()
      return
    }
    case 'ReadingVoided':
      return readingVoided(trx, fact)
    case 'CommunityContractSet':
      return contractSet(trx, fact)
    case 'QuotaAllocated':
      return quotaAllocated(trx, fact)
    case 'AllocationClosed': {
      const { revision } = shapes.AllocationClosed.parse(fact.args)
      await trx
        .updateTable('community_contract')
        .set({ closed: 1 })
        .where('revision', '=', revision)
        .execute()
      return
    }
  }
}

/** When a block is applied, and how long a slot lasts. */
export interface FactTimes {
  readonly nowMs: number
  readonly sampleMs: number
}

/** Writes what the contracts told into the global repository, in the caller's transaction. */
export async function applyFacts(
  trx: Trx,
  facts: readonly ChainFact[],
  { nowMs, sampleMs }: FactTimes,
): Promise<FactsTold> {
  const told: Told = {
    admitted: [],
    revoked: [],
    keyed: [],
    readings: 0,
    alarms: 0,
    excesses: 0,
    delegations: 0,
  }
  for (const fact of facts) {
    if (await keepExcessEvent(trx, fact)) told.excesses += 1
    else if (!(await keepQuotaExchange(trx, fact))) await applyOne(trx, fact, nowMs, told)
  }
  told.delegations = (await applyDelegationFacts(trx, facts, sampleMs)).length
  return told
}

/** Takes back what blocks from `fromBlock` on had told: they are no longer on the chain. */
export async function revertFacts(trx: Trx, fromBlock: number): Promise<void> {
  await trx.deleteFrom('reading').where('block', '>=', fromBlock).execute()
  const gone = await trx.deleteFrom('envelope').where('block', '>=', fromBlock).executeTakeFirst()
  await count(trx, 'included', -Number(gone.numDeletedRows))
  const undone = await trx.deleteFrom('void').where('block', '>=', fromBlock).executeTakeFirst()
  await count(trx, 'voided', -Number(undone.numDeletedRows))
  await revertExcessEvents(trx, fromBlock)
  await revertQuotaExchanges(trx, fromBlock)
  await revertDelegationFacts(trx, fromBlock)
  await trx.deleteFrom('anchor').where('block', '>=', fromBlock).execute()
  await trx.deleteFrom('quota').where('block', '>=', fromBlock).execute()
  await trx.deleteFrom('community_contract').where('block', '>=', fromBlock).execute()
  await trx
    .updateTable('alarm_sent')
    .set({ state: 'sealed', block: null })
    .where('block', '>=', fromBlock)
    .execute()
  await trx.updateTable('total').set({ state: 'sent', block: null }).where('block', '>=', fromBlock).execute()
}
