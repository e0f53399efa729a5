import { describe, expect, it } from 'vitest'
import { LAB_SETTINGS } from '../../bench/contract-lab.ts'
import { CREDIT, marketLab, PART, TRADERS } from '../chain/contracts/market.ts'
import { Chance } from './chance.ts'
import { type Came, Drawing, plainValue, TwoChains } from './conformance.ts'

const CALLS = 320

/** What the model tells, with what the real contracts say under the same names. */
function compared(model: Came, real: Came): { model: unknown; real: unknown } {
  const order = (came: Came) =>
    [...came.told].sort((a, b) => (a.contract < b.contract ? -1 : a.contract > b.contract ? 1 : 0))
  const [ours, theirs] = [order(model), order(real)]
  return {
    model: ours.map(({ name, args }, index) => [name, ...sharedOf(args, theirs[index]?.args ?? {})]),
    real: theirs.map(({ name, args }, index) => [name, ...sharedOf(args, ours[index]?.args ?? {})]),
  }
}

const sharedOf = (of: object, other: object): string[] =>
  Object.entries(of)
    .filter(([key]) => key !== 'name' && key in other && Reflect.get(other, key) !== undefined)
    .map(([key, value]) => `${key}=${plainValue(value)}`)
    .sort()

describe('the simulated contracts', () => {
  const market = marketLab()

  it('answer drawn calls as the real ones do: same refusals, same events, same money', async () => {
    const lab = market()
    const chains = new TwoChains(lab, LAB_SETTINGS.windowBlocks)
    const homes = TRADERS.map((home) => home.toLowerCase())
    await chains.begin(homes, PART, CREDIT)
    const chance = new Chance('conformance 1')
    const drawing = new Drawing(chance, chains, homes, lab.lab.recipient)
    const met = new Map<string, number>()
    for (let i = 0; i < CALLS; i += 1) {
      const made = await drawing.next()
      const { real, model } = await chains.do(made)
      const about = `call ${i}: ${made.from} ${JSON.stringify(made.call).slice(0, 200)}`
      const boundary = real.refused === 'passed a moment later'
      if (!boundary) expect(model.refused, about).toBe(real.refused)
      const { model: ours, real: theirs } = compared(model, real)
      expect(ours, about).toEqual(theirs)
      const key = `${made.call.name} ${model.refused ?? 'done'}`
      met.set(key, (met.get(key) ?? 0) + 1)
      if (chance.hits(350_000)) await chains.pass(chance.whole(1, 14), chance.hits(400_000) ? 4 : 0)
      if (chance.hits(8_000)) await chains.pass(160, 8)
    }
    const { real, model } = await chains.balances(homes)
    expect(model).toEqual(real)
    // What was drawn must have met enough of the contracts for the comparison to mean something.
    expect([...met.keys()].length).toBeGreaterThan(25)
    for (const done of ['offer done', 'receiveBid done', 'submit done', 'checkWinner done']) {
      expect([...met.keys()]).toContain(done)
    }
  }, 240_000)
})
