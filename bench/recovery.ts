import { createRequire } from 'node:module'
import { randomBytes } from '@noble/hashes/utils.js'
import { createRecoveryPool } from '../actors/community-gateway/recovery/pool.ts'
import { keyPair, randomScalar, type KeyPair } from '../protocols/crypto/group.ts'
import { mergedSecret } from '../protocols/crypto/keys.ts'
import { applyConstant, kemPointOf, kemPointOfTransformed } from '../protocols/crypto/envelope.ts'
import { recoverReadings } from '../protocols/crypto/recover-reading.ts'
import { createSealer } from '../protocols/crypto/sealer.ts'
import { energyWh, powerW, unixMs, waterMl } from '../protocols/rules/units.ts'

/** One measured figure; `ok` is whether it keeps its limit. */
export interface BenchRow {
  readonly case: string
  readonly value: number
  readonly unit: string
  readonly limit: number | null
  readonly ok: boolean
  readonly baseline: number | null
}

/** DESIGN §14: what the community gateway must open and check in a second on one core, with noble alone. */
const READINGS_PER_SECOND_MIN = 200
/** Issue 5: recovering a delegated reading takes at most a tenth longer. */
const DELEGATED_MOST = 1.1
const BATCH = 64
const ROUNDS = 4

const operation = keyPair(randomScalar(randomBytes))
const home = '0x00000000000000000000000000000000000000aa'
const binding = { chainId: 1337, monitoring: home, sender: home, epoch: 1, slot: 1, delegation: 0 }

/**
 * Recovery with all its checks, and sealing. Figures for one core are by processor time, so that other work
 * on the machine does not count; those of the pool are by the wall clock.
 */
export async function run(): Promise<{ rows: BenchRow[] }> {
  const readings = sealMany(BATCH)
  const rows = [
    sealingRow(),
    recoveryRow(`recovery.batch${BATCH}`, readings, BATCH, READINGS_PER_SECOND_MIN),
    recoveryRow('recovery.batch8', readings, 8, null),
    recoveryRow('recovery.alone', readings, 1, null),
    delegatedRow(readings),
    ...secretRows(),
    await poolRow(readings),
  ]
  return { rows: [...rows, ...libsecpRow()] }
}

type Reading = Parameters<typeof recoverReadings>[0][number]

interface Recipient {
  readonly key: KeyPair
  readonly delegation: number
}
const DIRECT: Recipient = { key: operation, delegation: 0 }

const sealer = createSealer()

function sealOne(importWh: number, { key, delegation }: Recipient = DIRECT) {
  const essential = {
    flags: 0,
    sequence: importWh,
    t: unixMs(1),
    energyImportWh: energyWh(importWh),
    energyExportWh: energyWh(0),
    waterMl: waterMl(1),
    meanPowerW: powerW(1),
    peakPowerW: powerW(1),
  }
  const extended = {
    frames: [],
    importOffsetWh: energyWh(0),
    exportOffsetWh: energyWh(0),
    waterOffsetMl: waterMl(0),
  }
  return sealer.seal({ recipient: key.bytes, binding: { ...binding, delegation }, essential, extended })
}

function sealMany(count: number, recipient: Recipient = DIRECT): Reading[] {
  const { key, delegation } = recipient
  sealer.prepare(key.bytes)
  return Array.from({ length: count }, (_, index) => {
    const { payload } = sealOne(index, recipient)
    return { key, received: { binding: { ...binding, delegation }, payload } }
  })
}

function sealingRow(): BenchRow {
  const ms = processorMs(() => sealOne(1), 40)
  return row('sealing.reading', ms, 'ms', null)
}

function recoveryRow(
  name: string,
  readings: readonly Reading[],
  size: number,
  limit: number | null,
): BenchRow {
  const once = () => {
    for (let start = 0; start < readings.length; start += size) {
      const results = recoverReadings(readings.slice(start, start + size))
      if (!results.every(({ ok }) => ok)) throw new Error('a reading was refused')
    }
  }
  return row(name, (readings.length * 1000) / processorMs(once, ROUNDS), 'readings/s per core', limit)
}

/**
 * Processor time of recovering delegated readings (merged form) over that of direct ones, by turns so that
 * both meet the same machine.
 */
function delegatedRow(direct: readonly Reading[]): BenchRow {
  const { secret } = keyPair(randomScalar(randomBytes))
  const watched = keyPair(mergedSecret(secret, randomScalar(randomBytes)))
  const delegated = sealMany(direct.length, { key: watched, delegation: 7 })
  const msOf = (readings: readonly Reading[]): number => processorMs(() => recoverReadings(readings), 1)
  const pairs = Array.from({ length: ROUNDS }, () => [msOf(direct), msOf(delegated)] as const)
  const best = (index: 0 | 1): number => Math.min(...pairs.map((pair) => pair[index]))
  const ratio = rounded(best(1) / best(0))
  const limit = DELEGATED_MOST
  return { ...row('recovery.delegated', ratio, 'of direct', null), limit, ok: ratio <= limit }
}

/** Equations 6 and 7 one after the other, against the merged key that gives the same point. */
function secretRows(): BenchRow[] {
  const [base, constant, ephemeral] = [1, 2, 3].map(() => keyPair(randomScalar(randomBytes)))
  if (base === undefined || constant === undefined || ephemeral === undefined) return []
  const merged = processorMs(() => kemPointOf(operation.secret, ephemeral.point), 40)
  const twoSteps = processorMs(
    () => kemPointOfTransformed(base.secret, applyConstant(constant.secret, ephemeral.point)),
    40,
  )
  return [row('kem.merged', merged, 'ms', null), row('kem.two-steps', twoSteps, 'ms', null)]
}

async function poolRow(readings: readonly Reading[]): Promise<BenchRow> {
  const pool = createRecoveryPool()
  pool.setKeys([operation])
  const all = () =>
    Promise.all(readings.map(({ received }) => pool.recover({ recipient: operation.id, ...received })))
  await all()
  const began = performance.now()
  for (let round = 0; round < ROUNDS; round++) await all()
  const seconds = (performance.now() - began) / 1000
  await pool.close()
  return row('recovery.pool', (readings.length * ROUNDS) / seconds, 'readings/s by the wall clock', null)
}

/** The same secret multiplication by libsecp256k1, where somebody has installed npm `secp256k1`. */
function libsecpRow(): BenchRow[] {
  const library = libsecp()
  if (library === undefined) return []
  const secret = new Uint8Array(32).fill(7)
  const baseline = processorMs(() => kemPointOf(operation.secret, operation.point), 40)
  const ms = processorMs(() => library.publicKeyTweakMul(operation.bytes.slice(), secret), 400)
  return [{ ...row('kem.libsecp256k1', ms, 'ms', null), baseline: rounded(baseline) }]
}

interface Libsecp {
  publicKeyTweakMul(point: Uint8Array, secret: Uint8Array): Uint8Array
}

function isLibsecp(loaded: unknown): loaded is Libsecp {
  return typeof loaded === 'object' && loaded !== null && 'publicKeyTweakMul' in loaded
}

function libsecp(): Libsecp | undefined {
  try {
    const loaded: unknown = createRequire(import.meta.url)('secp256k1')
    return isLibsecp(loaded) ? loaded : undefined
  } catch {
    return undefined
  }
}

/** Processor time of one call, milliseconds: the best of three series, after one to warm up. */
function processorMs(work: () => unknown, times: number): number {
  const series = Array.from({ length: 4 }, () => {
    const before = process.cpuUsage()
    for (let count = 0; count < times; count++) work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000 / times
  })
  return Math.min(...series.slice(1))
}

function row(name: string, value: number, unit: string, limit: number | null): BenchRow {
  return {
    case: name,
    value: rounded(value),
    unit,
    limit,
    ok: limit === null || value >= limit,
    baseline: null,
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
