import { describe, expect, it } from 'vitest'
import { hexOf } from '../../chain/verify/encode.ts'
import { createSealWatch, sealedHash, sealerOf } from '../../chain/verify/seals.ts'
import type { WireHeader } from '../../chain/verify/wire.ts'
import { header, NO_SEAL, sealed, type Signer, SIGNERS, VANITY, ZERO } from './sealed.ts'

const signer = (index: number): Signer => {
  const found = SIGNERS[index]
  if (found === undefined) throw new Error(`no signer ${index}`)
  return found
}

const listOf = (signers: readonly Signer[]) => signers.map(({ account }) => account.slice(2)).join('')

const genesis = (signers: readonly Signer[]) =>
  header(0, { extraData: `0x${VANITY}${listOf(signers)}${NO_SEAL}` })

const verdicts = (headers: readonly WireHeader[]) => {
  const watch = createSealWatch()
  return headers.map((each) => watch.check(each))
}

const three = SIGNERS.slice(0, 3)
const four = SIGNERS.slice(0, 4)

describe('seals of Clique (EIP-225)', () => {
  it('hashes a header without its seal as Geth does (TestSealHash of go-ethereum 1.13)', () => {
    const empty = header(0, {
      sha3Uncles: ZERO,
      difficulty: 0n,
      extraData: `0x${'0'.repeat(2 * (32 + 65))}`,
    })
    expect(hexOf(sealedHash(empty))).toBe(
      '0xbd3d1fa43fbc4c5bfcc91b179ec92e2861df3654de60468beb908ff805359e8f',
    )
  })

  it('finds nothing on a chain without seals', () => {
    expect(verdicts([header(0, { extraData: '0x' }), header(1, { extraData: '0x' })])).toEqual([null, null])
  })

  it('takes blocks sealed in turn by the signers of the first block, and names their sealers', () => {
    const blocks = [1, 2, 3, 4, 5].map((number) => sealed(number, number % 3, three))
    expect(verdicts([genesis(three), ...blocks])).toEqual([null, null, null, null, null, null])
    expect(blocks.map(sealerOf)).toEqual([1, 2, 0, 1, 2].map((index) => signer(index).account))
  })

  it('names a block without a seal, of a stranger, too soon again, and of the wrong difficulty', () => {
    const after = (block: WireHeader) => verdicts([genesis(three), sealed(1, 1, three), block]).at(-1)
    expect(after(header(2, { extraData: '0x' }))).toBe('it carries no seal')
    expect(after(sealed(2, 3, four, { difficulty: 1n }))).toContain('who is no signer')
    expect(after(sealed(2, 1, three))).toContain('sealed again before its turn')
    expect(after(sealed(2, 2, three, { difficulty: 1n }))).toContain('difficulty')
  })

  it('names a header changed after it was sealed', () => {
    const block = { ...sealed(1, 1, three), gasUsed: 7n }
    expect(verdicts([genesis(three), block]).at(-1)).toContain('who is no signer')
  })

  it('follows a majority of votes that adds a signer, and one that drops it', () => {
    const added = signer(3).account
    const add = { miner: added, nonce: '0xffffffffffffffff' }
    const joined = [genesis(three), sealed(1, 1, three, add), sealed(2, 2, three, add)]
    expect(verdicts([...joined, sealed(3, 3, four)])).toEqual([null, null, null, null])
    expect(verdicts([...joined.slice(0, 2), sealed(2, 2, three), sealed(3, 3, four)]).at(-1)).toContain(
      'no signer',
    )
    const drop = { miner: added, nonce: '0x0000000000000000' }
    const left = [4, 5, 6].map((number) => sealed(number, number % 4, four, drop))
    const verdict = verdicts([...joined, sealed(3, 3, four), ...left, sealed(7, 3, four)])
    expect(verdict.slice(0, -1).every((each) => each === null)).toBe(true)
    expect(verdict.at(-1)).toContain('no signer')
  })

  it('takes the list at an epoch block only when it is the one that the votes led to', () => {
    const listing = (signers: readonly Signer[]) => ({ extraData: `0x${VANITY}${listOf(signers)}${NO_SEAL}` })
    const watch = (signers: readonly Signer[]) =>
      verdicts([genesis(three), sealed(1, 1, three), sealed(2, 2, three, listing(signers))]).at(-1)
    expect(watch(three)).toBeNull()
    expect(watch(four)).toContain('list of signers')
  })
})
