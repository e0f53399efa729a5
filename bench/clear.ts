import { randomInt } from 'node:crypto'
import { clear, type Clearing, type PricedOffer } from '../protocols/rules/clear.ts'
import type { BenchRow } from './recovery.ts'

/** DESIGN §14: clearing 10,000 sealed bids by the rule alone. */
const BIDS = 10_000
const MS_MOST = 1
const ROUNDS = 200

/** Milliseconds of the first call, before the code is compiled, and the median of many afterwards. */
function timed(work: () => Clearing<number | bigint>): { first: number; median: number } {
  const once = (): number => {
    const began = performance.now()
    if (work().winner === null) throw new Error('nobody won')
    return performance.now() - began
  }
  const first = once()
  const later = Array.from({ length: ROUNDS }, once).sort((a, b) => a - b)
  return { first, median: later[ROUNDS / 2] ?? Infinity }
}

function row(name: string, ms: number, limit: number | null = MS_MOST): BenchRow {
  const value = Number(ms.toPrecision(3))
  return { case: name, value, unit: 'ms', limit, ok: limit === null || value <= limit, baseline: null }
}

/** Offers of which each is lower than the one before: the winner and the second change at every step. */
function falling(): PricedOffer<number>[] {
  return Array.from({ length: BIDS }, (_, i) => ({ id: `o${i}`, price: 20_000_000 - i }))
}

function atRandom(): PricedOffer<number>[] {
  return Array.from({ length: BIDS }, (_, i) => ({ id: `o${i}`, price: randomInt(1_000_000, 30_000_000) }))
}

/** The clearing rule over 10,000 offers by the wall clock: with numbers, with the chain's big integers. */
export async function run(): Promise<{ rows: BenchRow[] }> {
  const cap = 25_000_000
  const random = atRandom()
  const worst = falling()
  const big = random.map(({ id, price }) => ({ id, price: BigInt(price) }))
  const cases = {
    random: timed(() => clear(random, cap)),
    falling: timed(() => clear(worst, cap)),
    bigint: timed(() => clear(big, BigInt(cap))),
  }
  const rows = Object.entries(cases).map(([name, { median }]) => row(`clear.10000.${name}`, median))
  return { rows: [row('clear.10000.first', cases.random.first, null), ...rows] }
}
