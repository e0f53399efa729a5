import { hexToBytes } from '@noble/hashes/utils.js'
import type { AlarmCode, AlarmResource, AlarmSeverity } from '../../protocols/messages/alarm-payload.ts'
import type { EssentialData, ExtendedData } from '../../protocols/rules/reading.ts'
import type { RandomSource } from '../../protocols/rules/clock.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../protocols/rules/units.ts'
import json from '../vectors/crypto/vectors.json' with { type: 'json' }

/** The vectors of specs/vectors/crypto/make_vectors.py, which shares no code with the product. */
export const vectors = json

export const bytes = hexToBytes

/** A scalar as the vectors write it. */
export function scalar(hex: string): bigint {
  return BigInt(`0x${hex}`)
}

/** A source that gives the wanted bytes in their order and then no more. */
export function scripted(chunks: readonly string[]): RandomSource {
  const left = [...chunks]
  return (length) => {
    const chunk = hexToBytes(left.shift() ?? '')
    if (chunk.length !== length)
      throw new Error(`the script has ${chunk.length} bytes, ${length} were asked for`)
    return chunk
  }
}

export function essentialOf(plain: (typeof json.readings)[number]['essential']): EssentialData {
  return {
    flags: plain.flags,
    sequence: plain.sequence,
    t: unixMs(plain.t),
    energyImportWh: energyWh(plain.energyImportWh),
    energyExportWh: energyWh(plain.energyExportWh),
    waterMl: waterMl(plain.waterMl),
    meanPowerW: powerW(plain.meanPowerW),
    peakPowerW: powerW(plain.peakPowerW),
  }
}

export function extendedOf(plain: typeof json.extended): ExtendedData {
  return {
    frames: plain.frames.map(hexToBytes),
    importOffsetWh: energyWh(plain.importOffsetWh),
    exportOffsetWh: energyWh(plain.exportOffsetWh),
    waterOffsetMl: waterMl(plain.waterOffsetMl),
  }
}

/** The alarm of the vectors, whose names the JSON file can only hold as text. */
export const alarmNames: { code: AlarmCode; severity: AlarmSeverity; resource: AlarmResource } = {
  code: 'quota-90',
  severity: 'warning',
  resource: 'energy',
}
