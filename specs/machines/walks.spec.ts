import { describe, expect, it } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import { catalogue } from '../../actors/catalogue.ts'
import { Chance } from '../simulation/chance.ts'
import { machineNames, walk } from '../simulation/opinions/machines.ts'

/** Enough that each line of a chart is walked some times in the time of a breath. */
const STEPS_PER_LINE = 20

describe('every machine goes as its chart says', () => {
  it.each(machineNames())('along steps that chance draws: %s', (name) => {
    const faults: string[] = []
    const check = (_: string, holds: boolean, text: () => string): void => {
      if (!holds) faults.push(text())
    }
    walk({ check }, name, new Chance(`walks/${name}`), STEPS_PER_LINE)
    expect(faults).toEqual([])
  })

  it('and all of the catalogue have one', () => {
    expect(machineNames()).toEqual(Object.keys(catalogue))
  })
})

describe.each(Object.entries(catalogue))('%s', (name, machine: AnyStateMachine) => {
  it('has the name by which it is drawn', () => {
    expect(machine.id).toBe(name.replaceAll(/-./gu, ([, letter = '']) => letter.toUpperCase()))
  })

  it('fails by the name of each effect that nobody provides', () => {
    const said = Object.entries(machine.implementations.actions).flatMap(([effect, action]) => {
      // What XState does itself, such as to remember, is told by its type.
      return typeof action !== 'function' || 'type' in action ? [] : [[effect, messageOf(action)]]
    })
    expect(said).not.toEqual([])
    expect(said).toEqual(
      said.map(([effect]) => [effect, `the effect "${effect}" was not provided to this machine`]),
    )
  })
})

function messageOf(effect: unknown): string {
  try {
    if (typeof effect === 'function') Reflect.apply(effect, undefined, [])
    return 'nothing'
  } catch (thrown) {
    return String(thrown).replace(/^Error: /u, '')
  }
}
