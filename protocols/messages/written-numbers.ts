import { Fault, messageOf } from '../rules/fault.ts'

/** A number of a JSON text, digit for digit as it was written there. */
export class WrittenNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g
const STRING = 's'
const NUMBER = 'n'

/** Every string and every key is marked as one, every number becomes a string that is marked as a number. */
function marked(json: string): string {
  return json.replace(TOKEN, (token) =>
    token.startsWith('"') ? `"${STRING}${token.slice(1)}` : `"${NUMBER}${token}"`,
  )
}

function unmarked(_key: string, value: unknown): unknown {
  if (typeof value === 'string') {
    return value.startsWith(NUMBER) ? new WrittenNumber(value.slice(1)) : value.slice(1)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if (value instanceof WrittenNumber) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.slice(1), inner as unknown]))
}

/**
 * Parses JSON and keeps its numbers as they were written. `JSON.parse` alone rounds them to doubles, so that
 * a price with too many digits could not be told from another. @throws Fault `not-json`
 */
export function parseWritten(name: string, json: string): unknown {
  try {
    JSON.parse(json)
  } catch (thrown) {
    throw new Fault('not-json', `${name}: expected JSON (${messageOf(thrown)}); correct the file`, { name })
  }
  return JSON.parse(marked(json), unmarked)
}
