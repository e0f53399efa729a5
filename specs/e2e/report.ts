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

/** What they read of a report about delegations. */
export const DelegatedReport = Report.extend({
  homes: z.array(z.object({ account: z.string(), readers: z.record(z.string(), count) })),
  delegations: z.object({ active: count, ended: count }),
  readers: z.array(
    z.object({
      ...{ home: z.string(), delegatee: z.string(), fromSlot: count, untilSlot: count, ended: z.boolean() },
      ...{ slotsOnChain: count, openedByDelegatee: count, recoveredByCommunity: count, openedByHome: count },
      alarms: z.object({ onChain: count, readByDelegatee: count, readByHome: count }),
      ...{ agreedSlots: count, watched: count.nullable() },
      ...{ rewardMicroSct: count, paidMicroSct: count.nullable() },
    }),
  ),
})

/** A community that runs in `folder`, with free ports, its report and its data there. */
export function startIn(folder: string, ...flags: string[]): Ongoing {
  const report = join(folder, 'report.json')
  const data = join(folder, 'data')
  return ongoing('start', '--port', '0', '--data', data, '--report', report, ...flags)
}

/** Waits for the end, which must be a good one, and reads the report, with what was said. */
async function endOf(folder: string, running: Ongoing): Promise<{ report: unknown; said: string }> {
  const ended = await running.ended
  expect(ended.stderr).toBe('')
  expect(ended.code, ended.stdout).toBe(0)
  const text = await readFile(join(folder, 'report.json'), 'utf8')
  return { report: JSON.parse(text), said: ended.stdout }
}

export async function reportOf(folder: string, running: Ongoing): Promise<Report> {
  return Report.parse((await endOf(folder, running)).report)
}

/** The same of a run that handed a home over. */
export async function readersOf(folder: string, running: Ongoing) {
  const { report, said } = await endOf(folder, running)
  return { report: DelegatedReport.parse(report), said }
}
