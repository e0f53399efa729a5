import { SECRET_HEX, secretOf } from './crypto.ts'

const RUNS = new RegExp(`[0-9a-f]{${SECRET_HEX},}`, 'giu')
const SECRET_BYTES = SECRET_HEX / 2
const WORD_BYTES = 4
const HALVES = 2 ** 16

/** What nobody may say in the clear (I6): the secret halves of all keys of a community. */
export class Secrets {
  readonly #known = new Set<string>()
  /** The first words of all secrets: bytes that match none of them, which is nearly all, are passed over. */
  readonly #firstWords = new Set<number>()
  /** Half of each first word: looked at before the set, which costs ten times as much. */
  readonly #halves = new Uint8Array(HALVES)

  add(...names: readonly string[]): void {
    for (const name of names) {
      const secret = secretOf(name)
      this.#known.add(secret)
      const word = Buffer.from(secret, 'hex').readUInt32BE(0)
      this.#firstWords.add(word)
      this.#halves[word % HALVES] = 1
    }
  }

  /** Whether a text tells one of them in hex, wherever in it. */
  areIn(text: string): boolean {
    for (const [run] of text.matchAll(RUNS)) {
      for (let at = 0; at + SECRET_HEX <= run.length; at += 1) {
        if (this.#known.has(run.slice(at, at + SECRET_HEX).toLowerCase())) return true
      }
    }
    return false
  }

  /** Whether bytes hold one of them as it is. */
  areInBytes(bytes: Uint8Array): boolean {
    let word = 0
    for (let at = 0; at + SECRET_BYTES < bytes.length + WORD_BYTES; at += 1) {
      word = ((word << 8) | (bytes[at] ?? 0)) >>> 0
      if (this.#halves[word % HALVES] === 0 || at < WORD_BYTES - 1 || !this.#firstWords.has(word)) continue
      const from = at - WORD_BYTES + 1
      const found = Buffer.from(bytes.subarray(from, from + SECRET_BYTES)).toString('hex')
      if (this.#known.has(found)) return true
    }
    return false
  }
}
