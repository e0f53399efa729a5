import { badField } from '../../protocols/rules/fault.ts'
import type { BoardKind } from '../../protocols/rules/reading.ts'
import { crc16 } from './crc.ts'
import { FieldWriter } from './fields.ts'
import { BOARD_KEY_BYTES } from './mac.ts'

/** What commissioning gives a board. */
export interface BoardIdentity {
  readonly kind: BoardKind
  readonly boardId: number
  /** Known to the board and the community gateway only. */
  readonly recordKey: Uint8Array
  /** Known to the board and its smart gateway only. */
  readonly linkKey: Uint8Array
}

/** Bytes of an ATmega328P's EEPROM. */
export const EEPROM_BYTES = 1024

/** The EEPROM of a commissioned board: "MH" 1 0, board id, record key, link key, CRC-16; the rest erased. */
export function eepromImage(identity: BoardIdentity): Uint8Array {
  for (const field of ['recordKey', 'linkKey'] as const) {
    const length = identity[field].length
    if (length !== BOARD_KEY_BYTES) throw badField(field, `${BOARD_KEY_BYTES} bytes`, length)
  }
  const id = new FieldWriter().u32('boardId', identity.boardId).done()
  const record = Uint8Array.of(0x4d, 0x48, 1, 0, ...id, ...identity.recordKey, ...identity.linkKey)
  const crc = crc16(record)
  const image = new Uint8Array(EEPROM_BYTES).fill(0xff)
  image.set(record)
  image.set([crc >> 8, crc & 0xff], record.length)
  return image
}
