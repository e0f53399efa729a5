import type { Clock } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { createDurableActor, type DurableActor, type Staged, type StepRecord } from '../durable.ts'
import type { Store } from '../storage/store.ts'
import type { Trx } from '../storage/schema.ts'
import { smartGatewayMachine } from './machine.ts'

/** Raised whenever a stored snapshot of the machine before would not fit. */
const MACHINE_VERSION = 1

/** The machine's name in the home's store. */
export const HOME_ACTOR = 'smart-gateway'

/** What a home's machine acts through. */
export interface HomePorts {
  readonly store: Store
  readonly clock: Clock
  readonly account: string
  /** Finds the community gateway of the invite, or the one joined before. */
  findCommunity(): Promise<void>
  /** Joins; throws the fault with which the community refused. */
  introduce(): Promise<void>
  /** The auxiliary-key exchange; resolves with the epoch of the key. */
  exchangeKeys(): Promise<number>
  publishKey(): Promise<void>
  /** Within the step's transaction: the complete sample. */
  keepSample(trx: Trx, slot: number): Promise<void>
  /** Seals a kept sample; resolves with its sequence, with null where that was done before a restart. */
  sealReading(slot: number): Promise<number | null>
  /** Within the step's transaction: the sealed slot and its intent. */
  submitReading(trx: Trx, slot: number): Promise<void>
  /** After it: the extended data goes its own way. */
  submitted(slot: number): void
  tellPeople(number: number): void
  readonly inspect?: (record: StepRecord) => void
  readonly onFault: (thrown: unknown, about: string) => void
}

export type HomeActor = DurableActor<typeof smartGatewayMachine>

function numberOf(action: Staged, field: string): number {
  const { params } = action
  const value: unknown =
    typeof params === 'object' && params !== null ? Reflect.get(params, field) : undefined
  if (typeof value === 'number') return value
  throw new Fault('impossible', `the action ${action.type} lost its ${field}`, { field })
}

/** Starts a home's machine where it stopped, with its effects. */
export function startSmartGateway(ports: HomePorts): Promise<HomeActor> {
  return createDurableActor({
    key: HOME_ACTOR,
    version: MACHINE_VERSION,
    machine: smartGatewayMachine,
    input: { account: ports.account },
    store: ports.store,
    clock: ports.clock,
    onFault: ports.onFault,
    ...(ports.inspect === undefined ? {} : { inspect: ports.inspect }),
    stage: async (trx, action) => {
      if (action.type === 'sealReading') await ports.keepSample(trx, numberOf(action, 'slot'))
      if (action.type === 'submitReading') await ports.submitReading(trx, numberOf(action, 'slot'))
    },
    effects: {
      findCommunity: async (_action, _now, send) => {
        await ports.findCommunity()
        await send({ type: 'COMMUNITY_FOUND' })
      },
      introduce: async (_action, _now, send) => {
        try {
          await ports.introduce()
          await send({ type: 'JOIN_ACCEPTED' })
        } catch (thrown) {
          await send({
            type: 'JOIN_REFUSED',
            reason: thrown instanceof Error ? thrown.message : String(thrown),
          })
          throw thrown
        }
      },
      exchangeKeys: async (_action, _now, send) => {
        const epoch = await ports.exchangeKeys()
        await send({ type: 'KEY_RECEIVED', epoch })
      },
      publishKey: () => ports.publishKey(),
      sealReading: async (action, _now, send) => {
        const slot = numberOf(action, 'slot')
        const sequence = await ports.sealReading(slot)
        if (sequence !== null) await send({ type: 'READING_SEALED', slot, sequence })
      },
      submitReading: (action) => ports.submitted(numberOf(action, 'slot')),
      tellPeople: (action) => ports.tellPeople(numberOf(action, 'number')),
    },
  })
}
