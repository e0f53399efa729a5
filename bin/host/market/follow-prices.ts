import { Interface } from 'ethers'
import { applyPriceFacts, PRICE_EVENTS, revertPriceFacts } from '../../../actors/auction/price-book.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { tokenAbi } from '../../../chain/bindings/token.gen.ts'
import type { ChainLink } from '../chain-link.ts'

const tokenFace = new Interface(tokenAbi)
const TOPICS = new Set(PRICE_EVENTS.map((name) => tokenFace.getEvent(name)?.topicHash))

/** Follows what the token's contract says of prices: trades are priced and weighed by them. */
export function followPrices(
  chain: ChainLink,
  store: Store,
  token: string,
  changed: () => void,
): Promise<void> {
  return chain.follow({
    name: 'token',
    address: token,
    apply: async (trx, facts) => {
      await applyPriceFacts(trx, facts)
      store.afterCommit(trx, changed)
    },
    revert: async (trx, fromBlock) => {
      await revertPriceFacts(trx, fromBlock)
      store.afterCommit(trx, changed)
    },
    wants: ({ topics }) => TOPICS.has(topics[0]),
  })
}
