import { concat, getBytes, hexlify, keccak256, toBeHex, toUtf8Bytes } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  acknowledge,
  nothingWatched,
  receiptOf,
  SILENT_RECEIPT,
} from '../../protocols/crypto/acknowledgement.ts'
import { auxiliaryKeys, openOperationKey, sealOperationKey } from '../../protocols/crypto/delivery.ts'
import { open } from '../../protocols/crypto/envelope.ts'
import { keyPair, Scalars } from '../../protocols/crypto/group.ts'
import {
  communityKeys,
  homomorphicConstant,
  mergedSecret,
  nextChainKey,
  operationKey,
} from '../../protocols/crypto/keys.ts'
import { checkOpening } from '../../protocols/crypto/opening.ts'
import { decodePoints, sumBlindings, sumPoints } from '../../protocols/crypto/points.ts'
import { plainRecipient } from '../../protocols/crypto/recipient.ts'
import {
  recoverExtended,
  recoverInTwoSteps,
  recoverReading,
  type OpeningKey,
} from '../../protocols/crypto/recover-reading.ts'
import { type Binding, sealReading } from '../../protocols/crypto/seal-reading.ts'
import { encodeAad } from '../../protocols/messages/aad.ts'
import { splitPayload } from '../../protocols/messages/record.ts'
import type { EssentialData } from '../../protocols/rules/reading.ts'
import {
  address,
  anyEssential,
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
  owner,
  toCommunity,
  toDelegatee,
} from './community.ts'

const few = { numRuns: 12 }
const anyOwner = fc.record({
  home: fc.constantFrom(address('one'), address('two')),
  delegation: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
})

/** A reading of the watched home, sealed to any key. */
function sealTo(key: { bytes: Uint8Array }, binding: Binding, data: EssentialData = essential) {
  return sealReading({ recipient: plainRecipient(key.bytes), binding, essential: data, extended })
}

/** Whether a key opens a reading that was sealed to `sealedTo`, whatever it is tried under. */
function opens(
  secret: bigint,
  sealedTo: { bytes: Uint8Array; id: string },
  payload: Uint8Array,
  binding: Binding,
) {
  const own = keyPair(secret)
  return [sealedTo, own].some((key) => {
    const aad = encodeAad({ ...binding, kind: 'essential', recipient: key.id })
    const { envelope } = splitPayload(payload)
    return faultOf(() => open(secret, { recipient: key.bytes, aad }, envelope)) === 'none'
  })
}

describe('A delegated reading', () => {
  it('is read alike by delegatee and community, in two steps or one, for all keys and payloads', () => {
    fc.assert(
      fc.property(anyScalar, anyScalar, anyEssential, anyOwner, (x, m, data, { delegation }) => {
        const key = operationKey(x, m)
        const binding = { ...direct, delegation }
        const received = { binding, payload: sealTo(key, binding, data).payload }
        const byDelegatee = recoverReading(key, received)
        const split = { delegationSecret: x, constant: m, bytes: key.bytes, id: key.id }
        const merged: OpeningKey = { secret: mergedSecret(x, m), bytes: key.bytes, id: key.id }
        expect(byDelegatee).toMatchObject({ ok: true, essential: data })
        expect(recoverInTwoSteps(split, received)).toEqual(byDelegatee)
        expect(recoverReading(merged, received)).toEqual(byDelegatee)
      }),
      few,
    )
  })

  it('brings its extended set to both', () => {
    const { extendedWire } = sealTo(delegatee, delegated)
    const merged = { ...delegatee, secret: mergedSecret(community.delegationBase.secret, constant) }
    for (const key of [delegatee, merged]) {
      expect(recoverExtended(key, delegated, extendedWire)).toEqual(extended)
    }
  })

  it('adds to the totals with direct ones, whatever key each was sealed to', () => {
    const binding = { ...direct, sender: address('third home') }
    const readings = [
      { key: delegatee, binding: delegated, sealed: sealTo(delegatee, delegated) },
      { key: community.operation, binding, sealed: sealTo(community.operation, binding) },
    ]
    const recovered = readings.map(({ key, binding: bound, sealed }) =>
      recoverReading(key, { binding: bound, payload: sealed.payload }),
    )
    const blindings = recovered.map((each) => (each.ok ? each.blindings[0] : 0n))
    const sum = sumPoints(readings.map(({ sealed }) => decodePoints(sealed.points)[0]))
    const opening = { quantity: 'energyImportWh', value: 10_000n, blinding: sumBlindings(blindings) } as const
    expect(checkOpening(sum, opening)).toBe(true)
    expect(checkOpening(sum, { ...opening, value: 10_001n })).toBe(false)
  })
})

describe('The key of a delegatee', () => {
  it('is another for each delegatee, delegation and epoch', () => {
    const keyOf = (home: string, delegation: number, epoch: number) => {
      const bound = { ...context, epoch }
      const { delegationBase } = communityKeys(chainKey, bound)
      const m = homomorphicConstant(chainKey, bound, { home, delegation }, fixed('stored'))
      return operationKey(delegationBase.secret, m).id
    }
    const keys = [
      keyOf(owner.home, 7, 3),
      keyOf(owner.home, 8, 3),
      keyOf(owner.home, 0, 3),
      keyOf(owner.home, 7, 4),
    ]
    keys.push(keyOf(address('another'), 7, 3))
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('reaches the delegatee sealed, and under no other delegation', async () => {
    const auxiliary = await auxiliaryKeys()
    const delivery = { epoch: context, owner, operationKey: delegatee.bytes }
    const sealed = await sealOperationKey(auxiliary.publicKey, delegatee.secret, delivery)
    const opened = await openOperationKey(auxiliary.secretKey, sealed, delivery)
    expect(opened.secret).toBe(delegatee.secret)
    const another = { ...delivery, owner: { ...owner, delegation: 8 } }
    await expect(openOperationKey(auxiliary.secretKey, sealed, another)).rejects.toMatchObject({
      code: 'bad-delivery',
    })
  })

  it('recorded, opens nothing that is sealed after the end', () => {
    const { delegationBase } = community
    const second = { ...owner, delegation: 8 }
    const m = homomorphicConstant(chainKey, context, second, fixed('stored again'))
    const nextKey = operationKey(delegationBase.secret, m)
    const later = { ...direct, slot: direct.slot + 1 }
    const after = [
      { key: community.operation, binding: later },
      { key: nextKey, binding: { ...later, delegation: 8 } },
      { key: communityKeys(nextChainKey(chainKey), { ...context, epoch: 4 }).operation, binding: later },
    ]
    for (const { key, binding } of after) {
      const { payload } = sealTo(key, binding)
      expect(opens(key.secret, key, payload, binding)).toBe(true)
      expect(opens(delegatee.secret, key, payload, binding)).toBe(false)
    }
  })

  it('opens what it has seen before for ever: that cannot be taken back', () => {
    const { payload } = sealTo(delegatee, delegated)
    expect(opens(delegatee.secret, delegatee, payload, delegated)).toBe(true)
  })
})

describe('A leaked constant and one home that lends its key (note A1)', () => {
  const base = Scalars.div(delegatee.secret, constant)
  const third = { home: address('third'), delegation: 9 }
  const thirdConstant = homomorphicConstant(chainKey, context, third, fixed('third'))
  const thirdKey = operationKey(community.delegationBase.secret, thirdConstant)
  const toThird = { ...delegated, delegation: 9 }

  it('give the delegation base, and with each further constant one more delegation', () => {
    expect(base).toBe(community.delegationBase.secret)
    const { payload } = sealTo(thirdKey, toThird)
    expect(opens(mergedSecret(base, thirdConstant), thirdKey, payload, toThird)).toBe(true)
  })

  it('give no delegation whose constant did not leak', () => {
    const { payload } = sealTo(thirdKey, toThird)
    for (const guess of [base, mergedSecret(base, constant), Scalars.mul(base, base)]) {
      expect(opens(guess, thirdKey, payload, toThird)).toBe(false)
    }
  })

  it('give no direct reading, and nothing of another epoch', () => {
    const { payload } = sealReading({ recipient: toCommunity, binding: direct, essential, extended })
    const next = nextChainKey(chainKey)
    const bound = { ...context, epoch: 4 }
    const later = communityKeys(next, bound)
    const m = homomorphicConstant(next, bound, owner, fixed('stored'))
    const nextKey = operationKey(later.delegationBase.secret, m)
    const nextBinding = { ...delegated, epoch: 4 }
    const delegatedLater = sealTo(nextKey, nextBinding).payload
    for (const secret of [base, delegatee.secret, mergedSecret(base, m)]) {
      expect(opens(secret, community.operation, payload, direct)).toBe(false)
      expect(opens(secret, nextKey, delegatedLater, nextBinding)).toBe(false)
    }
  })

  it('give nothing without the other: a constant alone, or keys of homes that collude', () => {
    const { payload } = sealReading({ recipient: toDelegatee, binding: delegated, essential, extended })
    expect(opens(constant, delegatee, payload, delegated)).toBe(false)
    const toOther = sealTo(thirdKey, toThird).payload
    const colluding = [delegatee.secret, Scalars.div(delegatee.secret, thirdKey.secret)]
    for (const secret of colluding) expect(opens(secret, thirdKey, toOther, toThird)).toBe(false)
  })
})

describe('The acknowledgement of a slot', () => {
  it('is the same for the home, its delegatee and the community, and for nobody else', () => {
    const sealed = sealTo(delegatee, delegated)
    const received = { binding: delegated, payload: sealed.payload }
    const found = recoverReading(delegatee, received)
    const byHome = receiptOf(sealed.blindings)
    expect(found.ok ? receiptOf(found.blindings) : null).toEqual(byHome)
    expect(receiptOf(sealTo(delegatee, delegated).blindings)).not.toEqual(byHome)
    expect(byHome).not.toEqual(SILENT_RECEIPT)
  })

  it('is a hash of the four blindings, and of what went before: worked out by hand', () => {
    const scalar = (value: number) => toBeHex(value, 32)
    const domain = hexlify(toUtf8Bytes('Meterhood-v1/receipt'))
    const receipt = getBytes(keccak256(concat([domain, ...[1, 2, 3, 4].map(scalar)])))
    expect(receiptOf([1n, 2n, 3n, 4n])).toEqual(receipt)
    expect(SILENT_RECEIPT).toEqual(new Uint8Array(32))
    expect(nothingWatched(3)).toEqual({ id: 3, count: 0, root: scalar(0) })
    const before = { id: 3, count: 4, root: scalar(5) }
    const root = keccak256(concat([before.root, toBeHex(6, 8), receipt]))
    expect(acknowledge(before, { slot: 6, receipt })).toEqual({ id: 3, count: 5, root })
    expect(() => acknowledge(before, { slot: -1, receipt })).toThrow(/^slot: /)
  })

  it('moves the chain of acknowledgements by one, so that no slot can be added, left out or moved', () => {
    const slots = [5, 6, 7].map((slot) => ({
      slot,
      receipt: slot === 6 ? SILENT_RECEIPT : fixed(`slot ${slot}`),
    }))
    const chainOf = (list: typeof slots) => list.reduce(acknowledge, nothingWatched(3))
    const whole = chainOf(slots)
    expect(whole).toMatchObject({ id: 3, count: 3 })
    const others = [slots.slice(0, 2), slots.toReversed(), [...slots, { slot: 8, receipt: SILENT_RECEIPT }]]
    others.push(slots.map((each) => ({ ...each, receipt: SILENT_RECEIPT })))
    for (const other of others) expect(chainOf(other).root).not.toBe(whole.root)
  })
})
