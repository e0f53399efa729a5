import { isFair } from '../../../protocols/rules/delivery-word.ts'
import type { ExcessStatus } from '../contracts/quota.ts'
import type { MarketDesk, Sight } from './market-desk.ts'

/** What a home makes of a lot's delivery, of what the contracts say now. */
export interface DeliveryWord {
  readonly fair: boolean | null
  readonly challenged: boolean
  /** Whether it is so until somebody states an excess, or a moment comes at which silence says more. */
  readonly lasts: boolean
}

export const NOT_JUDGED: DeliveryWord = { fair: null, challenged: false, lasts: false }

/** Half of the time in which an excess may be stated. */
const lateMs = (closesAtMs: number, decisionMs: number): number => closesAtMs + decisionMs / 2

export function statusOf({ home }: MarketDesk, { auction, head }: Sight): ExcessStatus {
  const { winner, period, resource } = auction
  return home.world.chain.contracts.quota.excessOf(winner ?? '', period, resource, head.number).status
}

export function judge(desk: MarketDesk, sight: Sight, closesAtMs: number): DeliveryWord {
  const { account, auction, head } = sight
  const winner = auction.winner ?? ''
  const { quota } = desk.home.world.chain.contracts
  const { amount: excess, status } = quota.excessOf(winner, auction.period, auction.resource, head.number)
  const isSeller = winner === account
  const isLate = head.timestampMs >= lateMs(closesAtMs, decisionMs(desk))
  const own = isSeller ? ownExcess(desk, auction.period, auction.resource) : null
  const fair = isFair({ status, excess, own, isSeller, isLate })
  const challenged = status === 'demanded' || status === 'opened' || status === 'unproved'
  return { fair, challenged, lasts: status === 'none' && (own !== null || !isSeller) }
}

const decisionMs = ({ home }: MarketDesk): number => home.world.money.decisionSeconds * 1000

/** Until when a delivery stays as it is judged, while nobody states an excess. */
export function unstatedUntilMs(desk: MarketDesk, { head }: Sight, closesAtMs: number): number {
  const late = lateMs(closesAtMs, decisionMs(desk))
  return head.timestampMs < late ? late : closesAtMs + decisionMs(desk)
}

/** What a seller itself knows of its excess; null while its records do not tell. */
function ownExcess({ home }: MarketDesk, period: number, resource: number): number | null {
  const { monitoring, quota } = home.world.chain.contracts
  const [start, end] = [period - 1, period].map((each) => monitoring.anchorOf(home.account, each))
  const place = resource === 1 ? 0 : 2
  if (start === undefined || end === undefined) return null
  const used = (end.values[place] ?? 0) - (start.values[place] ?? 0)
  return Math.max(0, used - quota.quotaOf(home.account, period, resource))
}
