import type { Staged } from '../durable-snapshot.ts'
import { communityGatewayMachine } from './machine.ts'
import { createDurableActor, type DurableActor, type StepRecord } from '../durable.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { Store } from '../storage/store.ts'

/** Raised whenever a stored snapshot of the machine before would not fit. */
const MACHINE_VERSION = 4

/** What the community gateway's machine acts through. */
export interface CommunityPorts {
  readonly store: Store
  readonly clock: Clock
  readonly account: string
  /** Deploys the contracts or attaches to them; resolves when they answer. */
  deployOrAttach(): Promise<void>
  /** Announces the epoch's keys unless the chain has them; resolves with the epoch that holds. */
  announceKeys(): Promise<number>
  /** Derives an epoch's keys and announces them; resolves when the chain has them. */
  beginEpoch(epoch: number): Promise<void>
  admit(account: string, peerKey: string): Promise<void>
  allocateQuotas(): void
  openRecords(): void
  closePeriod(period: number): Promise<void>
  lookAtExcesses(): void
  publishAlarms(): void
  warnOperator(code: string): void
  readonly inspect?: (record: StepRecord) => void
  readonly onFault: (thrown: unknown, about: string) => void
}

export type CommunityActor = DurableActor<typeof communityGatewayMachine>

function text(params: unknown, field: string): string {
  const value: unknown =
    typeof params === 'object' && params !== null ? Reflect.get(params, field) : undefined
  if (typeof value === 'string') return value
  throw new Fault('impossible', `the action lost its ${field}`, { field })
}

function whole(params: unknown, field: string): number {
  const value: unknown =
    typeof params === 'object' && params !== null ? Reflect.get(params, field) : undefined
  if (typeof value === 'number') return value
  throw new Fault('impossible', `the action lost its ${field}`, { field })
}

/** Starts the community gateway's machine where it stopped, with its effects. */
export function startCommunityGateway(ports: CommunityPorts): Promise<CommunityActor> {
  return createDurableActor({
    key: 'community-gateway',
    version: MACHINE_VERSION,
    machine: communityGatewayMachine,
    input: { account: ports.account },
    store: ports.store,
    clock: ports.clock,
    onFault: ports.onFault,
    ...(ports.inspect === undefined ? {} : { inspect: ports.inspect }),
    effects: {
      deployOrAttach: async (_action, _now, send) => {
        await ports.deployOrAttach()
        await send({ type: 'CONTRACTS_READY' })
      },
      announceKeys: async (_action, _now, send) => {
        const epoch = await ports.announceKeys()
        await send({ type: 'KEYS_ANNOUNCED', epoch })
      },
      beginEpoch: async (action, _now, send) => {
        const epoch = whole(action.params, 'epoch')
        await ports.beginEpoch(epoch)
        await send({ type: 'KEYS_ANNOUNCED', epoch })
      },
      admit: (action: Staged) => ports.admit(text(action.params, 'account'), text(action.params, 'peerKey')),
      allocateQuotas: () => ports.allocateQuotas(),
      openRecords: () => ports.openRecords(),
      closePeriod: async (action, _now, send) => {
        const period = whole(action.params, 'period')
        await ports.closePeriod(period)
        await send({ type: 'PERIOD_CLOSED', period })
      },
      lookAtExcesses: () => ports.lookAtExcesses(),
      publishAlarms: () => ports.publishAlarms(),
      warnOperator: (action: Staged) => ports.warnOperator(text(action.params, 'code')),
    },
  })
}

/** Resolves when the community is founded: before that its machine admits no home. */
export function founded(actor: CommunityActor): Promise<void> {
  return new Promise((resolve) => {
    const look = (): boolean => {
      if (actor.snapshot().matches('founding')) return false
      resolve()
      return true
    }
    if (look()) return
    const forget = actor.subscribe(() => {
      if (look()) forget()
    })
  })
}
