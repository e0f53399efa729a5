import { Interface, type BaseWallet } from 'ethers'
import { tradingAbi } from '../../../chain/bindings/trading.gen.ts'
import { wallClock } from '../../clock.ts'
import { openDeliveryDesk, type DeliveryNeeds } from '../community-excess.ts'
import type { CommunityConfig } from '../configs.ts'
import { CommunityMarket } from './community-market.ts'
import { openPrices } from './price-source.ts'

const tradingFace = new Interface(tradingAbi)

type Ground = Omit<DeliveryNeeds, 'tradingFace'> & {
  readonly wallet: BaseWallet
  readonly config: Pick<CommunityConfig, 'prices' | 'welcomeMicroSct'>
}

/** The community's part in the market, on its gateway's chain and store. */
export function openCommunityMarket(ground: Ground, onChange: () => void): CommunityMarket {
  const { store, chain, contracts, wallet, config, log } = ground
  return new CommunityMarket({
    store,
    chain,
    clock: wallClock,
    chainId: contracts.chainId,
    token: contracts.token,
    trading: contracts.trading,
    signer: wallet,
    prices: openPrices(config.prices),
    welcomeMicroSct: BigInt(config.welcomeMicroSct),
    deliveries: openDeliveryDesk({ ...ground, tradingFace }),
    log,
    onChange,
  })
}
