import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import type { Refusal } from '../messages.ts'

/** The status of each of the server's own faults; a fault of an action answers 409. */
const STATUS: Readonly<Record<string, number>> = {
  'bad-field': 400,
  'not-json': 415,
  'body-too-large': 413,
  'signed-out': 401,
  'wrong-token': 401,
  'foreign-origin': 403,
  'foreign-host': 421,
  'not-found': 404,
  'not-here': 404,
  'too-many-pages': 503,
  'too-many-requests': 429,
  'view-invalid': 500,
  unexpected: 500,
}

/** A refusal with its HTTP status. */
export interface Answer {
  readonly status: number
  readonly refusal: Refusal
}

/** Whatever was thrown while a request was served, as the answer to give; nothing internal is told. */
export function answerTo(thrown: unknown): Answer {
  const fault = asFault(thrown)
  const told = (name: string): string | null => {
    const value = fault.facts[name]
    return typeof value === 'string' ? value : null
  }
  const refusal = {
    code: fault.code,
    message: fault.message,
    field: told('field'),
    expected: told('expected'),
    fix: told('fix'),
  }
  return { status: STATUS[fault.code] ?? 409, refusal }
}

function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown
  if (hasZodFastifySchemaValidationErrors(thrown)) return fieldFault(thrown.validation)
  if (!hasStatus(thrown) || thrown.statusCode >= 500) {
    return new Fault('unexpected', 'the gateway could not answer; its log says why')
  }
  if (thrown.statusCode === 413) return bodyTooLarge()
  if (thrown.statusCode === 415) {
    return new Fault('not-json', 'an action is sent as JSON', {
      field: 'Content-Type',
      expected: 'application/json',
    })
  }
  const facts = { field: 'body', expected: 'one JSON object', fix: 'send valid JSON' }
  return new Fault('bad-field', `body: ${messageOf(thrown)}`, facts)
}

function fieldFault(issues: readonly { instancePath?: string; message?: string }[]): Fault {
  const issue = issues[0]
  const field = issue?.instancePath?.replace(/^\//, '').replaceAll('/', '.') ?? ''
  const name = field === '' ? 'body' : field
  const expected = issue?.message ?? 'a valid value'
  return new Fault('bad-field', `${name}: ${expected}`, { field: name, expected, fix: 'see /openapi.json' })
}

function bodyTooLarge(): Fault {
  return new Fault('body-too-large', 'the request is larger than an action ever is', {
    field: 'body',
    expected: 'at most 4096 bytes',
    fix: 'send one action a request',
  })
}

function hasStatus(thrown: unknown): thrown is Error & { statusCode: number } {
  return thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number'
}
