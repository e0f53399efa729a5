import { badField } from './fault.ts'

/**
 * What a home contributes to the community contract: any integer weight (a fee share, floor area,
 * thousandths).
 */
export interface Contribution {
  readonly account: string
  readonly weight: number
}

export interface Share {
  readonly account: string
  readonly amount: number
}

function checkContributions(contributions: readonly Contribution[]): void {
  const seen = new Set<string>()
  for (const { account, weight } of contributions) {
    if (!Number.isSafeInteger(weight) || weight < 0) {
      throw badField(`weight of ${account}`, 'an integer from 0 up', weight)
    }
    const name = account.toLowerCase()
    if (seen.has(name)) throw badField('account', 'each home once', account, 'remove the second entry')
    seen.add(name)
  }
}

/**
 * Divides the community contract by contribution: E_c = Σ E_ci of eq. 9, exactly. Largest remainder: every
 * home gets its share rounded down, and the units left over go one each to the largest remainders, ties to
 * the lower account. Throws `bad-field` when nobody contributes or an amount is not a natural number.
 */
export function divideByContribution(amount: number, contributions: readonly Contribution[]): Share[] {
  if (!Number.isSafeInteger(amount) || amount < 0) throw badField('amount', 'an integer from 0 up', amount)
  checkContributions(contributions)
  const total = contributions.reduce((sum, { weight }) => sum + BigInt(weight), 0n)
  if (total === 0n) throw badField('weights', 'at least one home that contributes', 'a sum of 0')
  const shares = contributions.map(({ account, weight }) => {
    const exact = BigInt(amount) * BigInt(weight)
    return { account, order: account.toLowerCase(), amount: Number(exact / total), remainder: exact % total }
  })
  const given = shares.reduce((sum, share) => sum + share.amount, 0)
  const byRemainder = [...shares].sort((a, b) => {
    if (a.remainder !== b.remainder) return a.remainder > b.remainder ? -1 : 1
    return a.order < b.order ? -1 : 1
  })
  for (const share of byRemainder.slice(0, amount - given)) share.amount += 1
  return shares.map(({ account, amount: own }) => ({ account, amount: own }))
}

/** The community contract of a billing period: energy and water it may use, power at any moment. */
export interface Allowance {
  readonly energyWh: number
  readonly powerW: number
  readonly waterMl: number
}

export type HomeAllowance = Allowance & { readonly account: string }

/** The quota of every home: each resource divided on its own by the same contributions. */
export function divideContract(contract: Allowance, contributions: readonly Contribution[]): HomeAllowance[] {
  const energy = divideByContribution(contract.energyWh, contributions)
  const power = divideByContribution(contract.powerW, contributions)
  const water = divideByContribution(contract.waterMl, contributions)
  return contributions.map(({ account }, i) => ({
    account,
    energyWh: energy[i]?.amount ?? 0,
    powerW: power[i]?.amount ?? 0,
    waterMl: water[i]?.amount ?? 0,
  }))
}
