/** The hashes of the newest blocks of a chain by their heights, without a gap: as many as it has places. */
export class KnownHashes {
  readonly #places: (string | undefined)[]
  #lowest = 0
  #highest = -1

  constructor(places: number) {
    this.#places = new Array<string | undefined>(places).fill(undefined)
  }

  at(number: number): string | undefined {
    if (number < this.#lowest || number > this.#highest) return undefined
    return this.#places[number % this.#places.length]
  }

  /** Adds the block after the highest one; with any other one it begins anew. */
  push(number: number, hash: string): void {
    const places = this.#places.length
    if (number !== this.#highest + 1) this.#lowest = number
    this.#lowest = Math.max(this.#lowest, number - places + 1)
    this.#highest = number
    this.#places[number % places] = hash
  }

  /** Forgets all above a height. */
  cutAfter(number: number): void {
    this.#highest = Math.min(this.#highest, number)
    if (this.#highest < this.#lowest) this.clear()
  }

  clear(): void {
    this.#lowest = 0
    this.#highest = -1
  }
}
