import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AnyEventObject, type AnyMachineSnapshot, type AnyStateMachine, transition } from 'xstate'
import { catalogue } from '../../actors/catalogue.ts'
import { begun, pureStep } from '../../actors/pure-step.ts'

/** Facts that some event or input of some machine carries; each reads those that it knows. */
const small = fc.integer({ min: 0, max: 4 })
const facts = fc.record({
  ...{ slot: small, sequence: small, epoch: small, number: small, count: small, period: small },
  ...{ head: small, block: small, from: small, until: small, atMs: small, nowMs: small, bids: small },
  ...{ accepted: small, faulty: small, reveals: small, gasUsed: small, delegation: small, powerW: small },
  ...{ final: fc.boolean(), covered: fc.boolean(), replaces: fc.boolean(), ok: fc.boolean() },
  ...{ own: fc.boolean(), fair: fc.boolean(), again: fc.boolean() },
  role: fc.constantFrom('buyer', 'seller'),
  outcome: fc.constantFrom('awarded', 'lost', 'failed'),
  call: fc.constantFrom('refund', 'challengeDelivery', 'confirmResourceExchange', 'offer', 'revealBid'),
  what: fc.constantFrom('chain', 'community', 'boards'),
  reason: fc.constantFrom('late', 'NothingToRefund'),
  account: fc.constantFrom('0xa1', '0xb2'),
})
type Facts = typeof facts extends fc.Arbitrary<infer F> ? F : never

/** A snapshot as far as two of them are held against each other. */
interface Shown {
  readonly value: unknown
  readonly context: unknown
  readonly status: string
  readonly output: unknown
  readonly tags: Iterable<string>
}
const shownOf = ({ value, context, status, output, tags }: Shown) => {
  return { value, context, status, output, tags: [...tags] }
}

/** What a step came to, or that it cannot be taken with these facts. */
function outcomeOf(step: () => readonly [AnyMachineSnapshot, readonly { type: string; params: unknown }[]]): {
  next: AnyMachineSnapshot | null
  told: unknown
} {
  try {
    const [next, actions] = step()
    const asked = actions.map(({ type, params }) => ({ type, params }))
    return { next, told: { ...shownOf(next), asked } }
  } catch {
    return { next: null, told: 'cannot be taken' }
  }
}

/** Walks a machine and holds each step against the one that XState takes; gives how many it moved by. */
function walk(machine: AnyStateMachine, input: Facts, events: readonly AnyEventObject[]): number {
  let moved = 0
  let at = outcomeOf(() => begun(machine, input)).next
  for (const event of events) {
    if (at === null) return moved
    const before = at
    const planned = outcomeOf(() => pureStep(machine, before, event))
    expect(planned.told).toEqual(outcomeOf(() => transition(machine, before, event)).told)
    if (planned.next !== null && planned.next !== before) moved += 1
    at = planned.next ?? before
  }
  return moved
}

const steps = (machine: AnyStateMachine): fc.Arbitrary<AnyEventObject[]> =>
  fc.array(
    fc.tuple(fc.constantFrom(...machine.events.map(String)), facts).map(([type, of]) => ({ ...of, type })),
    { minLength: 20, maxLength: 60 },
  )

describe('a step by plan', () => {
  for (const [name, machine] of Object.entries<AnyStateMachine>(catalogue)) {
    it(`comes to what XState comes to, wherever ${name} is`, () => {
      let moved = 0
      fc.assert(
        fc.property(facts, steps(machine), (input, events) => {
          moved += walk(machine, input, events)
        }),
        { numRuns: 60 },
      )
      expect(moved).toBeGreaterThan(50)
    })
  }
})
