import { sealAlarm } from '../protocols/crypto/alarm-envelope.ts'
import { plainRecipient } from '../protocols/crypto/recipient.ts'
import {
  ALARM_CODES,
  ALARM_RESOURCES,
  ALARM_SEVERITIES,
  alarmText,
  type Alarm,
} from '../protocols/messages/alarm-payload.ts'
import { Fault } from '../protocols/rules/fault.ts'
import { triesOf } from './call-tries.ts'
import type { AlarmSentTable } from './storage/schema.ts'
import type { Store } from './storage/store.ts'
import type { OutboxPort } from './outbox-port.ts'

/** To whom an alarm about a home is sealed; null while that gateway has no key. */
export interface AlarmRecipient {
  readonly epoch: number
  /** 33 bytes. */
  readonly key: Uint8Array
  /** 0 when it is the home's own key; else the delegation whose delegatee reads. */
  readonly delegation: number
}

/** An alarm sealed to the number that the contract will give it. */
export interface SealedAlarm {
  readonly home: string
  /** Key id that it is sealed to; the contract checks that it is the one that should read. */
  readonly recipient: string
  readonly envelope: Uint8Array
}

export interface AlarmSenderOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly chainId: number
  readonly monitoring: string
  /** The account that publishes: the community's, or the home's own. */
  readonly sender: string
  /** Alarms of one call at most: they are batched so that their timing tells little. */
  readonly batch: number
  readonly recipientOf: (home: string) => Promise<AlarmRecipient | null>
  /** The number that the contract gives to the next alarm. */
  readonly nextNumber: () => Promise<number>
  /** The call that publishes alarms numbered from `first` on, 0x hex. */
  readonly encode: (first: number, alarms: readonly SealedAlarm[]) => string
  readonly onFault: (thrown: unknown) => void
}

/** Seals drafted alarms to their readers and publishes them, one call at a time. */
export interface AlarmSender {
  /** There may be drafts, the call in hand was included, or a block came. */
  wake(): void
  /**
   * The call in hand was refused: at the next `wake` its alarms are sealed again, to the readers and the
   * numbers of then. The reason (another number, another key) is in a block that is yet to be read.
   */
  refused(): Promise<void>
  idle(): Promise<void>
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

const drafts = (store: Store, most: number): Promise<AlarmSentTable[]> =>
  store.db
    .selectFrom('alarm_sent')
    .selectAll()
    .where('state', '=', 'raised')
    .orderBy('created_at_ms')
    .limit(most)
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

  #seal(row: AlarmSentTable, { epoch, key, delegation }: AlarmRecipient, number: number): SealedAlarm {
    const { chainId, monitoring, sender } = this.#options
    const binding = { chainId, monitoring, sender, epoch, slot: number, delegation }
    const recipient = plainRecipient(key)
    return {
      home: row.home,
      recipient: recipient.id,
      envelope: sealAlarm(recipient, binding, alarmOf(row)),
    }
  }

  /** The drafts whose readers have a key, with that key. */
  async #ready(): Promise<{ row: AlarmSentTable; recipient: AlarmRecipient }[]> {
    const { store, batch, recipientOf } = this.#options
    const ready: { row: AlarmSentTable; recipient: AlarmRecipient }[] = []
    for (const row of await drafts(store, batch)) {
      const recipient = await recipientOf(row.home)
      if (recipient !== null) ready.push({ row, recipient })
    }
    return ready
  }

  async #publish(): Promise<void> {
    const { store, outbox, monitoring, encode } = this.#options
    if (await this.#inHand()) return
    const ready = await this.#ready()
    if (ready.length === 0) return
    const first = await this.#options.nextNumber()
    const sealed = ready.map(({ row, recipient }, index) => {
      const number = first + index
      return { id: row.id, number, ...this.#seal(row, recipient, number) }
    })
    const data = encode(first, sealed)
    const name = `alarms:${first}:${sealed[0]?.id ?? ''}:`
    const { count } = await triesOf(store, name)
    await store.transaction(async (trx) => {
      for (const { id, number, envelope } of sealed) {
        await trx
          .updateTable('alarm_sent')
          .set({ state: 'sealed', number, envelope })
          .where('id', '=', id)
          .execute()
      }
      await outbox.enqueue(trx, { id: `${name}${count}`, kind: 'alarms', to: monitoring, data })
    })
  }
}
