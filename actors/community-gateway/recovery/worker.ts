import { parentPort } from 'node:worker_threads'
import type { FromWorker, ToWorker } from './job.ts'
import { type Keyring, runBatch } from './run-batch.ts'

/**
 * The thread's side of the pool: keys in, batches in, results out. It has no port when something else
 * imports it.
 */
let keys: Keyring = new Map()

parentPort?.on('message', (message: ToWorker) => {
  if (message.type === 'keys') {
    keys = new Map(message.keys.map((key) => [key.id, key]))
    return
  }
  const answer: FromWorker = { results: runBatch(keys, message.jobs) }
  parentPort?.postMessage(answer)
})
