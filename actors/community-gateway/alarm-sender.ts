import type { Interface } from 'ethers'
import { hexlify } from 'ethers'
import { sealAlarm } from '../../protocols/crypto/alarm-envelope.ts'
import { plainRecipient } from '../../protocols/crypto/recipient.ts'
import {
  ALARM_CODES,
  ALARM_RESOURCES,
  ALARM_SEVERITIES,
  alarmText,
  type Alarm,
} from '../../protocols/messages/alarm-payload.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { AlarmSentTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { OutboxPort } from '../outbox-port.ts'

/** Alarms of one call: they are batched so that their timing tells little. */
const BATCH = 16

export interface AlarmSenderOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly abi: Interface
  readonly chainId: number
  readonly monitoring: string
  readonly community: string
  /** The number that the contract gives to the next alarm. */
  readonly nextNumber: () => Promise<number>
  readonly onFault: (thrown: unknown) => void
}

/** Seals drafted alarms to their homes and publishes them, one call at a time. */
export interface AlarmSender {
  /** There may be drafts, or the call in hand was included. */
  wake(): void
  /** The call in hand was refused: its alarms are sealed again to the numbers that are next by then. */
  refused(): Promise<void>
  idle(): Promise<void>
}

interface Draft extends AlarmSentTable {
  readonly epoch: number | null
  readonly operation_key: Uint8Array | null
}

const nameOf = <Name extends string>(table: Readonly<Record<Name, number>>, value: number): Name => {
  for (const name in table) if (table[name] === value) return name
  throw new Fault('alarm-unknown', `alarm: ${value} has no name here`, { value })
}

const alarmOf = (row: AlarmSentTable): Alarm => ({
  code: nameOf(ALARM_CODES, row.code),
  severity: nameOf(ALARM_SEVERITIES, row.severity),
  resource: nameOf(ALARM_RESOURCES, row.resource),
  slot: row.slot,
  t: row.t,
  home: row.home,
  value: row.value,
  limit: row.limit_value,
  text: alarmText(row.text),
})

const drafts = (store: Store): Promise<Draft[]> =>
  store.db
    .selectFrom('alarm_sent')
    .innerJoin('member', 'member.account', 'alarm_sent.home')
    .selectAll('alarm_sent')
    .select(['member.epoch', 'member.operation_key'])
    .where('alarm_sent.state', '=', 'raised')
    .where('member.operation_key', 'is not', null)
    .orderBy('alarm_sent.created_at_ms')
    .limit(BATCH)
    .execute()

export function createAlarmSender(options: AlarmSenderOptions): AlarmSender {
  const { store, outbox, abi } = options
  let running: Promise<void> = Promise.resolve()

  const inHand = async (): Promise<boolean> => {
    const sealed = await store.db
      .selectFrom('alarm_sent')
      .select('id')
      .where('state', '=', 'sealed')
      .limit(1)
      .executeTakeFirst()
    return sealed !== undefined
  }

  const sealOne = (row: Draft, number: number): Uint8Array => {
    if (row.operation_key === null || row.epoch === null)
      throw new Fault('no-key', `${row.home}: it has no key yet`)
    const binding = {
      chainId: options.chainId,
      monitoring: options.monitoring,
      sender: options.community,
      epoch: row.epoch,
      slot: number,
      delegation: 0,
    }
    return sealAlarm(plainRecipient(row.operation_key), binding, alarmOf(row))
  }

  const publish = async (): Promise<void> => {
    if (await inHand()) return
    const rows = await drafts(store)
    if (rows.length === 0) return
    const first = await options.nextNumber()
    const sealed = rows.map((row, index) => ({
      row,
      number: first + index,
      envelope: sealOne(row, first + index),
    }))
    const data = abi.encodeFunctionData('raiseAlarms', [
      first,
      sealed.map(({ row }) => row.home),
      sealed.map(({ envelope }) => hexlify(envelope)),
    ])
    await store.transaction(async (trx) => {
      for (const { row, number, envelope } of sealed) {
        await trx
          .updateTable('alarm_sent')
          .set({ state: 'sealed', number, envelope })
          .where('id', '=', row.id)
          .execute()
      }
      await outbox.enqueue(trx, {
        id: `alarms:${first}:${rows[0]?.id ?? ''}`,
        kind: 'alarms',
        to: options.monitoring,
        data,
      })
    })
  }

  const queue = (work: () => Promise<void>): Promise<void> => {
    running = running.then(work).catch(options.onFault)
    return running
  }

  return {
    wake: () => void queue(publish),
    refused: () =>
      queue(async () => {
        await store.transaction(async (trx) => {
          await trx
            .updateTable('alarm_sent')
            .set({ state: 'raised', number: null, envelope: null })
            .where('state', '=', 'sealed')
            .execute()
        })
        await publish()
      }),
    idle: () => running,
  }
}
