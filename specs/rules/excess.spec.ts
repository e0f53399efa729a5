import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  answerTo,
  excessAt,
  excessOver,
  isOpen,
  METERED,
  resourceNumber,
  type Excess,
  type ExcessEvent,
} from '../../protocols/rules/excess.ts'
import { MOST_VOID_ANCHORS, standingAnchor } from '../../protocols/rules/standing-anchor.ts'

const natural = fc.nat(1_000_000)
const anyExcess: fc.Arbitrary<Excess> = fc.record({
  state: fc.constantFrom('asserted', 'demanded', 'opened', 'final', 'withdrawn', 'void'),
  amount: fc.integer({ min: 1, max: 1_000_000 }),
  lastBlock: natural,
  value: fc.constant(null),
})

describe('an excess', () => {
  it('is numbered as the quota contract numbers its resource', () => {
    expect(METERED.map(resourceNumber)).toEqual([1, 2, 3])
  })

  it('is what was used above the quota, and unknown where nothing shows the use', () => {
    const use = fc.option(natural)
    const quotas = fc.record({ energyWh: natural, powerW: natural, waterMl: natural })
    fc.assert(
      fc.property(use, use, use, quotas, (energy, power, water, quota) => {
        const due = excessOver({ energy, power, water }, quota)
        const expected = (used: number | null, allowed: number) =>
          used === null ? null : Math.max(0, used - allowed)
        expect(due).toEqual({
          energy: expected(energy, quota.energyWh),
          power: expected(power, quota.powerW),
          water: expected(water, quota.waterMl),
        })
      }),
    )
  })

  it('does not exist before it is asserted', () => {
    expect(excessAt([], 10)).toBeNull()
    expect(excessAt([{ kind: 'demanded', block: 3, lastBlock: 9 }], 10)).toBeNull()
  })

  it('is withdrawn when its author voids it in time, and void when time does', () => {
    const asserted: ExcessEvent = { kind: 'asserted', block: 10, amount: 5, lastBlock: 20 }
    const demanded: ExcessEvent = { kind: 'demanded', block: 12, lastBlock: 22 }
    const voided = (block: number): ExcessEvent => ({ kind: 'void', block })
    expect(excessAt([asserted, voided(20)], 40)?.state).toBe('withdrawn')
    expect(excessAt([asserted, demanded, voided(22)], 40)?.state).toBe('withdrawn')
    expect(excessAt([asserted, demanded, voided(23)], 40)?.state).toBe('void')
    expect(excessAt([asserted, demanded], 22)?.state).toBe('demanded')
    expect(excessAt([asserted, demanded], 23)?.state).toBe('void')
    expect(excessAt([asserted], 20)?.state).toBe('asserted')
    expect(excessAt([asserted], 21)?.state).toBe('final')
  })

  it('keeps the number that was shown, and starts anew when it is asserted again', () => {
    const asserted: ExcessEvent = { kind: 'asserted', block: 10, amount: 5, lastBlock: 20 }
    const opened: ExcessEvent = { kind: 'opened', block: 12, amount: 5, value: 105 }
    expect(excessAt([asserted, opened], 99)).toEqual({
      state: 'opened',
      amount: 5,
      lastBlock: 20,
      value: 105,
    })
    const again: ExcessEvent = { kind: 'asserted', block: 30, amount: 7, lastBlock: 40 }
    expect(excessAt([asserted, { kind: 'void', block: 15 }, again], 31)).toEqual({
      state: 'asserted',
      amount: 7,
      lastBlock: 40,
      value: null,
    })
  })
})

describe('an opening that the other party of a trade demands', () => {
  const asserted: ExcessEvent = { kind: 'asserted', block: 10, amount: 5, lastBlock: 20 }
  const forced: ExcessEvent = { kind: 'forced', block: 12, lastBlock: 30 }
  const state = (amount: number): Excess => ({ state: 'forced', amount, lastBlock: 30, value: null })

  it('is of what was asserted, or of nothing', () => {
    expect(excessAt([forced], 12)).toEqual(state(0))
    expect(excessAt([asserted, forced], 12)).toEqual(state(5))
    expect(excessAt([asserted, { kind: 'demanded', block: 11, lastBlock: 25 }, forced], 12)).toEqual(state(5))
  })

  it('does not count what was taken back, or what time had voided', () => {
    expect(excessAt([asserted, { kind: 'void', block: 11 }, forced], 12)).toEqual(state(0))
    expect(excessAt([asserted, { kind: 'void', block: 20 }], 20)?.state).toBe('withdrawn')
    expect(excessAt([asserted, { kind: 'void', block: 21 }], 21)?.state).toBe('void')
    expect(excessAt([asserted, { kind: 'void', block: 21 }, forced], 22)).toEqual(state(0))
  })

  it('leaves the excess unproved when it does not come', () => {
    expect(excessAt([forced], 30)?.state).toBe('forced')
    expect(excessAt([forced], 31)?.state).toBe('unproved')
    expect(excessAt([forced, { kind: 'unproved', block: 31 }], 31)?.state).toBe('unproved')
    expect(excessAt([asserted, { kind: 'final', block: 21 }], 21)?.state).toBe('final')
  })

  it('is answered with whatever the readings show', () => {
    expect(answerTo(state(5), 9, true)).toEqual({ do: 'open' })
    expect(answerTo(state(0), 0, false)).toEqual({ do: 'open' })
    expect(answerTo(state(5), null, false)).toEqual({ do: 'nothing' })
  })
})

describe('an excess that may still change', () => {
  it('is asserted, demanded or forced', () => {
    const open = (state: Excess['state']) => isOpen({ state, amount: 1, lastBlock: 1, value: null })
    const states = [
      'asserted',
      'demanded',
      'forced',
      'opened',
      'final',
      'withdrawn',
      'void',
      'unproved',
    ] as const
    expect(states.filter(open)).toEqual(['asserted', 'demanded', 'forced'])
    expect(excessAt([{ kind: 'final', block: 3 }], 9)).toBeNull()
  })
})

describe('the answer to an assertion', () => {
  it('opens only what is demanded and right, and takes back exactly what is wrong', () => {
    fc.assert(
      fc.property(
        anyExcess,
        fc.option(natural),
        fc.boolean(),
        fc.boolean(),
        (excess, other, same, refused) => {
          const due = same ? excess.amount : other
          const answer = answerTo(excess, due, refused)
          const right = due === excess.amount && !refused
          if (!isOpen(excess)) expect(answer.do).toBe('nothing')
          else if (!right) expect(answer.do).toBe('withdraw')
          else expect(answer.do).toBe(excess.state === 'demanded' ? 'open' : 'nothing')
        },
      ),
    )
  })

  it('says why it is taken back', () => {
    const excess: Excess = { state: 'demanded', amount: 5, lastBlock: 9, value: null }
    expect(answerTo(excess, null, false)).toEqual({ do: 'withdraw', why: 'cannot-be-shown' })
    expect(answerTo(excess, 4, true)).toEqual({ do: 'withdraw', why: 'amount-differs' })
    expect(answerTo(excess, 5, true)).toEqual({ do: 'withdraw', why: 'contract-refused' })
  })
})

describe('the anchor that stands', () => {
  const anchors = fc
    .uniqueArray(fc.nat(60), { minLength: 1, maxLength: 40 })
    .map((periods) => periods.sort((a, b) => b - a).map((period) => ({ period, slot: period * 10 + 3 })))

  it('is the newest one that is not void, at or before the period', () => {
    const voids = fc.uniqueArray(fc.nat(60))
    fc.assert(
      fc.property(anchors, voids, fc.nat(60), (all, gone, period) => {
        const isVoid = (slot: number) => gone.includes((slot - 3) / 10)
        const standing = standingAnchor(all, period, isVoid)
        const good = all.filter((each) => each.period <= period && !isVoid(each.slot))
        const stepped = all.filter(
          (each) => each.period <= period && each.period > (good[0]?.period ?? -1),
        ).length
        expect(standing).toEqual(stepped > MOST_VOID_ANCHORS ? null : (good[0] ?? null))
      }),
    )
  })

  it('is found behind sixteen void ones in a row, and no more', () => {
    const all = Array.from({ length: 18 }, (_, i) => ({ period: 30 - i, slot: 300 - i }))
    expect(standingAnchor(all, 30, (slot) => slot > 284)).toEqual({ period: 14, slot: 284 })
    expect(standingAnchor(all, 30, (slot) => slot > 283)).toBeNull()
    expect(standingAnchor(all, 12, () => false)).toBeNull()
    expect(standingAnchor(all, 13, () => false)).toEqual({ period: 13, slot: 283 })
    expect(standingAnchor(all, 30, () => true)).toBeNull()
  })
})
