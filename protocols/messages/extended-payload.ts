import { badField } from '../rules/fault.ts'
import type { ExtendedData } from '../rules/reading.ts'
import { energyWh, waterMl } from '../rules/units.ts'
import { readU64, requireLength, requireVersion, requireZero, viewOf, writeU64 } from './integers.ts'

/** Bytes of X^t, padded: its size says nothing of what a home owns. */
export const EXTENDED_BYTES = 1024
export const EXTENDED_VERSION = 1
/** Four frames of each of three boards: what a slot needs to be checked, and what fits. */
export const EXTENDED_FRAMES_MAX = 12
/** The longest frame of any board is well below; a longer one is not a frame. */
export const EXTENDED_FRAME_BYTES_MAX = 128

const AT = { count: 1, importOffsetWh: 2, exportOffsetWh: 10, waterOffsetMl: 18, frames: 26 } as const
const LENGTH_BYTES = 2

/** X^t of eq. 1 on the wire. Throws `bad-field` when there are too many frames or they do not fit. */
export function encodeExtended(data: ExtendedData): Uint8Array {
  if (data.frames.length > EXTENDED_FRAMES_MAX) {
    throw badField(
      'frames',
      `at most ${EXTENDED_FRAMES_MAX}`,
      data.frames.length,
      'keep the newest of each board',
    )
  }
  const bytes = new Uint8Array(EXTENDED_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set([EXTENDED_VERSION, data.frames.length])
  for (const name of ['importOffsetWh', 'exportOffsetWh', 'waterOffsetMl'] as const) {
    writeU64(view, AT[name], data[name], name)
  }
  let at: number = AT.frames
  for (const frame of data.frames) at = writeFrame(bytes, view, at, frame)
  return bytes
}

/** Reads X^t strictly: throws `bad-field` for a wrong length, version, count, frame length or padding. */
export function decodeExtended(bytes: Uint8Array): ExtendedData {
  requireLength(bytes, EXTENDED_BYTES, 'extended')
  requireVersion(bytes, EXTENDED_VERSION, 'extended')
  const view = viewOf(bytes)
  const count = view.getUint8(AT.count)
  if (count > EXTENDED_FRAMES_MAX) throw badField('extended.count', `at most ${EXTENDED_FRAMES_MAX}`, count)
  const { frames, end } = readFrames(bytes, view, count)
  requireZero(bytes, end, EXTENDED_BYTES, 'extended.padding')
  return {
    frames,
    importOffsetWh: energyWh(readU64(view, AT.importOffsetWh, 'importOffsetWh')),
    exportOffsetWh: energyWh(readU64(view, AT.exportOffsetWh, 'exportOffsetWh')),
    waterOffsetMl: waterMl(readU64(view, AT.waterOffsetMl, 'waterOffsetMl')),
  }
}

function writeFrame(bytes: Uint8Array, view: DataView, at: number, frame: Uint8Array): number {
  checkFrameLength(frame.length)
  const end = at + LENGTH_BYTES + frame.length
  if (end > EXTENDED_BYTES) throw badField('frames', `frames that fit ${EXTENDED_BYTES} bytes`, end)
  view.setUint16(at, frame.length)
  bytes.set(frame, at + LENGTH_BYTES)
  return end
}

function readFrames(bytes: Uint8Array, view: DataView, count: number): { frames: Uint8Array[]; end: number } {
  const frames: Uint8Array[] = []
  let at: number = AT.frames
  for (let index = 0; index < count; index++) {
    const start = at + LENGTH_BYTES
    const length = start <= EXTENDED_BYTES ? view.getUint16(at) : 0
    checkFrameLength(length)
    at = start + length
    if (at > EXTENDED_BYTES) throw badField('extended.frame', `frames that fit ${EXTENDED_BYTES} bytes`, at)
    frames.push(bytes.slice(start, at))
  }
  return { frames, end: at }
}

function checkFrameLength(length: number): void {
  if (length >= 1 && length <= EXTENDED_FRAME_BYTES_MAX) return
  throw badField('extended.frame.length', `1 to ${EXTENDED_FRAME_BYTES_MAX} bytes`, length)
}
