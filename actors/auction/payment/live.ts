import { createDurableActor, type DurableActor } from '../../durable.ts'
import { askFor } from '../asked-call.ts'
import type { TradeRole } from '../negotiation/machine.ts'
import { machineKey } from '../own-trades.ts'
import type { TradingPorts } from '../ports.ts'
import { paymentMachine, type NegotiationOutcome } from './machine.ts'

/** Raised whenever a stored snapshot of the machine before would not fit. */
const MACHINE_VERSION = 1

export type PaymentActor = DurableActor<typeof paymentMachine>

interface Settling {
  readonly subject: string
  readonly round: number
  readonly role: TradeRole
  readonly auctionId: string
  readonly outcome: NegotiationOutcome
}

/** What was put down may be back already: with the call that cancelled, or by somebody else's. */
async function isRefunded({ store, account }: TradingPorts, auctionId: string): Promise<boolean> {
  const row = await store.db
    .selectFrom('auction_refund')
    .select('block')
    .where('auction', '=', auctionId)
    .where('account', '=', account)
    .executeTakeFirst()
  return row !== undefined
}

/** Starts the payment of one auction, or goes on with it. */
export function startPayment(ports: TradingPorts, trade: Settling): Promise<PaymentActor> {
  const { calls, account, store } = ports
  const { auctionId, outcome } = trade
  return createDurableActor({
    key: machineKey('payment', trade),
    version: MACHINE_VERSION,
    machine: paymentMachine,
    input: { auctionId, role: trade.role, outcome },
    store,
    clock: ports.clock,
    onFault: ports.onFault,
    ...(ports.inspect === undefined ? {} : { inspect: ports.inspect }),
    effects: {
      refund: async (_action, { context }) => {
        if (await isRefunded(ports, auctionId)) return
        const call = calls.refund(auctionId, account, context.outcome !== 'failed')
        await askFor(ports, trade.subject, 'refund', call, context.refusals)
      },
      challengeDelivery: async (_action, { context }) => {
        const call = calls.challengeDelivery(auctionId, await ports.reads.recordToOpen(auctionId))
        await askFor(ports, trade.subject, 'challengeDelivery', call, context.refusals)
      },
      confirmExchange: (_action, { context }) => {
        const call = calls.confirmResourceExchange(auctionId)
        return askFor(ports, trade.subject, 'confirmResourceExchange', call, context.refusals)
      },
    },
  })
}
