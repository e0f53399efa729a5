import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemRandom } from '../../bin/clock.ts'
import { rpcCall } from '../../chain/network/rpc.ts'
import { verifyCommunity, type VerifyTarget } from '../../chain/verify/verify.ts'
import { foundCommunity, strangerKey, type SpecCommunity } from './community.ts'
import {
  codes,
  flipPayload,
  homeOf,
  meteredCommunity,
  someReading,
  targetOf,
  verifyThrough,
} from './metered.ts'

let community: SpecCommunity
let target: VerifyTarget

beforeAll(async () => {
  community = await meteredCommunity(3)
  target = targetOf(community)
})

afterAll(async () => {
  await community.stop()
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
    const home = homeOf(community, 1)
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
    const home = homeOf(community, 2)
    const key = strangerKey()
    await community.publishStrangerKey(home, key, systemRandom(64))
    const report = await verifyCommunity(target)
    expect(report.faults.filter(({ code }) => code === 'operation-key')).toMatchObject([
      { home: home.account, field: 'proof' },
    ])
  })

  it('a whole reading declared void, and not one whose points are wrong', async () => {
    const home = homeOf(community, 0)
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

async function compareStored(stored: SpecCommunity): Promise<void> {
  const home = homeOf(stored, 0)
  const readings = [1, 2, 3].map((slot) => stored.seal(home, stored.firstPeriod * 20 + slot, 100 + slot))
  await stored.submit(home, readings)
  const honest = targetOf(stored)
  expect((await verifyCommunity(honest)).faults).toEqual([])
  const report = await verifyThrough(honest, flipPayload(someReading(stored), 20, 0, ['eth_call']))
  expect(report.faults).toMatchObject([{ code: 'digest', home: home.account, field: 'essentialAt' }])
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

describe('verify, of a node that goes on while it is looked at', () => {
  it('follows the new blocks, so that it asks for a state that the node still keeps', async () => {
    let further = 0
    const report = await verifyThrough(target, (method, _, truth) => {
      if (method === 'eth_getBlockReceipts' && further++ === 0)
        void rpcCall(target.rpc, 'anvil_mine', ['0x190'])
      return truth
    })
    expect(report.blocks).toBeGreaterThan(400)
    expect(codes(report)).not.toContain('state-differs')
  })
})
