import { afterAll, describe, expect, it } from 'vitest'
import type { JobResult, RecoveryJob } from '../../actors/community-gateway/recovery/job.ts'
import type { Lane } from '../../actors/community-gateway/recovery/lane.ts'
import { createRecoveryPool } from '../../actors/community-gateway/recovery/pool.ts'
import { ATTEMPTS_MAX, BATCH_MAX, WAITING_MAX } from '../../actors/community-gateway/recovery/queue.ts'
import { runBatch } from '../../actors/community-gateway/recovery/run-batch.ts'
import { recoverReading } from '../../protocols/crypto/recover-reading.ts'
import { createSealer } from '../../protocols/crypto/sealer.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import {
  community,
  delegated,
  delegatee,
  direct,
  essential,
  extended,
  flipped,
  sealDirect,
} from './community.ts'

const keys = [community.operation, delegatee]
const sealed = sealDirect()
const job = { recipient: community.operation.id, binding: direct, payload: sealed.payload }
const codeOfRejection = (work: Promise<unknown>) => work.then(() => 'none', codeOf)

describe('the recovery pool, in real threads', () => {
  const pool = createRecoveryPool({ threads: 2 })
  pool.setKeys(keys)
  afterAll(() => pool.close())

  it('opens and checks a reading as it would be done here', async () => {
    const expected = recoverReading(community.operation, { binding: direct, payload: sealed.payload })
    expect(await pool.recover(job)).toEqual(expected)
    expect(expected).toMatchObject({ ok: true, essential, blindings: sealed.blindings })
  })

  it('gives each of many readings its own result, the bad ones named', async () => {
    const many = Array.from({ length: 70 }, (_, index) => sealDirect(1_000 + index))
    const results = await Promise.all(
      many.map(({ payload }, index) =>
        pool.recover({ ...job, payload: index % 7 === 3 ? flipped(payload, 60) : payload }),
      ),
    )
    const seen = results.map((result) => (result.ok ? result.essential.energyImportWh : result.code))
    expect(seen).toEqual(many.map((_, index) => (index % 7 === 3 ? 'bad-tag' : 1_000 + index)))
  })

  it('opens what a delegatee is sent, with its merged key', async () => {
    const sealer = createSealer()
    sealer.prepare(delegatee.bytes)
    const reading = sealer.seal({ recipient: delegatee.bytes, binding: delegated, essential, extended })
    const result = await pool.recover({
      recipient: delegatee.id,
      binding: delegated,
      payload: reading.payload,
    })
    expect(result).toMatchObject({ ok: true, essential })
  })

  it('opens an extended envelope once its digest is that of the chain', async () => {
    const extendedJob = {
      recipient: community.operation.id,
      binding: direct,
      wire: sealed.extendedWire,
      digest: sealed.extendedDigest,
    }
    expect(await pool.recoverExtended(extendedJob)).toEqual({ ok: true, extended })
    const altered = { ...extendedJob, wire: flipped(sealed.extendedWire, 500) }
    expect(await pool.recoverExtended(altered)).toMatchObject({ ok: false, code: 'digest-mismatch' })
    const moved = { ...extendedJob, binding: { ...direct, slot: 1 } }
    expect(await pool.recoverExtended(moved)).toMatchObject({ ok: false, code: 'bad-tag' })
  })

  it('says that a key is not in hand, until it is given', async () => {
    const alone = createRecoveryPool({ threads: 1 })
    expect(await codeOfRejection(alone.recover(job))).toBe('unknown-key')
    alone.setKeys(keys)
    expect(await alone.recover(job)).toMatchObject({ ok: true })
    alone.setKeys([delegatee])
    expect(await codeOfRejection(alone.recover(job))).toBe('unknown-key')
    await alone.close()
    expect(await codeOfRejection(alone.recover(job))).toBe('recovery-closed')
  })
})

/** A lane in this thread, which lives as long as `survives` says. */
function laneOf(survives: () => boolean, seen: number[] = []): Lane {
  return {
    setKeys: () => undefined,
    run: async (jobs: readonly RecoveryJob[]): Promise<readonly JobResult[]> => {
      seen.push(jobs.length)
      if (!survives()) throw new Error('the thread ended')
      return jobs.map(({ recipient }) => ({ kind: 'unknown-key', keyId: recipient }))
    },
    close: async () => undefined,
  }
}

describe('the queue before the threads', () => {
  it('gathers what arrives in one turn into batches of at most 64', async () => {
    const seen: number[] = []
    const pool = createRecoveryPool({ threads: 1, open: () => laneOf(() => true, seen) })
    const all = Array.from({ length: BATCH_MAX + 1 }, () => codeOfRejection(pool.recover(job)))
    expect(new Set(await Promise.all(all))).toEqual(new Set(['unknown-key']))
    expect(seen).toEqual([BATCH_MAX, 1])
    await pool.close()
  })

  it('shares a burst among the threads', async () => {
    const seen: number[] = []
    const pool = createRecoveryPool({ threads: 3, open: () => laneOf(() => true, seen) })
    await Promise.all(Array.from({ length: 30 }, () => codeOfRejection(pool.recover(job))))
    expect(seen).toEqual([10, 10, 10])
    await pool.close()
  })

  it('tries a batch again in a new thread when one dies, and then gives it up', async () => {
    let started = 0
    const opened = (dead: number) => () => {
      started += 1
      const number = started
      return laneOf(() => number > dead)
    }
    const recovering = createRecoveryPool({ threads: 1, open: opened(ATTEMPTS_MAX - 1) })
    expect(await codeOfRejection(recovering.recover(job))).toBe('unknown-key')
    await recovering.close()
    started = 0
    const failing = createRecoveryPool({ threads: 1, open: opened(ATTEMPTS_MAX) })
    expect(await codeOfRejection(failing.recover(job))).toBe('recovery-failed')
    expect(await codeOfRejection(failing.recover(job))).toBe('unknown-key')
    await failing.close()
  })

  it('refuses more than may wait, instead of filling the memory', async () => {
    const pool = createRecoveryPool({ threads: 1, open: () => laneOf(() => true) })
    const waiting = Array.from({ length: WAITING_MAX }, () => codeOfRejection(pool.recover(job)))
    expect(await codeOfRejection(pool.recover(job))).toBe('recovery-overloaded')
    await pool.close()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['recovery-closed']))
  })

  it('rejects what is in hand when it is closed', async () => {
    const pool = createRecoveryPool({ threads: 1 })
    pool.setKeys(keys)
    const inHand = codeOfRejection(pool.recover(job))
    await new Promise((resolve) => setTimeout(resolve, 5))
    await pool.close()
    expect(await inHand).toBe('recovery-closed')
  })
})

describe('a batch', () => {
  it('keeps the order of mixed jobs', () => {
    const ring = new Map(keys.map((key) => [key.id, key]))
    const reading = { ...job, kind: 'reading' } as const
    const other = { ...reading, recipient: 'nobody' }
    const wire = {
      kind: 'extended',
      recipient: job.recipient,
      binding: direct,
      wire: sealed.extendedWire,
    } as const
    const results = runBatch(ring, [
      { ...wire, digest: sealed.extendedDigest },
      reading,
      other,
      { ...wire, digest: new Uint8Array(32) },
      { ...wire, recipient: 'nobody', digest: sealed.extendedDigest },
      reading,
    ])
    const seen = results.map((each) => (each.kind === 'unknown-key' ? each.kind : each.result.ok))
    expect(seen).toEqual([true, true, 'unknown-key', false, 'unknown-key', true])
  })
})
