import { Fault, messageOf } from '../../../protocols/rules/fault.ts'
import { createDurableActor, type DurableActor } from '../../durable.ts'
import { fund } from '../funds.ts'
import type { TradeRole } from '../negotiation/machine.ts'
import { machineKey, orderOf, ownTrade } from '../own-trades.ts'
import { callId, type TradeOrder, type TradingPorts } from '../ports.ts'
import { determinationMachine } from './machine.ts'

/** Raised whenever a stored snapshot of the machine before would not fit. */
const MACHINE_VERSION = 1
const NUMBER_BITS = 64

export type DeterminationActor = DurableActor<typeof determinationMachine>

/** Ids of auctions hold the buyer's own number of the offer in their lowest bits. */
const numberOf = (auctionId: string): bigint => BigInt.asUintN(NUMBER_BITS, BigInt(auctionId))

/** The number of the buyer's next offer: after those on the chain, and after those on their way. */
async function nextNumber({ store, reads, account }: TradingPorts): Promise<bigint> {
  const rows = await store.db
    .selectFrom('own_trade')
    .select('auction')
    .where('role', '=', 'buyer')
    .where('auction', 'is not', null)
    .execute()
  const known = rows.map(({ auction }) => numberOf(auction ?? '0x0'))
  return known.reduce((most, each) => (each > most ? each : most), await reads.offersOf(account)) + 1n
}

interface Prepared {
  readonly number: bigint
  readonly auction: string
  readonly salt: Uint8Array
}

async function prepared(ports: TradingPorts, subject: string, attempts: number): Promise<Prepared> {
  const own = await ownTrade(ports.store, subject)
  if (own.auction !== null && own.salt !== null) {
    return { number: numberOf(own.auction), auction: own.auction, salt: own.salt }
  }
  const number = await nextNumber(ports)
  const auction = ports.seals.auctionId(ports.account, number)
  return { number, auction, salt: ports.seals.salt(auction, attempts) }
}

function checkPrice(order: TradeOrder, bond: bigint): bigint {
  const maxPrice = BigInt(order.maxPriceMicroSct)
  if (maxPrice > 0n && maxPrice <= bond) return maxPrice
  throw new Fault(
    'price-out-of-range',
    `maxPrice: from 1 to ${bond} micro-SCT, the lot at the ceiling price; got ${maxPrice}`,
    { field: 'maxPrice', ceiling: String(bond), given: order.maxPriceMicroSct },
  )
}

/** Seals the maximum price and asks for the offer, once, whatever happens in between. */
async function placeOffer(ports: TradingPorts, subject: string): Promise<void> {
  const { store, outbox, calls, reads, seals } = ports
  const own = await ownTrade(store, subject)
  // The call is in the outbox, which sends it again after a fork: it is not judged a second time.
  if (own.bond !== null) return
  const order = orderOf(own)
  const bond = await reads.bondFor(order)
  const maxPrice = checkPrice(order, bond)
  const funded = await fund(ports, subject, bond)
  const { number, auction, salt } = await prepared(ports, subject, own.attempts)
  const call = calls.offer(number, order, seals.maxPrice(auction, maxPrice, salt))
  await store.transaction(async (trx) => {
    await trx
      .updateTable('own_trade')
      .set({ auction, salt, value: String(maxPrice), bond: String(bond) })
      .where('subject', '=', subject)
      .execute()
    await funded(trx)
    await outbox.enqueue(trx, { id: callId('offer', subject, own.attempts), kind: 'offer', ...call })
  })
}

interface Judged {
  readonly subject: string
  readonly round: number
  readonly role: TradeRole
  readonly auctionId: string | null
}

/** Starts the determination of one trade, or goes on with it. */
export function startDetermination(ports: TradingPorts, trade: Judged): Promise<DeterminationActor> {
  const { store } = ports
  const auction = (id: string | null) =>
    store.db
      .selectFrom('auction')
      .selectAll()
      .where('id', '=', id ?? '')
      .executeTakeFirst()
  return createDurableActor({
    key: machineKey('determination', trade),
    version: MACHINE_VERSION,
    machine: determinationMachine,
    input: trade,
    store,
    clock: ports.clock,
    onFault: ports.onFault,
    ...(ports.inspect === undefined ? {} : { inspect: ports.inspect }),
    effects: {
      placeOffer: async (_action, _now, send) => {
        try {
          await ports.inTurn(() => placeOffer(ports, trade.subject))
        } catch (thrown) {
          if (!(thrown instanceof Fault)) ports.onFault(thrown, `trade ${trade.subject}`)
          await send({ type: 'OFFER_REFUSED', reason: messageOf(thrown), again: false })
        }
      },
      gossipOffer: async () => {
        const row = await auction((await ownTrade(store, trade.subject)).auction)
        if (row !== undefined) ports.gossip(row)
      },
      judgeRequest: async (_action, _now, send) => {
        const row = await auction(trade.auctionId)
        if (row === undefined) return
        const judgement = await ports.judge(row)
        const { because } = judgement
        if (judgement.kind === 'bid') {
          await send({ type: 'INTERESTED', wish: { valueMicroSct: judgement.valueMicroSct, because } })
        } else if (judgement.kind === 'ask') await send({ type: 'UNDECIDED', because })
        else await send({ type: 'NOT_INTERESTED', because })
      },
      tellPeople: async (_action, now) => {
        const row = await auction(trade.auctionId)
        if (row !== undefined) ports.tellPeople(row, now.context.because ?? '')
      },
    },
  })
}
