import { type TypedDataField, verifyTypedData } from 'ethers'
import { Fault } from '../rules/fault.ts'
import type { PostedPrice } from '../rules/market-price.ts'
import { resourceNumber } from '../rules/resource.ts'

/** What the signed bytes begin with: no price counts on another chain or for another token. */
export interface TokenDomain {
  /** The token's name, as it was published. */
  readonly name: string
  readonly chainId: number
  /** Address of the token contract. */
  readonly token: string
}

/** The signing side of an ethers wallet. */
export interface PriceSigner {
  signTypedData(
    domain: ReturnType<typeof separatorOf>,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string>
}

const MARKET_PRICE_TYPES: Record<string, TypedDataField[]> = {
  MarketPrice: [
    { name: 'resource', type: 'uint8' },
    { name: 'microEuro', type: 'uint64' },
    { name: 'validFrom', type: 'uint64' },
    { name: 'validUntil', type: 'uint64' },
  ],
}

/** Signs a market price for one token of one chain: 65 bytes in hex. */
export async function signMarketPrice(
  signer: PriceSigner,
  domain: TokenDomain,
  price: PostedPrice,
): Promise<string> {
  return signer.signTypedData(separatorOf(domain), MARKET_PRICE_TYPES, valueOf(price))
}

/** The account that signed a market price. Fault: `bad-signature` when it cannot be read. */
export function signerOfMarketPrice(domain: TokenDomain, price: PostedPrice, signature: string): string {
  try {
    return verifyTypedData(separatorOf(domain), MARKET_PRICE_TYPES, valueOf(price), signature)
  } catch {
    throw new Fault('bad-signature', 'signature: expected 65 bytes of a secp256k1 signature; sign it again')
  }
}

/** The arguments of `postMarketPrice`. */
export function postArguments(price: PostedPrice, signature: string): readonly unknown[] {
  const { microEuro, validFromS, validUntilS } = price
  return [resourceNumber(price.resource), microEuro, validFromS, validUntilS, signature]
}

function separatorOf({ name, chainId, token }: TokenDomain) {
  return { name, version: '1', chainId, verifyingContract: token }
}

function valueOf({ resource, microEuro, validFromS, validUntilS }: PostedPrice): Record<string, unknown> {
  return { resource: resourceNumber(resource), microEuro, validFrom: validFromS, validUntil: validUntilS }
}
