import { Fault } from '../../protocols/rules/fault.ts'

/** The fault that something throws; null when it throws none. */
export function faultOf(work: () => unknown): Fault | null {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown
    throw thrown
  }
  return null
}

/** The field that a fault names; undefined when nothing is thrown. */
export const fieldOf = (work: () => unknown) => faultOf(work)?.facts['field']
