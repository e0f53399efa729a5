import fc from 'fast-check'
import { expect, it } from 'vitest'
import { OwnTurn } from '../../bin/host/market/own-turn.ts'

const accounts = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`)

/** When a home has its turns, in seconds. */
function turnsOf(account: string, seconds: number): number[] {
  const own = new OwnTurn(account)
  return Array.from({ length: seconds }, (_, second) => second).filter((second) => own.isDue(second * 1_000))
}

it('every home has its turn at once, and then every eight seconds', () => {
  fc.assert(
    fc.property(accounts, (account) => {
      const [first, ...others] = turnsOf(account, 80)
      expect(first).toBe(0)
      expect(others.length).toBeGreaterThanOrEqual(9)
      for (const [at, second] of others.slice(1).entries()) expect(second - (others[at] ?? 0)).toBe(8)
    }),
  )
})

it('homes have their turns at different moments', () => {
  const homes = Array.from(
    { length: 40 },
    (_, home) => `0x${(home * 0x9e3779).toString(16).padStart(40, '0')}`,
  )
  const later = homes.map((account) => turnsOf(account, 20)[1] ?? 0)
  const most = Math.max(
    ...Array.from({ length: 20 }, (_, second) => later.filter((each) => each === second).length),
  )
  expect(most).toBeLessThanOrEqual(10)
})
