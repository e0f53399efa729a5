import { Interface } from 'ethers'
import { z } from 'zod'
import { tokenAbi } from '../../../chain/bindings/token.gen.ts'
import type { TakenPrice, TakenPrices } from '../../../protocols/rules/market-price.ts'
import { type Resource, resourceNumber } from '../../../protocols/rules/resource.ts'
import type { TokenMarket } from '../../../protocols/rules/token-price.ts'

const face = new Interface(tokenAbi)
const words = z.array(z.bigint())

/** What the price feed reads of the token, and the calls that it makes. */
export interface TokenReader {
  name(): Promise<string>
  leastStepS(): Promise<number>
  taken(resource: Resource): Promise<TakenPrice | null>
  allTaken(): Promise<TakenPrices>
  market(): Promise<TokenMarket>
}

/** Reads the token through free calls of its getters. */
export function createTokenReader(
  token: string,
  read: (to: string, data: string) => Promise<string>,
): TokenReader {
  const ask = async (name: string, ...args: unknown[]): Promise<readonly unknown[]> => {
    const answer = await read(token, face.encodeFunctionData(name, args))
    return z.array(z.unknown()).parse(face.decodeFunctionResult(name, answer).toArray())
  }
  const numbers = async (name: string, ...args: unknown[]) => words.parse(await ask(name, ...args))
  const number = async (name: string) => (await numbers(name))[0] ?? 0n
  const taken = async (resource: Resource): Promise<TakenPrice | null> => {
    const found = (await numbers('lastMarketPrice', resourceNumber(resource))).map(Number)
    const [microEuro = 0, validFromS = 0, validUntilS = 0, postedAtS = 0] = found
    return microEuro === 0 ? null : { microEuro, validFromS, validUntilS, postedAtS }
  }
  return {
    name: async () => String((await ask('name'))[0]),
    leastStepS: async () => Number(await number('leastStepS')),
    taken,
    allTaken: async () => ({
      energy: await taken('energy'),
      power: await taken('power'),
      water: await taken('water'),
    }),
    market: async () => ({
      tokenPriceWei: await number('nextTokenPrice'),
      backingWei: await number('backing'),
      circulating: await number('circulating'),
      maxSpreadPpm: await number('maxSpreadPpm'),
    }),
  }
}

/** Calldata of `postMarketPrice`, from its arguments. */
export function postCall(args: readonly unknown[]): string {
  return face.encodeFunctionData('postMarketPrice', args)
}

/** Calldata of `setSCTPrice`. */
export function setPriceCall(buyWei: bigint, sellWei: bigint): string {
  return face.encodeFunctionData('setSCTPrice', [buyWei, sellWei])
}
