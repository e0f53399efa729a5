import { getBytes, hexlify } from 'ethers'
import { z } from 'zod'
import { openAlarm } from '../../protocols/crypto/alarm-envelope.ts'
import type { OpeningKey } from '../../protocols/crypto/recover-reading.ts'
import {
  ALARM_CODES,
  ALARM_RESOURCES,
  ALARM_SEVERITIES,
  type Alarm,
} from '../../protocols/messages/alarm-payload.ts'
import type { ChainFact } from '../chain-fact.ts'
import { keepExcessEvent, revertExcessEvents } from '../excess-events.ts'
import { keepQuotaExchange, revertQuotaExchanges } from '../quota-exchanges.ts'
import { writeMeta } from '../storage/meta.ts'
import type { Trx } from '../storage/schema.ts'
import { count } from '../storage/store.ts'

/** An alarm that this home opened. */
export interface OpenedAlarm {
  readonly number: number
  readonly block: number
  readonly alarm: Alarm
}

/** What the facts of a block mean for the home, told after the commit. */
export interface HomeTold {
  readonly epochs: { epoch: number; key: Uint8Array; base: Uint8Array }[]
  readonly keyPublished: { epoch: number }[]
  readonly included: number[]
  readonly alarms: OpenedAlarm[]
  /** Alarms of this home's own that are on the chain now. */
  readonly ownAlarms: OpenedAlarm[]
  readonly unreadable: number[]
  /** What was told of excesses asserted against this home. */
  readonly excesses: number
  readonly revoked: boolean
}

/** What the home must know to read the chain's facts. */
export interface HomeFacts {
  readonly account: string
  readonly community: string
  readonly chainId: number
  readonly monitoring: string
  /** The home's operation key of an epoch, if it holds it. */
  readonly keyOf: (epoch: number) => OpeningKey | null
  /** The key of a delegation in an epoch, if this home is its delegatee and holds it. */
  readonly watchKeyOf: (delegation: number, epoch: number) => OpeningKey | null
  readonly nowMs: number
}

const address = z.string().transform((text) => text.toLowerCase())
const bytes = z.string().transform((hex) => getBytes(hex))
/** uint32 and smaller come as number, larger ones as bigint. */
const integer = z.union([z.number(), z.bigint()]).transform(Number)

const shapes = {
  CommunityKeysAnnounced: z.object({ epoch: integer, operationKey: bytes, delegationBase: bytes }),
  OperationKeyPublished: z.object({ home: address, epoch: integer, delegation: integer }),
  Reading: z.object({ home: address, slot: integer }),
  Alarm: z.object({ home: address, number: integer, epoch: integer, delegation: integer, envelope: bytes }),
  HomeRevoked: z.object({ home: address }),
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

type Told = { -readonly [Key in keyof HomeTold]: HomeTold[Key] }

async function announced(trx: Trx, fact: ChainFact, told: Told): Promise<void> {
  const { epoch, operationKey, delegationBase } = shapes.CommunityKeysAnnounced.parse(fact.args)
  await writeMeta(trx, `community-key:${epoch}`, hexlify(operationKey))
  await writeMeta(trx, `delegation-base:${epoch}`, hexlify(delegationBase))
  await writeMeta(trx, 'epoch', String(epoch))
  told.epochs.push({ epoch, key: operationKey, base: delegationBase })
}

async function included(trx: Trx, fact: ChainFact, home: HomeFacts, told: Told): Promise<void> {
  const event = shapes.Reading.parse(fact.args)
  if (event.home !== home.account) return
  const updated = await trx
    .updateTable('sealed')
    .set({ state: 'included', block: fact.block, tx_hash: fact.transactionHash })
    .where('slot', '=', event.slot)
    .where('state', '=', 'sealed')
    .executeTakeFirst()
  if (updated.numUpdatedRows === 0n) return
  await count(trx, 'included')
  told.included.push(event.slot)
}

type AlarmEvent = z.output<typeof shapes.Alarm>

/** Alarms that a home numbers are fewer than this. */
const OWN_ALARMS_MOST = 2 ** 20

/** A neighbour numbers its alarms as this home does: those of each delegation have a stretch of their own. */
const neighbourNumber = (delegation: number, number: number): number =>
  -(delegation * OWN_ALARMS_MOST + number)

const tryOpen = (
  key: OpeningKey | null,
  binding: Parameters<typeof openAlarm>[1],
  envelope: Uint8Array,
): Alarm | null => {
  if (key === null) return null
  try {
    return openAlarm(key, binding, envelope)
  } catch {
    return null
  }
}

/** An alarm about a home that this one cares for: this one reads it, and it is no alarm of its own. */
async function neighboursAlarm(trx: Trx, fact: ChainFact, home: HomeFacts, event: AlarmEvent): Promise<void> {
  const { delegation, epoch, number, envelope } = event
  const own = fact.name === 'OwnAlarm'
  const sender = own ? event.home : home.community
  const { chainId, monitoring } = home
  const binding = { chainId, monitoring, sender, epoch, slot: number, delegation }
  const content = tryOpen(home.watchKeyOf(delegation, epoch), binding, envelope)
  if (content === null) return
  const alarm = { ...content, home: event.home }
  const kept = own ? neighbourNumber(delegation, number) : number
  await keepAlarm(trx, { number: kept, block: fact.block, wire: envelope, alarm, nowMs: home.nowMs })
}

/** An alarm that was sealed just before the home published its next key is sealed to the one before. */
function opened(home: HomeFacts, sender: string, event: AlarmEvent): Alarm | null {
  return openedIn(event.epoch, home, sender, event) ?? openedIn(event.epoch - 1, home, sender, event)
}

function openedIn(epoch: number, home: HomeFacts, sender: string, event: AlarmEvent): Alarm | null {
  const { number, envelope } = event
  const { chainId, monitoring } = home
  const binding = { chainId, monitoring, sender, epoch, slot: number, delegation: 0 }
  return epoch < 0 ? null : tryOpen(home.keyOf(epoch), binding, envelope)
}

/** Keeps an alarm that was opened; false when it was there before. The home's own count downwards from -1. */
async function keepAlarm(
  trx: Trx,
  row: { number: number; block: number; wire: Uint8Array; alarm: Alarm; nowMs: number },
): Promise<boolean> {
  const { alarm } = row
  const inserted = await trx
    .insertInto('alarm')
    .values({
      number: row.number,
      opened_at_ms: row.nowMs,
      about: alarm.home,
      code: ALARM_CODES[alarm.code],
      severity: ALARM_SEVERITIES[alarm.severity],
      resource: ALARM_RESOURCES[alarm.resource],
      slot: alarm.slot,
      t: alarm.t,
      value: alarm.value,
      limit_value: alarm.limit,
      text: alarm.text,
      wire: row.wire,
      block: row.block,
      seen: 0,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  const fresh = (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n
  if (fresh) await count(trx, 'alarms-read')
  return fresh
}

async function alarm(trx: Trx, fact: ChainFact, home: HomeFacts, told: Told): Promise<void> {
  const own = fact.name === 'OwnAlarm'
  const event = shapes.Alarm.parse(fact.args)
  if (event.home !== home.account) return neighboursAlarm(trx, fact, home, event)
  const { block } = fact
  if (own) {
    const published = { state: 'published', block } as const
    await trx.updateTable('alarm_sent').set(published).where('number', '=', event.number).execute()
  }
  // While the alarms are delegated the neighbour reads them, and this home does not.
  if (event.delegation !== 0) return
  const content = opened(home, own ? home.account : home.community, event)
  if (content === null) {
    told.unreadable.push(event.number)
    return
  }
  const number = own ? -event.number : event.number
  const row = { number, block, wire: event.envelope, alarm: content, nowMs: home.nowMs }
  if (!(await keepAlarm(trx, row))) return
  const found = { number: event.number, block, alarm: content }
  if (own) told.ownAlarms.push(found)
  else told.alarms.push(found)
}

async function quotaFact(trx: Trx, fact: ChainFact, home: HomeFacts): Promise<void> {
  if (fact.name === 'AllocationClosed') {
    const { revision } = shapes.AllocationClosed.parse(fact.args)
    await trx.updateTable('community_contract').set({ closed: 1 }).where('revision', '=', revision).execute()
    return
  }
  if (fact.name === 'CommunityContractSet') {
    const { revision, fromPeriod, energyWh, powerW, waterMl } = shapes.CommunityContractSet.parse(fact.args)
    const amounts = { energy_wh: energyWh, power_w: powerW, water_ml: waterMl }
    const row = { revision, from_period: fromPeriod, ...amounts, closed: 0, block: fact.block }
    await trx
      .insertInto('community_contract')
      .values(row)
      .onConflict((conflict) => conflict.column('revision').doUpdateSet(row))
      .execute()
    return
  }
  const event = shapes.QuotaAllocated.parse(fact.args)
  if (event.home !== home.account) return
  const amounts = { energy_wh: event.energyWh, power_w: event.powerW, water_ml: event.waterMl }
  const row = { revision: event.revision, home: event.home, ...amounts, block: fact.block }
  await trx
    .insertInto('quota')
    .values(row)
    .onConflict((conflict) => conflict.columns(['revision', 'home']).doUpdateSet(row))
    .execute()
}

async function applyOne(trx: Trx, fact: ChainFact, home: HomeFacts, told: Told): Promise<void> {
  switch (fact.name) {
    case 'CommunityKeysAnnounced':
      return announced(trx, fact, told)
    case 'OperationKeyPublished': {
      const event = shapes.OperationKeyPublished.parse(fact.args)
      if (event.home === home.account && event.delegation === 0)
        told.keyPublished.push({ epoch: event.epoch })
      return
    }
    case 'Reading':
      return included(trx, fact, home, told)
    case 'Alarm':
    case 'OwnAlarm':
      return alarm(trx, fact, home, told)
    case 'HomeRevoked':
      if (shapes.HomeRevoked.parse(fact.args).home === home.account) told.revoked = true
      return
    case 'CommunityContractSet':
    case 'QuotaAllocated':
    case 'AllocationClosed':
      return quotaFact(trx, fact, home)
  }
}

/** Writes what the contracts told about this home into its repository, in the caller's transaction. */
export async function applyHomeFacts(
  trx: Trx,
  facts: readonly ChainFact[],
  home: HomeFacts,
): Promise<HomeTold> {
  const told: Told = {
    epochs: [],
    keyPublished: [],
    included: [],
    alarms: [],
    ownAlarms: [],
    unreadable: [],
    excesses: 0,
    revoked: false,
  }
  for (const fact of facts) {
    if (await keepExcessEvent(trx, fact, home.account)) told.excesses += 1
    else if (!(await keepQuotaExchange(trx, fact))) await applyOne(trx, fact, home, told)
  }
  return told
}

/** Takes back what blocks from `fromBlock` on had told; returns the slots that wait for the chain again. */
export async function revertHomeFacts(trx: Trx, fromBlock: number): Promise<number[]> {
  const undone = await trx.selectFrom('sealed').select('slot').where('block', '>=', fromBlock).execute()
  await trx
    .updateTable('sealed')
    .set({ state: 'sealed', block: null, tx_hash: null })
    .where('block', '>=', fromBlock)
    .execute()
  await count(trx, 'included', -undone.length)
  await trx
    .updateTable('alarm_sent')
    .set({ state: 'sealed', block: null })
    .where('block', '>=', fromBlock)
    .execute()
  await revertExcessEvents(trx, fromBlock)
  await revertQuotaExchanges(trx, fromBlock)
  await trx.deleteFrom('quota').where('block', '>=', fromBlock).execute()
  await trx.deleteFrom('community_contract').where('block', '>=', fromBlock).execute()
  return undone.map(({ slot }) => slot)
}
