import { execFile } from 'node:child_process'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import Libsql from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { VerifyReport } from '../../chain/verify/report.ts'
import { verifyCommunity, type VerifyTarget } from '../../chain/verify/verify.ts'
import { systemRandom } from '../../bin/clock.ts'
import {
  foundCommunity,
  lastOf,
  shown,
  strangerKey,
  usedIn,
  type SentReading,
  type SpecCommunity,
} from './community.ts'
import { flipped, lyingNode, type Lie } from './lying-node.ts'
import { rewrittenHistory } from './rewritten-history.ts'
import { writeRows } from './rows.ts'

const HOMES = 5
const PERIODS = 3
/** Wh: five homes use 60 Wh each in a period, the last one 1300 Wh in the second. */
const SLOTS = [1, 5, 9, 15] as const

let community: SpecCommunity
let target: VerifyTarget

/** Readings of the community: four a home and period, in one call each; the first home sends its slots one by one. */
async function meter(): Promise<void> {
  await Promise.all(
    community.homes.map(async (home, number) => {
      for (let period = 0; period < PERIODS; period += 1) {
        const slots = SLOTS.map((slot) => (community.firstPeriod + period) * 20 + slot)
        const greedy = number === HOMES - 1 && period > 0 ? 1300 : 0
        const readings = slots.map((slot, index) => {
          return community.seal(home, slot, 100 + 60 * period + 15 * index + greedy)
        })
        if (number > 0) await community.submit(home, readings)
        else for (const reading of readings) await community.submit(home, [reading])
      }
    }),
  )
}

/** The last home used 1300 Wh more than the others in the second period; its excess is asserted, demanded, opened. */
async function settleExcess(): Promise<void> {
  const greedy = community.homes.at(-1)
  if (greedy === undefined) throw new Error('no home')
  const period = community.firstPeriod + 1
  const { value, blinding } = usedIn(greedy, period, 0)
  const about = [greedy.account, period, 1]
  await community.manage('quota', 'assertExcess', [...about, value - 1000n])
  await community.act(greedy, 'quota', 'demandOpening', about)
  const ends = [period - 1, shown(lastOf(greedy, period - 1)), shown(lastOf(greedy, period))]
  await community.manage('quota', 'openExcess', [...about, ...ends, value, blinding])
}

beforeAll(async () => {
  community = await foundCommunity(HOMES)
  await meter()
  await community.publishTotal(community.firstPeriod, community.homes)
  await community.publishTotal(community.firstPeriod + 1, community.homes)
  await settleExcess()
  const { contracts, chain } = community
  target = {
    rpc: chain.rpc,
    contracts,
    chainId: contracts.chainId,
    genesisHash: contracts.genesisHash,
    rows: null,
  }
})

afterAll(async () => {
  await community.stop()
})

const codes = (report: VerifyReport) => [...new Set(report.faults.map(({ code }) => code))].sort()

/** Verifies through a node that lies. */
async function verifyThrough(lie: Lie): Promise<VerifyReport> {
  const node = await lyingNode(target.rpc, lie)
  try {
    return await verifyCommunity({ ...target, rpc: node.rpc })
  } finally {
    await node.close()
  }
}

/** Applies a change to every object of a reply, however deep, that carries the key. */
function change(value: unknown, key: string, edit: (text: string, holder: object) => string): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => change(each, key, edit))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, each]: [string, unknown]) => {
    return [name, name === key && typeof each === 'string' ? edit(each, value) : change(each, key, edit)]
  })
  return Object.fromEntries(entries) as unknown
}

const blockShape = z.object({ number: z.string() })
const isBlock = (method: string, truth: unknown, number: number) =>
  method === 'eth_getBlockByNumber' && Number(blockShape.parse(truth).number) === number

const payloadHex = ({ record }: SentReading) => Buffer.from(record.payload).toString('hex')

/** A lie that flips one bit of one byte of a reading's payload wherever one of the methods serves it. */
function flipPayload(reading: SentReading, byte: number, bit: number, methods: readonly string[]): Lie {
  const honest = payloadHex(reading)
  const lied = flipped(`0x${honest}`, byte, bit).slice(2)
  return (method, _, truth) => {
    if (!methods.includes(method)) return truth
    return JSON.parse(JSON.stringify(truth).replaceAll(honest, lied)) as unknown
  }
}

const anyReading = () => {
  const all = community.homes.flatMap(({ readings }) => readings)
  return all[Math.floor(all.length / 2)] ?? lastOf(community.homes[0] ?? fail(), community.firstPeriod)
}

function fail(): never {
  throw new Error('the community has no home')
}

describe('verify, on an honest chain', () => {
  it('finds the community whole and says how much it looked at', async () => {
    const report = await verifyCommunity(target)
    expect(report.faults).toEqual([])
    expect(report.ok).toBe(true)
    expect(report.checked).toEqual({
      keys: 2 + HOMES,
      envelopes: HOMES * PERIODS * SLOTS.length,
      commitments: HOMES * PERIODS * SLOTS.length,
      totals: 2,
      trades: 0,
      delegations: 0,
    })
  })
})

describe('verify, of a node that lies, names', () => {
  it('a changed header', async () => {
    const report = await verifyThrough((method, _, truth) =>
      isBlock(method, truth, 7) ? change(truth, 'gasUsed', () => '0x1') : truth,
    )
    expect(report.faults).toMatchObject([{ code: 'header-hash', home: null, field: 'header of block 7' }])
  })

  it('a block that does not follow from the one before', async () => {
    const report = await verifyThrough((method, _, truth) =>
      isBlock(method, truth, 7) ? change(truth, 'parentHash', (hash) => flipped(hash, 5)) : truth,
    )
    expect(codes(report)).toEqual(['header-hash', 'parent-link'])
  })

  it('a block served in the place of another', async () => {
    const report = await verifyThrough((method, _, truth) =>
      isBlock(method, truth, 7) ? change(truth, 'number', () => '0x8') : truth,
    )
    expect(codes(report)).toContain('parent-link')
  })

  it('receipts that hide a reading', async () => {
    const hidden = anyReading()
    const report = await verifyThrough((method, _, truth) => {
      if (method !== 'eth_getBlockReceipts' || !JSON.stringify(truth).includes(payloadHex(hidden)))
        return truth
      return change(truth, 'status', () => '0x0')
    })
    expect(codes(report)).toContain('receipts-root')
  })

  it('a transaction whose bytes were changed, and its home', async () => {
    const reading = anyReading()
    const report = await verifyThrough(flipPayload(reading, 60, 3, ['eth_getBlockByNumber']))
    expect(codes(report)).toEqual(['calldata', 'transaction-sender', 'transactions-root'])
    expect(report.faults).toContainEqual(
      expect.objectContaining({
        code: 'calldata',
        home: reading.home,
        slot: reading.record.slot,
        field: 'envelope',
      }),
    )
  })

  it('a transaction served under another sender', async () => {
    const [honest, other] = community.homes
    const report = await verifyThrough((method, _, truth) => {
      if (method !== 'eth_getBlockByNumber') return truth
      return change(truth, 'from', (from) => (from === honest?.account ? (other?.account ?? '') : from))
    })
    expect(codes(report)).toContain('transaction-sender')
  })

  it('logs that differ from the receipts', async () => {
    const report = await verifyThrough(flipPayload(anyReading(), 200, 0, ['eth_getLogs']))
    expect(report.faults).toMatchObject([{ code: 'logs-differ' }])
    expect(report.faults[0]?.field).toMatch(/^data of a log of block \d+$/)
  })

  it('logs that leave one out', async () => {
    const report = await verifyThrough((method, _, truth) =>
      method === 'eth_getLogs' && Array.isArray(truth) ? truth.slice(1) : truth,
    )
    expect(codes(report)).toEqual(['logs-differ'])
  })

  it('a contract account outside the state of the head', async () => {
    const report = await verifyThrough((method, _, truth) =>
      method === 'eth_getProof' ? change(truth, 'storageHash', (hash) => flipped(hash, 0)) : truth,
    )
    expect(codes(report)).toEqual(['state-root'])
  })

  it('other code in the place of a contract', async () => {
    const report = await verifyThrough((method, _, truth) =>
      method === 'eth_getCode' && typeof truth === 'string' ? flipped(truth, 100) : truth,
    )
    expect(codes(report)).toEqual(['contract-code'])
  })

  it('another chain id', async () => {
    const report = await verifyThrough((method, _, truth) => (method === 'eth_chainId' ? '0x1' : truth))
    expect(codes(report)).toContain('chain-id')
  })

  it('another first block', async () => {
    const report = await verifyCommunity({ ...target, genesisHash: flipped(target.genesisHash ?? '', 0) })
    expect(report.faults).toMatchObject([{ code: 'genesis' }])
  })

  it('a ring, a count, an anchor, a total or a quota that the events do not lead to', async () => {
    const answers = z.string()
    const report = await verifyThrough((method, _, truth) => {
      if (method !== 'eth_call') return truth
      const hex = answers.parse(truth)
      return hex.length > 66 || BigInt(hex) > 10_000n ? flipped(hex, hex.length / 2 - 2) : hex
    })
    expect(codes(report)).toEqual(['anchor', 'digest', 'quota', 'state-differs', 'total'])
    const digest = report.faults.find(({ code }) => code === 'digest')
    expect(community.homes.map(({ account }) => account)).toContain(digest?.home)
    expect(digest?.slot).toBeGreaterThan(0)
  })

  it('a whole history written anew with one reading changed: its home never signed it', async () => {
    const reading = anyReading()
    const rewritten = await rewrittenHistory(
      target.rpc,
      payloadHex(reading),
      flipped(`0x${payloadHex(reading)}`, 40).slice(2),
    )
    const report = await verifyThrough(rewritten)
    expect(codes(report)).toContain('transaction-sender')
    expect(codes(report)).not.toContain('receipts-root')
    expect(codes(report)).not.toContain('header-hash')
    expect(codes(report)).not.toContain('parent-link')
  })

  it('any bit of any reading changed, wherever it is served, with its home and slot', async () => {
    const all = community.homes.flatMap(({ readings }) => readings)
    const everywhere = ['eth_getBlockReceipts', 'eth_getBlockByNumber', 'eth_getLogs']
    const anything = fc.record({
      index: fc.nat(all.length - 1),
      byte: fc.nat(244),
      bit: fc.nat(7),
      methods: fc.constantFrom(['eth_getBlockReceipts'], ['eth_getBlockReceipts', 'eth_getLogs'], everywhere),
    })
    await fc.assert(
      fc.asyncProperty(anything, async ({ index, byte, bit, methods }) => {
        const reading = all[index] ?? anyReading()
        const report = await verifyThrough(flipPayload(reading, byte, bit, methods))
        expect(report.ok).toBe(false)
        expect(codes(report)).toContain('receipts-root')
        const place = { home: reading.home, slot: reading.record.slot }
        expect(report.faults).toContainEqual(expect.objectContaining(place))
      }),
      { numRuns: 8 },
    )
  })
})

describe('meterhood verify, as a process', () => {
  const entry = fileURLToPath(new URL('cli.ts', import.meta.url))

  const verify = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      execFile(process.execPath, ['--import', 'tsx', entry, 'verify', ...args], (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
      })
    })

  const answer = z.strictObject({
    ok: z.boolean(),
    checked: z.record(z.string(), z.number()),
    faults: z.array(
      z.strictObject({
        code: z.string(),
        home: z.string().nullable(),
        slot: z.number().nullable(),
        field: z.string(),
      }),
    ),
  })

  const contractsFile = () => join(community.folder, 'community', 'contracts.json')
  const rowsFile = () => join(community.folder, 'community', 'gateway.sqlite')

  it('exits 0 over --rpc with contracts.json, with a report, and with the addresses', async () => {
    const { monitoring, quota, chainId } = community.contracts
    const report = join(community.folder, 'report.json')
    await writeFile(
      report,
      JSON.stringify({ contracts: { monitoring, quota }, chain: { chainId, rpc: target.rpc } }),
    )
    const pairs = `monitoring=${monitoring},quota=${quota}`
    for (const contracts of [contractsFile(), report, pairs]) {
      const { code, stdout } = await verify('--rpc', target.rpc, '--contracts', contracts, '--json')
      expect(code).toBe(0)
      expect(answer.parse(JSON.parse(stdout))).toMatchObject({ ok: true, faults: [] })
    }
    expect((await verify('--contracts', report)).code).toBe(0)
  })

  it('exits 1 with a sentence for each fault when the node lies', async () => {
    const reading = anyReading()
    const node = await lyingNode(target.rpc, flipPayload(reading, 150, 1, ['eth_getBlockReceipts']))
    const { code, stdout } = await verify('--rpc', node.rpc, '--contracts', contractsFile())
    await node.close()
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ +\d+ {2}blocks/)
    expect(stdout).toContain(
      `calldata: the points that ${reading.home} signed for slot ${reading.record.slot}`,
    )
  })

  it('exits 2 with one line that names what cannot be read and the fix', async () => {
    const stranger = '0x00000000000000000000000000000000000000aa'
    const cases = [
      [['--rpc', 'http://127.0.0.1:1', '--contracts', contractsFile()], /no JSON-RPC node answers/],
      [
        ['--rpc', target.rpc, '--contracts', join(community.folder, 'none.json')],
        /--contracts .* cannot be read/,
      ],
      [['--rpc', target.rpc, '--contracts', 'monitoring=0x12,quota=0x34'], /monitoring: expected 0x and 40/],
      [
        ['--rpc', target.rpc, '--contracts', `monitoring=${stranger},quota=${stranger}`],
        /no resource monitoring contract/,
      ],
      [['--data', join(community.folder, 'nowhere')], /is not the chain of a community/],
      [['--json'], /nothing to verify was named/],
    ] as const
    const results = await Promise.all(cases.map(([args]) => verify(...args)))
    for (const [index, [, says]] of cases.entries()) {
      expect(results[index]).toMatchObject({ code: 2, stdout: '' })
      expect(results[index]?.stderr).toMatch(says)
      expect(results[index]?.stderr.trim().split('\n')).toHaveLength(1)
    }
  })

  describe('with the data folder', () => {
    let folder: string
    let rows: string

    beforeAll(async () => {
      await writeRows(community, [community.firstPeriod, community.firstPeriod + 1])
      await community.chain.save()
      folder = `${community.folder}-saved`
      await cp(community.folder, folder, { recursive: true })
      await rm(join(folder, 'chain', 'anvil.pid'))
      rows = join(folder, 'community', 'gateway.sqlite')
    })

    afterAll(async () => {
      await rm(folder, { recursive: true, force: true })
    })

    /** Runs SQL on the saved community's rows, verifies, and puts the rows back. */
    const after = async (sql: string, ...values: unknown[]) => {
      await cp(rows, `${rows}.kept`)
      const database = new Libsql(rows)
      database.prepare(sql).run(...values)
      database.close()
      const { code, stdout } = await verify('--data', folder, '--json')
      await cp(`${rows}.kept`, rows)
      return { code, ...answer.parse(JSON.parse(stdout)) }
    }

    it('exits 0 on the saved chain, every loaded block as honest as it was, and leaves it as it is', async () => {
      const state = await readFile(join(folder, 'chain', 'state.json'))
      const { code, stdout } = await verify('--data', folder, '--json')
      expect(answer.parse(JSON.parse(stdout))).toMatchObject({ ok: true, faults: [], checked: { totals: 2 } })
      expect(code).toBe(0)
      expect((await readFile(join(folder, 'chain', 'state.json'))).equals(state)).toBe(true)
    })

    it('exits 0 while the community runs, on its own node', async () => {
      expect((await verify('--data', community.folder)).code).toBe(0)
    })

    it('names one changed byte of a stored envelope', async () => {
      const { home, record } = anyReading()
      const wire = Buffer.from(record.payload.subarray(0, 113))
      wire[77] = (wire[77] ?? 0) ^ 1
      const told = await after(
        'update envelope set wire = ? where home = ? and slot = ?',
        wire,
        home,
        record.slot,
      )
      expect(told.code).toBe(1)
      expect(told.faults).toEqual([{ code: 'row-differs', home, slot: record.slot, field: 'wire' }])
    })

    it('names a changed point, a lost row, a row of nowhere and a changed total', async () => {
      const { home, record } = anyReading()
      const here = [home, record.slot] as const
      const points = await after(
        'update envelope set points = zeroblob(132) where home = ? and slot = ?',
        ...here,
      )
      expect(points.faults).toEqual([{ code: 'row-differs', home, slot: record.slot, field: 'points' }])
      const lost = await after('delete from envelope where home = ? and slot = ?', ...here)
      expect(lost.faults).toEqual([{ code: 'row-missing', home, slot: record.slot, field: 'envelope' }])
      const moved = await after('update envelope set slot = 1 where home = ? and slot = ?', ...here)
      expect(moved.faults.map(({ code }) => code).sort()).toEqual(['row-missing', 'row-unknown'])
      const total = await after(
        'update total set water_ml = water_ml + 1 where period = ?',
        community.firstPeriod,
      )
      expect(total.faults).toMatchObject([{ code: 'row-differs', home: null, slot: null }])
      expect([points.code, lost.code, moved.code, total.code]).toEqual([1, 1, 1, 1])
    })

    it('names one changed byte of the saved chain itself', async () => {
      const file = join(folder, 'chain', 'state.json')
      const honest = await readFile(file, 'utf8')
      const reading = anyReading()
      const lied = honest.replaceAll(payloadHex(reading), flipped(`0x${payloadHex(reading)}`, 99).slice(2))
      expect(lied).not.toBe(honest)
      await writeFile(file, lied)
      const { code, stdout } = await verify('--data', folder, '--json')
      await writeFile(file, honest)
      expect(code).toBe(1)
      const place = { home: reading.home, slot: reading.record.slot }
      expect(answer.parse(JSON.parse(stdout)).faults).toContainEqual(expect.objectContaining(place))
    })

    it('needs no database over --rpc: with all of them deleted the answer is the same, fault or none', async () => {
      const asked = ['--rpc', target.rpc, '--contracts', contractsFile(), '--json']
      const before = await verify(...asked)
      await rm(rowsFile())
      expect(await verify(...asked)).toEqual(before)
      const node = await lyingNode(target.rpc, flipPayload(anyReading(), 7, 7, ['eth_getBlockReceipts']))
      expect((await verify('--rpc', node.rpc, '--contracts', contractsFile())).code).toBe(1)
      await node.close()
      const { code, stderr } = await verify('--data', community.folder)
      expect(code).toBe(2)
      expect(stderr).toContain('gateway.sqlite is missing; use --rpc')
    })
  })
})

describe('verify, of wrongs that the contracts let through, names', () => {
  it('a total that its points do not add up to', async () => {
    // The third period is closed by one more reading of each home, then totalled 7 Wh too high.
    const slot = (community.firstPeriod + 3) * 20 - 1
    for (const home of community.homes) {
      await community.submit(home, [community.seal(home, slot, 3000), community.seal(home, slot + 1, 3010)])
    }
    await community.publishTotal(community.firstPeriod + 2, community.homes, 7n)
    const report = await verifyCommunity(target)
    const field = `energyImportWh of period ${community.firstPeriod + 2}`
    expect(report.faults).toMatchObject([{ code: 'total', home: null, slot: null, field }])
  })

  it('a reading whose point is not on the curve', async () => {
    const home = community.homes[1] ?? fail()
    const honest = community.seal(home, (community.firstPeriod + 3) * 20 + 2, 3400)
    const payload = Uint8Array.from(honest.record.payload)
    // No point of secp256k1 has x = 5.
    payload.set([2, ...new Uint8Array(31), 5], 113 + 33)
    await community.submit(home, [{ ...honest, record: { ...honest.record, payload } }])
    const report = await verifyCommunity(target)
    const place = { home: home.account, slot: honest.record.slot }
    const points = report.faults.filter(({ code }) => code === 'point')
    expect(points).toMatchObject([{ ...place, field: 'points.energyExportWh' }])
  })

  it('an operation key that does not grow from the delegation base', async () => {
    const home = community.homes[2] ?? fail()
    const key = strangerKey()
    await community.publishStrangerKey(home, key, systemRandom(64))
    const report = await verifyCommunity(target)
    expect(report.faults.filter(({ code }) => code === 'operation-key')).toMatchObject([
      { home: home.account, field: 'proof' },
    ])
  })

  it('a whole reading declared void, and not one whose points are wrong', async () => {
    const home = community.homes[3] ?? fail()
    const slot = (community.firstPeriod + 3) * 20 + 2
    const honest = community.seal(home, slot, 3500)
    const forged = community.seal(home, slot + 1, 3510, honest)
    await community.submit(home, [honest, forged])
    await community.voidReading(forged)
    expect(codes(await verifyCommunity(target))).not.toContain('void')
    await community.voidReading(honest)
    const voids = (await verifyCommunity(target)).faults.filter(({ code }) => code === 'void')
    expect(voids).toMatchObject([{ home: home.account, slot }])
  })
})

async function compareStored({
  homes,
  firstPeriod,
  seal,
  submit,
  contracts,
  chain,
}: SpecCommunity): Promise<void> {
  const home = homes[0] ?? fail()
  const readings = [1, 2, 3].map((slot) => seal(home, firstPeriod * 20 + slot, 100 + slot))
  await submit(home, readings)
  const honest = { rpc: chain.rpc, contracts, chainId: null, genesisHash: null, rows: null }
  expect((await verifyCommunity(honest)).faults).toEqual([])
  const node = await lyingNode(chain.rpc, flipPayload(readings[2] ?? anyReading(), 20, 0, ['eth_call']))
  const report = await verifyCommunity({ ...honest, rpc: node.rpc })
  expect(report.faults).toMatchObject([{ code: 'digest', home: home.account, field: 'essentialAt' }])
  await node.close()
}

describe('verify, of the storage profile', () => {
  it('compares the payloads kept in the contract as well', async () => {
    const stored = await foundCommunity(1, 'storage', 2)
    try {
      await compareStored(stored)
    } finally {
      await stored.stop()
    }
  })
})
