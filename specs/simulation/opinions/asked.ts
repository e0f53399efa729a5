import { codeOf } from '../../../protocols/rules/fault.ts'

interface Checker {
  check(invariant: string, holds: boolean, text: () => string): void
}

const plain = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return `${value}n`
  return value === Infinity ? 'endless' : value
}
const textOf = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value, plain))

/** What a rule says, or the code of what it throws. */
function saidBy(rule: () => unknown): string {
  try {
    return textOf(rule())
  } catch (thrown) {
    return `throws ${codeOf(thrown)}`
  }
}

/** A refusal, as an opinion expects it. */
export class Refusal extends Error {}
const opinionOf = (opinion: () => unknown): string => {
  try {
    return textOf(opinion())
  } catch (thrown) {
    if (thrown instanceof Refusal) return `throws ${thrown.message}`
    throw thrown
  }
}

/** Who asks a rule and an opinion the same, and holds one against the other. */
export type Ask = (rule: string, given: unknown, says: () => unknown, should: () => unknown) => void

export const asking =
  (watch: Checker): Ask =>
  (rule, given, says, should) => {
    const [said, expected] = [saidBy(says), opinionOf(should)]
    watch.check(`the rule of ${rule} is as it is written`, said === expected, () => {
      return `${textOf(given)}: said ${said}, expected ${expected}`
    })
  }

/** For a value that no natural number within bounds may be. */
export function refuse(when: boolean, code = 'bad-field'): void {
  if (when) throw new Refusal(code)
}
