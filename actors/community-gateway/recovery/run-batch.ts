import { equalBytes } from '@noble/curves/utils.js'
import {
  type OpeningKey,
  recoverExtended,
  recoverReadings,
} from '../../../protocols/crypto/recover-reading.ts'
import { extendedDigest } from '../../../protocols/messages/record.ts'
import { codeOf, messageOf } from '../../../protocols/rules/fault.ts'
import type { ExtendedFlaw, ExtendedJob, ExtendedResult, JobResult, ReadingJob, RecoveryJob } from './job.ts'

/** The keys in hand, by key id. */
export type Keyring = ReadonlyMap<string, OpeningKey>

/**
 * Opens a batch: readings together, so that their points cost one check; results in the order of the jobs.
 */
export function runBatch(keys: Keyring, jobs: readonly RecoveryJob[]): JobResult[] {
  const readings = runReadings(
    keys,
    jobs.filter((job) => job.kind === 'reading'),
  )
  return jobs.map((job) => {
    const key = keys.get(job.recipient)
    if (job.kind === 'reading') return readings.get(job) ?? unknownKey(job)
    return key === undefined ? unknownKey(job) : { kind: 'extended', result: openExtended(key, job) }
  })
}

function runReadings(keys: Keyring, jobs: readonly ReadingJob[]): Map<RecoveryJob, JobResult> {
  const openable = jobs.flatMap((job) => {
    const key = keys.get(job.recipient)
    return key === undefined ? [] : [{ job, key, received: job }]
  })
  const done = new Map<RecoveryJob, JobResult>()
  for (const [index, result] of recoverReadings(openable).entries()) {
    const job = openable[index]?.job
    if (job !== undefined) done.set(job, { kind: 'reading', result })
  }
  return done
}

function openExtended(key: OpeningKey, job: ExtendedJob): ExtendedResult {
  if (!equalBytes(extendedDigest(job.wire), job.digest)) {
    const message = 'extended: its hash is not the one on the chain; ask the home for it again'
    return { ok: false, code: 'digest-mismatch', message }
  }
  try {
    return { ok: true, extended: recoverExtended(key, job.binding, job.wire) }
  } catch (thrown) {
    return refused(thrown)
  }
}

function refused(thrown: unknown): ExtendedResult {
  const code = codeOf(thrown)
  if (!isFlaw(code)) throw thrown
  return { ok: false, code, message: messageOf(thrown) }
}

function isFlaw(code: string): code is ExtendedFlaw {
  return ['bad-field', 'bad-envelope', 'bad-point', 'bad-tag'].includes(code)
}

function unknownKey({ recipient }: RecoveryJob): JobResult {
  return { kind: 'unknown-key', keyId: recipient }
}
