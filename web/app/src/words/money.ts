import type { MarketResource } from '../../../market-model.ts'

/** Money and traded amounts as people read them; integers all the way, so that no digit is made up. */

const SPACE = '\u00a0'
const grouped = new Intl.NumberFormat(undefined)
const POINT =
  new Intl.NumberFormat(undefined).formatToParts(1.5).find(({ type }) => type === 'decimal')?.value ?? '.'
const MICRO = 6

/**
 * An integer of small parts in wholes: at least and at most so many digits after the point, rounded half
 * away from zero. What is not nothing is never written as nothing: then all digits are shown.
 */
export function wholes(parts: number, decimals: number, least: number, most: number): string {
  const size = Math.abs(parts)
  const cut = 10 ** (decimals - most)
  const kept = Math.floor(size / cut) + (2 * (size % cut) >= cut ? 1 : 0)
  if (kept === 0 && size > 0 && most < decimals) return wholes(parts, decimals, least, decimals)
  const one = 10 ** most
  const fraction = String(kept % one)
    .padStart(most, '0')
    .replace(/0+$/, '')
    .padEnd(least, '0')
  const whole = grouped.format(Math.floor(kept / one))
  const text = most === 0 || fraction === '' ? whole : `${whole}${POINT}${fraction}`
  return parts < 0 && kept > 0 ? `−${text}` : text
}

/** Digits that matter: four below ten tokens, two above. */
const digitsOf = (micro: number): number => (Math.abs(micro) < 10_000_000 ? 4 : 2)

/** An amount of SCT without its unit. */
export const sctNumber = (micro: number): string => wholes(micro, MICRO, 2, digitsOf(micro))
export const sct = (micro: number): string => `${sctNumber(micro)}${SPACE}SCT`
/** An amount that came or went, with its sign. */
export const signedSct = (micro: number): string => `${micro > 0 ? '+' : ''}${sct(micro)}`

/** The price of one of something, to a hundredth of a cent. */
export const finePrice = (microEur: number): string => `${wholes(microEur, MICRO, 2, 4)}${SPACE}€`
export const euroNumber = (micro: number): string => wholes(micro, MICRO, 2, 2)
export const euro = (micro: number): string => `${euroNumber(micro)}${SPACE}€`

/** What so many SCT are worth at a price of one SCT; null when there is no price. */
export function euroWorth(microSct: number, sctMicroEur: number | null): number | null {
  if (sctMicroEur === null) return null
  const worth = (BigInt(Math.abs(microSct)) * BigInt(sctMicroEur) + 500_000n) / 1_000_000n
  return microSct < 0 ? -Number(worth) : Number(worth)
}

/** The same in words: "about 1.20 €"; nothing when there is no price. */
export function aboutEuro(microSct: number, sctMicroEur: number | null): string {
  const worth = euroWorth(microSct, sctMicroEur)
  return worth === null ? '' : `about ${euro(worth)}`
}

/** What fees are paid in, to four digits: the smallest part is a quintillionth. */
export function nativeText(wei: string): string {
  const tenThousandths = BigInt(wei) / 10n ** 14n
  return tenThousandths > BigInt(Number.MAX_SAFE_INTEGER)
    ? grouped.format(tenThousandths / 10_000n)
    : wholes(Number(tenThousandths), 4, 2, 4)
}

interface LotUnit {
  /** What an amount is written in. */
  readonly amount: string
  /** What a price is for. */
  readonly price: string
  readonly decimals: number
  /** How many digits an amount is worth writing. */
  readonly shown: number
}

/** How people write what is traded of each resource. */
export const LOT_UNITS: Readonly<Record<MarketResource, LotUnit>> = {
  energy: { amount: 'kWh', price: 'kWh', decimals: 3, shown: 3 },
  power: { amount: 'kW', price: 'kW and hour', decimals: 3, shown: 3 },
  water: { amount: 'm³', price: 'm³', decimals: 6, shown: 3 },
}

const CUBIC_METRE_ML = 1_000_000
const ML_DIGITS = 3

/** A traded amount with its unit, as short as it is exact: `2 kWh`, `1.5 kWh`, and `750 L` below a m³. */
export function lotText(resource: MarketResource, amount: number): string {
  const { decimals, shown } = LOT_UNITS[resource]
  if (resource === 'water' && amount !== 0 && Math.abs(amount) < CUBIC_METRE_ML) {
    return `${wholes(amount, ML_DIGITS, 0, Math.abs(amount) < 10_000 ? ML_DIGITS : 1)}${SPACE}L`
  }
  return `${wholes(amount, decimals, 0, shown)}${SPACE}${LOT_UNITS[resource].amount}`
}

export const RESOURCE_NAMES: Readonly<Record<MarketResource, string>> = {
  energy: 'Energy',
  power: 'Power',
  water: 'Water',
}

/** The price of a unit: `0.42 SCT per kWh`. */
export function unitPriceText(resource: MarketResource, microSct: number): string {
  return `${sct(microSct)} per ${LOT_UNITS[resource].price}`
}

/** Millionths as a share in percent with one digit: `8.4 %`. */
export function shareText(ppm: number): string {
  return `${wholes(Math.abs(ppm), 4, 0, 1)}${SPACE}%`
}
