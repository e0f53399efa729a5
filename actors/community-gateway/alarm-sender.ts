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
  return new Sender(options)
}

class Sender implements AlarmSender {
  readonly #options: AlarmSenderOptions
  #running: Promise<void> = Promise.resolve()

  constructor(options: AlarmSenderOptions) {
    this.#options = options
  }

  wake(): void {
    void this.#queue(() => this.#publish())
  }

  refused(): Promise<void> {
    return this.#queue(async () => {
      await this.#options.store.transaction(async (trx) => {
        await trx
          .updateTable('alarm_sent')
          .set({ state: 'raised', number: null, envelope: null })
          .where('state', '=', 'sealed')
          .execute()
      })
      await this.#publish()
    })
  }

  idle(): Promise<void> {
    return this.#running
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#running = this.#running.then(work).catch(this.#options.onFault)
    return this.#running
  }

  async #inHand(): Promise<boolean> {
    const sealed = await this.#options.store.db
      .selectFrom('alarm_sent')
      .select('id')
      .where('state', '=', 'sealed')
      .limit(1)
      .executeTakeFirst()
    return sealed !== undefined
  }

  #seal(row: Draft, number: number): Uint8Array {
    const { chainId, monitoring, community } = this.#options
    if (row.operation_key === null || row.epoch === null) {
      throw new Fault('no-key', `${row.home}: it has no key yet`)
    }
    const binding = { chainId, monitoring, sender: community, epoch: row.epoch, slot: number, delegation: 0 }
    return sealAlarm(plainRecipient(row.operation_key), binding, alarmOf(row))
  }

  async #publish(): Promise<void> {
    const { store, outbox, abi, monitoring } = this.#options
    if (await this.#inHand()) return
    const rows = await drafts(store)
    if (rows.length === 0) return
    const first = await this.#options.nextNumber()
    const sealed = rows.map((row, index) => {
      return { row, number: first + index, envelope: this.#seal(row, first + index) }
    })
    const homes = sealed.map(({ row }) => row.home)
    const envelopes = sealed.map(({ envelope }) => hexlify(envelope))
    const data = abi.encodeFunctionData('raiseAlarms', [first, homes, envelopes])
    await store.transaction(async (trx) => {
      for (const { row, number, envelope } of sealed) {
        await trx
          .updateTable('alarm_sent')
          .set({ state: 'sealed', number, envelope })
          .where('id', '=', row.id)
          .execute()
      }
      const id = `alarms:${first}:${rows[0]?.id ?? ''}`
      await outbox.enqueue(trx, { id, kind: 'alarms', to: monitoring, data })
    })
  }
}
