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
      refund: () =>
        askFor(ports, trade.subject, 'refund', calls.refund(auctionId, account, outcome !== 'failed')),
      challengeDelivery: async () => {
        const number = await ports.reads.recordToOpen(auctionId)
        await askFor(ports, trade.subject, 'challengeDelivery', calls.challengeDelivery(auctionId, number))
      },
      confirmExchange: () =>
        askFor(ports, trade.subject, 'confirmResourceExchange', calls.confirmResourceExchange(auctionId)),
    },
  })
}
