import fc from 'fast-check'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ACKNOWLEDGED } from '../../actors/caring/acknowledging.ts'
import { prune } from '../../actors/storage/prune.ts'
import {
  DAY_MS,
  HISTORY_WIDTHS_MS,
  type Measured,
  RETENTION,
  retentionPlan,
  rollUp,
} from '../../actors/storage/retention.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'

const HOME = '0xaa'

/** Samples with registers that never fall, some slots missing. */
const samplesOf = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 5_000_000 }),
      used: fc.integer({ min: 0, max: 5000 }),
      powerW: fc.integer({ min: 0, max: 20_000 }),
    }),
    { minLength: 1, maxLength: 200 },
  )
  .map((steps) => {
    let t = 1_700_000_000_000
    let wh = 0
    return steps.map(({ gap, used, powerW }): Measured => {
      t += gap
      wh += used
      return {
        t,
        import_wh: wh,
        export_wh: wh / 2,
        water_ml: wh * 3,
        mean_power_w: powerW,
        peak_power_w: powerW + 10,
      }
    })
  })

describe('samples that become history', () => {
  it('keep what was used in all, every sample, and the highest peak, at any width', () => {
    fc.assert(
      fc.property(samplesOf, fc.constantFrom(...HISTORY_WIDTHS_MS), (samples, width) => {
        const rows = rollUp(HOME, samples, width)
        expect(rows.reduce((sum, row) => sum + row.samples, 0)).toBe(samples.length)
        expect(rows.at(-1)?.import_wh).toBe(samples.at(-1)?.import_wh)
        const peaks = samples.map((sample) => sample.peak_power_w)
        expect(Math.max(...rows.map((row) => row.peak_power_w))).toBe(Math.max(...peaks))
        const means = rows.map((row) => row.mean_power_w)
        expect(Math.max(...means)).toBeLessThanOrEqual(Math.max(...peaks))
        for (const row of rows) expect(row.start_ms % width).toBe(0)
      }),
    )
  })

  it('are told apart by the day that their period ends in: midnight ends the day before', () => {
    const at = (t: number): Measured => ({
      t,
      import_wh: t,
      export_wh: 0,
      water_ml: 0,
      mean_power_w: 1,
      peak_power_w: 1,
    })
    const rows = rollUp(HOME, [at(DAY_MS - 1), at(DAY_MS), at(DAY_MS + 1)], DAY_MS)
    expect(rows.map((row) => [row.start_ms, row.samples])).toEqual([
      [0, 2],
      [DAY_MS, 1],
    ])
  })
})

describe('the retention plan', () => {
  it('lets nothing go that is younger than its days, nor that is kept for ever', () => {
    const nowMs = 100.5 * DAY_MS
    expect(retentionPlan({ ...RETENTION, journal: null }, nowMs)).toMatchObject({ samples: 65 * DAY_MS })
    expect(retentionPlan({ ...RETENTION, journal: null }, nowMs)).not.toHaveProperty('journal')
  })
})

describe('pruning a store', () => {
  let folder: string
  let store: Store
  const nowMs = 100 * DAY_MS
  const plan = retentionPlan(RETENTION, nowMs)

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meterhood-prune-'))
    store = await openStore({ file: join(folder, 'gateway.sqlite') })
  })

  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  const sample = (hours: number, status: 'sealed' | 'rejected') => ({
    slot: hours,
    t: hours * 3_600_000,
    received_at_ms: 0,
    status,
    reason: null,
    sequence: null,
    flags: null,
    import_wh: status === 'sealed' ? hours : null,
    export_wh: 0,
    water_ml: 0,
    mean_power_w: 5,
    peak_power_w: 9,
    temperature_centi_c: null,
    humidity_permille: null,
    essential: null,
    extended: new Uint8Array(10),
  })

  it('turns old samples into history, keeps the young, and does nothing the second time', async () => {
    const hours = Array.from({ length: 100 * 24 }, (_, index) => index + 1)
    await store.transaction(async (trx) => {
      for (const hour of hours) {
        await trx
          .insertInto('sample')
          .values(sample(hour, hour % 10 === 0 ? 'rejected' : 'sealed'))
          .execute()
      }
    })
    const first = await prune(store, HOME, plan)
    expect(first['sample']).toBe(65 * 24)
    const days = await store.db.selectFrom('history').selectAll().where('width_ms', '=', DAY_MS).execute()
    expect(days).toHaveLength(65)
    expect(days.reduce((sum, day) => sum + day.samples, 0)).toBe(65 * 24 * 0.9)
    expect(days.at(-1)).toMatchObject({ home: HOME, import_wh: 65 * 24 - 1 })
    expect((await prune(store, HOME, plan))['sample']).toBe(0)
  })

  it('lets go what a watch brought long ago, unless it is still to be acknowledged', async () => {
    const brought = (slot: number, acknowledged: number, day: number) => ({
      ...{
        delegation: 1,
        home: HOME,
        slot,
        epoch: 0,
        fault: null,
        t: 0,
        import_wh: 0,
        export_wh: 0,
        water_ml: 0,
      },
      ...{ mean_power_w: 0, peak_power_w: 0, receipt: new Uint8Array(8), acknowledged, block: slot },
      opened_at_ms: day * DAY_MS,
    })
    const { waits, taken, refused } = ACKNOWLEDGED
    const rows = [
      brought(1, taken, 60),
      brought(2, refused, 60),
      brought(3, waits, 60),
      brought(4, taken, 70),
    ]
    await store.db.insertInto('cared_reading').values(rows).execute()
    expect((await prune(store, HOME, plan))['cared']).toBe(2)
    const left = await store.db.selectFrom('cared_reading').select('slot').orderBy('slot').execute()
    expect(left.map(({ slot }) => slot)).toEqual([3, 4])
  })

  it('never lets go an intent on its way, its bytes, nor the call that names the next nonce', async () => {
    const call = (nonce: number, state: 'final' | 'sent') => ({
      account: HOME,
      nonce,
      kind: 'put',
      target: '0x',
      data: new Uint8Array(1),
      value: '0',
      gas: 1,
      state,
      context: '{}',
      created_at_ms: 0,
    })
    const attempt = (nonce: number) => ({
      hash: `0x${nonce}`,
      account: HOME,
      nonce,
      raw: new Uint8Array(1),
      max_fee_wei: '1',
      tip_wei: '1',
      signed_at_ms: 0,
    })
    await store.db
      .insertInto('call')
      .values([call(0, 'final'), call(1, 'sent'), call(2, 'final')])
      .execute()
    await store.db
      .insertInto('attempt')
      .values([attempt(0), attempt(1), attempt(2)])
      .execute()
    await prune(store, HOME, plan)
    const calls = await store.db.selectFrom('call').select('nonce').orderBy('nonce').execute()
    expect(calls.map((row) => row.nonce)).toEqual([1, 2])
    expect(await store.db.selectFrom('attempt').select('nonce').execute()).toEqual([{ nonce: 1 }])
  })
})
