import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPreferences } from '../../protocols/messages/preferences.ts'
import { matches, type Outlook, type SeenRequest } from '../../protocols/rules/preferences.ts'
import { faultOf } from './household.ts'

const home = `0x${'11'.repeat(20)}`
const neighbour = `0x${'22'.repeat(20)}`
const blocked = `0x${'33'.repeat(20)}`

const PREFERENCES = readPreferences({
  preferences: [
    {
      resource: 'energy',
      leastAmount: 500,
      mostAmount: 4_000,
      leastUnitMicroSct: 200_000,
      hours: { from: '08:00', until: '22:00' },
      keptSurplus: 1_000,
    },
    { resource: 'power', hours: { from: '22:00', until: '06:00' } },
  ],
  blocked: [blocked],
})
const REQUEST: SeenRequest = { buyer: neighbour, resource: 'energy', amount: 4_000, lentFor: null }
const OUTLOOK: Outlook = {
  account: home,
  minute: 600,
  surplus: { energy: 5_000, power: 2_000, water: 9_000 },
  goingMicroSct: 210_000,
  ceilingMicroSct: 400_000,
}

const codes = (request: Partial<SeenRequest>, outlook: Partial<Outlook> = {}) => {
  const { matches: fits, because } = matches(
    PREFERENCES,
    { ...REQUEST, ...request },
    { ...OUTLOOK, ...outlook },
  )
  return [fits, ...because.map(({ code }) => code)]
}

describe('preferences of a home', () => {
  it('let a request through that fits them all, to the unit', () => {
    expect(codes({})).toEqual([true, 'fits'])
    expect(codes({ amount: 500 })).toEqual([true, 'fits'])
    expect(codes({}, { goingMicroSct: 200_000, ceilingMicroSct: 200_000 })).toEqual([true, 'fits'])
    expect(codes({}, { goingMicroSct: null, ceilingMicroSct: null })).toEqual([true, 'fits'])
  })

  it('hold back each request that does not, and say why', () => {
    expect(codes({ amount: 499 })).toEqual([false, 'amount'])
    expect(codes({ amount: 4_001 })).toEqual([false, 'amount', 'surplus'])
    expect(codes({}, { surplus: { energy: 4_999, power: 0, water: 0 } })).toEqual([false, 'surplus'])
    expect(codes({}, { goingMicroSct: 199_999 })).toEqual([false, 'price'])
    expect(codes({}, { goingMicroSct: null, ceilingMicroSct: 199_999 })).toEqual([false, 'price'])
    expect(codes({}, { minute: 479 })).toEqual([false, 'hours'])
    expect(codes({}, { minute: 1320 })).toEqual([false, 'hours'])
    expect(codes({ resource: 'water' })).toEqual([false, 'resource'])
    expect(codes({ buyer: blocked.toUpperCase().replace('X', 'x') })).toEqual([false, 'blocked'])
    expect(codes({ buyer: home })).toEqual([false, 'own'])
    expect(matches(PREFERENCES, { ...REQUEST, amount: 499 }, OUTLOOK).because[0]?.says).toBe(
      '0.499 kWh is less than 0.5 kWh',
    )
  })

  it('say in words what speaks against a request, and what it fits', () => {
    const says = (request: Partial<SeenRequest>, outlook: Partial<Outlook> = {}) =>
      matches(PREFERENCES, { ...REQUEST, ...request }, { ...OUTLOOK, ...outlook }).because.map(
        (one) => one.says,
      )
    expect(says({})).toEqual(['the home sells energy, and can spare 4 kWh'])
    expect(says({ resource: 'water' })).toEqual(['the home does not sell water'])
    expect(says({ buyer: home.toUpperCase().replace('X', 'x') })).toEqual(['it is the home’s own request'])
    expect(says({ buyer: blocked })).toEqual(['the home does not trade with who asks'])
    expect(says({ amount: 4_001 })).toEqual([
      '4.001 kWh is more than 4 kWh',
      '4.001 kWh is more than the home spares: it keeps 1 kWh of a surplus of 5 kWh',
    ])
    const wants = 'the home wants 0.2 SCT per kWh'
    expect(says({}, { goingMicroSct: 199_999 })).toEqual([
      `${wants}, and the going price is 0.199999 SCT per kWh`,
    ])
    expect(says({}, { ceilingMicroSct: 199_999 })).toEqual([
      `${wants}, and the ceiling is 0.199999 SCT per kWh`,
    ])
    expect(says({}, { minute: 479 })).toEqual(['the home trades from 08:00 to 22:00, and it is 07:59'])
    const lentFor = { fromMinute: 720, untilMinute: 780 }
    expect(codes({ resource: 'power', amount: 1_000, lentFor })).toEqual([false, 'hours'])
    expect(says({ resource: 'power', amount: 1_000, lentFor })).toEqual([
      'the home trades from 22:00 to 06:00, and it is asked for 12:00 to 13:00',
    ])
  })

  it('let a request for power without a window through at their hours', () => {
    const power = (minute: number) =>
      codes({ resource: 'power', amount: 1_000, lentFor: null }, { minute })[0]
    expect([power(1_319), power(1_320), power(359), power(360)]).toEqual([false, true, true, false])
  })

  it('hold the window of power against the hours, over midnight too', () => {
    const power = (fromMinute: number, untilMinute: number) =>
      codes({ resource: 'power', amount: 1_000, lentFor: { fromMinute, untilMinute } })[0]
    expect(power(1320, 360)).toBe(true)
    expect(power(1410, 60)).toBe(true)
    expect(power(120, 360)).toBe(true)
    expect(power(1319, 60)).toBe(false)
    expect(power(300, 361)).toBe(false)
    expect(power(720, 780)).toBe(false)
    expect(power(1380, 1320)).toBe(false)
  })

  it('never let a request through that would leave less than the kept surplus', () => {
    fc.assert(
      fc.property(fc.nat(9_000), fc.nat(9_000), fc.nat(9_000), (amount, surplus, keptSurplus) => {
        const preferences = readPreferences({ preferences: [{ resource: 'water', keptSurplus }] })
        const request: SeenRequest = { ...REQUEST, resource: 'water', amount: amount + 1 }
        const outlook = { ...OUTLOOK, surplus: { energy: 0, power: 0, water: surplus } }
        const { matches: fits, because } = matches(preferences, request, outlook)
        expect(fits).toBe(surplus - amount - 1 >= keptSurplus)
        expect(because.length).toBeGreaterThan(0)
      }),
    )
  })

  it.each([
    ['a resource twice', { preferences: [{ resource: 'water' }, { resource: 'water' }] }],
    ['amounts that never are', { preferences: [{ resource: 'water', leastAmount: 2, mostAmount: 1 }] }],
    ['a name for an account', { preferences: [], blocked: ['ana'] }],
    ['an unknown field', { preferences: [{ resource: 'water', price: 1 }] }],
    ['no list', []],
  ])('are refused with %s', (_, form) => {
    expect(faultOf(() => readPreferences(form))).toBe('bad-field')
  })
})
