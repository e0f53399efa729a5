import { execFile } from 'node:child_process'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Libsql from 'libsql'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { runVerify } from '../../bin/commands/verify.ts'
import type { SpecCommunity } from './community.ts'
import { flipped, lyingNode } from './lying-node.ts'
import { flipPayload, homeOf, meteredCommunity, payloadHex, someReading } from './metered.ts'
import { writeRows } from './rows.ts'

const entry = fileURLToPath(new URL('cli.ts', import.meta.url))

let community: SpecCommunity

beforeAll(async () => {
  community = await meteredCommunity(3)
})

afterAll(async () => {
  await community.stop()
})

interface Told {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command in a process of its own. */
const verifyProcess = (...args: string[]): Promise<Told> =>
  new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', entry, 'verify', ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })

/** The same command within this process, which starts in no time. */
async function verify(flags: Parameters<typeof runVerify>[0]): Promise<Told> {
  const said = { log: '', error: '' }
  for (const stream of ['log', 'error'] as const) {
    vi.spyOn(console, stream).mockImplementation((text: string) => {
      said[stream] += `${text}\n`
    })
  }
  const code = await runVerify(flags)
  return { code, stdout: said.log, stderr: said.error }
}

afterEach(() => {
  vi.restoreAllMocks()
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
const rpc = () => community.chain.rpc

describe('meterhood verify --rpc --contracts', () => {
  it('exits 0 with contracts.json, with a report that names its node, and with addresses', async () => {
    const { monitoring, quota, chainId } = community.contracts
    const report = join(community.folder, 'report.json')
    await writeFile(
      report,
      JSON.stringify({ contracts: { monitoring, quota }, chain: { chainId, rpc: rpc() } }),
    )
    const asProcess = await verifyProcess('--rpc', rpc(), '--contracts', contractsFile(), '--json')
    const others = [
      await verify({ rpc: rpc(), contracts: report, json: true }),
      await verify({ contracts: report, json: true }),
      await verify({ rpc: rpc(), contracts: `monitoring=${monitoring},quota=${quota}`, json: true }),
    ]
    for (const { code, stdout } of [asProcess, ...others]) {
      expect(code).toBe(0)
      expect(answer.parse(JSON.parse(stdout))).toMatchObject({ ok: true, faults: [], checked: { totals: 2 } })
    }
  })

  it('exits 1 with a sentence for each fault when the node lies', async () => {
    const reading = someReading(community)
    const node = await lyingNode(rpc(), flipPayload(reading, 150, 1, ['eth_getBlockReceipts']))
    const { code, stdout, stderr } = await verifyProcess('--rpc', node.rpc, '--contracts', contractsFile())
    await node.close()
    expect(stderr).toBe('')
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ +\d+ {2}blocks/)
    const { home, record } = reading
    expect(stdout).toContain(`calldata: the points that ${home} signed for slot ${record.slot}`)
  })

  const stranger = '0x00000000000000000000000000000000000000aa'
  it.each([
    [
      'a node that is away',
      () => ({ rpc: 'http://127.0.0.1:1', contracts: contractsFile() }),
      /no JSON-RPC node/,
    ],
    [
      'a missing file',
      () => ({ rpc: rpc(), contracts: '/nowhere/none.json' }),
      /--contracts .* cannot be read/,
    ],
    [
      'a bad address',
      () => ({ rpc: rpc(), contracts: 'monitoring=0x12,quota=0x34' }),
      /monitoring: expected 0x/,
    ],
    [
      'an empty address',
      () => ({ rpc: rpc(), contracts: `monitoring=${stranger},quota=${stranger}` }),
      /no resource monitoring contract/,
    ],
    ['a folder that is not there', () => ({ data: '/nowhere' }), /there is no such folder/],
    ['two places at once', () => ({ rpc: rpc(), data: '/nowhere' }), /--data and --rpc were both given/],
    ['nothing', () => ({}), /nothing to verify was named/],
  ])('exits 2 with one line that names %s and the fix', async (_, flags, says) => {
    const told = await verify(flags())
    expect(told).toMatchObject({ code: 2, stdout: '' })
    expect(told.stderr).toMatch(says)
    expect(told.stderr).toContain('; ')
    expect(told.stderr.trim().split('\n')).toHaveLength(1)
  })

  it('exits 2 as a process too', async () => {
    const { code, stderr } = await verifyProcess(
      '--rpc',
      'http://127.0.0.1:1',
      '--contracts',
      contractsFile(),
    )
    expect(code).toBe(2)
    expect(stderr).toContain('start the community or give the right --rpc')
  })
})

describe('meterhood verify --data', () => {
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
    const { code, stdout } = await verify({ data: folder, json: true })
    await cp(`${rows}.kept`, rows)
    for (const trace of ['-wal', '-shm']) await rm(rows + trace, { force: true })
    return { code, ...answer.parse(JSON.parse(stdout)) }
  }

  it('exits 0 on the saved chain, as honest as before it was saved, and leaves it as it is', async () => {
    const state = await readFile(join(folder, 'chain', 'state.json'))
    const { code, stdout } = await verifyProcess('--data', folder, '--json')
    expect(answer.parse(JSON.parse(stdout))).toMatchObject({ ok: true, faults: [], checked: { totals: 2 } })
    expect(code).toBe(0)
    expect((await readFile(join(folder, 'chain', 'state.json'))).equals(state)).toBe(true)
  })

  it('exits 0 while the community runs, though the newest reading is in no row yet', async () => {
    const home = homeOf(community, 1)
    const slot = (community.firstPeriod + 2) * 20 + 17
    await community.submit(home, [community.seal(home, slot, 2000)])
    expect((await verify({ data: community.folder })).code).toBe(0)
  })

  it('names one changed byte of a stored envelope', async () => {
    const { home, record } = someReading(community)
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
    const { home, record } = someReading(community)
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
    const field = `water_ml of the total of period ${community.firstPeriod}`
    expect(total.faults).toEqual([{ code: 'row-differs', home: null, slot: null, field }])
    expect([points.code, lost.code, moved.code, total.code]).toEqual([1, 1, 1, 1])
  })

  it('names one changed byte of the saved chain itself', async () => {
    const file = join(folder, 'chain', 'state.json')
    const honest = await readFile(file, 'utf8')
    const reading = someReading(community)
    const lied = honest.replaceAll(payloadHex(reading), flipped(`0x${payloadHex(reading)}`, 99).slice(2))
    expect(lied).not.toBe(honest)
    await writeFile(file, lied)
    const { code, stdout } = await verify({ data: folder, json: true })
    await writeFile(file, honest)
    expect(code).toBe(1)
    const place = { home: reading.home, slot: reading.record.slot }
    expect(answer.parse(JSON.parse(stdout)).faults).toContainEqual(expect.objectContaining(place))
  })

  it('needs no database over --rpc: without any the answer is the same, fault or none', async () => {
    const asked = { rpc: rpc(), contracts: contractsFile(), json: true } as const
    const before = await verify(asked)
    await rm(join(community.folder, 'community', 'gateway.sqlite'))
    expect(await verify(asked)).toEqual(before)
    const node = await lyingNode(rpc(), flipPayload(someReading(community), 7, 7, ['eth_getBlockReceipts']))
    expect((await verify({ ...asked, rpc: node.rpc })).code).toBe(1)
    await node.close()
    const { code, stderr } = await verify({ data: community.folder })
    expect(code).toBe(2)
    expect(stderr).toContain('gateway.sqlite is missing; use --rpc')
  })
})
