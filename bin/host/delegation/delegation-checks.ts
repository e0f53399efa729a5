import { OVER } from '../../../actors/delegation/own-delegations.ts'
import type { DelegationStand } from '../../../actors/delegation/desk.ts'
import type { OfferedTerms } from '../../../actors/delegation/machine.ts'
import type { Store } from '../../../actors/storage/store.ts'
import type { PeerNode } from '../../../protocols/p2p/node.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import type { OfferForm } from '../../../web/delegation-model.ts'

/** No delegation lasts longer, nor begins later, than a year. */
const LONGEST_MS = 366 * 86_400_000

/** The slot that is under way at a moment. */
export const slotAt = (ms: number, sampleMs: number): number => Math.floor(ms / sampleMs)

/** What a person wrote, in slots. Throws `window-out-of-range`. */
export function termsFrom(form: OfferForm, nowMs: number, sampleMs: number): OfferedTerms {
  const { functions, fromMs, untilMs, rewardMicroSct, text } = form
  const next = slotAt(nowMs, sampleMs) + 1
  const fromSlot = fromMs === null ? next : Math.max(next, slotAt(fromMs, sampleMs) + 1)
  const untilSlot = slotAt(untilMs, sampleMs) + 1
  const field = untilSlot <= fromSlot || untilMs - nowMs > LONGEST_MS ? 'untilMs' : null
  if (field !== null) {
    const message = 'The time must lie ahead, end after it begins, and last a year at most.'
    throw new Fault('window-out-of-range', message, { field, fix: 'Choose another end.' })
  }
  const wanted = (['readings', 'alarms'] as const).filter((name) => functions.includes(name))
  return { functions: wanted, fromSlot, untilSlot, rewardMicroSct: String(rewardMicroSct), text }
}

/** Whom this home may ask. Throws `own-home`, `peer-unknown`. */
export function neighbourAt(node: PeerNode, own: string, account: string): string {
  const peer = account.toLowerCase()
  if (peer === own) {
    throw new Fault('own-home', 'A home cannot watch itself: choose a neighbour.', { field: 'peer' })
  }
  if (node.membership.findByAccount(peer)?.role === 'home') return peer
  throw new Fault('peer-unknown', 'No home of this community has that account.', {
    field: 'peer',
    fix: 'Choose one of the neighbours listed.',
  })
}

/** A home has one delegation at a time. Throws `still-delegated`. */
export async function requireFree(
  { db }: Store,
  account: string,
  stands: readonly DelegationStand[],
  nowSlot: number,
): Promise<void> {
  const running = stands.some(
    ({ own, state }) => own.role === 'delegator' && !OVER.includes(own.state) && !state.matches('ended'),
  )
  const onChain = await db
    .selectFrom('delegation')
    .select('id')
    .where('delegator', '=', account)
    .where('until_slot', '>', nowSlot)
    .limit(1)
    .executeTakeFirst()
  if (!running && onChain === undefined) return
  throw new Fault('still-delegated', 'This home is delegated, or about to be: one at a time.', {
    fix: 'End it, or take the proposal back, first.',
  })
}

/** The reward is drawn when the delegation is registered. Throws `not-enough-balance`. */
export function requireReward(rewardMicroSct: string, freeMicroSct: bigint): void {
  if (BigInt(rewardMicroSct) <= freeMicroSct) return
  throw new Fault('not-enough-balance', 'The reward is more than the tokens that are free.', {
    field: 'rewardMicroSct',
    expected: `at most ${freeMicroSct}`,
    fix: 'Offer less, or buy tokens first.',
  })
}
