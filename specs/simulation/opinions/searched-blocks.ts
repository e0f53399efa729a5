import type { z } from 'zod'
import { Call } from '../../../actors/contract-proxy/call.ts'
import { createNodeLink } from '../../../actors/contract-proxy/node-link.ts'
import type { Rpc } from '../../../chain/proxy/rpc.ts'
import { Lookout } from '../chain/lookout.ts'
import { SimulatedFeed } from '../chain/feed.ts'
import type { Chance } from '../chance.ts'
import type { Ask } from './asked.ts'

/** A lost call is looked for in so many blocks. */
const SEARCHED = 600
const hash = (kind: string, number: number): string =>
  `0x${kind}${number.toString(16).padStart(64 - kind.length, '0')}`
const hex = (number: number): string => `0x${number.toString(16)}`

/** A chain of which one block holds the call, by whichever of its bytes; each has one that is another's. */
function chainOf(places: ReadonlyMap<number, string>): Rpc {
  const held = (number: number): string[] => {
    const own = places.get(number)
    return own === undefined ? [hash('d', number)] : [hash('d', number), own]
  }
  const header = (number: number) => ({
    ...{ number: hex(number), hash: hash('b', number), parentHash: hash('c', number), timestamp: '0x1' },
    ...{ gasLimit: '0x1', gasUsed: '0x1', transactions: held(number) },
  })
  const receipt = (number: number) => (transactionHash: string, index: number) => ({
    ...{ transactionHash, transactionIndex: hex(index), blockHash: hash('b', number), logs: [], to: null },
    ...{ blockNumber: hex(number), from: `0x${'1'.repeat(40)}`, status: '0x1', gasUsed: '0x1' },
  })
  const answer = (method: string, which: unknown): unknown => {
    if (method === 'eth_getBlockByNumber') return header(Number(which))
    const number = Number(`0x${String(which).slice(3)}`)
    return held(number).map(receipt(number))
  }
  return {
    url: 'a chain with a call in it',
    call: <T>(method: string, [which]: readonly unknown[], reply: z.ZodType<T>) =>
      Promise.resolve(reply.parse(answer(method, which))),
    batch: () => Promise.reject(new Error('not asked for')),
    close: () => undefined,
  }
}

/** What the index knows nothing of is found in the newest block that holds it, or not at all. */
export async function askSearch(ask: Ask, chance: Chance): Promise<void> {
  const last = chance.hits(8_000) ? SEARCHED + 1 : chance.pick([0, 1, 3, 6])
  const bytes = [hash('a', 1), hash('a', 2)]
  const at = last - chance.pick([-1, 0, 1, 2, 3, last, last + 1, SEARCHED - 1, SEARCHED])
  const twice = at - chance.pick([1, 2])
  const places = new Map([at, twice].map((place) => [place, chance.pick(bytes)]))
  const rpc = chainOf(places)
  const nothing = (): void => undefined
  const link = createNodeLink(new SimulatedFeed(rpc, 1, new Lookout(rpc), nothing), [])
  const row = { nonce: 1, kind: 'submit', target: '0x1', data: new Uint8Array(), value: '0', gas: 1 }
  const attempts = bytes.map((each) => ({ hash: each, raw: new Uint8Array(), maxFeeWei: 1n, tipWei: 1n }))
  const found = await link.receiptAmong(new Call(row, [], attempts), last)
  ask(
    'searches',
    { last, places: [...places] },
    () => [found?.blockNumber, found?.transactionHash],
    () => {
      const place = [at, twice].find((each) => each >= 0 && each <= last && last - each < SEARCHED)
      return [place, place === undefined ? undefined : places.get(place)]
    },
  )
}
