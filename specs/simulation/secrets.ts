import { SECRET_HEX, secretOf } from './crypto.ts'

const WINDOWS = new RegExp(`[0-9a-f]{${SECRET_HEX},}`, 'giu')

/** What nobody may say in the clear (I6): the secret halves of all keys of a community. */
export class Secrets {
  readonly #known = new Set<string>()

  add(...names: readonly string[]): void {
    for (const name of names) this.#known.add(secretOf(name))
  }

  get size(): number {
    return this.#known.size
  }

  /** Whether a text tells one of them, wherever in it. */
  areIn(text: string): boolean {
    for (const [run] of text.matchAll(WINDOWS)) {
      for (let at = 0; at + SECRET_HEX <= run.length; at += 1) {
        if (this.#known.has(run.slice(at, at + SECRET_HEX).toLowerCase())) return true
      }
    }
    return false
  }
}
