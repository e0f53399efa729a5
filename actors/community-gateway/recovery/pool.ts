import { availableParallelism } from 'node:os'
import type { OpeningKey, RecoveryResult } from '../../../protocols/crypto/recover-reading.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import type { ExtendedJob, ExtendedResult, JobResult, ReadingJob } from './job.ts'
import { type Lane, openLane } from './lane.ts'
import { createQueue } from './queue.ts'

export interface RecoveryPool {
  /**
   * The keys that jobs may name from now on: X_cg and the delegated keys of the epochs still accepted.
   * Replaces all.
   */
  setKeys(keys: readonly OpeningKey[]): void
  /**
   * Opens and checks a reading off the event loop; a flaw of the reading is a result. Rejects with
   * `unknown-key`, `recovery-overloaded`, `recovery-failed` or `recovery-closed`, which are ours.
   */
  recover(job: Omit<ReadingJob, 'kind'>): Promise<RecoveryResult>
  /** Opens an extended envelope after comparing its digest; rejects as `recover` does. */
  recoverExtended(job: Omit<ExtendedJob, 'kind'>): Promise<ExtendedResult>
  /** Ends the threads; what waits is rejected with `recovery-closed`. */
  close(): Promise<void>
}

export interface RecoveryPoolOptions {
  /** Threads; one less than the machine's processors unless told, at least one. */
  readonly threads?: number
  /** How a thread is started; they start with the first job. */
  readonly open?: () => Lane
}

/** Threads that open readings, so that no burst of them holds up the gateway's event loop. */
export function createRecoveryPool(options: RecoveryPoolOptions = {}): RecoveryPool {
  const { threads = Math.max(1, availableParallelism() - 1), open = openLane } = options
  const queue = createQueue(threads, open)
  return {
    setKeys: (keys) => {
      queue.setKeys(keys.map(({ id, bytes, secret }) => ({ id, bytes, secret })))
    },
    recover: async (job) => {
      const done = await queue.add({ ...job, kind: 'reading' })
      return done.kind === 'reading' ? done.result : unanswered(done)
    },
    recoverExtended: async (job) => {
      const done = await queue.add({ ...job, kind: 'extended' })
      return done.kind === 'extended' ? done.result : unanswered(done)
    },
    close: () => queue.close(),
  }
}

function unanswered(done: JobResult): never {
  if (done.kind !== 'unknown-key')
    throw new Fault('impossible', 'recovery: the result of another kind of job')
  const { keyId } = done
  throw new Fault('unknown-key', `recovery: no key ${keyId} is in hand; give it with setKeys first`, {
    keyId,
  })
}
