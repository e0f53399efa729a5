import type { OpeningKey } from '../../../protocols/crypto/recover-reading.ts'
import { Fault, messageOf } from '../../../protocols/rules/fault.ts'
import type { JobResult, RecoveryJob } from './job.ts'
import type { Lane } from './lane.ts'

/** Jobs of a batch: more gain little, and one batch should keep a thread for about a quarter of a second. */
export const BATCH_MAX = 64
/**
 * Jobs that may wait. A gateway that is further behind reads the chain more slowly instead of filling its
 * memory.
 */
export const WAITING_MAX = 20_000
/** A job whose thread died is tried once more in a new one; then it is the job that kills it. */
export const ATTEMPTS_MAX = 2

export interface Queue {
  setKeys(keys: readonly OpeningKey[]): void
  add(job: RecoveryJob): Promise<JobResult>
  close(): Promise<void>
}

interface Ticket {
  readonly job: RecoveryJob
  readonly settle: (result: JobResult) => void
  readonly fail: (fault: Fault) => void
  attempts: number
}

/** Gathers the jobs of one turn of the event loop into batches and hands them to whichever lane is free. */
export function createQueue(laneCount: number, open: () => Lane): Queue {
  const waiting: Ticket[] = []
  const free = new Set<Lane>()
  const busy = new Set<Lane>()
  let keys: readonly OpeningKey[] = []
  let closed = false
  let gathering = false

  const takeLane = (): Lane | undefined => {
    const [lane] = free
    if (lane !== undefined) return lane
    if (busy.size >= laneCount) return undefined
    const started = open()
    started.setKeys(keys)
    return started
  }

  const work = async (lane: Lane, batch: readonly Ticket[]): Promise<void> => {
    free.delete(lane)
    busy.add(lane)
    try {
      settleAll(batch, await lane.run(batch.map(({ job }) => job)))
      if (!closed) free.add(lane)
    } catch (thrown) {
      await lane.close()
      if (closed) failAll(batch, closedFault())
      else waiting.unshift(...retried(batch, thrown))
    }
    busy.delete(lane)
    dispatch()
  }

  const dispatch = (): void => {
    while (!closed && waiting.length > 0) {
      const lane = takeLane()
      if (lane === undefined) return
      const share = Math.ceil(waiting.length / Math.max(1, laneCount - busy.size))
      void work(lane, waiting.splice(0, Math.min(BATCH_MAX, share)))
    }
  }

  const gather = (): void => {
    if (gathering) return
    gathering = true
    setImmediate(() => {
      gathering = false
      dispatch()
    })
  }

  return {
    setKeys: (given) => {
      keys = given
      for (const lane of [...free, ...busy]) lane.setKeys(given)
    },
    add: (job) => {
      if (closed) return Promise.reject(closedFault())
      if (waiting.length >= WAITING_MAX) return Promise.reject(overloaded())
      return new Promise((settle, fail) => {
        waiting.push({ job, settle, fail, attempts: 0 })
        gather()
      })
    },
    close: async () => {
      closed = true
      failAll(waiting.splice(0), closedFault())
      await Promise.all([...free, ...busy].map((lane) => lane.close()))
    },
  }
}

function settleAll(batch: readonly Ticket[], results: readonly JobResult[]): void {
  for (const [index, ticket] of batch.entries()) {
    const result = results[index]
    if (result === undefined) ticket.fail(failed('a thread answered too little'))
    else ticket.settle(result)
  }
}

/** The tickets that deserve another try; the others are told. */
function retried(batch: readonly Ticket[], thrown: unknown): Ticket[] {
  for (const ticket of batch) ticket.attempts += 1
  for (const { fail } of batch.filter(({ attempts }) => attempts >= ATTEMPTS_MAX))
    fail(failed(messageOf(thrown)))
  return batch.filter(({ attempts }) => attempts < ATTEMPTS_MAX)
}

function failAll(batch: readonly Ticket[], fault: Fault): void {
  for (const { fail } of batch) fail(fault)
}

function failed(reason: string): Fault {
  return new Fault('recovery-failed', `recovery: a worker thread failed: ${reason}`, { reason })
}

function closedFault(): Fault {
  return new Fault('recovery-closed', 'recovery: the pool is closed')
}

function overloaded(): Fault {
  const message = `recovery: ${WAITING_MAX} jobs are waiting; read the chain more slowly or add threads`
  return new Fault('recovery-overloaded', message, { waiting: WAITING_MAX })
}
