import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KnownHashes } from '../../chain/proxy/known-hashes.ts'

const PLACES = 5

type Change =
  | { readonly does: 'grow'; readonly branch: string }
  | { readonly does: 'jump'; readonly to: number }
  | { readonly does: 'cut'; readonly after: number }
  | { readonly does: 'clear' }

const heights = fc.nat(30)
const changes: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant('grow' as const), branch: fc.constantFrom('a', 'b') }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('jump' as const), to: heights }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('cut' as const), after: heights }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('clear' as const) }) },
)

/** What is to be known: the last of those that followed each other, as many as there are places. */
function told(
  known: (readonly [number, string])[],
  change: Change,
  hash: string,
): (readonly [number, string])[] {
  const last = known.at(-1)?.[0]
  switch (change.does) {
    case 'clear':
      return []
    case 'cut':
      return known.filter(([number]) => number <= change.after)
    case 'jump':
      return [...(change.to - 1 === last ? known : []), [change.to, hash] as const].slice(-PLACES)
    case 'grow':
      return [...known, [(last ?? -1) + 1, hash] as const].slice(-PLACES)
  }
}

describe('The known hashes of a chain', () => {
  it('are those of the newest blocks without a gap, however the chain grows, forks and jumps', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 40 }), (all) => {
        const hashes = new KnownHashes(PLACES)
        let known: (readonly [number, string])[] = []
        all.forEach((change, step) => {
          const hash = `${step}${change.does === 'grow' ? change.branch : ''}`
          if (change.does === 'clear') hashes.clear()
          else if (change.does === 'cut') hashes.cutAfter(change.after)
          else hashes.push(change.does === 'jump' ? change.to : (known.at(-1)?.[0] ?? -1) + 1, hash)
          known = told(known, change, hash)
          for (let number = 0; number <= 60; number += 1) {
            expect(hashes.at(number)).toBe(known.find(([height]) => height === number)?.[1])
          }
        })
      }),
    )
  })
})
