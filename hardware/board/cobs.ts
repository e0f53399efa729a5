import { Fault } from '../../protocols/rules/fault.ts'

/**
 * Consistent Overhead Byte Stuffing, so that zero only ever ends a frame. The closing zero is not included.
 */
export function cobsEncode(plain: Uint8Array): Uint8Array {
  const out = [0]
  let codeAt = 0
  for (const byte of plain) {
    if (byte !== 0) out.push(byte)
    if (byte === 0 || out.length - codeAt === 0xff) {
      out[codeAt] = out.length - codeAt
      codeAt = out.push(0) - 1
    }
  }
  out[codeAt] = out.length - codeAt
  return Uint8Array.from(out)
}

/**
 * Undoes {@link cobsEncode} for what stood between two zero bytes.
 * @throws Fault `bad-cobs` when a code byte points past the end, or a zero stands inside.
 */
export function cobsDecode(coded: Uint8Array): Uint8Array {
  const out: number[] = []
  let at = 0
  while (at < coded.length) {
    const code = coded[at] ?? 0
    const next = at + code
    if (code === 0 || next > coded.length) throw badCode(at, code)
    for (const byte of coded.subarray(at + 1, next)) {
      if (byte === 0) throw badCode(at, code)
      out.push(byte)
    }
    if (code !== 0xff && next < coded.length) out.push(0)
    at = next
  }
  return Uint8Array.from(out)
}

function badCode(at: number, code: number): Fault {
  return new Fault(
    'bad-cobs',
    `frame: byte ${at} is no COBS code (${code}); a byte was lost or added on the wire`,
    {
      at,
      code,
    },
  )
}
