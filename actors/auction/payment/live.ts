import { createDurableActor, type DurableActor } from '../../durable.ts'
import { askFor } from '../asked-call.ts'
import type { TradeRole } from '../negotiation/machine.ts'
import type { TradingPorts } from '../ports.ts'
import { paymentMachine, type NegotiationOutcome } from './machine.ts'

/** Raised whenever a stored snapshot of the machine before would not fit. */
const MACHINE_VERSION = 1

export type PaymentActor = DurableActor<typeof paymentMachine>

interface Settling {
  readonly subject: string
  readonly role: TradeRole
  readonly auctionId: string
  readonly outcome: NegotiationOutcome
}

/** Whether what this home had put down is its credit again, as after an offer that it cancelled. */
async function isRefunded({ store, account }: TradingPorts, auctionId: string): Promise<boolean> {
  const refund = await store.db
    .selectFrom('auction_refund')
    .select('block')
    .where('auction', '=', auctionId)
    .where('account', '=', account)
    .executeTakeFirst()
  return refund !== undefined
}

/** Starts the payment of one auction, or goes on with it. */
export function startPayment(ports: TradingPorts, trade: Settling): Promise<PaymentActor> {
  const { calls, account, store } = ports
  const { auctionId, outcome } = trade
  return createDurableActor({
    key: `payment:${trade.subject}`,
    version: MACHINE_VERSION,
    machine: paymentMachine,
    input: { auctionId, role: trade.role, outcome },
    store,
    clock: ports.clock,
    onFault: ports.onFault,
    ...(ports.inspect === undefined ? {} : { inspect: ports.inspect }),
    effects: {
      // After a restart only the machine remembers how the negotiation had ended.
      refund: async (_action, { context }) => {
        if (await isRefunded(ports, auctionId)) return
        await askFor(
          ports,
          trade.subject,
          'refund',
          calls.refund(auctionId, account, context.outcome !== 'failed'),
        )
      },
      challengeDelivery: async () => {
        const number = await ports.reads.recordToOpen(auctionId)
        await askFor(ports, trade.subject, 'challengeDelivery', calls.challengeDelivery(auctionId, number))
      },
      confirmExchange: () =>
        askFor(ports, trade.subject, 'confirmResourceExchange', calls.confirmResourceExchange(auctionId)),
    },
  })
}
