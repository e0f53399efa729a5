import { concatBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { open, seal } from '../../protocols/crypto/envelope.ts'
import {
  decodePoint,
  encodePoint,
  encodeScalar,
  G,
  keyPair,
  ORDER,
  type Point,
  Scalars,
} from '../../protocols/crypto/group.ts'
import { homomorphicConstant, nextChainKey, ownerBytes } from '../../protocols/crypto/keys.ts'
import { proveConstant, verifyConstant } from '../../protocols/crypto/proofs.ts'
import {
  commit,
  decodePoints,
  encodePoints,
  generatorOf,
  type PerQuantity,
  perQuantity,
  QUANTITIES,
} from '../../protocols/crypto/points.ts'
import { recoverReading, recoverReadings } from '../../protocols/crypto/recover-reading.ts'
import { blindingsOf, type SealedReading } from '../../protocols/crypto/seal-reading.ts'
import { encodeAad } from '../../protocols/messages/aad.ts'
import { encodeEssential } from '../../protocols/messages/essential.ts'
import {
  address,
  anyScalar,
  chainKey,
  community,
  constant,
  context,
  delegated,
  delegatee,
  direct,
  essential,
  extended,
  faultOf,
  fixed,
  flipped,
  owner,
  sealDirect,
  toCommunity,
  toDelegatee,
} from './community.ts'
import { sealReading } from '../../protocols/crypto/seal-reading.ts'

// The numbers are those of the attacks in docs/crypto.md.

/** What the community gateway says of a payload that claims to be the home's. */
function verdict(payload: Uint8Array, binding = direct): string {
  const result = recoverReading(community.operation, { binding, payload })
  return result.ok ? 'accepted' : result.code
}

/** A payload that a hostile home makes: any plaintext, and points made as it likes from its blindings. */
function forged(
  plaintext: Uint8Array,
  points: (blindings: PerQuantity<bigint>) => PerQuantity<Point>,
): Uint8Array {
  const aad = encodeAad({ ...direct, kind: 'essential', recipient: community.operation.id })
  const { wire, schedule } = seal(toCommunity, aad, plaintext)
  return concatBytes(wire, encodePoints(points(blindingsOf(schedule))))
}

/** The payload with one of its points replaced. */
function withPoint(sealed: SealedReading, at: number, change: (point: Point) => Point): Uint8Array {
  const points = decodePoints(sealed.points)
  const changed = perQuantity((_, index) => (index === at ? change(points[index]) : points[index]))
  return concatBytes(sealed.envelope, encodePoints(changed))
}

describe('A1: a home and a leaked constant', () => {
  it('give away the delegation base of one epoch, as they must', () => {
    const found = Scalars.div(delegatee.secret, constant)
    expect(found).toBe(community.delegationBase.secret)
  })

  it('give away nothing of the direct readings, whose key is apart', () => {
    const found = Scalars.div(delegatee.secret, constant)
    const { wire } = seal(
      toCommunity,
      encodeAad({ ...direct, kind: 'essential', recipient: community.operation.id }),
      fixed('x'),
    )
    const aad = encodeAad({ ...direct, kind: 'essential', recipient: community.operation.id })
    expect(faultOf(() => open(found, { recipient: community.operation.bytes, aad }, wire))).toBe('bad-tag')
    expect(keyPair(found).id).not.toBe(community.operation.id)
  })
})

describe('A2: homes that pool their operation keys', () => {
  it('hold related points but no constant: each m is another, derived from the secret chain key', () => {
    const other = homomorphicConstant(nextChainKey(chainKey), context, owner, fixed('stored'))
    expect(other).not.toBe(constant)
  })
})

describe('A3: a ciphertext altered without any key', () => {
  it('the bare exponential ElGamal of the literal paper gives 1500 for 500', () => {
    fc.assert(
      fc.property(anyScalar, (r) => {
        const R = G.multiply(r)
        const C = G.multiply(500n).add(community.operation.point.multiply(r))
        const altered = C.add(G.multiply(1000n))
        expect(altered.subtract(R.multiply(community.operation.secret)).equals(G.multiply(1500n))).toBe(true)
      }),
      { numRuns: 3 },
    )
  })

  it('an envelope does not open after any change, nor do its points follow', () => {
    const sealed = sealDirect()
    fc.assert(
      fc.property(fc.nat(sealed.payload.length - 1), fc.nat(7), (position, bit) => {
        const code = verdict(flipped(sealed.payload, position, 1 << bit))
        expect(code).toMatch(/^(bad-point|bad-tag|point-mismatch)$/)
      }),
      { numRuns: 40 },
    )
  })

  it.each([0, 1, 2, 3] as const)('adding 1000 to the committed quantity %i is seen', (at) => {
    const quantity = QUANTITIES[at]
    const payload = withPoint(sealDirect(), at, (point) => point.add(generatorOf(quantity).multiply(1000n)))
    expect(verdict(payload)).toBe('point-mismatch')
  })
})

describe("A4: a victim's reading handed in as one's own", () => {
  const victim = sealDirect()
  const attacker = { ...direct, sender: address('attacker') }

  it('does not open for another sender, nor for another slot of the same', () => {
    expect(verdict(victim.payload, attacker)).toBe('bad-tag')
    expect(verdict(victim.payload, { ...direct, slot: direct.slot + 1 })).toBe('bad-tag')
  })

  it('does not open with its R disguised', () => {
    const R = decodePoint(victim.envelope.subarray(0, 33))
    const disguised = concatBytes(encodePoint(R.add(G)), victim.payload.subarray(33))
    expect(verdict(disguised, attacker)).toBe('bad-tag')
  })

  it("re-randomised points of the victim beside the attacker's own envelope are seen", () => {
    const own = sealReading({ recipient: toCommunity, binding: attacker, essential, extended })
    const stolen = perQuantity((_, index) => decodePoints(victim.points)[index].add(G.multiply(9n)))
    expect(verdict(concatBytes(own.envelope, encodePoints(stolen)), attacker)).toBe('point-mismatch')
  })

  it('the same with the extended set in place of the essential one', () => {
    expect(verdict(concatBytes(victim.extendedWire.subarray(0, 113), victim.points))).toBe('bad-tag')
  })
})

describe('A5: a negative reading that would lower the total', () => {
  it('is what a point alone would allow: n - 1000 adds like -1000', () => {
    const rest = commit('energyImportWh', 5_000n, 1n)
    const negative = generatorOf('energyImportWh')
      .multiply(ORDER - 1000n)
      .add(G.multiply(2n))
    expect(rest.add(negative).equals(commit('energyImportWh', 4_000n, 3n))).toBe(true)
  })

  it('is refused beside an honest plaintext', () => {
    const payload = forged(encodeEssential(essential), (blindings) => {
      const honest = perQuantity((quantity, index) => commit(quantity, 0n, blindings[index]))
      const [, ...rest] = honest
      const negative = generatorOf('energyImportWh').multiply(ORDER - 1000n)
      return [honest[0].add(negative), ...rest]
    })
    expect(verdict(payload)).toBe('point-mismatch')
  })

  it('is refused in the plaintext, where it is a register beyond 2^53', () => {
    const plaintext = encodeEssential(essential)
    new DataView(plaintext.buffer).setBigInt64(16, -1000n)
    const payload = forged(plaintext, (blindings) =>
      perQuantity((quantity, index) => commit(quantity, 0n, blindings[index])),
    )
    expect(verdict(payload)).toBe('bad-essential')
  })
})

describe('A6: the community gateway asked as an oracle', () => {
  it('answers with a code and a sentence, and nothing that depends on a key', () => {
    const sealed = sealDirect()
    const wrong = [
      flipped(sealed.payload, 50),
      flipped(sealed.payload, 112),
      flipped(sealed.payload, 33),
      sealDirect(1, { ...direct, slot: 5 }).payload,
    ]
    const answers = wrong.map((payload) => recoverReading(community.operation, { binding: direct, payload }))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  })
})

describe('A7: points that are none', () => {
  const sealed = sealDirect()
  const bad: [string, Uint8Array][] = [
    ['zero', new Uint8Array(33)],
    ['not on the curve', new Uint8Array([2, ...encodeScalar(5n)])],
    ['beyond the field', new Uint8Array([3, ...new Uint8Array(32).fill(255)])],
    ['of an unknown form', new Uint8Array([4, ...sealed.envelope.subarray(1, 33)])],
  ]

  it.each(bad)('R %s is refused', (_, point) => {
    expect(verdict(concatBytes(point, sealed.payload.subarray(33)))).toBe('bad-point')
  })

  it.each(bad)('a committed point %s is refused', (_, point) => {
    const payload = sealed.payload.slice()
    payload.set(point, 113 + 2 * 33)
    expect(verdict(payload)).toBe('bad-point')
  })

  it('a payload of another length is refused first', () => {
    expect(verdict(sealed.payload.subarray(1))).toBe('bad-field')
    expect(verdict(new Uint8Array([...sealed.payload, 0]))).toBe('bad-field')
    expect(verdict(new Uint8Array(0))).toBe('bad-field')
  })
})

describe('A8: a nonce used twice', () => {
  it('does not happen: the same reading sealed again shares no R, key stream or point', () => {
    const all = Array.from({ length: 8 }, () => sealDirect())
    const distinct = (part: (sealed: SealedReading) => Uint8Array) =>
      new Set(all.map((sealed) => Buffer.from(part(sealed)).toString('hex'))).size
    expect(distinct(({ envelope }) => envelope.subarray(0, 33))).toBe(8)
    expect(distinct(({ envelope }) => envelope.subarray(33, 97))).toBe(8)
    expect(distinct(({ points }) => points.subarray(0, 33))).toBe(8)
  })
})

describe('A9: an envelope that says one thing to the delegatee and another to the community', () => {
  it('cannot be made: both derive the same secret, so that what one reads the other reads', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (plaintext) => {
        const aad = encodeAad({ ...delegated, kind: 'essential', recipient: delegatee.id })
        const { wire } = seal(toDelegatee, aad, plaintext)
        const sealedTo = { recipient: delegatee.bytes, aad }
        const merged = Scalars.mul(community.delegationBase.secret, constant)
        expect(open(merged, sealedTo, wire).plaintext).toEqual(
          open(delegatee.secret, sealedTo, wire).plaintext,
        )
      }),
      { numRuns: 5 },
    )
  })

  it('and the points pin the key down: they open to one plaintext under one secret', () => {
    const payload = forged(encodeEssential(essential), () =>
      perQuantity((quantity) => commit(quantity, 1n, 1n)),
    )
    expect(verdict(payload)).toBe('point-mismatch')
  })
})

describe('A11: an operation key that the community cannot follow', () => {
  it('has no proof: who does not know m cannot prove it', () => {
    const rogue = keyPair(BigInt(12345))
    const statement = {
      delegationBase: community.delegationBase.point,
      operationKey: rogue.point,
      owner: ownerBytes(context, owner),
    }
    expect(verifyConstant(proveConstant(rogue.secret, statement), statement)).toBe(false)
    expect(verifyConstant(proveConstant(constant, statement), statement)).toBe(false)
  })
})

describe('A16: keys that leak later', () => {
  it('open nothing of an earlier epoch, as the ratchet runs one way', () => {
    const later = nextChainKey(chainKey)
    expect(later).not.toEqual(chainKey)
    expect(homomorphicConstant(later, context, owner, fixed('stored'))).not.toBe(constant)
  })
})

describe('one bad reading among many', () => {
  it('is named, and the others are accepted', () => {
    const sealed = Array.from({ length: 6 }, (_, index) => sealDirect(100 + index))
    const payloads = sealed.map(({ payload }) => payload)
    const [first, second, third, fourth, fifth, sixth] = sealed
    if (!first || !second || !third || !fourth || !fifth || !sixth) throw new Error('too few')
    payloads[1] = withPoint(second, 3, (point) => point.add(G))
    payloads[2] = flipped(third.payload, 60)
    payloads[4] = concatBytes(fifth.envelope, sixth.points)
    const results = recoverReadings(
      payloads.map((payload) => ({ key: community.operation, received: { binding: direct, payload } })),
    )
    const codes = results.map((result) => (result.ok ? result.essential.energyImportWh : result.code))
    expect(codes).toEqual([100, 'point-mismatch', 'bad-tag', 103, 'point-mismatch', 105])
  })
})
