import { z } from 'zod'
import { rpcCall } from '../../chain/network/rpc.ts'
import { verifyCommunity, type VerifyTarget } from '../../chain/verify/verify.ts'
import type { VerifyReport } from '../../chain/verify/report.ts'
import {
  foundCommunity,
  lastOf,
  shown,
  usedIn,
  type SentReading,
  type SpecCommunity,
  type SpecHome,
} from './community.ts'
import { flipped, lyingNode, type Lie } from './lying-node.ts'

/** Slots of each billing period, of 20, in which a home reports. */
export const SLOTS = [1, 5, 9, 15] as const
export const PERIODS = 3
/** Wh over the others that the last home uses in the second period: its quota is 1000. */
const GREED_WH = 1300

/**
 * A community that metered three billing periods: two closed with their totals published, and the excess of
 * one home asserted, demanded and opened.
 */
export async function meteredCommunity(count: number): Promise<SpecCommunity> {
  const community = await foundCommunity(count)
  await Promise.all(community.homes.map((home, number) => meter(community, home, number)))
  await community.publishTotal(community.firstPeriod, community.homes)
  await community.publishTotal(community.firstPeriod + 1, community.homes)
  await settleExcess(community, homeOf(community, count - 1))
  await stopTheClock(community)
  return community
}

/**
 * From here on a block is made only for a transaction, so that the chain does not grow while it is looked at.
 */
async function stopTheClock({ chain }: SpecCommunity): Promise<void> {
  await rpcCall(chain.rpc, 'evm_setIntervalMining', [0])
  await rpcCall(chain.rpc, 'evm_setAutomine', [true])
}

/** Four readings a period in one call each; the first home sends its slots one by one. */
async function meter(community: SpecCommunity, home: SpecHome, number: number): Promise<void> {
  for (let period = 0; period < PERIODS; period += 1) {
    const slots = SLOTS.map((slot) => (community.firstPeriod + period) * 20 + slot)
    const greedy = number === community.homes.length - 1 && period > 0 ? GREED_WH : 0
    const readings = slots.map((slot, index) =>
      community.seal(home, slot, 100 + 60 * period + 15 * index + greedy),
    )
    if (number > 0) await community.submit(home, readings)
    else for (const reading of readings) await community.submit(home, [reading])
  }
}

async function settleExcess(community: SpecCommunity, greedy: SpecHome): Promise<void> {
  const period = community.firstPeriod + 1
  const { value, blinding } = usedIn(greedy, period, 0)
  const about = [greedy.account, period, 1]
  await community.manage('quota', 'assertExcess', [...about, value - 1000n])
  await community.act(greedy, 'quota', 'demandOpening', about)
  const ends = [period - 1, shown(lastOf(greedy, period - 1)), shown(lastOf(greedy, period))]
  await community.manage('quota', 'openExcess', [...about, ...ends, value, blinding])
}

/** The home of that number, from 0. */
export function homeOf({ homes }: SpecCommunity, number: number): SpecHome {
  const home = homes[number]
  if (home === undefined) throw new Error(`the community has no home ${number}`)
  return home
}

/** Every reading that the chain took. */
export const readingsOf = ({ homes }: SpecCommunity): SentReading[] =>
  homes.flatMap(({ readings }) => readings)

/** A reading from the middle of the history. */
export function someReading(community: SpecCommunity): SentReading {
  const all = readingsOf(community)
  const reading = all[Math.floor(all.length / 2)]
  if (reading === undefined) throw new Error('the community has no reading')
  return reading
}

/** What `verify` is pointed at: the community's own node and all that contracts.json says. */
export function targetOf({ contracts, chain }: SpecCommunity): VerifyTarget {
  const { chainId, genesisHash } = contracts
  return { rpc: chain.rpc, contracts, chainId, genesisHash, rows: null }
}

/** The codes of the faults, each once, sorted. */
export const codes = (report: VerifyReport) => [...new Set(report.faults.map(({ code }) => code))].sort()

/** Verifies through a node that lies. */
export async function verifyThrough(target: VerifyTarget, lie: Lie): Promise<VerifyReport> {
  const node = await lyingNode(target.rpc, lie)
  try {
    return await verifyCommunity({ ...target, rpc: node.rpc })
  } finally {
    await node.close()
  }
}

/** The payload of a reading, hexadecimal without 0x: a text that appears nowhere else. */
export const payloadHex = ({ record }: SentReading) => Buffer.from(record.payload).toString('hex')

/** A lie that flips one bit of one byte of a reading's payload wherever one of the methods serves it. */
export function flipPayload(
  reading: SentReading,
  byte: number,
  bit: number,
  methods: readonly string[],
): Lie {
  const honest = payloadHex(reading)
  const lied = flipped(`0x${honest}`, byte, bit).slice(2)
  return (method, _, truth) => (methods.includes(method) ? replaced(truth, honest, lied) : truth)
}

/** A reply with one text in place of another, wherever it stands. */
export const replaced = (truth: unknown, honest: string, lied: string): unknown =>
  JSON.parse(JSON.stringify(truth).replaceAll(honest, lied)) as unknown

const blockShape = z.object({ number: z.string() })

/** Whether a reply is the block of that number. */
export const isBlock = (method: string, truth: unknown, number: number) =>
  method === 'eth_getBlockByNumber' && Number(blockShape.parse(truth).number) === number
