import type { Clock } from '../../protocols/rules/clock.ts'
import { createDurableActor, type DurableActor, type StepRecord } from '../durable.ts'
import type { Store } from '../storage/store.ts'
import { keepCaredSlot, SILENT_SLOT } from './book.ts'
import { caringMachine, type CaringLimits } from './machine.ts'

/** Raised whenever a stored snapshot of the machine before would not fit. */
const MACHINE_VERSION = 1

export type CaringActor = DurableActor<typeof caringMachine>

/** What the care for one neighbour's home acts through. */
export interface CaringPorts {
  readonly store: Store
  readonly clock: Clock
  /** There are slots to acknowledge. */
  readonly acknowledge: () => void
  /** What a person of this home is to know about the neighbour's. */
  readonly tell: (delegation: number, what: 'over-limit' | 'back-to-normal' | 'silence' | 'alarm') => void
  readonly inspect?: (record: StepRecord) => void
  readonly onFault: (thrown: unknown, about: string) => void
}

/** A home that is cared for, and the delegation by which. */
export interface CaredHome {
  readonly delegation: number
  readonly home: string
  readonly limits: CaringLimits
}

/** Starts the care for a neighbour's home, or goes on with it. */
export function startCaring(ports: CaringPorts, cared: CaredHome): Promise<CaringActor> {
  const { store, clock, tell } = ports
  const { delegation, home, limits } = cared
  return createDurableActor({
    key: `caring:${delegation}`,
    version: MACHINE_VERSION,
    machine: caringMachine,
    input: { delegation, limits },
    store,
    clock,
    onFault: ports.onFault,
    ...(ports.inspect === undefined ? {} : { inspect: ports.inspect }),
    // A slot that brought nothing is acknowledged, too: its row is there from the same step on.
    stage: async (trx, action, { context }) => {
      const { watchedTo: slot } = context
      if (action.type !== 'acknowledge' || slot === null) return
      const place = { delegation, home, slot, epoch: 0, block: 0 }
      const row = { ...place, ...SILENT_SLOT, acknowledged: 0, opened_at_ms: clock.nowMs() }
      const there = await trx
        .selectFrom('cared_reading')
        .select('slot')
        .where('delegation', '=', delegation)
        .where('slot', '=', slot)
        .executeTakeFirst()
      if (there === undefined) await keepCaredSlot(trx, row)
    },
    effects: {
      acknowledge: () => ports.acknowledge(),
      tellOverLimit: () => tell(delegation, 'over-limit'),
      tellBackToNormal: () => tell(delegation, 'back-to-normal'),
      tellSilence: () => tell(delegation, 'silence'),
      tellAlarm: () => tell(delegation, 'alarm'),
    },
  })
}
