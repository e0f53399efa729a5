import type { EssentialData } from '../rules/reading.ts'
import { energyWh, powerW, unixMs, waterMl } from '../rules/units.ts'
import {
  readU64,
  requireLength,
  requireVersion,
  requireZero,
  viewOf,
  writeU32,
  writeU64,
  writeU8,
} from './integers.ts'

/** Bytes of E^t: fixed, so that its size says nothing. */
export const ESSENTIAL_BYTES = 64
export const ESSENTIAL_VERSION = 1

const AT = {
  flags: 1,
  reserved: 2,
  sequence: 4,
  t: 8,
  energyImportWh: 16,
  energyExportWh: 24,
  waterMl: 32,
  meanPowerW: 40,
  peakPowerW: 44,
  tail: 48,
} as const

/** E^t of eq. 1 on the wire, big-endian (DESIGN §4). Throws `bad-field` for a value out of its range. */
export function encodeEssential(data: EssentialData): Uint8Array {
  const bytes = new Uint8Array(ESSENTIAL_BYTES)
  const view = new DataView(bytes.buffer)
  bytes[0] = ESSENTIAL_VERSION
  writeU8(view, AT.flags, data.flags, 'flags')
  writeU32(view, AT.sequence, data.sequence, 'sequence')
  for (const name of ['t', 'energyImportWh', 'energyExportWh', 'waterMl'] as const) {
    writeU64(view, AT[name], data[name], name)
  }
  writeU32(view, AT.meanPowerW, data.meanPowerW, 'meanPowerW')
  writeU32(view, AT.peakPowerW, data.peakPowerW, 'peakPowerW')
  return bytes
}

/**
 * Reads E^t strictly: throws `bad-field` for a wrong length, version, reserved byte or a register beyond
 * 2^53 - 1.
 */
export function decodeEssential(bytes: Uint8Array): EssentialData {
  requireLength(bytes, ESSENTIAL_BYTES, 'essential')
  requireVersion(bytes, ESSENTIAL_VERSION, 'essential')
  requireZero(bytes, AT.reserved, AT.sequence, 'essential.reserved')
  requireZero(bytes, AT.tail, ESSENTIAL_BYTES, 'essential.reserved')
  const view = viewOf(bytes)
  return {
    flags: view.getUint8(AT.flags),
    sequence: view.getUint32(AT.sequence),
    t: unixMs(readU64(view, AT.t, 't')),
    energyImportWh: energyWh(readU64(view, AT.energyImportWh, 'energyImportWh')),
    energyExportWh: energyWh(readU64(view, AT.energyExportWh, 'energyExportWh')),
    waterMl: waterMl(readU64(view, AT.waterMl, 'waterMl')),
    meanPowerW: powerW(view.getUint32(AT.meanPowerW)),
    peakPowerW: powerW(view.getUint32(AT.peakPowerW)),
  }
}
