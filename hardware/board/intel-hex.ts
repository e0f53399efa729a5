import { badField } from '../../protocols/rules/fault.ts'

/** Flash of the boards' processor. */
export const FLASH_BYTES = 0x8000

const RECORD = /^:((?:[0-9A-Fa-f]{2}){5,})$/
const DATA = 0
const END = 1
const FIX = 'build it again: make -C hardware/firmware'

/**
 * The bytes that an Intel HEX file lays into a memory of `size` bytes (records 00 and 01, all that 32 KiB
 * need). `named` is what a message calls the file.
 * @throws Fault `bad-field` naming the line: no record, wrong checksum or type, outside the memory, no end.
 */
export function parseIntelHex(text: string, size: number, named = 'firmware'): Uint8Array {
  const memory = new Uint8Array(size)
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue
    const record = parseRecord(line, `${named} line ${index + 1}`)
    if (record.type === END) return memory
    if (record.address + record.data.length > size) {
      throw badField(`${named} line ${index + 1}`, `an address below ${size}`, record.address, FIX)
    }
    memory.set(record.data, record.address)
  }
  throw badField(named, 'an end record (:00000001FF)', 'none', FIX)
}

interface HexRecord {
  readonly type: number
  readonly address: number
  readonly data: Uint8Array
}

function parseRecord(line: string, field: string): HexRecord {
  const digits = RECORD.exec(line.trim())?.[1]
  if (digits === undefined) throw badField(field, 'an Intel HEX record', line, FIX)
  const bytes = Uint8Array.from(Buffer.from(digits, 'hex'))
  const sum = bytes.reduce((total, byte) => total + byte, 0) & 0xff
  if (sum !== 0) throw badField(field, 'a checksum that makes the sum 0', sum, FIX)
  const [count = 0, high = 0, low = 0, type = 0] = bytes
  if (count !== bytes.length - 5) throw badField(field, `${count} data bytes`, bytes.length - 5, FIX)
  if (type !== DATA && type !== END) throw badField(field, 'record type 00 or 01', type, FIX)
  return { type, address: (high << 8) | low, data: bytes.subarray(4, 4 + count) }
}
