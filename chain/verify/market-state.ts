import { z } from 'zod'
import { answerDue, monitoringInterface, quotaInterface, tokenInterface, tradingInterface } from './events.ts'
import { soldBy } from './auctions.ts'
import { lentAt } from './loans.ts'
import type { MarketSettings } from './market-trail.ts'
import { quotaIn } from './quotas.ts'
import type { ContractAddresses } from './replay.ts'
import { cannotRead, type RpcReader } from './rpc.ts'
import type { Question } from './state.ts'
import { periodIn, type Trail } from './trail.ts'
import { readData } from './wire.ts'

const FACES = [monitoringInterface, quotaInterface, tradingInterface, tokenInterface]
const ADDRESS_WORD = /^0x0{24}([0-9a-f]{40})$/

/** Addresses as they were named; a market that was not named is the one the quota contract serves. */
export interface NamedContracts {
  readonly monitoring: string
  readonly quota: string
  readonly token: string | null
  readonly trading: string | null
}

/** All four contracts, lower-case. Throws `cannot-read` when the quota contract names no market. */
export async function resolveContracts(rpc: RpcReader, named: NamedContracts): Promise<ContractAddresses> {
  const trading = named.trading ?? (await askedAddress(rpc, named.quota, 'market'))
  const token = named.token ?? (await askedAddress(rpc, trading, 'token'))
  const { monitoring, quota } = named
  return {
    monitoring: monitoring.toLowerCase(),
    quota: quota.toLowerCase(),
    token: token.toLowerCase(),
    trading: trading.toLowerCase(),
  }
}

async function askedAddress(rpc: RpcReader, to: string, getter: 'market' | 'token'): Promise<string> {
  const [, address] = ADDRESS_WORD.exec(await asked(rpc, to, getter)) ?? []
  if (address !== undefined) return `0x${address}`
  throw cannotRead(`the contract at ${to} names no ${getter}`, 'give the right --contracts')
}

async function asked(rpc: RpcReader, to: string, getter: string): Promise<string> {
  const face = FACES.find((each) => each.getFunction(getter) !== null)
  const data = face?.encodeFunctionData(getter) ?? '0x'
  return readData(await rpc.call('eth_call', [{ to, data }, 'latest']))
}

const word = z.string().regex(/^0x[0-9a-f]{64}$/)

/** How the market was set: its getters answer from its code, which is compared. */
export async function marketSettings(
  rpc: RpcReader,
  { trading, monitoring }: ContractAddresses,
): Promise<MarketSettings> {
  const number = async (to: string, getter: string): Promise<number> => {
    const answer = word.safeParse(await asked(rpc, to, getter))
    if (answer.success) return Number(BigInt(answer.data))
    throw cannotRead(`the contract at ${to} does not say its ${getter}`, 'give the right --contracts')
  }
  return {
    trading,
    blockSeconds: await number(trading, 'blockSeconds'),
    securityBps: await number(trading, 'securityBps'),
    strict: (await number(trading, 'strict')) === 1,
    decisionSeconds: await number(trading, 'decisionSeconds'),
    sampleMs: await number(monitoring, 'sampleMs'),
  }
}

/** What the market, the token and the quota contract must keep at the head, by the history of trades. */
export function marketQuestions(trail: Trail, addresses: ContractAddresses): Question[] {
  return [...moneyQuestions(trail, addresses), ...lockQuestions(trail, addresses.quota)]
}

function moneyQuestions({ market }: Trail, { trading, token }: ContractAddresses): Question[] {
  const place = { code: 'tokens', slot: null } as const
  const supply = {
    ...{ to: token, data: tokenInterface.encodeFunctionData('totalSupply') },
    due: answerDue(tokenInterface, 'totalSupply', [market.supply]),
    ...{ ...place, home: null, field: 'totalSupply' },
  }
  const balances = [...market.balances].map(([home, amount]): Question => {
    const data = tokenInterface.encodeFunctionData('balanceOf', [home])
    const due = answerDue(tokenInterface, 'balanceOf', [amount])
    return { to: token, data, due, ...place, home, field: 'balance' }
  })
  const credits = [...market.credit].map(([home, amount]): Question => {
    const data = tradingInterface.encodeFunctionData('creditOf', [home])
    const due = answerDue(tradingInterface, 'creditOf', [amount])
    return { to: trading, data, due, ...place, home, field: 'credit' }
  })
  return [supply, ...balances, ...credits]
}

function lockQuestions(trail: Trail, to: string): Question[] {
  const place = { code: 'exchange', slot: null } as const
  const locks = [...trail.market.locked.values()].map(({ home, period, resource, amount }): Question => {
    const data = quotaInterface.encodeFunctionData('exchangedOf', [home, period, resource])
    const sold = soldBy(trail, home, period, resource)
    const due = answerDue(quotaInterface, 'exchangedOf', [
      boughtBy(trail, home, period, resource),
      sold,
      amount,
    ])
    return { to, data, due, ...place, home, field: `exchanges of resource ${resource}, period ${period}` }
  })
  return [...locks, ...loanQuestions(trail, to)]
}

/** Power is the borrower's in the window of its loan, and the lender's again in the slot after it. */
function loanQuestions(trail: Trail, to: string): Question[] {
  return trail.loans.flatMap(({ lender, borrower, fromSlot, untilSlot }) =>
    [lender, borrower].flatMap((home) =>
      [fromSlot, untilSlot].map((slot): Question => {
        const [, powerW] = quotaIn(trail, home, periodIn(trail, slot))
        const data = quotaInterface.encodeFunctionData('powerQuotaAt', [home, slot])
        const due = answerDue(quotaInterface, 'powerQuotaAt', [powerW + lentAt(trail, home, slot)])
        return { to, data, due, code: 'exchange', home, slot, field: 'power with loans' }
      }),
    ),
  )
}

function boughtBy({ moves }: Trail, home: string, period: number, resource: number): bigint {
  return moves
    .filter((move) => move.to === home && move.period === period && move.resource === resource)
    .reduce((sum, { amount }) => sum + amount, 0n)
}
