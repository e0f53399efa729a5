import type { ChainBlock } from '../../../chain/proxy/block.ts'
import type { HeardFact } from './gateway.ts'
import type { HomeGateway } from './home.ts'

export class MarketDesk {
  readonly #home: HomeGateway

  constructor(home: HomeGateway) {
    this.#home = home
  }

  async begin(): Promise<void> {
    void this.#home
  }

  apply(_facts: readonly HeardFact[], _then: (() => void)[]): void {
    return undefined
  }

  undone(_from: number): void {
    return undefined
  }

  looked(_block: ChainBlock): void {
    return undefined
  }

  isNegotiating(): boolean {
    return false
  }
}
