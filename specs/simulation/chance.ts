const WORD = 2 ** 32

/** A number of 32 bits from a text: FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/**
 * Chance that a seed decides (sfc32). Streams of different names are independent, so that what is drawn for
 * one thing does not move what is drawn for another.
 */
export class Chance {
  readonly #seed: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    this.#seed = seed
    this.#a = hashOf(`a:${seed}`)
    this.#b = hashOf(`b:${seed}`)
    this.#c = hashOf(`c:${seed}`)
    for (let i = 0; i < 12; i += 1) this.#next()
  }

  /** Another stream. */
  of(name: string): Chance {
    return new Chance(`${this.#seed}/${name}`)
  }

  /** From 0 up to below 1. */
  fraction(): number {
    return this.#next() / WORD
  }

  /** A whole number from `least` to `most`, both in it. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  /** True so often in a million. */
  hits(perMillion: number): boolean {
    return this.fraction() * 1_000_000 < perMillion
  }

  pick<T>(from: readonly T[]): T {
    const found = from[this.whole(0, from.length - 1)]
    if (found === undefined) throw new Error('nothing to pick from')
    return found
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}
