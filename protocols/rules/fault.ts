/** Facts that a fault may carry: plain data, so that it can be logged, sent and compared. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>

/**
 * An error that is data first: machines branch on `code`, logs print `facts`, people read the message,
 * which names what was wrong and what to do next.
 */
export class Fault extends Error {
  readonly code: string
  readonly facts: Facts

  constructor(code: string, message: string, facts: Facts = {}) {
    super(message)
    this.name = 'Fault'
    this.code = code
    this.facts = facts
  }
}

/** A value as a message shows it, cut to what a line can hold. */
function shownAs(value: unknown): string {
  const shown = ['string', 'object'].includes(typeof value) ? JSON.stringify(value) : String(value)
  return shown.slice(0, 80)
}

/**
 * The fault of a value that came through a door: names the field, what was expected, what came, and the fix.
 */
export function badField(field: string, expected: string, got: unknown, fix?: string): Fault {
  const shown = shownAs(got)
  const message = `${field}: expected ${expected}, got ${shown}${fix === undefined ? '' : `; ${fix}`}`
  return new Fault('bad-field', message, { field, expected, got: shown })
}

/** The code of whatever was thrown: a fault's own, else `unexpected`. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Fault ? thrown.code : 'unexpected'
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
