import { describe, expect, it } from 'vitest'
import { LISTED, nextStanding, type Sight, type Standing } from '../../../chain/network/geth/dialling.ts'

const UP = { connected: true, answers: null } as const
const CALM = { connected: true, answers: true } as const
const DEAF = { connected: true, answers: false } as const
const GONE = { connected: false, answers: false } as const
const BACK = { connected: false, answers: true } as const
const NOT_LOOKED = { connected: false, answers: null } as const

/** What comes of looks a second apart; the first is at 100 s. */
function after(seen: readonly Omit<Sight, 'first' | 'nowMs'>[], first: boolean, from = LISTED): Standing {
  return seen.reduce<Standing>(
    (was, sight, at) => nextStanding(was, { ...sight, first, nowMs: 100_000 + at * 1_000 }),
    from,
  )
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

describe('A member that a chain node lost', () => {
  it('is taken off Geth’s list when its port does not answer, and put back when it does', () => {
    expect(after([UP, GONE], true).listed).toBe(false)
    const long = after([UP, ...times(40, GONE)], true)
    expect(long.listed).toBe(false)
    expect(after([BACK], true, { ...long, restsUntilMs: 0 }).listed).toBe(true)
  })

  it('is taken off the list before Geth notices, when two knocks in a row are not answered', () => {
    expect(after([CALM, DEAF], true)).toMatchObject({ listed: true, misses: 1 })
    expect(after([DEAF, CALM, DEAF], true).listed).toBe(true)
    expect(after([DEAF, UP, DEAF], true)).toMatchObject({ listed: false, misses: 2 })
    // Geth dialled nobody in vain: it is put back with the first answer.
    expect(after([DEAF, DEAF, ...times(20, GONE), BACK], true).listed).toBe(true)
  })

  it('stays on the list while it answers, and while nobody looked', () => {
    expect(after([UP, BACK, BACK], true).listed).toBe(true)
    expect(after([UP, NOT_LOOKED], true).listed).toBe(true)
    expect(after([UP, GONE, NOT_LOOKED], true).listed).toBe(false)
  })

  it('is not put back before Geth would dial it again: so the other end, which may, does', () => {
    expect(after([UP, GONE, ...times(30, BACK)], true).listed).toBe(false)
    expect(after([UP, GONE, ...times(40, BACK)], true).listed).toBe(true)
    const neverDialled = { ...LISTED, listed: false }
    expect(after([GONE, BACK], true, neverDialled).listed).toBe(true)
  })

  it('was dialled in vain as well when it was not there as the node began', () => {
    expect(after([GONE, ...times(30, BACK)], true).listed).toBe(false)
    expect(after([GONE, ...times(40, BACK)], true).listed).toBe(true)
  })

  it('is left to the other end first, where that dials first', () => {
    const unlisted = { ...LISTED, listed: false, connected: false }
    expect(after([BACK], false, unlisted).listed).toBe(false)
    expect(after([BACK, GONE, BACK], false, unlisted).listed).toBe(false)
    expect(after([BACK, BACK], false, unlisted).listed).toBe(true)
  })
})
