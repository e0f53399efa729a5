import type { AuctionCall } from './negotiation/machine.ts'
import { callId, type EncodedCall, type TradingPorts } from './ports.ts'

/** Asks for a call of a trade, once, whatever happens in between. */
export async function askFor(
  { store, outbox }: TradingPorts,
  subject: string,
  call: AuctionCall,
  encoded: EncodedCall,
  attempt = 0,
): Promise<void> {
  const id = callId(call, subject, attempt)
  await store.transaction((trx) => outbox.enqueue(trx, { id, kind: call, ...encoded }))
}
