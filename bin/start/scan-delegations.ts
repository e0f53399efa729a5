import { Interface, type Provider } from 'ethers'
import { z } from 'zod'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'

/** A delegation as the chain’s logs tell it. Amounts are micro-SCT. */
export interface HeardDelegation {
  readonly id: number
  readonly home: string
  readonly delegatee: string
  readonly fromSlot: number
  /** The first slot that is not delegated any more; an end moves it forward. */
  readonly untilSlot: number
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

/** The same with what the contract keeps beside its logs. */
export interface DelegationCount extends HeardDelegation {
  /** Slots that the parties agreed on: the whole that a reward is divided by. */
  readonly agreedSlots: number
}

type Heard = { -readonly [Name in keyof HeardDelegation]: HeardDelegation[Name] }

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
      rewardMicroSct: reward,
      ...{ watched: null, paidMicroSct: null, slots: [], alarms: [], ownAlarms: 0 },
    })
  }

  /** Number 0 is no delegation. */
  #set(id: number, change: (before: Heard) => Partial<Heard>): void {
    const before = this.#found.get(id)
    if (before !== undefined) Object.assign(before, change(before))
  }

  heard(): readonly HeardDelegation[] {
    return [...this.#found.values()]
  }
}

/** The contract's struct, field by field: delegator, first slot, slots, and more. */
const Kept = z.tuple([z.tuple([z.string(), whole, whole]).rest(z.unknown())])

/** Asks the contract for what it keeps of each delegation. */
export function countDelegations(
  provider: Provider,
  monitoring: string,
  heard: readonly HeardDelegation[],
): Promise<DelegationCount[]> {
  return Promise.all(
    heard.map(async (each) => {
      const data = abi.encodeFunctionData('delegationOf', [each.id])
      const answer = await provider.call({ to: monitoring, data })
      const [[, , agreedSlots]] = Kept.parse(abi.decodeFunctionResult('delegationOf', answer).toArray(true))
      return { ...each, agreedSlots }
    }),
  )
}
