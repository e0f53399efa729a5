import { Fault } from '../../protocols/rules/fault.ts'
import type { Trx } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { TradingPorts } from './ports.ts'

/** The contract may take as much as an account has: it only takes what `deposit` names. */
const UNLIMITED = (1n << 256n) - 1n

/** Puts the calls that bring the needed credit before the one that needs it. */
export type Funded = (trx: Trx) => Promise<void>

/**
 * Bonds that own calls on their way will take from the credit, and that the contract does not know of yet;
 * those of the trade `except` do not count.
 */
export async function promisedMicroSct(
  { db }: Pick<Store, 'db'>,
  account: string,
  except = '',
): Promise<bigint> {
  const rows = await db
    .selectFrom('own_trade')
    .leftJoin('auction', 'auction.id', 'own_trade.auction')
    .leftJoin('auction_bid', (join) =>
      join.onRef('auction_bid.auction', '=', 'own_trade.auction').on('auction_bid.seller', '=', account),
    )
    .select(['own_trade.role', 'own_trade.bond', 'auction.id as offered', 'auction_bid.seller as sealed'])
    .where('own_trade.stage', 'in', ['determination', 'negotiation'])
    .where('own_trade.bond', 'is not', null)
    .where('own_trade.subject', '!=', except)
    .execute()
  return rows
    .filter(({ role, offered, sealed }) => (role === 'buyer' ? offered === null : sealed === null))
    .reduce((sum, { bond }) => sum + BigInt(bond ?? 0), 0n)
}

/**
 * Looks whether the account can put down a bond, before anything is signed. Throws `not-enough-balance` with
 * what is missing.
 */
export async function fund(ports: TradingPorts, subject: string, bond: bigint): Promise<Funded> {
  const { reads, calls, outbox, account, store } = ports
  const credit = (await reads.creditOf(account)) - (await promisedMicroSct(store, account, subject))
  if (credit >= bond) return async () => undefined
  const missing = credit > 0n ? bond - credit : bond
  const [balance, allowance] = await Promise.all([reads.balanceOf(account), reads.allowanceOf(account)])
  if (balance < missing) {
    const text = `balance: the bond takes ${missing} micro-SCT, ${balance} are free; buy tokens first`
    throw new Fault('not-enough-balance', text, {
      field: 'balance',
      missing: String(missing - balance),
      balance: String(balance),
    })
  }
  return async (trx) => {
    if (allowance < missing) {
      await outbox.enqueue(trx, { id: 'approve:trading', kind: 'approve', ...calls.approve(UNLIMITED) })
    }
    await outbox.enqueue(trx, { id: `deposit:${subject}`, kind: 'deposit', ...calls.deposit(missing) })
  }
}
