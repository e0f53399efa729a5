/** Whether code found on a chain is the compiled one, whatever values its immutable places were given. */
export function sameCode(
  found: string,
  compiled: string,
  immutables: readonly (readonly [number, number])[],
): boolean {
  return blank(found, immutables) === compiled
}

function blank(code: string, places: readonly (readonly [number, number])[]): string {
  let text = code
  for (const [start, length] of places) {
    const from = 2 + 2 * start
    text = text.slice(0, from) + '0'.repeat(2 * length) + text.slice(from + 2 * length)
  }
  return text
}
