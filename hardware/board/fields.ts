import { badField } from '../../protocols/rules/fault.ts'

/** Reads big-endian fields one after the other; each read names its field, so that a fault can. */
export class FieldReader {
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }
  i16(): number {
    return this.#view.getInt16(this.#take(2))
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }
  i32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  /** A byte that is 0 or 1. */
  bit(field: string): boolean {
    const value = this.u8()
    if (value > 1) throw badField(field, '0 or 1', value)
    return value === 1
  }

  /** An unsigned 16-bit number no greater than `most`. */
  u16UpTo(field: string, most: number): number {
    const value = this.u16()
    if (value > most) throw badField(field, `at most ${most}`, value)
    return value
  }

  #take(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    return at
  }
}

/**
 * Writes big-endian fields one after the other; a value outside its field is refused with the field's name.
 */
export class FieldWriter {
  readonly #bytes: number[] = []

  u8(field: string, value: number): this {
    return this.#put(field, value, 0, 0xff, 1)
  }
  u16(field: string, value: number): this {
    return this.#put(field, value, 0, 0xffff, 2)
  }
  i16(field: string, value: number): this {
    return this.#put(field, value, -0x8000, 0x7fff, 2)
  }
  u32(field: string, value: number): this {
    return this.#put(field, value, 0, 0xffff_ffff, 4)
  }
  i32(field: string, value: number): this {
    return this.#put(field, value, -0x8000_0000, 0x7fff_ffff, 4)
  }
  bit(value: boolean): this {
    this.#bytes.push(value ? 1 : 0)
    return this
  }
  done(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  #put(field: string, value: number, least: number, most: number, width: number): this {
    if (!Number.isInteger(value) || value < least || value > most) {
      throw badField(field, `an integer from ${least} to ${most}`, value)
    }
    for (let shift = width - 1; shift >= 0; shift--) this.#bytes.push((value >> (8 * shift)) & 0xff)
    return this
  }
}
