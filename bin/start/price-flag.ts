import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { badField } from '../../protocols/rules/fault.ts'
import type { PricesConfig } from '../host/market/price-source.ts'

/** The key of a provider of prices is a secret: it comes in the environment, not on the command line. */
const KEY_VARIABLE = 'METERHOOD_PRICES_KEY'

export const PRICES_HELP =
  'market prices: a CSV or JSON file, or an http(s) address (ESIOS, ENTSO-E; key in ' +
  `${KEY_VARIABLE}); a built-in day otherwise`

/** Reads `--prices`. Throws `bad-field` when it is neither an address nor a file that exists. */
export function pricesOf(
  source: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): PricesConfig {
  const key = environment[KEY_VARIABLE] ?? null
  if (source === undefined) return { at: null, key }
  if (/^https?:\/\//.test(source)) {
    if (!URL.canParse(source)) throw badField('--prices', 'an address that can be read', source)
    return { at: source, key }
  }
  const path = resolve(source)
  if (!existsSync(path) || statSync(path).isDirectory()) {
    throw badField('--prices', 'a file that exists, or an http(s) address', source)
  }
  return { at: path, key }
}
