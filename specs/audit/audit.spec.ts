import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { meterhood, ongoing, type Ongoing } from '../e2e/command.ts'
import { lyingNode } from '../verify/lying-node.ts'
import { audit, hasAuditor, Tokens, Trades, type Audit } from './auditor.ts'
import { MUTATIONS } from './mutations.ts'

const Report = z.looseObject({
  homes: z.array(z.looseObject({ account: z.string() })),
  trades: Trades,
  tokens: Tokens,
})
const Served = z.object({ rpc: z.string() })

/** A run whose homes trade by their rules, each in a process of its own; its chain served again. */
interface Run {
  readonly reportFile: string
  readonly report: z.infer<typeof Report>
  readonly rpc: string
  readonly serving: Ongoing
}

let folder = ''
const runs: Ongoing[] = []

async function runOf(name: string, ...flags: string[]): Promise<Run> {
  const data = join(folder, name)
  const reportFile = join(folder, `${name}.json`)
  const place = ['--port', '0', '--data', data, '--report', reportFile]
  const market = ['--boards', 'profile', '--period', '1', '--billing', '45s']
  const ended = await meterhood('start', ...place, ...market, ...flags)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const serving = ongoing('chain', 'serve', '--data', data, '--json')
  runs.push(serving)
  const { rpc } = Served.parse(JSON.parse(await serving.printed('\n')))
  return { reportFile, report: Report.parse(JSON.parse(await readFile(reportFile, 'utf8'))), rpc, serving }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-audit-'))
})
afterAll(async () => {
  await Promise.all(runs.map((each) => each.interrupt()))
  await rm(folder, { recursive: true, force: true })
})

/** A busy machine may miss the phases of ten seconds in each auction of a run; the next run has others. */
async function tradingRun(...flags: string[]): Promise<Run> {
  const first = await runOf('first', ...flags)
  return first.report.trades.delivered > 0 ? first : runOf('second', ...flags)
}

/** What the auditor and the report must agree on. */
async function expectWhole({ report, reportFile, rpc }: Run): Promise<Audit> {
  const found = await audit('--report', reportFile, '--rpc', rpc)
  expect(found.faults).toEqual([])
  expect(found.code).toBe(0)
  expect(found.trades).toEqual(report.trades)
  expect(found.tokens).toEqual(report.tokens)
  expect(found.trades.awarded).toBeGreaterThanOrEqual(1)
  expect(found.checked.exchanges).toBe(found.trades.awarded)
  expect(found.checked.seals).toBeGreaterThanOrEqual(2 * found.trades.awarded)
  const accounts = report.homes.map(({ account }) => account.toLowerCase())
  expect(Object.keys(found.signers).sort()).toEqual(accounts.sort())
  return found
}

describe.skipIf(!hasAuditor)('the market, audited by a chain reader that is not ours', () => {
  let run: Run
  beforeAll(async () => {
    run = await tradingRun('--homes', '4', '--for', '120s', '--isolate')
  }, 700_000)

  it('comes to the same winners, prices, payments, signers and tokens as the report', async () => {
    const found = await expectWhole(run)
    expect(found.trades.delivered).toBeGreaterThanOrEqual(1)
    for (const { buyer, winner, bids } of found.auctions) {
      expect(winner).not.toBe(buyer)
      expect(winner === null || bids > 0).toBe(true)
    }
  }, 120_000)

  it.each(MUTATIONS)(
    'is not whole where a node tells another: %s, which is named %s',
    async (_, name, lie) => {
      const node = await lyingNode(run.rpc, lie())
      const found = await audit('--report', run.reportFile, '--rpc', node.rpc)
      await node.close()
      expect(found.code).toBe(1)
      expect(found.faults.map((fault) => fault.name)).toContain(name)
    },
    60_000,
  )

  it('names a report that tells another number than the chain', async () => {
    const told = { ...run.report, trades: { ...run.report.trades, awarded: run.report.trades.awarded + 1 } }
    const file = join(folder, 'told.json')
    await writeFile(file, JSON.stringify(told))
    const found = await audit('--report', file, '--rpc', run.rpc)
    expect(found.code).toBe(1)
    expect(found.faults.map(({ name }) => name)).toEqual(['report'])
  }, 60_000)
})
