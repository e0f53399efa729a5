import type { DelegationTable } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { DelegationActor } from './live.ts'
import { DELEGATION_CALLS, type DelegationCall, type DelegationEvent } from './machine.ts'
import { callId } from './ports.ts'

/** Where the chain stands. */
export interface ChainMoment {
  readonly number: number
  readonly slot: number
  /** The newest block that nothing takes back. */
  readonly final: number
}

/** What is known of a delegation at a moment. */
export interface DelegationSight {
  readonly row: DelegationTable | null
  readonly head: ChainMoment
  /** When it would be over if it were never registered. */
  readonly agreedUntilSlot: number
  /** The delegatee has answered for every slot, or it is too late to. */
  readonly isWatched: boolean
  /** Slots after the last one in which the contract keeps the reward for the claim. */
  readonly claimSlots: number
}

interface Signal {
  readonly id: string
  readonly event: DelegationEvent
}

/** The contract says that what was asked for is so already; how it came to be is in its events. */
const DONE_ALREADY: readonly string[] = ['DelegationExists', 'DelegationOver', 'RewardSettled']

/** What the chain says of a delegation, in order: as long as it is true. */
export function delegationSignals(sight: DelegationSight): readonly Signal[] {
  const { row, head, agreedUntilSlot, isWatched, claimSlots } = sight
  if (row === null) {
    return head.slot < agreedUntilSlot ? [] : [{ id: 'expired', event: { type: 'EXPIRED' } }]
  }
  const isFinal = (block: number | null): boolean => block !== null && block <= head.final
  if (!isFinal(row.block)) return []
  const { from_slot: fromSlot, agreed_until_slot, until_slot: untilSlot } = row
  const registered = { type: 'REGISTERED', fromSlot, untilSlot: agreed_until_slot } as const
  const signals: Signal[] = [{ id: 'registered', event: registered }]
  if (head.slot >= fromSlot) signals.push({ id: 'started', event: { type: 'STARTED' } })
  const isOver = head.slot >= untilSlot && isWatched
  if (isOver && isFinal(row.ended_block)) signals.push({ id: 'ended', event: { type: 'ENDED', untilSlot } })
  if (isOver && row.ended_block === null) signals.push({ id: 'expired', event: { type: 'EXPIRED' } })
  if (isFinal(row.claimed_block)) {
    signals.push({ id: 'claimed', event: { type: 'CLAIMED', paidMicroSct: row.paid ?? '0' } })
  }
  if (isFinal(row.returned_block)) signals.push({ id: 'returned', event: { type: 'RETURNED' } })
  // By the chain's time: a home whose clock is ahead would ask too early, and be refused.
  else if (isOver && head.slot >= untilSlot + claimSlots)
    signals.push({ id: 'unclaimed', event: { type: 'TIME_OUT' } })
  return signals
}

/** Which calls of a delegation came to nothing, as the outbox has it. */
export async function refusedCalls({ db }: Store, negotiation: string): Promise<readonly Signal[]> {
  const ids = new Map<string, DelegationCall>(
    DELEGATION_CALLS.map((call) => [callId(call, negotiation), call]),
  )
  const failed = await db
    .selectFrom('intent')
    .select(['id', 'error'])
    .where('state', '=', 'failed')
    .where('id', 'in', [...ids.keys()])
    .execute()
  return failed.flatMap(({ id, error }) => {
    const call = ids.get(id)
    const because = error ?? 'revert'
    if (call === undefined || DONE_ALREADY.includes(because)) return []
    return [{ id: `refused:${id}`, event: { type: 'CALL_REFUSED', call, because } }]
  })
}

/** Tells a machine what it can take of what is so; once in each state. */
export class DelegationHearing {
  readonly #told = new Map<string, { readonly state: string; readonly names: Set<string> }>()

  async tell(actor: DelegationActor, signals: readonly Signal[]): Promise<void> {
    for (const { id, event } of signals) await this.#tellOne(actor, id, event)
  }

  async #tellOne(actor: DelegationActor, name: string, event: DelegationEvent): Promise<void> {
    const snapshot = actor.snapshot()
    if (!snapshot.can(event)) return
    const state = JSON.stringify(snapshot.value)
    const before = this.#told.get(actor.key)
    const told = before?.state === state ? before : { state, names: new Set<string>() }
    this.#told.set(actor.key, told)
    if (told.names.has(name)) return
    await actor.send(event)
    told.names.add(name)
  }
}
