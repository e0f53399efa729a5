import { Result, type ParamType } from 'ethers'

/**
 * The decoded values of an event or a call by their names. A list stays a list however short it is: ethers'
 * own `toObject` makes an object of a list of one or none.
 */
export function named(inputs: readonly ParamType[], values: Result): Record<string, unknown> {
  return Object.fromEntries(inputs.map((input, at) => [input.name, shapeOf(input, values[at])]))
}

function shapeOf(type: ParamType, value: unknown): unknown {
  if (!(value instanceof Result)) return value
  if (type.isArray()) return Array.from(value, (each: unknown) => shapeOf(type.arrayChildren, each))
  return named(type.components ?? [], value)
}
