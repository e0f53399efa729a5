import { createHash } from 'node:crypto'
import {
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type ExecutableActionObject,
  type Snapshot,
  type SnapshotFrom,
} from 'xstate'
import { z } from 'zod'
import { codeOf, Fault } from '../protocols/rules/fault.ts'
import { corruptStore } from './storage/fault.ts'

/** An action of the machine as data: what is to be done once the step is committed. */
export interface Staged {
  readonly type: string
  readonly params: unknown
  /**
   * The same for the same action of the same step after a restart: the key that makes an effect
   * idempotent.
   */
  readonly key: string
}

/** One committed step, for whoever counts or checks them. */
export interface StepRecord {
  readonly actor: string
  readonly step: number
  readonly event: { readonly type: string }
  readonly before: unknown
  readonly after: unknown
  readonly actions: readonly string[]
  readonly atMs: number
}

/** SHA-256 of a stored snapshot, hex: a flipped bit is seen before it becomes a state. */
export const checksum = (json: string): string => createHash('sha256').update(json).digest('hex')

/** The actions of a step as data. Throws `machine-not-pure` for one that only a running actor could do. */
export function stagedOf(actions: readonly ExecutableActionObject[], key: string, step: number): Staged[] {
  return actions.map((action, index) => {
    if (action.type.startsWith('xstate.')) {
      throw new Fault(
        'machine-not-pure',
        `${key}: action ${action.type} needs a running actor; use a deadline`,
        {
          action: action.type,
        },
      )
    }
    return { type: action.type, params: action.params ?? null, key: `${key}/${step}/${index}` }
  })
}

const persistedSchema = z.object({
  snapshot: z.record(z.string(), z.unknown()),
  pending: z.array(z.object({ type: z.string(), params: z.unknown(), key: z.string() })),
})

/** A stored snapshot and the effects that had not ended. Throws `store-corrupt` when its checksum fails. */
export function readPersisted(
  row: { json: string; checksum: string },
  key: string,
): z.infer<typeof persistedSchema> {
  if (checksum(row.json) !== row.checksum) throw corruptStore(key, 'the checksum of the snapshot fails')
  return persistedSchema.parse(JSON.parse(row.json))
}

/** Whether `found` is a snapshot of this very machine. */
export const isSnapshotOf = <M extends AnyStateMachine>(
  machine: M,
  found: unknown,
): found is SnapshotFrom<M> =>
  typeof found === 'object' && found !== null && 'machine' in found && found.machine === machine

const isEvent = <M extends AnyStateMachine>(found: unknown): found is EventFromLogic<M> =>
  typeof found === 'object' && found !== null && 'type' in found && typeof found.type === 'string'

/** The event of an inbox row. */
export function eventOf<M extends AnyStateMachine>(json: string): EventFromLogic<M> {
  const event: unknown = JSON.parse(json)
  if (!isEvent<M>(event))
    throw new Fault('bad-event', 'an inbox row holds no event', { event: json.slice(0, 80) })
  return event
}

/** The state value of a snapshot. */
export const valueOf = (snapshot: object): unknown => ('value' in snapshot ? snapshot.value : undefined)

const isPersisted = (found: object): found is Snapshot<unknown> => 'status' in found

/** XState restores a state it does not know without a word, so the value is compared. */
export function restored<M extends AnyStateMachine>(
  machine: M,
  persisted: object,
  key: string,
): SnapshotFrom<M> {
  const stored = JSON.stringify(valueOf(persisted))
  if (!isPersisted(persisted)) throw corruptStore(key, 'the stored snapshot has no status')
  const snapshot: unknown = createActor<AnyStateMachine>(machine, { snapshot: persisted }).getSnapshot()
  if (!isSnapshotOf(machine, snapshot) || JSON.stringify(valueOf(snapshot)) !== stored) {
    throw new Fault('snapshot-unknown', `${key}: the stored state ${stored} is not one of the machine`, {
      stored,
    })
  }
  return snapshot
}

/** Whether the store refused, which may pass, and not the machine, which will not. */
export const isStoreFault = (thrown: unknown): boolean => /^(store-|disk-full)/u.test(codeOf(thrown))
