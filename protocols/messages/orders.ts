import { z } from 'zod'
import { microOf } from '../rules/decimal.ts'
import { badField, Fault } from '../rules/fault.ts'
import { expectedOf } from './json-message.ts'
import { parseWritten, WrittenNumber } from './written-numbers.ts'

/** A file of orders: a hundred thousand offers fit with room; a longer one is refused before it is parsed. */
export const ORDERS_MAX_BYTES = 32 * 1024 * 1024

/** One offer of the whole quantity; its price in millionths. */
export interface OfferOrder {
  readonly id: string
  readonly user: string
  readonly price: number
}

/** What a file of orders says: the buyer's cap and the offers, in the order of their lines. */
export interface Orders {
  readonly buyer: string
  /** P_max of the buyer, in millionths. */
  readonly cap: number
  /** What the buyer needs and every offer gives, in millionths. */
  readonly quantity: number
  readonly offers: readonly OfferOrder[]
}

const name = () => z.string('expected text').min(1, 'expected 1 to 200 characters').max(200)
const number = () => z.instanceof(WrittenNumber, { error: 'expected a number, without quotes' })

const orderSchema = z.object(
  {
    id: name(),
    user: name(),
    side: z.enum(['bid', 'offer'], 'expected "bid" (the buyer’s cap) or "offer"'),
    price: number(),
    qty: number(),
  },
  'expected an order {"id","user","side","price","qty"}',
)

interface Order {
  readonly id: string
  readonly user: string
  readonly side: 'bid' | 'offer'
  readonly price: number
  readonly quantity: number
  /** Counted from 1, as people count lines. */
  readonly row: number
}

function refuse(code: string, row: number, what: string, fix: string): Fault {
  return new Fault(code, `row ${row}: ${what}; ${fix}`, { row })
}

function shown(value: unknown): unknown {
  return value instanceof WrittenNumber ? value.text : value
}

function readOrder(value: unknown, row: number): Order {
  const read = orderSchema.safeParse(shown(value))
  if (!read.success) {
    const [issue] = read.error.issues
    const field = issue?.path.join('.') ?? ''
    const got: unknown = field === '' ? value : z.record(z.string(), z.unknown()).parse(value)[field]
    throw badField(
      ['row', row, field].join(' ').trim(),
      expectedOf(read.error),
      shown(got),
      'correct that row',
    )
  }
  const { id, user, side, price, qty } = read.data
  const quantity = microOf(qty.text, `row ${row} qty`)
  if (quantity === 0) throw badField(`row ${row} qty`, 'an amount above 0', qty.text, 'remove that row')
  return { id, user, side, price: microOf(price.text, `row ${row} price`), quantity, row }
}

function bidOf(orders: readonly Order[]): Order {
  const [bid, another] = orders.filter(({ side }) => side === 'bid')
  if (bid === undefined) {
    const message = 'side: expected one order with side "bid", got none; add the buyer’s order with its cap'
    throw new Fault('no-bid', message, { rows: orders.length })
  }
  if (another !== undefined) {
    const what = `side: expected one bid, got another after that of row ${bid.row}`
    throw refuse('two-bids', another.row, what, 'clear the second buyer’s orders in a file of its own')
  }
  return bid
}

function checkIds(orders: readonly Order[]): void {
  const rows = new Map<string, number>()
  for (const { id, row } of orders) {
    const earlier = rows.get(id)
    if (earlier !== undefined) {
      throw refuse(
        'duplicate-id',
        row,
        `id: "${id}" is the id of row ${earlier} too`,
        'give it an id of its own',
      )
    }
    rows.set(id, row)
  }
}

function checkOffer(bid: Order, offer: Order): void {
  if (offer.quantity !== bid.quantity) {
    const what = `qty: expected the whole quantity of the bid in row ${bid.row}, got another`
    throw refuse('another-quantity', offer.row, what, 'offers are for all of it: correct or remove that row')
  }
  if (offer.user === bid.user) {
    const what = `user: "${offer.user}" made the bid of row ${bid.row} and offers to it`
    throw refuse('self-offer', offer.row, what, 'nobody trades with himself: remove that row')
  }
}

/**
 * Reads a file of orders (DESIGN §13, `clear`): `[{"id","user","side":"bid"|"offer","price","qty"}]` with one
 * bid, the buyer's cap, and offers of the whole quantity; further fields are not looked at. @throws Fault
 * `orders-too-large`, `not-json`, `not-a-list`, `bad-field`, `no-bid`, `two-bids`, `duplicate-id`,
 * `another-quantity`, `self-offer`; each names the row and the field, and what to do.
 */
export function readOrders(file: string, bytes: Uint8Array): Orders {
  if (bytes.length > ORDERS_MAX_BYTES) {
    const message = `${file}: ${bytes.length} bytes, at most ${ORDERS_MAX_BYTES} are read; split the file`
    throw new Fault('orders-too-large', message, { length: bytes.length })
  }
  const parsed = parseWritten(file, new TextDecoder().decode(bytes))
  if (!Array.isArray(parsed)) {
    const message = `${file}: expected a list [{"id","user","side","price","qty"}, …]; put the orders in [ ]`
    throw new Fault('not-a-list', message)
  }
  const orders = parsed.map((value: unknown, i) => readOrder(value, i + 1))
  checkIds(orders)
  const bid = bidOf(orders)
  const offers = orders.filter(({ side }) => side === 'offer')
  for (const offer of offers) checkOffer(bid, offer)
  return {
    buyer: bid.user,
    cap: bid.price,
    quantity: bid.quantity,
    offers: offers.map(({ id, user, price }) => ({ id, user, price })),
  }
}
