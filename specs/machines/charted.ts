import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from 'xstate'
import { type Chart, type Facts, factsOf, leavesOf } from '../simulation/opinions/chart.ts'
import { comeOf, faultOfBegin, faultOfStep } from '../simulation/opinions/machine-step.ts'

export interface Told {
  readonly type: string
  readonly [fact: string]: unknown
}

export interface Charted {
  readonly machine: AnyStateMachine
  readonly chart: Chart
  readonly inputs: readonly Facts[]
  readonly events: readonly Told[]
  /** What a machine remembers that decides how it goes on: places that differ in it are told apart. */
  readonly decides: readonly string[]
  /** Places that are far enough: a call may be refused for ever. */
  readonly isFar?: (context: Facts) => boolean
}

export interface Walked {
  /** Every step that the chart does not foresee, in words. */
  readonly faults: readonly string[]
  /** States that were reached: those in which the machine goes on, and those in which it is done. */
  readonly between: readonly string[]
  readonly ends: readonly string[]
}

/** More than any of these machines has: beyond it one goes on where its chart would end. */
const MOST_PLACES = 500

/** Tries every event in every place that a machine can reach, and holds each step against its chart. */
export function walked({ machine, chart, inputs, events, decides, isFar }: Charted): Walked {
  const faults: string[] = []
  const places = new Map<string, AnyMachineSnapshot>()
  const come = (snapshot: AnyMachineSnapshot, fault: string | null): void => {
    if (fault !== null) faults.push(fault)
    const context = factsOf(snapshot.context)
    const place = JSON.stringify([snapshot.value, decides.map((fact) => context[fact])])
    if (!places.has(place)) places.set(place, snapshot)
    if (places.size > MOST_PLACES) throw new Error(`${machine.id} never ends: ${place}`)
  }
  for (const input of inputs) {
    const [first, asked] = initialTransition(machine, input)
    come(first, faultOfBegin(chart, input, comeOf(first, asked)))
  }
  for (const before of places.values()) {
    if (before.status === 'done' || isFar?.(factsOf(before.context)) === true) continue
    for (const event of events) {
      const [next, asked] = transition(machine, before, event)
      come(next, faultOfStep(chart, before, event, comeOf(next, asked)))
    }
  }
  const reached = (wanted: AnyMachineSnapshot['status']): string[] => {
    const there = [...places.values()].filter(({ status }) => status === wanted)
    return [...new Set(there.flatMap(({ value }) => leavesOf(value)))].sort()
  }
  return { faults, between: reached('active'), ends: reached('done') }
}
