import type { Forecast } from './forecast.ts'
import type { Resource } from './resource.ts'
import { amountInWords } from './trade-rules/words.ts'

/** What a home's spare amount is made of, in Wh, W or mL. */
export interface SpareParts {
  /** Quota that is not used yet; of power, the whole of it. */
  readonly left: number
  /** Locked in the home's own bids. */
  readonly offered: number
  /** Null while nothing is known of the home. */
  readonly forecast: Forecast | null
}

const PERCENT_PPM = 10_000

/** What is kept on top of the usual, and why. */
function marginInWords({ usual, marginPpm, stretches }: Forecast): string {
  if (usual === 0 || (marginPpm === 0 && stretches > 0)) return ''
  const more = `${Math.ceil(marginPpm / PERCENT_PPM)} % more is kept`
  if (stretches === 0) return `; ${more}, since little is known of your use yet`
  return `; ${more}, because that was enough nine times of ten`
}

/** Why a home can spare what it can spare: what is left, and what is kept back for its own use. */
export function spareInWords(resource: Resource, { left, offered, forecast }: SpareParts): string {
  const words = (amount: number): string => amountInWords(resource, amount)
  const locked = offered === 0 ? '' : ` ${words(offered)} of it is locked in your bids.`
  if (forecast === null) return 'Nothing is known of your use yet, so nothing is offered.'
  if (resource === 'power') {
    return `Your limit is ${words(left)}, and you drew up to ${words(forecast.likely)} before.${locked}`
  }
  const usual = `you usually use ${words(forecast.usual)} more by the period’s end`
  return `${words(left)} of your quota is left, and ${usual}${marginInWords(forecast)}.${locked}`
}
