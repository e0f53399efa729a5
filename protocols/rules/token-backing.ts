import { costOf, type TokenMarket } from './token-price.ts'

const PPM = 1_000_000n
/** Z_T may take two steps of 2 % while a call is on its way, and the tokens must still be bought back. */
const MARGIN_PPM = 1_050_000n

const withMargin = (wei: bigint): bigint => (wei * MARGIN_PPM + PPM - 1n) / PPM

/** The C that is sent along with new tokens, so that all of them can be bought back. */
export function backingOf(tokens: bigint, buyWei: bigint): bigint {
  return withMargin(costOf(tokens, buyWei))
}

/** The C that the contract lacks to buy every token back at Z_T; 0 when it has it. */
export function fundingOf({ tokenPriceWei, backingWei, circulating }: TokenMarket): bigint {
  const missing = withMargin(costOf(circulating, tokenPriceWei)) - backingWei
  return missing > 0n ? missing : 0n
}
