import { describe, expect, it } from 'vitest'
import {
  type CastVote,
  certificateOf,
  createVoteBook,
  quorumNow,
} from '../../protocols/rules/certificates.ts'

const vote = (signer: string, number: number, hash = `block ${number}`): CastVote => ({
  signer,
  number,
  hash,
})
const bookOf = (...votes: readonly CastVote[]) => {
  const book = createVoteBook()
  for (const each of votes) book.add(each)
  return book
}

describe('a book of votes', () => {
  it('keeps each vote once', () => {
    const book = createVoteBook()
    expect(book.knows(vote('a', 5))).toBe(false)
    expect(book.add(vote('a', 5))).toEqual({ isNew: true, excludes: null })
    expect(book.add(vote('a', 5))).toEqual({ isNew: false, excludes: null })
    expect(book.knows(vote('a', 5))).toBe(true)
    expect(book.knows(vote('b', 5))).toBe(false)
    expect(book.knows(vote('a', 5, 'other'))).toBe(false)
    expect(book.knows(vote('a', 6, 'block 5'))).toBe(false)
    expect(book.forBlock(5, 'block 5')).toEqual([vote('a', 5)])
  })

  it('gives back as evidence what the same signer voted for at the same height', () => {
    const book = bookOf(vote('a', 5), vote('b', 6), vote('a', 7))
    expect(book.add(vote('a', 6))).toEqual({ isNew: true, excludes: null })
    expect(book.add(vote('a', 5, 'fork'))).toEqual({ isNew: true, excludes: vote('a', 5) })
    expect(book.add(vote('a', 8, 'block 7'))).toEqual({ isNew: true, excludes: null })
  })

  it('counts the votes for one block only, one a signer', () => {
    const book = bookOf(vote('a', 5), vote('b', 5), vote('c', 5, 'fork'), vote('d', 6, 'block 5'))
    expect(book.forBlock(5, 'block 5').map(({ signer }) => signer)).toEqual(['a', 'b'])
    expect(book.forBlock(6, 'block 6')).toEqual([])
  })

  it('lists each block above a height once, the highest first', () => {
    const book = bookOf(vote('a', 5), vote('a', 6), vote('a', 7), vote('b', 7), vote('c', 6, 'fork'))
    expect(book.blocksAbove(5)).toEqual([
      { number: 7, hash: 'block 7' },
      { number: 6, hash: 'block 6' },
      { number: 6, hash: 'fork' },
    ])
    expect(book.blocksAbove(7)).toEqual([])
  })

  it('knows the highest vote of a signer, of several the one that came first', () => {
    const book = bookOf(vote('a', 5), vote('a', 9), vote('a', 7), vote('a', 9, 'fork'), vote('b', 11))
    expect(book.newestOf('a')).toEqual(vote('a', 9))
    expect(book.newestOf('nobody')).toBeUndefined()
  })

  it('keeps the last 256 votes of a signer', () => {
    const book = bookOf(...Array.from({ length: 256 }, (_, i) => vote('a', i)))
    expect(book.knows(vote('a', 0))).toBe(true)
    book.add(vote('a', 256))
    expect(book.knows(vote('a', 0))).toBe(false)
    expect(book.knows(vote('a', 1))).toBe(true)
    expect(book.blocksAbove(-1)).toHaveLength(256)
  })

  it('keeps the votes of 64 signers, and forgets those of the first one heard of', () => {
    const book = bookOf(...Array.from({ length: 64 }, (_, i) => vote(`s${i}`, 5)))
    expect(book.knows(vote('s0', 5))).toBe(true)
    book.add(vote('another', 5))
    expect(book.knows(vote('s0', 5))).toBe(false)
    expect(book.knows(vote('s1', 5))).toBe(true)
    expect(book.knows(vote('another', 5))).toBe(true)
    expect(book.forBlock(5, 'block 5')).toHaveLength(64)
  })
})

describe('a certificate', () => {
  const signers = ['a', 'b', 'c', 'd', 'e']
  const votes = ['d', 'c', 'b', 'a'].map((signer) => vote(signer, 5))

  it('is what four of five signers voted, in the order of the signers', () => {
    expect(certificateOf(votes, signers)?.map(({ signer }) => signer)).toEqual(['a', 'b', 'c', 'd'])
    expect(certificateOf(votes.slice(1), signers)).toBeNull()
  })

  it('counts nobody twice, and no stranger', () => {
    expect(certificateOf([...votes.slice(1), vote('c', 5)], signers)).toBeNull()
    expect(certificateOf([...votes.slice(1), vote('stranger', 5)], signers)).toBeNull()
  })
})

describe('the signers that are heard', () => {
  it('are a quorum while no more are missing than may be', () => {
    const signers = ['a', 'b', 'c']
    const now = (heard: string) => quorumNow(signers, (signer) => heard.includes(signer))
    expect(now('abc')).toEqual({ signers, missing: [], isReached: true })
    expect(now('ac')).toEqual({ signers, missing: ['b'], isReached: true })
    expect(now('a')).toEqual({ signers, missing: ['b', 'c'], isReached: false })
  })
})
