import { afterAll, describe, expect, it } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import { createTestModel } from 'xstate/graph'
import { determinationMachine } from '../../actors/auction/determination/machine.ts'
import { negotiationMachine } from '../../actors/auction/negotiation/machine.ts'
import { paymentMachine } from '../../actors/auction/payment/machine.ts'
import { Seen } from '../machines/coverage.ts'
import { transitionOf, transitionsOf } from '../machines/auction-steps.ts'
import { auctionModel, endsOf } from '../models/auction.ts'
import { tradingLab } from './trading-lab.ts'
import { World } from './world.ts'

const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  determination: determinationMachine,
  negotiation: negotiationMachine,
  payment: paymentMachine,
}

describe('the machines against the chain, through their model', () => {
  const lab = tradingLab(3)
  const seen = Object.fromEntries(Object.keys(MACHINES).map((name) => [name, new Seen()]))
  const taken = Object.fromEntries(Object.keys(MACHINES).map((name) => [name, new Set<string>()]))

  const paths = createTestModel(auctionModel).getSimplePaths({
    toState: (snapshot) => snapshot.status === 'done',
  })
  /** Every way to the end, but each event only as often as it takes to be met once. */
  const chosen = paths.filter((path, at) => {
    const events = path.steps.map(({ event }) => event.type)
    const before = new Set(paths.slice(0, at).flatMap(({ steps }) => steps.map(({ event }) => event.type)))
    return events.some((event) => !before.has(event))
  })

  it.each(
    chosen.map(
      (path) =>
        [
          path.steps
            .map(({ event }) => event.type)
            .slice(1)
            .join(' → '),
          path,
        ] as const,
    ),
  )('%s', { timeout: 240_000 }, async (_name, path) => {
    const world = new World(lab())
    for (const { event, state } of path.steps.slice(1)) {
      await world.do(event.type)
      const { buyer, seller } = endsOf(state)
      if (buyer !== null) expect(await world.stateOf('buyer')).toBe(buyer)
      if (seller !== null) expect(await world.stateOf('seller')).toBe(seller)
    }
    for (const step of world.steps) {
      const name = step.actor.split(':')[0] ?? ''
      const machine = MACHINES[name]
      if (machine === undefined) continue
      seen[name]?.note(step.before)
      seen[name]?.note(step.after)
      for (const each of transitionOf(machine, step)) taken[name]?.add(each)
    }
  })

  afterAll(() => {
    for (const [name, machine] of Object.entries(MACHINES)) {
      const all = transitionsOf(machine)
      const missing = all.filter((each) => !taken[name]?.has(each))
      const met = `${all.length - missing.length} of ${all.length} transitions`
      process.stdout.write(`${name}: ${met}${missing.map((each) => `; not ${each}`).join('')}\n`)
      expect(missing.length / all.length).toBeLessThanOrEqual(0.05)
      // A machine is never stored in the state that only chooses the role.
      expect(seen[name]?.missing(machine).filter((state) => state !== 'opening')).toEqual([])
    }
  })
})
