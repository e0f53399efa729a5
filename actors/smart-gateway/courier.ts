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
  const { store, node, gatewayPeerId } = options
  let running = false
  let again = false
  let stopped = false
  let away = false
  let timer: NodeJS.Timeout | undefined

  const waiting = () =>
    store.db
      .selectFrom('sealed')
      .select(['slot', 'extended_wire'])
      .where('extended_wire', 'is not', null)
      .orderBy('slot')
      .limit(PAGE)
      .execute()

  const handOver = async (slot: number, wire: Uint8Array): Promise<void> => {
    const ack = await pushExtended(node, gatewayPeerId, { slot, wire })
    if (ack.status === 'refused' && ack.code === 'pending-full') throw new Error(ack.code)
    await store.transaction(async (trx) => {
      await trx.updateTable('sealed').set({ extended_wire: null }).where('slot', '=', slot).execute()
    })
  }

  const carry = async (): Promise<void> => {
    for (;;) {
      again = false
      const page = await waiting()
      for (const { slot, extended_wire: wire } of page) {
        if (stopped) return
        if (wire !== null) await handOver(slot, wire)
        if (away) {
          away = false
          options.onBack()
        }
      }
      if (page.length < PAGE && !again) return
    }
  }

  const run = (): void => {
    if (running || stopped) {
      again = true
      return
    }
    running = true
    carry().then(
      () => {
        running = false
        if (again) run()
      },
      (thrown: unknown) => {
        running = false
        if (!away && codeOf(thrown) !== 'unexpected') {
          away = true
          options.onAway()
        }
        if (!stopped) timer = setTimeout(run, PAUSE_MS)
      },
    )
  }

  return {
    wake: run,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
