import { encodeAlarm } from '../../../protocols/messages/alarm-payload.ts'
import type { AlarmDraft } from '../../../protocols/rules/alarm.ts'
import { sealBytes } from '../crypto.ts'
import { Table } from '../ledger.ts'
import type { CommunityGateway } from './community.ts'

/** Few, so that alarms often wait for the call before. */
const ALARMS_A_CALL = 4

interface Draft {
  readonly id: string
  readonly home: string
  readonly alarm: AlarmDraft
  readonly atMs: number
}

/** Alarms from their draft to the block that tells them. */
export class AlarmDesk {
  readonly #community: CommunityGateway
  readonly drafts: Table<string, Draft>
  readonly #raised: Table<string, true>
  /** Drafts that went into a call, by their numbers. */
  readonly #sealed: Table<number, string>
  /** Numbers that the chain tells; a fork takes them back, and their call is on its way again. */
  readonly #published: Table<number, true>

  constructor(community: CommunityGateway) {
    const { ledger } = community.store
    this.#community = community
    this.drafts = new Table(ledger)
    this.#raised = new Table(ledger)
    this.#sealed = new Table(ledger)
    this.#published = new Table(community.heard.ledger)
  }

  /** Keeps an alarm; one of its kind for a slot only. */
  draft(home: string, alarm: AlarmDraft, atMs: number): boolean {
    const id = `${home}:${alarm.slot}:${alarm.code}:${alarm.resource}`
    if (this.drafts.has(id)) return false
    this.drafts.set(id, { id, home, alarm, atMs })
    this.#raised.set(id, true)
    return true
  }

  /** Alarms in hand while no call is on its way. */
  left(): number {
    return this.#raised.size > 0 && this.#onItsWay().length === 0 ? this.#raised.size : 0
  }

  #onItsWay(): [number, string][] {
    return [...this.#sealed.entries()].filter(([number]) => !this.#published.has(number))
  }

  /** Whether the alarm that the chain tells was in the call on its way. */
  published(number: number): boolean {
    if (!this.#sealed.has(number) || this.#published.has(number)) return false
    this.#published.set(number, true)
    return true
  }

  /** One call of alarms at a time: the contract numbers them. */
  async publish(): Promise<void> {
    const { store, life, world, lastAlarm } = this.#community
    await store.transaction(life, async (trx) => {
      if (this.left() === 0) return
      const raised = [...this.#raised.keys()]
        .slice(0, ALARMS_A_CALL)
        .flatMap((id) => this.drafts.get(id) ?? [])
      const first = lastAlarm.get() + 1
      const envelopes = raised.map((draft) => this.#seal(draft))
      raised.forEach(({ id }, index) => {
        this.#raised.delete(id)
        this.#sealed.set(first + index, id)
      })
      const homes = raised.map(({ home }) => home)
      const id = `alarms:${first}:${raised[0]?.id ?? ''}:${world.time.nowMs()}`
      const call = { contract: 'monitoring', name: 'raiseAlarms', first, homes, envelopes } as const
      await this.#community.ask(trx, id, 'alarms', call)
    })
  }

  /** Another call of alarms was first: these get other numbers. */
  async refused(): Promise<void> {
    const { store, life } = this.#community
    await store.transaction(life, () => {
      for (const [number, draft] of this.#onItsWay()) {
        this.#sealed.delete(number)
        this.#raised.set(draft, true)
      }
    })
    await this.publish()
  }

  #seal({ home, alarm, atMs }: Draft): string {
    const { world, account } = this.#community
    const now = { timeS: Math.floor(world.time.nowMs() / 1000) }
    const { keyId, epoch, delegation } = world.chain.contracts.monitoring.alarmRecipient(now, home)
    const binding = { sender: account, epoch, slot: 0, delegation }
    return sealBytes(keyId, binding, encodeAlarm({ ...alarm, home, t: atMs }))
  }
}
