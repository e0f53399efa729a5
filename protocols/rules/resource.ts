import { badField } from './fault.ts'

/** What homes are metered by, have quotas of, and trade (paper §5.1). */
export const RESOURCES = ['energy', 'power', 'water'] as const
export type Resource = (typeof RESOURCES)[number]

/** The number that the contracts know a resource by: energy 1, power 2, water 3. */
export function resourceNumber(resource: Resource): 1 | 2 | 3 {
  return resource === 'energy' ? 1 : resource === 'power' ? 2 : 3
}

/** The resource that a contract's number means. Fault: `bad-field`. */
export function resourceOf(number: number | bigint): Resource {
  const found = RESOURCES[Number(number) - 1]
  if (found === undefined) throw badField('resource', '1 (energy), 2 (power) or 3 (water)', number)
  return found
}
