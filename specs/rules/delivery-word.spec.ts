import { describe, expect, it } from 'vitest'
import { isFair, type DeliveryWord } from '../../protocols/rules/delivery-word.ts'

const seller: DeliveryWord = { status: 'asserted', excess: 300, own: 300, isSeller: true, isLate: false }
const buyer: DeliveryWord = { ...seller, own: null, isSeller: false }

describe('what a party thinks of a stated delivery', () => {
  it('is nothing while nothing is stated', () => {
    for (const status of ['none', 'void'] as const) {
      expect(isFair({ ...seller, status })).toBeNull()
      expect(isFair({ ...buyer, status })).toBeNull()
    }
  })

  it('is unfair to a seller only when more is charged than it used', () => {
    expect(isFair(seller)).toBe(true)
    expect(isFair({ ...seller, excess: 299 })).toBe(true)
    expect(isFair({ ...seller, excess: 301 })).toBe(false)
    expect(isFair({ ...seller, excess: 301, own: null })).toBe(true)
  })

  it('is unfair to a buyer when the statement does not come, before silence decides', () => {
    expect(isFair({ ...buyer, status: 'none', isLate: true })).toBe(false)
    expect(isFair({ ...buyer, status: 'void', isLate: true })).toBe(false)
    expect(isFair({ ...seller, status: 'none', isLate: true })).toBeNull()
    expect(isFair({ ...buyer, isLate: true })).toBe(true)
  })

  it('is no question any more once it is decided or being shown', () => {
    for (const status of ['demanded', 'opened', 'final', 'unproved'] as const) {
      expect(isFair({ ...seller, status, excess: 999 })).toBe(true)
    }
  })
})
