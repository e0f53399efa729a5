import { describe, expect, it } from 'vitest'
import { quorumOf, sealersOf, toleratedOf, votableBlock } from '../../protocols/rules/quorum.ts'

describe('how many signers it takes', () => {
  it('is 2 of 3 with none that may lie, 4 of 5 with one that may', () => {
    expect([toleratedOf(3), quorumOf(3), sealersOf(3)]).toEqual([0, 2, 2])
    expect([toleratedOf(5), quorumOf(5), sealersOf(5)]).toEqual([1, 4, 3])
    expect([toleratedOf(0), quorumOf(0), sealersOf(0)]).toEqual([0, 1, 1])
  })

  it('is so many that two quorums share an honest signer, and so few that the honest ones reach it', () => {
    for (let signers = 1; signers <= 60; signers += 1) {
      expect(2 * quorumOf(signers) - signers).toBeGreaterThan(toleratedOf(signers))
      expect(quorumOf(signers)).toBeLessThanOrEqual(signers - toleratedOf(signers))
    }
  })
})

describe('which block may be voted for', () => {
  const branch = (...sealers: string[]) =>
    sealers.map((sealer, at) => ({ sealer, number: sealers.length - at, hash: `${sealers.length - at}` }))

  it('is the newest that enough distinct signers sealed at or above', () => {
    expect(votableBlock(branch('a', 'b', 'c'), ['a', 'b', 'c'])?.number).toBe(2)
    expect(votableBlock(branch('a', 'a', 'b'), ['a', 'b', 'c'])?.number).toBe(1)
  })

  it('is none while too few have, and a stranger counts for nothing', () => {
    expect(votableBlock(branch('a', 'a'), ['a', 'b', 'c'])).toBeNull()
    expect(votableBlock(branch('a', 'x'), ['a', 'b', 'c'])).toBeNull()
  })
})
