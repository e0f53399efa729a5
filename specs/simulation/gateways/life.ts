/** Where a gateway may be killed: the moments at which what is kept and what was done may part. */
export type KillPoint = 'before-commit' | 'after-commit' | 'before-send' | 'after-send'

/** What happens after a gateway's death never happens. */
export const NEVER: Promise<never> = new Promise(() => undefined)

/** One run of a gateway's process, from its start to its end: what it awaits after its end never comes. */
export class Life {
  readonly #killedAt: (point: KillPoint, life: Life) => boolean
  dead = false
  onDeath: () => void = () => undefined

  constructor(killedAt: (point: KillPoint, life: Life) => boolean) {
    this.#killedAt = killedAt
  }

  /** Passes a point at which it may be killed: false for the dead, who go no further. */
  passes(point: KillPoint): boolean {
    if (this.dead) return false
    if (!this.#killedAt(point, this)) return true
    this.kill()
    return false
  }

  /** Resolves at once for the living, never for the dead. */
  alive(): Promise<void> {
    return this.dead ? NEVER : Promise.resolve()
  }

  kill(): void {
    if (this.dead) return
    this.dead = true
    this.onDeath()
  }
}
