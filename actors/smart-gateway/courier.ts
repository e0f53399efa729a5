import { pushExtended } from '../../protocols/p2p/extended.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import type { Store } from '../storage/store.ts'

/** Slots handed over in one go. */
const PAGE = 16
/** How long the courier waits after the community gateway could not be reached. */
const PAUSE_MS = 2_000

export interface CourierOptions {
  readonly store: Store
  readonly node: PeerNode
  readonly gatewayPeerId: string
  readonly onAway: () => void
  readonly onBack: () => void
}

/** Carries extended data to the community gateway, slot by slot, until it has taken each. */
export interface Courier {
  wake(): void
  stop(): void
}

/** Starts the courier; what was not taken when the gateway stopped goes first. */
export function startCourier(options: CourierOptions): Courier {
  return new RunningCourier(options)
}

class RunningCourier implements Courier {
  readonly #options: CourierOptions
  #running = false
  #again = false
  #stopped = false
  #away = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: CourierOptions) {
    this.#options = options
  }

  wake(): void {
    this.#again = true
    if (this.#running || this.#stopped) return
    this.#running = true
    this.#carry().then(
      () => {
        this.#running = false
        if (this.#again) this.wake()
      },
      (thrown: unknown) => this.#failed(thrown),
    )
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #failed(thrown: unknown): void {
    this.#running = false
    if (!this.#away && codeOf(thrown) !== 'unexpected') {
      this.#away = true
      this.#options.onAway()
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), PAUSE_MS)
  }

  async #carry(): Promise<void> {
    for (;;) {
      this.#again = false
      const page = await this.#waiting()
      for (const { slot, extended_wire: wire, extended_digest: digest } of page) {
        if (this.#stopped) return
        if (wire !== null) await this.#handOver(slot, wire, digest)
        if (this.#away) {
          this.#away = false
          this.#options.onBack()
        }
      }
      if (page.length < PAGE) return
    }
  }

  #waiting() {
    return this.#options.store.db
      .selectFrom('sealed')
      .select(['slot', 'extended_wire', 'extended_digest'])
      .where('extended_wire', 'is not', null)
      .orderBy('slot')
      .limit(PAGE)
      .execute()
  }

  async #handOver(slot: number, wire: Uint8Array, digest: Uint8Array): Promise<void> {
    const { store, node, gatewayPeerId } = this.#options
    const ack = await pushExtended(node, gatewayPeerId, { slot, wire })
    if (ack.status === 'refused' && ack.code === 'pending-full') throw new Error(ack.code)
    await store.transaction(async (trx) => {
      // Sealed again meanwhile, the slot has another wire, which is yet to be taken.
      await trx
        .updateTable('sealed')
        .set({ extended_wire: null })
        .where('slot', '=', slot)
        .where('extended_digest', '=', digest)
        .execute()
    })
  }
}
