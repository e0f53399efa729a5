import { Worker } from 'node:worker_threads'
import type { OpeningKey } from '../../../protocols/crypto/recover-reading.ts'
import type { FromWorker, JobResult, RecoveryJob, ToWorker } from './job.ts'

/** Batches are small and short-lived; tables of the curve take 15 MB. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 }

/** One worker thread with at most one batch in hand. */
export interface Lane {
  /** Keys for the batches that follow. */
  setKeys(keys: readonly OpeningKey[]): void
  /** Rejects when the thread dies. */
  run(jobs: readonly RecoveryJob[]): Promise<readonly JobResult[]>
  close(): Promise<void>
}

/** Starts a thread, from the built file or, in a checkout, from the source by tsx. */
export function openLane(): Lane {
  const worker = startWorker()
  const post = (message: ToWorker) => {
    worker.postMessage(message)
  }
  worker.on('error', () => undefined)
  return {
    setKeys: (keys) => {
      post({ type: 'keys', keys })
    },
    run: (jobs) => {
      const answer = nextAnswer(worker)
      post({ type: 'batch', jobs })
      return answer
    },
    close: async () => {
      await worker.terminate()
    },
  }
}

function startWorker(): Worker {
  const file = import.meta.url.endsWith('.ts') ? './worker-from-source.mjs' : './worker.js'
  return new Worker(new URL(file, import.meta.url), { resourceLimits: LIMITS })
}

function nextAnswer(worker: Worker): Promise<readonly JobResult[]> {
  return new Promise((resolve, reject) => {
    const onMessage = ({ results }: FromWorker) => {
      forget()
      resolve(results)
    }
    const onError = (error: Error) => {
      forget()
      reject(error)
    }
    const onExit = () => {
      onError(new Error('the thread ended'))
    }
    const forget = () => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
    }
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
  })
}
