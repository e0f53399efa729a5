import { z } from 'zod'
import { badField } from '../rules/fault.ts'
import type { Preferences } from '../rules/preferences.ts'
import { RESOURCES } from '../rules/resource.ts'
import { hoursField } from './hours.ts'
import { addressField, expectedOf, naturalField } from './json-message.ts'

/** More than a community has homes. */
const BLOCKED_MOST = 256

const preferenceSchema = z.strictObject({
  resource: z.enum(RESOURCES),
  leastAmount: naturalField().min(1).default(1),
  mostAmount: naturalField().min(1).default(Number.MAX_SAFE_INTEGER),
  leastUnitMicroSct: naturalField().default(0),
  hours: hoursField().nullable().default(null),
  keptSurplus: naturalField().default(0),
})

const preferencesSchema = z.strictObject({
  preferences: z.array(preferenceSchema).max(RESOURCES.length),
  blocked: z.array(addressField()).max(BLOCKED_MOST).default([]),
})

/**
 * A home's preferences from plain JSON, amounts in Wh, W or mL, prices in micro-SCT by unit. @throws Fault
 * `bad-field`
 */
export function readPreferences(json: unknown): Preferences {
  const read = preferencesSchema.safeParse(json)
  if (!read.success) {
    const path = read.error.issues[0]?.path ?? []
    throw badField(['preferences', ...path.slice(1)].join('.'), expectedOf(read.error), 'another')
  }
  const { preferences } = read.data
  for (const { resource, leastAmount, mostAmount } of preferences) {
    if (preferences.filter((one) => one.resource === resource).length > 1) {
      throw badField('preferences.resource', 'each resource once', resource, 'remove the second one')
    }
    if (leastAmount > mostAmount) {
      throw badField(`preferences.${resource}.mostAmount`, `at least ${leastAmount}`, mostAmount)
    }
  }
  return read.data
}
