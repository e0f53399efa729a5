import { Fault, messageOf } from '../../../protocols/rules/fault.ts'
import { createDurableActor, type DurableActor } from '../../durable.ts'
import { askFor } from '../asked-call.ts'
import { fund } from '../funds.ts'
import { machineKey, ownTrade, sealedOf } from '../own-trades.ts'
import { callId, type TradingPorts } from '../ports.ts'
import { negotiationMachine, type TradeRole } from './machine.ts'

/** Raised whenever a stored snapshot of the machine before would not fit. */
const MACHINE_VERSION = 1

export type NegotiationActor = DurableActor<typeof negotiationMachine>

interface Trade {
  readonly subject: string
  readonly round: number
  readonly role: TradeRole
  readonly auctionId: string
}

/** Puts the bond down and the sealed bid in; the chain locks the quota. */
async function placeBid(ports: TradingPorts, trade: Trade, attempt: number): Promise<void> {
  const { store, outbox, calls, seals } = ports
  const own = await ownTrade(store, trade.subject)
  // The call is in the outbox, which sends it again after a fork: it is not judged a second time.
  if (own.bond !== null && attempt === 0) return
  const { value, salt } = sealedOf(own)
  const auction = await store.db
    .selectFrom('auction')
    .select('bond')
    .where('id', '=', trade.auctionId)
    .executeTakeFirst()
  if (auction === undefined) throw new Fault('auction-gone', 'the offer is not on the chain any more')
  const bond = BigInt(auction.bond)
  if (value < 1n || value > bond) {
    const text = `bid: from 1 to ${bond} micro-SCT, the lot at the ceiling price; got ${value}`
    throw new Fault('price-out-of-range', text, { field: 'bid', ceiling: auction.bond, given: String(value) })
  }
  const funded = await fund(ports, trade.subject, bond)
  const call = calls.receiveBid(trade.auctionId, seals.bid(trade.auctionId, value, salt))
  await store.transaction(async (trx) => {
    await trx
      .updateTable('own_trade')
      .set({ bond: auction.bond })
      .where('subject', '=', trade.subject)
      .execute()
    await funded(trx)
    await outbox.enqueue(trx, {
      id: callId('receiveBid', trade.subject, attempt),
      kind: 'receiveBid',
      ...call,
    })
  })
}

/** Starts the negotiation of one auction, or goes on with it. */
export function startNegotiation(ports: TradingPorts, trade: Trade): Promise<NegotiationActor> {
  const { store, calls } = ports
  const { auctionId } = trade
  return createDurableActor({
    key: machineKey('negotiation', trade),
    version: MACHINE_VERSION,
    machine: negotiationMachine,
    input: { auctionId, role: trade.role },
    store,
    clock: ports.clock,
    onFault: ports.onFault,
    ...(ports.inspect === undefined ? {} : { inspect: ports.inspect }),
    effects: {
      placeBid: async (_action, { context }, send) => {
        try {
          await ports.inTurn(() => placeBid(ports, trade, context.refusals))
        } catch (thrown) {
          if (!(thrown instanceof Fault)) ports.onFault(thrown, `trade ${trade.subject}`)
          await send({ type: 'CALL_REFUSED', call: 'receiveBid', reason: messageOf(thrown) })
        }
      },
      showMaxPrice: async (_action, { context }) => {
        const { value, salt } = sealedOf(await ownTrade(store, trade.subject))
        const call = calls.depositMaxPrice(auctionId, value, salt)
        await askFor(ports, trade.subject, 'depositMaxPrice', call, context.refusals)
      },
      revealBid: async () => {
        const { value, salt } = sealedOf(await ownTrade(store, trade.subject))
        await askFor(ports, trade.subject, 'revealBid', calls.revealBid(auctionId, value, salt))
      },
      settle: (_action, { context }) =>
        askFor(ports, trade.subject, 'checkWinner', calls.checkWinner(auctionId), context.refusals),
      cancel: () => askFor(ports, trade.subject, 'cancel', calls.cancel(auctionId)),
    },
  })
}
