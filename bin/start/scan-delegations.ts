import { Interface } from 'ethers'
import { z } from 'zod'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'

/** A delegation as the chain tells it at the end of a run. Amounts are micro-SCT. */
export interface DelegationCount {
  readonly id: number
  readonly home: string
  readonly delegatee: string
  readonly fromSlot: number
  /** The first slot that is not delegated any more; an end moves it forward. */
  readonly untilSlot: number
  readonly agreedSlots: number
  readonly ended: boolean
  readonly rewardMicroSct: number
  /** Null until the delegatee has claimed. */
  readonly watched: number | null
  readonly paidMicroSct: number | null
  /** Slots of readings that the contract filed under this delegation. */
  readonly slots: readonly number[]
  /** Numbers of the community’s alarms that were sealed to the delegatee. */
  readonly alarms: readonly number[]
  /** How many alarms of the home about itself were. */
  readonly ownAlarms: number
}

type Heard = { -readonly [Name in keyof DelegationCount]: DelegationCount[Name] }

const abi = new Interface(monitoringAbi)
const whole = z.bigint().transform(Number)
const account = z.string().transform((text) => text.toLowerCase())
const shapes = {
  DelegationRegistered: z.object({
    id: whole,
    delegator: account,
    delegatee: account,
    fromSlot: whole,
    untilSlot: whole,
    reward: whole,
  }),
  DelegationEnded: z.object({ id: whole, untilSlot: whole }),
  RewardClaimed: z.object({ id: whole, count: whole, paid: whole }),
  Reading: z.object({ slot: whole, delegation: whole }),
  Alarm: z.object({ number: whole, delegation: whole }),
}

/** Counts what the monitoring contract’s logs say about delegations, log by log in the chain’s order. */
export class DelegationScan {
  readonly #found = new Map<number, Heard>()

  hear(log: { readonly topics: readonly string[]; readonly data: string }): void {
    const parsed = abi.parseLog(log)
    if (parsed === null) return
    const args: unknown = parsed.args.toObject()
    switch (parsed.name) {
      case 'DelegationRegistered':
        return this.#registered(shapes.DelegationRegistered.parse(args))
      case 'DelegationEnded': {
        const { id, untilSlot } = shapes.DelegationEnded.parse(args)
        return this.#set(id, () => ({ untilSlot, ended: true }))
      }
      case 'RewardClaimed': {
        const { id, count, paid } = shapes.RewardClaimed.parse(args)
        return this.#set(id, () => ({ watched: count, paidMicroSct: paid }))
      }
      case 'Reading': {
        const { delegation, slot } = shapes.Reading.parse(args)
        return this.#set(delegation, ({ slots }) => ({ slots: [...slots, slot] }))
      }
      case 'Alarm': {
        const { delegation, number } = shapes.Alarm.parse(args)
        return this.#set(delegation, ({ alarms }) => ({ alarms: [...alarms, number] }))
      }
      case 'OwnAlarm': {
        const { delegation } = shapes.Alarm.parse(args)
        return this.#set(delegation, ({ ownAlarms }) => ({ ownAlarms: ownAlarms + 1 }))
      }
    }
  }

  #registered(event: z.infer<typeof shapes.DelegationRegistered>): void {
    const { id, delegator, delegatee, fromSlot, untilSlot, reward } = event
    this.#found.set(id, {
      ...{ id, home: delegator, delegatee, fromSlot, untilSlot, ended: false },
      agreedSlots: untilSlot - fromSlot,
      rewardMicroSct: reward,
      ...{ watched: null, paidMicroSct: null, slots: [], alarms: [], ownAlarms: 0 },
    })
  }

  /** Number 0 is no delegation. */
  #set(id: number, change: (before: Heard) => Partial<Heard>): void {
    const before = this.#found.get(id)
    if (before !== undefined) Object.assign(before, change(before))
  }

  counted(): readonly DelegationCount[] {
    return [...this.#found.values()]
  }
}
