import { hexToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  auctionIdOf,
  auctionSalt,
  bidSeal,
  createAuctionSeals,
  maxPriceSeal,
} from '../../protocols/crypto/auction-seal.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import vectors from '../vectors/auctions/vectors.json' with { type: 'json' }

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const address = bytes(20).map((value) => `0x${Buffer.from(value).toString('hex')}`)

describe('the seals of auctions', () => {
  it.each(vectors)('are those of eth-account: $number on chain $chainId', (vector) => {
    const { chainId, trading, buyer, account, nonce, key, auctionId } = vector
    const domain = { chainId, trading }
    const salt = hexToBytes(vector.salt)
    const sealed = { auctionId, account, valueMicroSct: BigInt(vector.value), salt }
    expect(auctionIdOf(buyer, BigInt(vector.number))).toBe(auctionId)
    expect(auctionSalt(hexToBytes(key), domain, { auctionId, account, nonce })).toEqual(salt)
    expect(bidSeal(domain, sealed)).toBe(vector.bid)
    expect(maxPriceSeal(domain, sealed)).toBe(vector.maxPrice)
    const seals = createAuctionSeals(domain, account, hexToBytes(key))
    expect(seals.auctionId(buyer, BigInt(vector.number))).toBe(auctionId)
    expect(seals.salt(auctionId, nonce)).toEqual(salt)
    expect(seals.bid(auctionId, sealed.valueMicroSct, salt)).toBe(vector.bid)
    expect(seals.maxPrice(auctionId, sealed.valueMicroSct, salt)).toBe(vector.maxPrice)
  })

  it('differ when kind, chain, contract, auction, account, value or salt differ', () => {
    const world = fc.record({
      chainId: fc.maxSafeNat(),
      trading: address,
      auctionId: fc.bigInt(1n, 2n ** 224n - 1n).map((id) => `0x${id.toString(16)}`),
      account: address,
      valueMicroSct: fc.bigInt(0n, 2n ** 128n - 1n),
      salt: bytes(32),
    })
    fc.assert(
      fc.property(world, world, (a, b) => {
        const seals = new Set([bidSeal(a, a), maxPriceSeal(a, a)])
        for (const field of Object.keys(a)) {
          const changed = {
            ...a,
            ...Object.fromEntries(Object.entries(b).filter(([name]) => name === field)),
          }
          const same = JSON.stringify(plain(changed)) === JSON.stringify(plain(a))
          const before = seals.size
          seals.add(bidSeal(changed, changed)).add(maxPriceSeal(changed, changed))
          expect(seals.size).toBe(before + (same ? 0 : 2))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('have salts that no two uses share, found again at will', () => {
    const key = new Uint8Array(32).fill(7)
    const use = fc.record({ id: fc.bigInt(1n, 2n ** 224n - 1n), account: address, nonce: fc.maxSafeNat() })
    fc.assert(
      fc.property(fc.array(use, { maxLength: 8 }), address, fc.maxSafeNat(), (uses, trading, chainId) => {
        const salts = uses.map(({ id, account, nonce }) => {
          const of = { auctionId: `0x${id.toString(16)}`, account, nonce }
          const salt = auctionSalt(key, { chainId, trading }, of)
          expect(auctionSalt(key, { chainId, trading }, of)).toEqual(salt)
          return Buffer.from(salt).toString('hex')
        })
        const different = new Set(uses.map(({ id, account, nonce }) => `${id} ${account} ${nonce}`))
        expect(new Set(salts).size).toBe(different.size)
      }),
    )
  })

  it('take values and offer numbers up to their ends', () => {
    for (const valueMicroSct of [0n, 2n ** 128n - 1n]) {
      expect(sealOf({ valueMicroSct })).toMatch(/^0x[0-9a-f]{64}$/)
    }
    expect(auctionIdOf(ACCOUNT, 1n)).toBe(`0x${'00'.repeat(4)}${'ab'.repeat(20)}${'00'.repeat(7)}01`)
    expect(auctionIdOf(ACCOUNT, 2n ** 64n - 1n)).toBe(
      `0x${'00'.repeat(4)}${'ab'.repeat(20)}${'ff'.repeat(8)}`,
    )
  })

  it.each([
    ['a short salt', () => sealOf({ salt: new Uint8Array(31) }), 'bad-field'],
    ['a negative value', () => sealOf({ valueMicroSct: -1n }), 'bad-field'],
    ['a value above uint128', () => sealOf({ valueMicroSct: 2n ** 128n }), 'bad-field'],
    ['a short key', () => auctionSalt(new Uint8Array(31), DOMAIN, USE), 'bad-secret-length'],
    ['a negative nonce', () => auctionSalt(new Uint8Array(32), DOMAIN, { ...USE, nonce: -1 }), 'bad-field'],
    ['offer number 0', () => auctionIdOf(ACCOUNT, 0n), 'bad-field'],
    ['an offer number above uint64', () => auctionIdOf(ACCOUNT, 2n ** 64n), 'bad-field'],
    ['a name for a buyer', () => auctionIdOf('ana', 1n), 'bad-field'],
  ])('refuse %s', (_, work, code) => {
    let got = ''
    try {
      work()
    } catch (thrown) {
      got = codeOf(thrown)
    }
    expect(got).toBe(code)
  })
})

const ACCOUNT = `0x${'ab'.repeat(20)}`
const DOMAIN = { chainId: 1, trading: ACCOUNT }
const USE = { auctionId: '0x01', account: ACCOUNT, nonce: 0 }
const SEALED = { auctionId: '0x01', account: ACCOUNT, valueMicroSct: 1n, salt: new Uint8Array(32) }
const sealOf = (change: Partial<typeof SEALED>) => bidSeal(DOMAIN, { ...SEALED, ...change })

const plain = (value: object) =>
  Object.entries(value).map(([name, of]) => [name, of instanceof Uint8Array ? [...of] : String(of)])
