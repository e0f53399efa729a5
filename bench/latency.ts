import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { packageFolder } from '../bin/host/package-folder.ts'
import type { BenchRow } from './recovery.ts'

const run_ = promisify(execFile)
const HOMES = 40
const SECONDS = 60
const LIMITS = { p50: 1_500, p99: 3_000, firstMs: 20_000, communityMb: 300 } as const

const Report = z.object({
  totals: z.object({ samples: z.number(), decrypted: z.number(), lost: z.number(), duplicates: z.number() }),
  latencyMs: z.object({
    boardToDecrypted: z.object({
      p50: z.number().nullable(),
      p95: z.number().nullable(),
      p99: z.number().nullable(),
    }),
  }),
  firstDecryptedMs: z.number().nullable(),
  memoryMb: z.object({ max: z.number() }),
})

const row = (name: string, value: number | null, unit: string, limit: number | null): BenchRow => ({
  case: name,
  value: value ?? Number.MAX_SAFE_INTEGER,
  unit,
  limit,
  ok: limit === null || (value !== null && value <= limit),
  baseline: null,
})

/** The product itself: forty homes on profiles, 2 s period, 1 s blocks, for a minute. */
export async function run(): Promise<{ rows: BenchRow[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'meterhood-bench-'))
  const report = join(folder, 'report.json')
  const entry = join(packageFolder(), 'dist', 'bin', 'meterhood.js')
  const flags = [
    '--homes',
    String(HOMES),
    '--boards',
    'profile',
    '--period',
    '2',
    '--for',
    `${SECONDS}s`,
    '--port',
    '0',
  ]
  try {
    await run_(process.execPath, [
      entry,
      'start',
      ...flags,
      '--data',
      join(folder, 'data'),
      '--report',
      report,
    ])
    const { totals, latencyMs, firstDecryptedMs, memoryMb } = Report.parse(
      JSON.parse(await readFile(report, 'utf8')),
    )
    const { p50, p95, p99 } = latencyMs.boardToDecrypted
    return {
      rows: [
        row('latency.40homes.p50', p50, 'ms', LIMITS.p50),
        row('latency.40homes.p95', p95, 'ms', null),
        row('latency.40homes.p99', p99, 'ms', LIMITS.p99),
        row('latency.40homes.lost', totals.lost + totals.duplicates, 'readings', 0),
        row('latency.40homes.decrypted', totals.decrypted, 'readings', null),
        row('latency.first', firstDecryptedMs, 'ms', LIMITS.firstMs),
        row('memory.max', memoryMb.max, 'MB', LIMITS.communityMb),
      ],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
