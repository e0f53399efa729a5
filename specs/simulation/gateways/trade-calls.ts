import { callId } from '../../../actors/auction/ports.ts'
import { bondOf } from '../../../protocols/rules/lot-price.ts'
import { resourceOf } from '../../../protocols/rules/resource.ts'
import { digestOf } from '../chain/call-bytes.ts'
import { auctionIdOf } from '../contracts/auction.ts'
import type { MarketDesk } from './market-desk.ts'
import type { Transaction } from './store.ts'

const UNLIMITED = String(2n ** 256n - 1n)
const PHASES = { commitSeconds: 300, showSeconds: 240, revealSeconds: 240 } as const
/** Found again at will: nothing but the seal tells it. */
export const saltOf = (desk: MarketDesk, auctionId: string): string =>
  digestOf('salt', desk.home.account, auctionId)

/** Puts the calls that bring the needed credit before the one that needs it. */
async function fund(desk: MarketDesk, trx: Transaction, subject: string, bond: bigint): Promise<boolean> {
  const { home } = desk
  const { token, trading } = home.world.chain.contracts
  const at = home.world.addressOf('trading')
  const credit = trading.creditOf(home.account) - desk.promised(subject)
  if (credit >= bond) return true
  const missing = credit > 0n ? bond - credit : bond
  if (token.balanceOf(home.account) < missing) return false
  if (token.allowanceOf(home.account, at) < missing) {
    await home.ask(trx, 'approve:trading', 'approve', {
      contract: 'token',
      name: 'approve',
      spender: at,
      amount: UNLIMITED,
    })
  }
  const deposit = { contract: 'trading', name: 'deposit', amount: String(missing) } as const
  await home.ask(trx, `deposit:${subject}`, 'deposit', deposit)
  return true
}

/** Seals the maximum price and asks for the offer, once. */
export async function placeOffer(desk: MarketDesk, subject: string): Promise<void> {
  const { home } = desk
  const own = desk.trades.get(subject)
  // The call is in the outbox, which sends it again after a fork: it is not judged a second time.
  if (own === undefined || own.order === null || own.bond !== null) return
  const { resource, period, amount, maxPriceMicroSct } = own.order
  const ceiling = resource === 1 ? home.world.money.ceilings[1] : home.world.money.ceilings[3]
  const bond = bondOf({ resource: resourceOf(resource), amount, slots: 0, sampleMs: 0 }, ceiling)
  await home.store.transaction(home.life, async (trx) => {
    if (!(await fund(desk, trx, subject, bond))) {
      desk.keep({ ...own, stage: 'over' })
      return
    }
    const number = desk.nextOffer()
    const auction = auctionIdOf(home.account, number)
    const salt = saltOf(desk, auction)
    const seal = home.world.chain.contracts.trading.settings.maxPriceSeal(
      auction,
      home.account,
      BigInt(maxPriceMicroSct),
      salt,
    )
    desk.keep({ ...own, auction, salt, value: maxPriceMicroSct, bond: String(bond) })
    const terms = { resource, period, amount, ...PHASES }
    const call = { contract: 'trading', name: 'offer', number, terms, seal } as const
    await home.ask(trx, callId('offer', subject), 'offer', call)
  })
}

/** Puts the bond down and the sealed bid in. */
export async function placeBid(
  desk: MarketDesk,
  subject: string,
  auctionId: string,
  attempt: number,
): Promise<void> {
  const { home } = desk
  const own = desk.trades.get(subject)
  const known = desk.book.known.get(auctionId)
  if (own === undefined || own.value === null || own.salt === null || known === undefined) return
  if (own.bond !== null && attempt === 0) return
  const { value, salt } = own
  await home.store.transaction(home.life, async (trx) => {
    if (!(await fund(desk, trx, subject, BigInt(known.auction.bond)))) {
      desk.keep({ ...own, stage: 'over' })
      return
    }
    const { bidSeal } = home.world.chain.contracts.trading.settings
    desk.keep({ ...own, bond: known.auction.bond })
    const seal = bidSeal(auctionId, home.account, BigInt(value), salt)
    const call = { contract: 'trading', name: 'receiveBid', id: auctionId, seal } as const
    await home.ask(trx, callId('receiveBid', subject, attempt), 'receiveBid', call)
  })
}
