import { getBytes, keccak256 } from 'ethers'
import { ORDER } from '../../../protocols/crypto/group.ts'
import { commit, encodePoints, type PerQuantity } from '../../../protocols/crypto/points.ts'
import { splitPayload, type ChainRecord } from '../../../protocols/messages/record.ts'
import { anyRecord } from '../../../bench/contract-lab.ts'

/** A reading whose points truly commit to its values, in the order import, export, water, peak. */
export interface Metered {
  readonly record: ChainRecord
  readonly values: PerQuantity<bigint>
  readonly blindings: PerQuantity<bigint>
}

/** What a home's registers show at a slot. */
export interface Registers {
  readonly importWh: bigint
  readonly waterMl: bigint
  readonly peakW: bigint
}

export function metered(slot: number, sequence: number, registers: Registers): Metered {
  const base = anyRecord(slot, sequence)
  const values: PerQuantity<bigint> = [registers.importWh, 0n, registers.waterMl, registers.peakW]
  const rho = (at: number) => BigInt(keccak256(Uint8Array.from([at, ...base.extended]))) % ORDER
  const blindings: PerQuantity<bigint> = [rho(0), rho(1), rho(2), rho(3)]
  const points = encodePoints([
    commit('energyImportWh', values[0], blindings[0]),
    commit('energyExportWh', values[1], blindings[1]),
    commit('waterMl', values[2], blindings[2]),
    commit('peakPowerW', values[3], blindings[3]),
  ])
  const payload = Uint8Array.from([...base.payload.subarray(0, 113), ...points])
  return { record: { ...base, payload }, values, blindings }
}

/** A record as `openExcess` and `openPeak` take it. */
export function shown({ record }: Metered): Record<string, unknown> {
  const { envelope, points } = splitPayload(record.payload)
  const { slot, sequence, epoch, extended } = record
  return {
    slot,
    sequence,
    epoch,
    delegation: 0,
    envelopeHash: getBytes(keccak256(envelope)),
    points,
    extended,
  }
}

/** What opens the difference of two readings in one quantity. */
export function used(end: Metered, start: Metered, at: 0 | 2): readonly [bigint, bigint] {
  const blinding = (ORDER + end.blindings[at] - start.blindings[at]) % ORDER
  return [end.values[at] - start.values[at], blinding]
}
