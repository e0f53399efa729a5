import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { expect } from 'vitest'
import { ongoing, type Ongoing } from './command.ts'

const count = z.number().int().min(0)

/** What the specs read of a report. */
export const Report = z.object({
  homes: z.array(
    z.object({
      account: z.string(),
      boards: z.enum(['firmware', 'profile']),
      samples: count,
      rejected: count,
      sealed: count,
      alarmsRead: count,
    }),
  ),
  totals: z.object({
    samples: count,
    rejected: count,
    sealed: count,
    included: count,
    final: count,
    decrypted: count,
    lost: count,
    duplicates: count,
    alarmsSent: count,
    alarmsRead: count,
  }),
  gas: z.object({ perReading: z.object({ p50: count.nullable(), max: count.nullable() }) }),
  chain: z.object({ reorgs: count }),
  contracts: z.object({ monitoring: z.string() }),
  trades: z.object({ offered: count, awarded: count, failed: count, delivered: count }),
  tokens: z.object({ supply: z.string(), balances: z.string(), escrow: z.string() }),
  firstDecryptedMs: count.nullable(),
})
export type Report = z.infer<typeof Report>

/** A community that runs in `folder`, with free ports, its report and its data there. */
export function startIn(folder: string, ...flags: string[]): Ongoing {
  const report = join(folder, 'report.json')
  const data = join(folder, 'data')
  return ongoing('start', '--port', '0', '--data', data, '--report', report, ...flags)
}

/** Waits for the end, which must be a good one, and reads the report. */
export async function reportOf(folder: string, running: Ongoing): Promise<Report> {
  const ended = await running.ended
  expect(ended.stderr).toBe('')
  expect(ended.code, ended.stdout).toBe(0)
  return Report.parse(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')))
}
