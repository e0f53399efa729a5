import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ephemeralPoint, kemPointOf, seal } from '../../protocols/crypto/envelope.ts'
import { decodePoint, encodeScalar, G, ORDER } from '../../protocols/crypto/group.ts'
import { ownerBytes } from '../../protocols/crypto/keys.ts'
import {
  type ConstantStatement,
  type KemStatement,
  PROOF_BYTES,
  proveConstant,
  proveKemPoint,
  verifyConstant,
  verifyKemPoint,
} from '../../protocols/crypto/proofs.ts'
import { judgeReading } from '../../protocols/crypto/recover-reading.ts'
import { proveVoid } from '../../protocols/crypto/voidance.ts'
import { encodeAad } from '../../protocols/messages/aad.ts'
import {
  essential,
  community,
  constant,
  context,
  delegatee,
  direct,
  faultOf,
  flipped,
  owner,
  sealDirect,
} from './community.ts'
import { toCommunity } from './community.ts'

const statement: ConstantStatement = {
  delegationBase: community.delegationBase.point,
  operationKey: delegatee.point,
  owner: ownerBytes(context, owner),
}

const aad = encodeAad({ ...direct, kind: 'essential', recipient: community.operation.id })
const { wire } = seal(toCommunity, aad, new Uint8Array(64))
const ephemeral = ephemeralPoint(wire)
const kem: KemStatement = {
  publicKey: community.operation.point,
  ephemeral,
  kemPoint: kemPointOf(community.operation.secret, ephemeral),
  aad,
}

const malformed = (proof: Uint8Array) => [
  proof.subarray(1),
  new Uint8Array([...proof, 0]),
  new Uint8Array(PROOF_BYTES),
  new Uint8Array([...encodeScalar(ORDER), ...proof.subarray(32)]),
  new Uint8Array([...proof.subarray(0, 32), ...encodeScalar(ORDER)]),
]

describe('the proof of a homomorphic constant', () => {
  const proof = proveConstant(constant, statement)

  it('holds for the operation key that the constant makes', () => {
    expect(proof.length).toBe(PROOF_BYTES)
    expect(verifyConstant(proof, statement)).toBe(true)
  })

  it('is another each time, as its nonce is', () => {
    expect(proveConstant(constant, statement)).not.toEqual(proof)
  })

  it('holds for no other statement: each part of it is in the transcript', () => {
    const others: ConstantStatement[] = [
      { ...statement, delegationBase: community.operation.point },
      { ...statement, operationKey: delegatee.point.add(G) },
      { ...statement, owner: ownerBytes(context, { ...owner, delegation: 8 }) },
      { ...statement, owner: ownerBytes({ ...context, epoch: 4 }, owner) },
    ]
    expect(others.map((other) => verifyConstant(proof, other))).toEqual(others.map(() => false))
  })

  it('is refused where what the prover promised would be nothing', () => {
    const nothing = new Uint8Array([...encodeScalar(1n), ...encodeScalar(constant)])
    expect(verifyConstant(nothing, statement)).toBe(false)
  })

  it('cannot be made with another constant', () => {
    expect(verifyConstant(proveConstant(constant + 1n, statement), statement)).toBe(false)
  })

  it('does not survive a changed bit or a malformed scalar', () => {
    fc.assert(
      fc.property(fc.nat(PROOF_BYTES - 1), fc.nat(7), (position, bit) => {
        expect(verifyConstant(flipped(proof, position, 1 << bit), statement)).toBe(false)
      }),
      { numRuns: 25 },
    )
    expect(malformed(proof).some((bad) => verifyConstant(bad, statement))).toBe(false)
  })
})

describe('the proof of a KEM point', () => {
  const proof = proveKemPoint(community.operation.secret, kem)

  it('holds, and holds for no other statement', () => {
    expect(verifyKemPoint(proof, kem)).toBe(true)
    const others: KemStatement[] = [
      { ...kem, publicKey: delegatee.point },
      { ...kem, ephemeral: ephemeral.add(G) },
      { ...kem, kemPoint: kem.kemPoint.add(G) },
      { ...kem, aad: flipped(aad, 79) },
    ]
    expect(others.map((other) => verifyKemPoint(proof, other))).toEqual(others.map(() => false))
  })

  it('is refused where what the prover promised would be nothing, on one side or on both', () => {
    const nothing = new Uint8Array([...encodeScalar(1n), ...encodeScalar(community.operation.secret)])
    const onOneSide = [
      { ...kem, publicKey: delegatee.point },
      { ...kem, kemPoint: kem.kemPoint.add(G) },
    ]
    for (const each of [kem, ...onOneSide]) expect(verifyKemPoint(nothing, each)).toBe(false)
  })

  it('cannot be made for a false KEM point, whoever makes it', () => {
    const lie = { ...kem, kemPoint: kem.kemPoint.add(G) }
    expect(verifyKemPoint(proveKemPoint(community.operation.secret, lie), lie)).toBe(false)
  })

  it('does not survive a changed bit or a malformed scalar', () => {
    fc.assert(
      fc.property(fc.nat(PROOF_BYTES - 1), fc.nat(7), (position, bit) => {
        expect(verifyKemPoint(flipped(proof, position, 1 << bit), kem)).toBe(false)
      }),
      { numRuns: 25 },
    )
    expect(malformed(proof).some((bad) => verifyKemPoint(bad, kem))).toBe(false)
  })
})

describe('a wrong point shown to everybody', () => {
  const sealed = sealDirect()
  const shown = (payload: Uint8Array) => kemPointOf(community.operation.secret, ephemeralPoint(payload))
  const judge = (payload: Uint8Array) =>
    judgeReading(shown(payload), community.operation, { binding: direct, payload })

  it('a whole reading is acquitted', () => {
    expect(judge(sealed.payload)).toEqual({ ok: true, essential, blindings: sealed.blindings })
  })

  it('a reading with the points of another is convicted', () => {
    const payload = new Uint8Array([...sealed.envelope, ...sealDirect(6_000).points])
    expect(judge(payload)).toMatchObject({ ok: false, code: 'point-mismatch' })
  })

  it('an envelope that does not open is convicted', () => {
    expect(judge(flipped(sealed.payload, 40))).toMatchObject({ ok: false, code: 'bad-tag' })
  })

  it('nothing can be shown of a whole reading with a false KEM point, as its proof fails', () => {
    const lie = shown(sealed.payload).add(G)
    const verdict = judgeReading(lie, community.operation, { binding: direct, payload: sealed.payload })
    expect(verdict).toMatchObject({ ok: false, code: 'bad-tag' })
    const claim = { ...kem, ephemeral: ephemeralPoint(sealed.payload), kemPoint: lie }
    expect(verifyKemPoint(proveKemPoint(community.operation.secret, claim), claim)).toBe(false)
  })
})

describe('a reading declared void', () => {
  const key = community.operation
  const mixed = (): Uint8Array => {
    const [one, other] = [sealDirect(5_000), sealDirect(6_000)]
    return Uint8Array.from([...one.envelope, ...other.points])
  }

  it('is shown by a point and a proof that anybody can check', () => {
    const payload = mixed()
    const { kemPoint, proof } = proveVoid(key, { binding: direct, payload })
    const point = decodePoint(kemPoint)
    const shown = { ephemeral: ephemeralPoint(payload.subarray(0, 113)), kemPoint: point, aad }
    expect(verifyKemPoint(proof, { publicKey: key.point, ...shown })).toBe(true)
    expect(judgeReading(point, key, { binding: direct, payload })).toMatchObject({ code: 'point-mismatch' })
  })

  it('is never a whole one', () => {
    const { payload } = sealDirect()
    expect(faultOf(() => proveVoid(key, { binding: direct, payload }))).toBe('reading-is-whole')
  })

  it('needs no proof where its envelope does not begin with a point', () => {
    const payload = sealDirect().payload.map((byte, index) => (index < 33 ? 0 : byte))
    const { kemPoint, proof } = proveVoid(key, { binding: direct, payload })
    expect(decodePoint(kemPoint).equals(G)).toBe(true)
    expect(proof).toEqual(new Uint8Array(64))
  })
})
