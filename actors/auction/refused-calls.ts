import type { OwnTradeTable } from '../storage/market-tables.ts'
import type { Store } from '../storage/store.ts'
import type { AuctionCall } from './negotiation/machine.ts'
import { callId } from './ports.ts'

/** The calls that each machine waits for. */
const CALLS_OF_STAGE: Readonly<Record<OwnTradeTable['stage'], readonly AuctionCall[]>> = {
  determination: ['offer'],
  negotiation: ['receiveBid', 'cancel', 'depositMaxPrice', 'revealBid', 'checkWinner'],
  payment: ['refund', 'challengeDelivery', 'confirmResourceExchange'],
  over: [],
}

/** A call of a trade that the contract refused for good. */
export interface RefusedIntent {
  readonly id: string
  readonly call: AuctionCall
  /** The contract's name for it. */
  readonly reason: string
}

/**
 * Which calls of a trade's machine came to nothing, after at most so many earlier refusals. Read from the
 * outbox itself, so that a refusal in the moment of a crash is not missed.
 */
export async function refusedCalls(
  { db }: Store,
  { subject, stage }: Pick<OwnTradeTable, 'subject' | 'stage'>,
  refusals: number,
): Promise<RefusedIntent[]> {
  const asked = CALLS_OF_STAGE[stage].flatMap((call) =>
    Array.from({ length: refusals + 1 }, (_, attempt) => ({ call, id: callId(call, subject, attempt) })),
  )
  const failed = await db
    .selectFrom('intent')
    .select(['id', 'error'])
    .where('state', '=', 'failed')
    .where(
      'id',
      'in',
      asked.map(({ id }) => id),
    )
    .execute()
  return asked.flatMap(({ id, call }) => {
    const intent = failed.find((each) => each.id === id)
    return intent === undefined ? [] : [{ id, call, reason: intent.error ?? 'revert' }]
  })
}
