import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { browserIsHere } from '../web/chromium.ts'
import { meterhood } from './command.ts'
import { followedTrade, secretsIn } from './followed-trade.ts'
import { reportOf, startIn } from './report.ts'
import { FIRST_ROWS, writeProfiles } from './written-profiles.ts'

const HOMES = 4
const SMALL_W = 300
const LARGE_W = 6_000
const HUNGRY_W = 3_000

/** The first home is hungry while its neighbours use little. */
const wattsAt = (row: number, home: number): number => {
  const first = row < FIRST_ROWS
  if (home === 0) return first ? HUNGRY_W : SMALL_W
  return first ? SMALL_W + 10 * home : LARGE_W
}

const line = z.looseObject({ rule: z.string().nullish(), acted: z.boolean().nullish(), msg: z.string() })

/** What the rules of a home decided, as its log has it. */
async function decisions(data: string, home: string) {
  const log = await readFile(join(data, home, 'gateway.log'), 'utf8')
  const lines = log.trim().split('\n')
  return lines.map((text) => line.parse(JSON.parse(text))).filter(({ acted }) => typeof acted === 'boolean')
}

describe('rules of four homes', () => {
  let folder = ''
  let recording = ''
  let report: Awaited<ReturnType<typeof reportOf>>
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meterhood-rules-'))
    await writeProfiles(join(folder, 'profiles'), HOMES, wattsAt)
    const homes = ['--homes', String(HOMES), '--boards', 'profile', '--profiles', join(folder, 'profiles')]
    const times = ['--period', '2', '--billing', '60s', '--for', '140s']
    recording = join(folder, 'run.mhr')
    report = await reportOf(folder, startIn(folder, ...homes, ...times, '--record', recording))
  }, 360_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('trade what one lacks and the others can spare, and it is delivered and paid', () => {
    const { trades, tokens, totals } = report
    expect(trades.awarded).toBeGreaterThanOrEqual(1)
    expect(trades.delivered).toBeGreaterThanOrEqual(1)
    expect(BigInt(tokens.supply)).toBe(BigInt(tokens.balances) + BigInt(tokens.escrow))
    expect(totals).toMatchObject({ lost: 0, duplicates: 0 })
  })

  it('say why they act, and why not, in the log of their home', async () => {
    const data = join(folder, 'data')
    const hungry = await decisions(data, 'home-01')
    const bought = hungry.find(({ rule, acted }) => rule === 'Buy missing energy' && acted === true)
    expect(bought?.msg).toMatch(/^Buys [\d.]+ kWh for at most .*, because .* will likely be missing/)
    const sellers = await decisions(data, 'home-02')
    const sold = sellers.find(({ rule, acted }) => rule === 'Sell spare energy' && acted === true)
    expect(sold?.msg).toMatch(
      /^Bids [\d.]+ SCT for [\d.]+ kWh by "Sell spare energy", because .* can be spared/,
    )
    const idle = sellers.find(({ rule, acted }) => rule === 'Buy missing energy' && acted === false)
    expect(idle?.msg).toBe('Does not buy energy, because the quota of energy will likely last.')
  })

  it('tell the neighbours of an offer by gossip, beside the chain', async () => {
    const heard = await readFile(join(folder, 'data', 'home-03', 'gateway.log'), 'utf8')
    expect(heard).toContain('word of an offer')
  })

  it('are recorded without any secret of the community or of a home', async () => {
    const text = await readFile(recording, 'utf8')
    const secrets = await secretsIn(join(folder, 'data'))
    expect(secrets.length).toBeGreaterThan(3 * HOMES)
    expect(secrets.filter((secret) => text.toLowerCase().includes(secret))).toEqual([])
  })

  it.skipIf(!browserIsHere())(
    'are followed in the recording, step by step, from the rule to the payment at three gateways',
    async () => {
      const { steps, foreign, complaints } = await followedTrade(recording)
      expect(complaints).toEqual([])
      expect(foreign).toEqual([])
      const said = steps.map(({ what }) => what)
      const inOrder = [
        /^home-\d+ rule: decides to buy/,
        /^home-\d+ determination: OFFERED$/,
        /^home-\d+ rule: decides to sell/,
        /^home-\d+ call receiveBid: included$/,
        /^home-\d+ negotiation: AWARDED$/,
        /^home-\d+ payment: PAID$/,
      ]
      const found = inOrder.map((words) => said.findIndex((what) => words.test(what)))
      expect(found, said.join('\n')).not.toContain(-1)
      // Its own machine and its neighbours hear of an offer at the same time, in whichever order.
      const [wants = -1, offered = -1, spares = -1, ...later] = found
      for (const heard of [offered, spares]) {
        expect([wants, heard, ...later]).toEqual([wants, heard, ...later].sort((a, b) => a - b))
      }
      expect(new Set(said.map((what) => what.split(' ')[0])).size).toBeGreaterThanOrEqual(3)
      const paid = steps[found.at(-1) ?? -1]
      expect(paid).toMatchObject({ active: expect.arrayContaining(['payment.paid']) as unknown, traced: 1 })
    },
    120_000,
  )

  it('leave a chain that can be verified', async () => {
    const { code, stdout } = await meterhood('verify', '--data', join(folder, 'data'), '--json')
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, ok: true, faults: [] })
  }, 120_000)
})
