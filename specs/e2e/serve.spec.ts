import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Interface } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { foundCommunity } from '../verify/community.ts'
import { lyingNode, type Lie } from '../verify/lying-node.ts'
import { meterhood, ongoing, type Ongoing } from './command.ts'

const Served = z.strictObject({ rpc: z.string(), chainId: z.number(), blocks: z.number() })
const Verified = z.object({
  ok: z.boolean(),
  checked: z.object({ envelopes: z.number(), totals: z.number() }),
  faults: z.array(z.object({ code: z.string(), home: z.string().nullable(), slot: z.number().nullable() })),
})
const Report = z.object({ contracts: z.object({ monitoring: z.string(), quota: z.string() }) })

const TOTAL = new Interface(monitoringAbi).getEvent('TotalPublished')?.topicHash ?? 'none'
const READING = new Interface(monitoringAbi).getEvent('Reading')?.topicHash ?? 'none'

const log = z.looseObject({ topics: z.array(z.string()), data: z.string() })
const Receipts = z.array(z.looseObject({ logs: z.array(log) }))

/** A node that tells another last digit of whatever an event of this kind says. */
const retold = (topic: string): Lie => {
  return (method, _, truth) => {
    if (method !== 'eth_getBlockReceipts') return truth
    return Receipts.parse(truth).map((receipt) => ({
      ...receipt,
      logs: receipt.logs.map((each) =>
        each.topics[0] === topic ? { ...each, data: edited(each.data) } : each,
      ),
    }))
  }
}

/** The data of an event with one digit changed, in its second word: no length, no offset. */
const edited = (data: string): string => {
  const at = 2 + 64 * 2 - 1
  return data.slice(0, at) + (data.charAt(at) === '0' ? '1' : '0') + data.slice(at + 1)
}

let folder = ''
let data = ''
let report = ''
let serving: Ongoing
let served: z.infer<typeof Served>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-serve-'))
  data = join(folder, 'data')
  report = join(folder, 'report.json')
  const place = ['--port', '0', '--data', data, '--report', report]
  const size = ['--homes', '2', '--boards', 'profile', '--period', '1', '--billing', '6s', '--for', '30s']
  const ended = await meterhood('start', ...place, ...size)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  for (const gateway of ['community', 'home-01', 'home-02']) await rm(join(data, gateway, 'gateway.sqlite'))
  serving = ongoing('chain', 'serve', '--data', data, '--json')
  served = Served.parse(JSON.parse(await serving.printed('\n')))
}, 240_000)

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function verify(rpc: string, contracts: string) {
  const { code, stdout, stderr } = await meterhood('verify', '--rpc', rpc, '--contracts', contracts, '--json')
  expect(stderr).toBe('')
  return { code, ...Verified.parse(JSON.parse(stdout)) }
}

async function verifyThrough(lie: Lie) {
  const node = await lyingNode(served.rpc, lie)
  const found = await verify(node.rpc, report)
  await node.close()
  return found
}

describe('the chain of a finished run, served again', () => {
  it('is whole by the report of the run, though every gateway’s database is gone', async () => {
    const found = await verify(served.rpc, report)
    expect(found).toMatchObject({ code: 0, ok: true, faults: [] })
    expect(found.checked.envelopes).toBeGreaterThanOrEqual(20)
    expect(found.checked.totals).toBeGreaterThanOrEqual(1)
    expect(served.blocks).toBeGreaterThan(18)
  }, 60_000)

  it('is whole by the addresses of its contracts alone', async () => {
    const { monitoring, quota } = Report.parse(JSON.parse(await readFile(report, 'utf8'))).contracts
    const found = await verify(served.rpc, `monitoring=${monitoring},quota=${quota}`)
    expect(found).toMatchObject({ code: 0, ok: true })
  }, 60_000)

  it('is not, where a node on the way tells another total', async () => {
    const { code, faults } = await verifyThrough(retold(TOTAL))
    expect(code).toBe(1)
    expect(faults.map((each) => each.code)).toContain('receipts-root')
    expect(faults.map((each) => each.code)).toContain('total')
  }, 60_000)

  it('is not, where a node on the way tells another envelope, and the home and slot are named', async () => {
    const { code, faults } = await verifyThrough(retold(READING))
    expect(code).toBe(1)
    expect(faults.some(({ home, slot }) => home !== null && slot !== null)).toBe(true)
  }, 60_000)

  it('ends at Ctrl+C, with its node', async () => {
    const ended = await serving.interrupt()
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout.trim().split('\n')).toHaveLength(1)
    await expect(fetch(served.rpc, { method: 'POST' })).rejects.toThrow()
  })

  it('says how to verify it, in words that can be copied', async () => {
    const again = ongoing('chain', 'serve', '--data', data)
    const said = await again.printed('Ctrl+C')
    const { code } = await again.interrupt()
    expect(said).toMatch(/verify +npx meterhood verify --rpc http:\S+ --contracts \S*contracts\.json/)
    expect(code).toBe(0)
  }, 60_000)

  it('is left to the community that runs in the folder, whose own RPC is told', async () => {
    const running = await foundCommunity(1)
    const { code, stdout, stderr } = await meterhood('chain', 'serve', '--data', running.folder)
    const { rpc } = running.chain
    await running.stop()
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain(`a community runs in it and serves this chain at ${rpc}; use that --rpc`)
  }, 60_000)

  it('refuses with one line what it cannot serve, naming it and the fix', async () => {
    const state = join(data, 'chain', 'state.json')
    const whole = await readFile(state)
    await writeFile(state, whole.subarray(0, whole.length / 2))
    const torn = await meterhood('chain', 'serve', '--data', data)
    await rm(state)
    const unsaved = await meterhood('chain', 'serve', '--data', data)
    const nowhere = await meterhood('chain', 'serve', '--data', join(folder, 'nowhere'))
    const foreign = await meterhood('chain', 'serve', '--data', folder)
    const port = await meterhood('chain', 'serve', '--data', data, '--port', 'many')
    expect(torn.stderr).toMatch(/state\.json: the node does not start from this saved chain .*; restore it/)
    expect(unsaved.stderr).toContain('the chain was not saved yet; let the community run')
    expect(nowhere.stderr).toContain('there is no such folder; give the folder')
    expect(foreign.stderr).toContain('is not the data folder of a community')
    expect(port.stderr).toContain('--port: expected a port')
    const refused = [torn, unsaved, nowhere, foreign, port]
    expect(refused.map(({ code }) => code)).toEqual([1, 1, 1, 1, 2])
    for (const { stderr, stdout } of refused) {
      expect(stderr.trim().split('\n')).toHaveLength(1)
      expect(stdout).toBe('')
    }
  }, 90_000)
})
