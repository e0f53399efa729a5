import { describe, expect, it } from 'vitest'
import { badField, codeOf, Fault, messageOf } from '../../protocols/rules/fault.ts'

describe('a fault', () => {
  it('is an error with a code and facts', () => {
    const fault = new Fault('too-late', 'slot 7 is over', { slot: 7 })
    expect(fault).toBeInstanceOf(Error)
    expect(fault).toMatchObject({ name: 'Fault', code: 'too-late', facts: { slot: 7 } })
    expect(fault.message).toBe('slot 7 is over')
    expect(new Fault('too-late', 'it is over').facts).toEqual({})
  })

  it('is told by its code, and anything else that is thrown as unexpected', () => {
    expect(codeOf(new Fault('too-late', ''))).toBe('too-late')
    expect(codeOf(new Error('too-late'))).toBe('unexpected')
    expect(codeOf('too-late')).toBe('unexpected')
    expect(messageOf(new Error('no answer'))).toBe('no answer')
    expect(messageOf(404)).toBe('404')
  })
})

describe('a bad field', () => {
  it('names the field, what was expected, what came, and what to do', () => {
    const fault = badField('slot', 'an integer', 1.5)
    expect(fault.code).toBe('bad-field')
    expect(fault.message).toBe('slot: expected an integer, got 1.5')
    expect(fault.facts).toEqual({ field: 'slot', expected: 'an integer', got: '1.5' })
    expect(badField('slot', 'an integer', 1.5, 'round it').message).toBe(
      'slot: expected an integer, got 1.5; round it',
    )
  })

  it.each([
    ['text in quotes', 'ab', '"ab"'],
    ['a list as JSON', [1, null], '[1,null]'],
    ['null', null, 'null'],
    ['a truth', false, 'false'],
    ['nothing', undefined, 'undefined'],
    ['a number that is none', Number.NaN, 'NaN'],
    ['a large integer', 2n ** 70n, '1180591620717411303424'],
  ])('shows %s as a line can hold it', (_, got, shown) => {
    expect(badField('x', 'y', got).facts['got']).toBe(shown)
  })

  it('cuts what is longer than 80 characters', () => {
    expect(badField('x', 'y', 'z'.repeat(78)).facts['got']).toBe(`"${'z'.repeat(78)}"`)
    expect(badField('x', 'y', 'z'.repeat(79)).facts['got']).toBe(`"${'z'.repeat(79)}`)
  })
})
