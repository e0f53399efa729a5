import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  applyConstant,
  ENVELOPE_OVERHEAD,
  ephemeralPoint,
  kemPointOf,
  kemPointOfTransformed,
  open,
  openDelegated,
  openWith,
  seal,
} from '../../protocols/crypto/envelope.ts'
import { keyPair, Scalars } from '../../protocols/crypto/group.ts'
import { mergedSecret, operationKey } from '../../protocols/crypto/keys.ts'
import { QUANTITIES } from '../../protocols/crypto/points.ts'
import { plainRecipient, prepareRecipient } from '../../protocols/crypto/recipient.ts'
import { type AadFields, encodeAad } from '../../protocols/messages/aad.ts'
import {
  address,
  anyScalar,
  community,
  delegated,
  delegatee,
  faultOf,
  flipped,
  toDelegatee,
} from './community.ts'

const fields: AadFields = { ...delegated, kind: 'essential', recipient: delegatee.id }
const aad = encodeAad(fields)
const sealedContext = { recipient: delegatee.bytes, aad }

const anyPlaintext = fc.uint8Array({ maxLength: 200 })
const few = { numRuns: 15 }

describe('an envelope', () => {
  it('opens with its key to what was sealed, 49 bytes longer', () => {
    fc.assert(
      fc.property(anyPlaintext, (plaintext) => {
        const { wire } = seal(toDelegatee, aad, plaintext)
        expect(wire.length).toBe(plaintext.length + ENVELOPE_OVERHEAD)
        expect(open(delegatee.secret, sealedContext, wire).plaintext).toEqual(plaintext)
      }),
      few,
    )
  })

  it('is the same with and without a table of the recipient', () => {
    const random = (length: number) => new Uint8Array(length).fill(7)
    const withTable = seal(prepareRecipient(delegatee.bytes), aad, new Uint8Array(64), random)
    const without = seal(plainRecipient(delegatee.bytes), aad, new Uint8Array(64), random)
    expect(withTable.wire).toEqual(without.wire)
  })

  it('gives the reader the blindings that the sealer had, another for each quantity', () => {
    const sealed = seal(toDelegatee, aad, new Uint8Array(64))
    const opened = open(delegatee.secret, sealedContext, sealed.wire)
    const blindings = QUANTITIES.map((quantity) => sealed.schedule.blinding(quantity))
    expect(QUANTITIES.map((quantity) => opened.schedule.blinding(quantity))).toEqual(blindings)
    expect(new Set(blindings).size).toBe(QUANTITIES.length)
  })

  it.each([
    { kind: 'extended' },
    { chainId: 1338 },
    { monitoring: address('another contract') },
    { sender: address('another home') },
    { recipient: community.operation.id },
    { epoch: 4 },
    { slot: 894_000_001 },
    { delegation: 8 },
    { delegation: 0 },
  ] satisfies Partial<AadFields>[])('does not open when it is moved to %o', (moved) => {
    const { wire } = seal(toDelegatee, aad, new Uint8Array(64))
    const elsewhere = { ...sealedContext, aad: encodeAad({ ...fields, ...moved }) }
    expect(faultOf(() => open(delegatee.secret, elsewhere, wire))).toBe('bad-tag')
  })

  it('does not open with any bit changed', () => {
    const { wire } = seal(toDelegatee, aad, new Uint8Array(64))
    fc.assert(
      fc.property(fc.nat(wire.length - 1), fc.nat(7), (position, bit) => {
        const altered = flipped(wire, position, 1 << bit)
        expect(faultOf(() => open(delegatee.secret, sealedContext, altered))).toMatch(/^bad-(tag|point)$/)
      }),
      { numRuns: 40 },
    )
  })

  it('does not open with another key, nor under another public key', () => {
    const { wire } = seal(toDelegatee, aad, new Uint8Array(64))
    expect(faultOf(() => open(community.operation.secret, sealedContext, wire))).toBe('bad-tag')
    const other = { aad, recipient: community.operation.bytes }
    expect(faultOf(() => open(delegatee.secret, other, wire))).toBe('bad-tag')
  })

  it('is refused for its length before anything of it is read', () => {
    expect(faultOf(() => ephemeralPoint(new Uint8Array(ENVELOPE_OVERHEAD - 1)))).toBe('bad-envelope')
    const { wire } = seal(toDelegatee, aad, new Uint8Array(0))
    expect(wire.length).toBe(ENVELOPE_OVERHEAD)
    expect(open(delegatee.secret, sealedContext, wire).plaintext).toEqual(new Uint8Array(0))
  })

  it('is bound to exactly 96 bytes', () => {
    expect(faultOf(() => seal(toDelegatee, new Uint8Array(95), new Uint8Array(1)))).toBe('bad-aad')
    expect(faultOf(() => seal(toDelegatee, new Uint8Array(97), new Uint8Array(1)))).toBe('bad-aad')
  })
})

describe('equations 5 to 7', () => {
  it('two steps, one merged step and the delegatee reach the same secret, for all keys', () => {
    fc.assert(
      fc.property(anyScalar, anyScalar, anyScalar, (delegationSecret, m, r) => {
        const { point: ephemeral } = keyPair(r)
        const home = operationKey(delegationSecret, m)
        const twoSteps = kemPointOfTransformed(delegationSecret, applyConstant(m, ephemeral))
        const merged = kemPointOf(mergedSecret(delegationSecret, m), ephemeral)
        const byHome = kemPointOf(home.secret, ephemeral)
        const bySender = home.point.multiply(r)
        expect([merged, byHome, bySender].every((each) => each.equals(twoSteps))).toBe(true)
      }),
      few,
    )
  })

  it('the community gateway reads what a delegatee is sent, in two steps or one', () => {
    const plaintext = new Uint8Array(64).fill(9)
    const { wire } = seal(toDelegatee, aad, plaintext)
    const constant = Scalars.div(delegatee.secret, community.delegationBase.secret)
    const keys = { delegationSecret: community.delegationBase.secret, constant }
    expect(openDelegated(keys, sealedContext, wire).plaintext).toEqual(plaintext)
    const merged = mergedSecret(keys.delegationSecret, constant)
    expect(open(merged, sealedContext, wire).plaintext).toEqual(plaintext)
  })

  it('the transformed point of eq. 6 alone opens nothing', () => {
    const { wire } = seal(toDelegatee, aad, new Uint8Array(64))
    const constant = Scalars.div(delegatee.secret, community.delegationBase.secret)
    const transformed = applyConstant(constant, ephemeralPoint(wire))
    expect(faultOf(() => openWith(transformed, sealedContext, wire))).toBe('bad-tag')
  })

  it('eq. 5 cannot hold literally: the plaintext constant it needs is another for each ciphertext', () => {
    const difference = community.operation.point.subtract(delegatee.point)
    const constantFor = (r: bigint) => difference.multiply(r)
    fc.assert(
      fc.property(anyScalar, anyScalar, (first, second) => {
        fc.pre(first !== second)
        expect(constantFor(first).equals(constantFor(second))).toBe(false)
      }),
      few,
    )
  })
})
