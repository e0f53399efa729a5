import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { verifyCommunity, type VerifyTarget } from '../../chain/verify/verify.ts'
import { usedIn, type SpecCommunity } from './community.ts'
import { flipped } from './lying-node.ts'
import {
  codes,
  flipPayload,
  homeOf,
  isBlock,
  meteredCommunity,
  payloadHex,
  PERIODS,
  readingsOf,
  replaced,
  SLOTS,
  someReading,
  targetOf,
  verifyThrough,
} from './metered.ts'
import { rewrittenHistory } from './rewritten-history.ts'

const HOMES = 5

let community: SpecCommunity
let target: VerifyTarget

beforeAll(async () => {
  community = await meteredCommunity(HOMES)
  target = targetOf(community)
})

afterAll(async () => {
  await community.stop()
})

/** Applies a change to every object of a reply, however deep, that carries the key. */
function change(value: unknown, key: string, edit: (text: string, holder: object) => string): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => change(each, key, edit))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, each]: [string, unknown]) => {
    return [name, name === key && typeof each === 'string' ? edit(each, value) : change(each, key, edit)]
  })
  return Object.fromEntries(entries) as unknown
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

describe('verify, of the smallest community', () => {
  it('finds a single home whole: its total is a list of one', async () => {
    const alone = await meteredCommunity(1)
    const report = await verifyCommunity(targetOf(alone))
    await alone.stop()
    expect(report.faults).toEqual([])
    expect(report.checked).toMatchObject({ totals: 2, envelopes: PERIODS * SLOTS.length })
  })
})

describe('verify, of a node that lies, names', () => {
  it('a changed header', async () => {
    const report = await verifyThrough(target, (method, _, truth) =>
      isBlock(method, truth, 7) ? change(truth, 'gasUsed', () => '0x1') : truth,
    )
    expect(report.faults).toMatchObject([{ code: 'header-hash', home: null, field: 'header of block 7' }])
  })

  it('a block that does not follow from the one before', async () => {
    const report = await verifyThrough(target, (method, _, truth) =>
      isBlock(method, truth, 7) ? change(truth, 'parentHash', (hash) => flipped(hash, 5)) : truth,
    )
    expect(codes(report)).toEqual(['header-hash', 'parent-link'])
  })

  it('a block served in the place of another', async () => {
    const report = await verifyThrough(target, (method, _, truth) =>
      isBlock(method, truth, 7) ? change(truth, 'number', () => '0x8') : truth,
    )
    expect(codes(report)).toContain('parent-link')
  })

  it('receipts that hide a reading', async () => {
    const hidden = someReading(community)
    const report = await verifyThrough(target, (method, _, truth) => {
      if (method !== 'eth_getBlockReceipts' || !JSON.stringify(truth).includes(payloadHex(hidden)))
        return truth
      return change(truth, 'status', () => '0x0')
    })
    expect(codes(report)).toContain('receipts-root')
  })

  it('a transaction whose bytes were changed, and its home', async () => {
    const reading = someReading(community)
    const report = await verifyThrough(target, flipPayload(reading, 60, 3, ['eth_getBlockByNumber']))
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
    const report = await verifyThrough(target, (method, _, truth) => {
      if (method !== 'eth_getBlockByNumber') return truth
      return change(truth, 'from', (from) => (from === honest?.account ? (other?.account ?? '') : from))
    })
    expect(codes(report)).toContain('transaction-sender')
  })

  it('logs that differ from the receipts', async () => {
    const report = await verifyThrough(target, flipPayload(someReading(community), 200, 0, ['eth_getLogs']))
    expect(report.faults).toMatchObject([{ code: 'logs-differ' }])
    expect(report.faults[0]?.field).toMatch(/^data of a log of block \d+$/)
  })

  it('logs that leave one out', async () => {
    const report = await verifyThrough(target, (method, _, truth) =>
      method === 'eth_getLogs' && Array.isArray(truth) ? truth.slice(1) : truth,
    )
    expect(codes(report)).toEqual(['logs-differ'])
  })

  it('a contract account outside the state of the head', async () => {
    const report = await verifyThrough(target, (method, _, truth) =>
      method === 'eth_getProof' ? change(truth, 'storageHash', (hash) => flipped(hash, 0)) : truth,
    )
    expect(codes(report)).toEqual(['state-root'])
  })

  it('other code in the place of a contract', async () => {
    const report = await verifyThrough(target, (method, _, truth) =>
      method === 'eth_getCode' && typeof truth === 'string' ? flipped(truth, 100) : truth,
    )
    expect(codes(report)).toEqual(['contract-code'])
  })

  it('another chain id', async () => {
    const report = await verifyThrough(target, (method, _, truth) =>
      method === 'eth_chainId' ? '0x1' : truth,
    )
    expect(codes(report)).toContain('chain-id')
  })

  it('another first block', async () => {
    const report = await verifyCommunity({ ...target, genesisHash: flipped(target.genesisHash ?? '', 0) })
    expect(report.faults).toMatchObject([{ code: 'genesis' }])
  })

  it('a ring, a count, an anchor, a total, a quota or a balance that the events do not lead to', async () => {
    const answers = z.string()
    const report = await verifyThrough(target, (method, _, truth) => {
      if (method !== 'eth_call') return truth
      const hex = answers.parse(truth)
      return hex.length > 66 || BigInt(hex) > 10_000n ? flipped(hex, hex.length / 2 - 2) : hex
    })
    expect(codes(report)).toEqual(['anchor', 'digest', 'quota', 'state-differs', 'tokens', 'total'])
    const digest = report.faults.find(({ code }) => code === 'digest')
    expect(community.homes.map(({ account }) => account)).toContain(digest?.home)
    expect(digest?.slot).toBeGreaterThan(0)
  })

  it('an excess settled by an opening that does not open', async () => {
    const { blinding } = usedIn(homeOf(community, HOMES - 1), community.firstPeriod + 1, 0)
    const honest = blinding.toString(16).padStart(64, '0')
    const report = await verifyThrough(target, (method, _, truth) =>
      method === 'eth_getBlockByNumber'
        ? replaced(truth, honest, flipped(`0x${honest}`, 31).slice(2))
        : truth,
    )
    expect(codes(report)).toContain('opening')
    expect(codes(report)).toContain('transactions-root')
  })

  it('a whole history written anew with one reading changed: its home never signed it', async () => {
    const reading = someReading(community)
    const rewritten = await rewrittenHistory(
      target.rpc,
      payloadHex(reading),
      flipped(`0x${payloadHex(reading)}`, 40).slice(2),
    )
    const report = await verifyThrough(target, rewritten)
    expect(codes(report)).toContain('transaction-sender')
    expect(codes(report)).not.toContain('receipts-root')
    expect(codes(report)).not.toContain('header-hash')
    expect(codes(report)).not.toContain('parent-link')
  })

  it('any bit of any reading changed, wherever it is served, with its home and slot', async () => {
    const all = readingsOf(community)
    const everywhere = ['eth_getBlockReceipts', 'eth_getBlockByNumber', 'eth_getLogs']
    const anything = fc.record({
      index: fc.nat(all.length - 1),
      byte: fc.nat(244),
      bit: fc.nat(7),
      methods: fc.constantFrom(['eth_getBlockReceipts'], ['eth_getBlockReceipts', 'eth_getLogs'], everywhere),
    })
    await fc.assert(
      fc.asyncProperty(anything, async ({ index, byte, bit, methods }) => {
        const reading = all[index] ?? someReading(community)
        const report = await verifyThrough(target, flipPayload(reading, byte, bit, methods))
        expect(report.ok).toBe(false)
        expect(codes(report)).toContain('receipts-root')
        const place = { home: reading.home, slot: reading.record.slot }
        expect(report.faults).toContainEqual(expect.objectContaining(place))
      }),
      { numRuns: 6 },
    )
  }, 180_000)
})
