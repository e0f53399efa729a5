import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { meterhood } from './command.ts'

const count = z.number().int().min(0)
const Report = z.object({
  homes: z.array(z.object({ boards: z.string() })),
  totals: z.object({ lost: count, duplicates: count }),
  trades: z.object({
    offered: count,
    awarded: count,
    failed: count,
    failedBecause: z.record(z.string(), count),
    delivered: count,
    offerToSettledMs: z.object({ p50: count.nullable() }),
  }),
  tokens: z.object({ supply: z.string(), balances: z.string(), escrow: z.string() }),
})
const Verified = z.object({
  ok: z.boolean(),
  checked: z.object({ trades: count }),
  faults: z.array(z.unknown()),
})

/** Blocks of a second that the phases of an auction take when all reveal; then it is decided at once. */
const SETTLED_MOST_MS = 30_000

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-market-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** More than two billing periods: what is sold in one is delivered and paid in the next. */
const RUN = ['--homes', '6', '--period', '2', '--for', '150s']
const AGAIN = ['--homes', '6', '--period', '2', '--for', '240s']

/** A community that trades; one that a busy machine made miss its first auctions is run once more. */
async function tradingRun(folder: string) {
  const run = async (name: string, flags: readonly string[]) => {
    const [file, data] = [join(folder, `${name}.json`), join(folder, name)]
    const ended = await meterhood('start', '--port', '0', '--data', data, '--report', file, ...flags)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return { ended, data, report: Report.parse(JSON.parse(await readFile(file, 'utf8'))) }
  }
  const first = await run('first', RUN)
  return first.report.trades.delivered > 0 ? first : run('second', AGAIN)
}

describe('the market of a community with real firmware', () => {
  it('trades by its rules, delivers, and explains what failed, with no hand on it', async () => {
    const { ended, data, report: told } = await tradingRun(folder)
    const { homes, totals, trades, tokens } = told
    expect(homes.map(({ boards }) => boards)).toEqual(homes.map(() => 'firmware'))
    expect(totals).toEqual({ lost: 0, duplicates: 0 })
    expect(trades.awarded).toBeGreaterThanOrEqual(1)
    expect(trades.delivered).toBeGreaterThanOrEqual(1)
    const reasons = Object.values(trades.failedBecause)
    expect(reasons.reduce((sum, each) => sum + each, 0)).toBe(trades.failed)
    expect(trades.offerToSettledMs.p50).toBeLessThanOrEqual(SETTLED_MOST_MS)
    const { supply, balances, escrow } = tokens
    expect(BigInt(balances) + BigInt(escrow)).toBe(BigInt(supply))
    expect(ended.stdout).toContain(`${trades.awarded} awarded, ${trades.failed} failed`)

    const verified = await meterhood('verify', '--data', data, '--json')
    const report = Verified.parse(JSON.parse(verified.stdout))
    expect(report.faults).toEqual([])
    expect(report.checked.trades).toBe(trades.offered)
  }, 700_000)
})
