import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { findGeth } from '../../chain/network/geth/install.ts'
import { gethPlaces } from '../../bin/host/cache-folder.ts'
import { meterhood } from './command.ts'

const geth = await findGeth(gethPlaces()).catch(() => null)

const count = z.number().int().min(0)
const Report = z.object({
  homes: z.array(z.object({ samples: count })),
  totals: z.object({
    samples: count,
    sealed: count,
    included: count,
    final: count,
    decrypted: count,
    lost: count,
    duplicates: count,
  }),
  chain: z.object({ kind: z.string(), chainId: count, blocks: count, signers: z.array(z.string()) }),
  contracts: z.object({ monitoring: z.string() }),
  trades: z.object({ awarded: count, delivered: count }),
})

const Verified = z.object({ ok: z.boolean(), checked: z.object({ envelopes: count }) })

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-geth-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Until rules have offered, bid, opened and settled. */
const ONE_AUCTION = '75s'
/** Twice that, for a machine on which no bid came in time. */
const ANOTHER = '150s'

/** A community of three homes on Geth, in the data folder of this test. */
async function run(duration: string) {
  const report = join(folder, 'report.json')
  const fixed = ['--chain', 'geth', '--homes', '3', '--boards', 'profile', '--block-time', '1', '--port', '0']
  const place = ['--data', join(folder, 'data'), '--report', report]
  const ended = await meterhood('start', ...fixed, ...place, '--period', '2', '--for', duration)
  return { ...ended, read: async () => Report.parse(JSON.parse(await readFile(report, 'utf8'))) }
}

describe.skipIf(geth === null)('a community on a chain with signers', () => {
  it('meters and trades on Geth, loses nothing, goes on from its folder, and verifies', async () => {
    const first = await run(ONE_AUCTION)
    expect(first.stderr).toBe('')
    const { totals, chain, contracts, homes, trades } = await first.read()
    expect(first.code).toBe(0)
    expect(chain.kind).toBe('geth')
    expect(new Set(chain.signers).size).toBe(3)
    for (const home of homes) expect(home.samples).toBeGreaterThanOrEqual(5)
    const all = { included: totals.sealed, decrypted: totals.sealed, final: totals.sealed }
    expect(totals).toMatchObject({ lost: 0, duplicates: 0, ...all })

    const again = await run(trades.awarded > 0 ? '16s' : ANOTHER)
    expect(again.stderr).toBe('')
    const second = await again.read()
    expect(second.contracts).toEqual(contracts)
    expect(second.chain).toMatchObject({ chainId: chain.chainId, signers: chain.signers })
    expect(second.chain.blocks).toBeGreaterThan(chain.blocks)
    expect(second.totals).toMatchObject({ lost: 0, duplicates: 0, decrypted: second.totals.sealed })
    expect(second.totals.sealed).toBeGreaterThan(totals.sealed)
    expect(trades.awarded + second.trades.awarded).toBeGreaterThan(0)

    const verified = await meterhood('verify', '--data', join(folder, 'data'), '--json')
    const { ok, checked } = Verified.parse(JSON.parse(verified.stdout))
    expect(ok).toBe(true)
    expect(checked.envelopes).toBe(second.totals.sealed)
  }, 700_000)

  it('says in one line that a folder holds the other kind of chain', async () => {
    await mkdir(join(folder, 'data', 'chain'), { recursive: true })
    await writeFile(join(folder, 'data', 'chain', 'chain.json'), '{}')
    const { code, stderr } = await run('16s')
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain('holds an embedded chain; leave --chain out')
  }, 120_000)
})
