import type { ChainBlock } from '../../../chain/proxy/block.ts'
import type { Word } from '../transport.ts'
import type { HeardFact } from './gateway.ts'
import type { HomeGateway } from './home.ts'

export class CareDesk {
  readonly #home: HomeGateway

  constructor(home: HomeGateway) {
    this.#home = home
  }

  async begin(): Promise<void> {
    void this.#home
  }

  recipientOf(_slot: number, community: { keyId: string }): { keyId: string; delegation: number } {
    return { keyId: community.keyId, delegation: 0 }
  }

  apply(_facts: readonly HeardFact[], _block: ChainBlock, _then: (() => void)[]): void {
    return undefined
  }

  undone(): void {
    return undefined
  }

  looked(_block: ChainBlock): void {
    return undefined
  }

  refused(_id: string, _kind: string, _error: string): void {
    return undefined
  }

  alarmsRead(): number {
    return 0
  }

  watched(): readonly string[] {
    return []
  }

  async hear(_from: string, _word: Word): Promise<Word> {
    return { kind: 'heard' }
  }
}
