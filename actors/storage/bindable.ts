import { badField } from '../../protocols/rules/fault.ts'

/**
 * A value as it may be bound to a query, or a `bad-field` fault. libsql ends the whole process on a
 * boolean, and both databases round a number that is no safe integer, so both stop here.
 */
export function bindable(value: unknown): unknown {
  if (value === null || value === undefined || typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) {
    if (Number.isInteger(value) && !Number.isSafeInteger(value))
      throw badField('column', 'a safe integer', value)
    return value
  }
  if (value instanceof Uint8Array) return value
  throw badField('column', 'text, a finite number, bytes or null', typeof value)
}
