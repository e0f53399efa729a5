import { z } from 'zod'
import { ORDER } from '../protocols/crypto/group.ts'
import { commit, encodePoints } from '../protocols/crypto/points.ts'
import { splitPayload, type ChainRecord } from '../protocols/messages/record.ts'
import { keccak256 } from 'ethers'
import {
  anyRecord,
  ContractLab,
  homeAddress,
  LAB_SETTINGS,
  type Call,
  type LabSettings,
} from './contract-lab.ts'
import { delegationRows } from './delegation-gas.ts'
import { marketRows } from './market-gas.ts'
import type { BenchRow } from './recovery.ts'

/** DESIGN §14: gas of one essential reading of 245 bytes, a whole transaction, once the ring is full. */
const LIMITS = { commitment: 52_000, commitmentOfFour: 32_000, storage: 95_000 } as const
/** Gas of two transactions may differ by the zero bytes of their arguments, 12 each, but not with L. */
const SAME_GAS = 200
/** Table 4 of the paper, "Monitoring": filling L records of 100 bytes once, at the prices of 2018. */
const PAPER = { L1: 84_400, L10000: 625_000_000 } as const

const HOME = homeAddress(1)
const MEMBERS = 40
const ENERGY = 1
const WINDOW = 50

type Profile = LabSettings['profile']

/**
 * Gas of the contracts' calls, read from receipts of an embedded chain. A ring of L = 10,000 is not filled by
 * 10,000 calls: the place that the measured record takes is written first by `anvil_setStorageAt`, as a full
 * ring would have it. Rings of 1 and 5 are really filled.
 */
export async function run(): Promise<{ rows: BenchRow[] }> {
  const chain = await ContractLab.chainOnly()
  try {
    const rows: BenchRow[] = []
    for (const profile of ['commitment', 'storage'] as const) {
      const settings = { ...LAB_SETTINGS, profile, slotsPerBilling: 100_000 }
      const one = await ContractLab.deploy(chain, { ...settings, L: 1 })
      const five = await ContractLab.deploy(chain, { ...settings, L: 5 })
      const most = await ContractLab.deploy(chain, { ...settings, L: 10_000 })
      rows.push(...(await readingRows(profile, one, five, most)))
    }
    const lab = await ContractLab.deploy(chain, {
      ...LAB_SETTINGS,
      L: 1,
      sampleMs: 60_000,
      windowBlocks: WINDOW,
    })
    rows.push(
      ...(await otherRows(lab)),
      ...(await openingRows(lab)),
      ...(await delegationRows(chain)),
      ...(await marketRows(chain)),
    )
    return { rows }
  } finally {
    await chain.stop()
  }
}

async function readingRows(
  profile: Profile,
  one: ContractLab,
  five: ContractLab,
  most: ContractLab,
): Promise<BenchRow[]> {
  const limit = LIMITS[profile]
  const ofFour = profile === 'commitment' ? LIMITS.commitmentOfFour : null
  const series = { one: await seriesOf(one), five: await seriesOf(five), most: await seriesOf(most) }
  await series.one.submit(1)
  const steady1 = await series.one.submit(1)
  const filling = await series.most.submit(1)
  const steady10000 = await series.most.submit(1, fillRing)
  await series.five.submit(4)
  await series.five.submit(4)
  const four = await series.five.submit(4)
  return [
    row(`${profile}.L1.steady`, steady1, limit, PAPER.L1),
    row(`${profile}.L10000.steady`, steady10000, limit, PAPER.L10000),
    row(`${profile}.growth`, Math.abs(steady10000 - steady1), SAME_GAS),
    row(`${profile}.x4`, Math.round(four / 4), ofFour),
    row(`${profile}.filling`, filling),
  ]
}

/**
 * A home that has sent its first record (which writes an anchor as well) and sends one slot after the other.
 */
async function seriesOf(lab: ContractLab) {
  await lab.found([HOME])
  let slot = (await lab.currentSlot()) - 60
  let sequence = 0
  const next = (): ChainRecord => anyRecord((slot += 1), (sequence += 1))
  const submit = async (count: number, prepare?: (lab: ContractLab, call: Call) => Promise<void>) => {
    const call = lab.submitCall(HOME, Array.from({ length: count }, next))
    await prepare?.(lab, call)
    return gasOf(lab, call)
  }
  await submit(1)
  return { submit }
}

const listSchema = z.object({
  accessList: z.array(z.object({ address: z.string(), storageKeys: z.array(z.string()) })),
})

/**
 * Writes the words that a call would write for the first time, so that it finds them as a full ring has them.
 */
async function fillRing(lab: ContractLab, { from, to, contract, name, args }: Call): Promise<void> {
  const request = { from, to, data: contract.encodeFunctionData(name, args) }
  const answer = await lab.rpc('eth_createAccessList', [request, 'latest'])
  const { accessList } = listSchema.parse(answer)
  const keys = accessList.flatMap((entry) => (entry.address === to.toLowerCase() ? entry.storageKeys : []))
  for (const key of keys) {
    const word = await lab.rpc('eth_getStorageAt', [to, key, 'latest'])
    if (BigInt(String(word)) === 0n) await lab.rpc('anvil_setStorageAt', [to, key, `0x${'5a'.repeat(32)}`])
  }
}

async function gasOf(lab: ContractLab, call: Call): Promise<number> {
  return (await lab.do(call)).gasUsed
}

async function otherRows(lab: ContractLab): Promise<BenchRow[]> {
  const homes = Array.from({ length: MEMBERS }, (_, index) => homeAddress(index + 1)).sort()
  await lab.found(homes)
  const rows: BenchRow[] = []
  const measure = async (name: string, call: Call) => rows.push(row(name, await gasOf(lab, call)))
  await lab.do(lab.asManager('revoke', HOME))
  await measure('admit', lab.asManager('admit', HOME, keccak256(HOME)))
  await measure('publishKey', lab.toMonitoring(HOME, 'publishKey', ...(await lab.keyOf(HOME))))
  const ids = await Promise.all(homes.slice(0, 10).map((home) => ownKeyId(lab, home)))
  const alarms = (count: number) => Array.from({ length: count }, (_, index) => anyBytes(177, index))
  await measure(
    'raiseAlarms.1',
    lab.asManager('raiseAlarms', 1, [HOME], [await ownKeyId(lab, HOME)], alarms(1)),
  )
  await measure('raiseAlarms.10', lab.asManager('raiseAlarms', 2, homes.slice(0, 10), ids, alarms(10)))
  const [totals, blindings] = [
    [123_456, 7_890, 1_234_567],
    [ORDER - 1n, ORDER - 2n, ORDER - 3n],
  ]
  await measure('publishTotal.40', lab.asManager('publishTotal', 1, homes, totals, blindings))
  return rows
}

async function ownKeyId(lab: ContractLab, home: string): Promise<unknown> {
  return (await lab.readMonitoring('operationKey', home))[2]
}

function anyBytes(length: number, seed: number): Uint8Array {
  return anyRecord(seed + 1, 1).payload.slice(0, length)
}

/**
 * A record that closes a billing period; then an excess of 300 Wh over 600, asserted, demanded and opened.
 */
async function openingRows(lab: ContractLab): Promise<BenchRow[]> {
  const period = Math.floor((await lab.currentSlot()) / LAB_SETTINGS.slotsPerBilling) + 1
  const first = period * LAB_SETTINGS.slotsPerBilling
  await lab.do(lab.quotaAsManager('setCommunityContract', period, 600, 1, 1))
  await lab.do(lab.quotaAsManager('allocate', 1, [HOME], [600], [1], [1]))
  await lab.do(lab.quotaAsManager('closeAllocation', 1))
  const start = withPoint(first - 1, 1, 10_000n, 5n)
  const end = withPoint(first, 2, 10_900n, 9n)
  const after = withPoint(first + LAB_SETTINGS.slotsPerBilling, 3, 11_000n, 3n)
  await lab.do(lab.submitCall(HOME, [start, end]))
  const closing = await gasOf(lab, lab.submitCall(HOME, [after]))
  await lab.do(lab.quotaAsManager('assertExcess', HOME, period, ENERGY, 300))
  await lab.do(lab.toQuota(HOME, 'demandOpening', HOME, period, ENERGY))
  const records = [evidence(start), evidence(end)]
  const call = lab.quotaAsManager('openExcess', HOME, period, ENERGY, period - 1, ...records, 900, 4)
  return [row('commitment.closingPeriod', closing), row('openExcess', await gasOf(lab, call))]
}

function withPoint(slot: number, sequence: number, value: bigint, rho: bigint): ChainRecord {
  const record = anyRecord(slot, sequence)
  const point = commit('energyImportWh', value, rho)
  const points = encodePoints([point, point, point, point])
  return { ...record, payload: Uint8Array.from([...record.payload.subarray(0, 113), ...points]) }
}

function evidence({ slot, sequence, epoch, extended, payload }: ChainRecord): Record<string, unknown> {
  const { envelope, points } = splitPayload(payload)
  return { slot, sequence, epoch, delegation: 0, envelopeHash: keccak256(envelope), points, extended }
}

function row(
  name: string,
  value: number,
  limit: number | null = null,
  baseline: number | null = null,
): BenchRow {
  return { case: name, value, unit: 'gas', limit, ok: limit === null || value <= limit, baseline }
}
