import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemRandom } from '../../../bin/clock.ts'
import { build, FORGE, forge, SLITHER, slither } from './forge.ts'

const folder = mkdtempSync(join(tmpdir(), 'games-'))
const MINUTES = 60_000

/** Random calls of the market, and how often at least each of these must be carried out in all games. */
const CALLS_LEAST = 100_000
const REACHED_LEAST: Readonly<Record<string, number>> = {
  award: 500,
  forfeit: 500,
  claim: 500,
  'delivered whole': 100,
  'delivered in part': 20,
  'delivered nothing': 100,
  accepted: 50,
  'challenge of the buyer': 50,
  'challenge of the seller': 50,
  open: 50,
  cancel: 50,
  withdraw: 150,
  freeze: 80,
  pause: 20,
  divide: 50,
  buy: 100,
}

/** Findings that are argued: rows of the decision page, | `detector` | place | why |. */
function argued(): string[] {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/decisions/094-slither.md'), 'utf8')
  return [...page.matchAll(/^\| `([a-z-]+)` \| `([^`]+)` \| .{20,} \|$/gm)].map(
    ([, detector = '', place = '']) => `${detector} ${place}`,
  )
}

/** What all games reached, by action. A game that forge repeats at its end counts once. */
function reachedIn(file: string): Map<string, number> {
  const games = readFileSync(file, 'utf8').trim().split('\n')
  const sums = new Map<string, number>()
  for (const game of new Set(games)) {
    for (const pair of game.split(',')) {
      const [action = '', count = ''] = pair.split('=')
      sums.set(action, (sums.get(action) ?? 0) + Number(count))
    }
  }
  return sums
}

describe.skipIf(FORGE === null)('The contracts of token and market, proved by forge', () => {
  beforeAll(async () => {
    const { code, said } = await build()
    expect(code, said).toBe(0)
  }, 15 * MINUTES)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('ends every order of up to four reveals as the rule says', { timeout: 10 * MINUTES }, async () => {
    const { code, said } = await forge(['test', '--match-contract', 'Orders$'])
    expect(code, said).toBe(0)
    expect(said).toContain('2 tests passed, 0 failed')
  })

  it('keeps every invariant through a hundred thousand random calls', { timeout: 20 * MINUTES }, async () => {
    const seed = `0x${Buffer.from(systemRandom(32)).toString('hex')}`
    const games = join(folder, 'games.csv')
    const { code, said } = await forge(['test', '--match-contract', 'Market$', '--fuzz-seed', seed], {
      GAMES: games,
    })
    expect(code, `seed ${seed}\n${said}`).toBe(0)
    const reached = reachedIn(games)
    expect(reached.get('tries')).toBeGreaterThanOrEqual(CALLS_LEAST)
    const rare = Object.entries(REACHED_LEAST).filter(([action, least]) => (reached.get(action) ?? 0) < least)
    expect(rare, `seed ${seed}: ${JSON.stringify([...reached])}`).toEqual([])
  })

  it.skipIf(SLITHER === null)(
    'has no high or medium finding of slither that is not argued, and argues none that is gone',
    { timeout: 15 * MINUTES },
    async () => {
      const found = await slither(folder)
      expect(found.length).toBeGreaterThan(0)
      const grave = found.filter(({ impact }) => impact === 'High' || impact === 'Medium')
      const named = grave.map(({ detector, place }) => `${detector} ${place}`)
      expect(named.sort()).toEqual(argued().sort())
    },
  )
})
