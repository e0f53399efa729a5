import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { certified, conflictAmong, play, sealedByEnough, type World } from '../models/clique.ts'

/** Worlds in which signers go away and come back, and, with two places, the network splits and heals. */
function worlds(signers: number, liars: number, places: 1 | 2 = 2): fc.Arbitrary<World> {
  const place = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: places - 1 }) },
    { weight: 1, arbitrary: fc.constant(null) },
  )
  const each = fc.array(place, { minLength: signers, maxLength: signers })
  const spell = fc.record({ rounds: fc.integer({ min: 1, max: 12 }), places: each })
  return fc.record({
    signers: fc.constant(signers),
    liars: fc.constant(liars),
    seed: fc.integer(),
    spells: fc.array(spell, { minLength: 1, maxLength: 6 }),
  })
}

const together = (signers: number): World['spells'][number] => ({
  rounds: 30,
  places: Array.from({ length: signers }, () => 0),
})

describe('a chain whose signers vote', () => {
  it('never makes two blocks final that exclude each other: 5 signers, one of which lies', () => {
    const safe = fc.property(worlds(5, 1), (world) => conflictAmong(certified(play(world))) === null)
    fc.assert(safe, { numRuns: 200 })
  })

  it('nor with 3 signers that are away or split, none of which lies', () => {
    const safe = fc.property(worlds(3, 0), (world) => conflictAmong(certified(play(world))) === null)
    fc.assert(safe, { numRuns: 200 })
  })

  it('would make two final if one of 3 lied: 3 signers bear a crash and no lie', () => {
    const safe = fc.property(worlds(3, 1), (world) => conflictAmong(certified(play(world))) === null)
    expect(fc.check(safe, { numRuns: 2_000, endOnFailure: true }).failed).toBe(true)
  })

  it('would make two final if seals were counted instead of votes: 5 signers, one of which lies', () => {
    const safe = fc.property(worlds(5, 1), (world) => conflictAmong(sealedByEnough(play(world))) === null)
    expect(fc.check(safe, { numRuns: 5_000, endOnFailure: true }).failed).toBe(true)
  })

  it('goes on to make blocks final after signers were away, as many as may be', () => {
    for (const signers of [3, 5]) {
      const live = fc.property(worlds(signers, 0, 1), (world) => {
        const history = play({ ...world, spells: [...world.spells, together(signers)] })
        const newest = Math.max(...history.blocks.map(({ number }) => number))
        return newest - Math.max(0, ...certified(history).map(({ number }) => number)) < signers + 3
      })
      fc.assert(live, { numRuns: 40 })
    }
  })
})
