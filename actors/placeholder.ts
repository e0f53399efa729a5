/**
 * Stands for an effect in a pure machine. A live actor provides the real one; a machine that runs without it
 * fails with the effect's name instead of an opaque error.
 */
export function placeholder(effect: string): () => never {
  return () => {
    throw new Error(`the effect "${effect}" was not provided to this machine`)
  }
}

/** An effect that is told more than its name: what the live actor must know to do it. */
export type Effect<Params> = (details: unknown, params: Params) => void
