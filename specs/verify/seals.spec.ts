import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { hexOf } from '../../chain/verify/encode.ts'
import { createSealWatch, sealedHash, sealerOf } from '../../chain/verify/seals.ts'
import { accountOf } from '../../chain/verify/sender.ts'
import type { WireHeader } from '../../chain/verify/wire.ts'

const ZERO = `0x${'0'.repeat(64)}`
const NOBODY = `0x${'0'.repeat(40)}`
const VANITY = '0'.repeat(64)
const NO_SEAL = '0'.repeat(130)

interface Signer {
  readonly secret: Uint8Array
  readonly account: string
}

/** Five signers in the order of their addresses, as Clique has them. */
const SIGNERS: readonly Signer[] = [11, 12, 13, 14, 15]
  .map((byte) => {
    const secret = new Uint8Array(32).fill(byte)
    return { secret, account: accountOf(secp256k1.getPublicKey(secret, false)) }
  })
  .sort((a, b) => (a.account < b.account ? -1 : 1))

const signer = (index: number): Signer => {
  const found = SIGNERS[index]
  if (found === undefined) throw new Error(`no signer ${index}`)
  return found
}

const listOf = (signers: readonly Signer[]) => signers.map(({ account }) => account.slice(2)).join('')

function header(number: number, fields: Partial<WireHeader> = {}): WireHeader {
  return {
    number: BigInt(number),
    hash: ZERO,
    parentHash: ZERO,
    sha3Uncles: ZERO,
    miner: NOBODY,
    stateRoot: ZERO,
    transactionsRoot: ZERO,
    receiptsRoot: ZERO,
    logsBloom: `0x${'0'.repeat(512)}`,
    difficulty: 1n,
    gasLimit: 0n,
    gasUsed: 0n,
    timestamp: 0n,
    extraData: `0x${VANITY}${NO_SEAL}`,
    mixHash: ZERO,
    nonce: '0x0000000000000000',
    baseFeePerGas: 0n,
    ...fields,
  }
}

/** A block of `signers[index]`, with the difficulty its turn asks for. */
function sealed(
  number: number,
  index: number,
  signers: readonly Signer[],
  fields: Partial<WireHeader> = {},
): WireHeader {
  const difficulty = number % signers.length === index ? 2n : 1n
  const draft = header(number, { difficulty, ...fields })
  const secret = signers[index]?.secret ?? new Uint8Array()
  const signature = secp256k1.sign(sealedHash(draft), secret, { prehash: false, format: 'recovered' })
  const [recovery = 0, ...rs] = signature
  const seal = Buffer.from([...rs, recovery]).toString('hex')
  return { ...draft, extraData: `${draft.extraData.slice(0, -130)}${seal}` }
}

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
