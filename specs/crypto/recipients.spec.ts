import { describe, expect, it } from 'vitest'
import { ephemeralPoint } from '../../protocols/crypto/envelope.ts'
import { keyPair } from '../../protocols/crypto/group.ts'
import { withTable } from '../../protocols/crypto/multiply-secret.ts'
import { generatorOf, warmGenerators } from '../../protocols/crypto/points.ts'
import { plainRecipient, prepareRecipient, TABLES_MAX } from '../../protocols/crypto/recipient.ts'
import { createSealer } from '../../protocols/crypto/sealer.ts'
import { sealReading } from '../../protocols/crypto/seal-reading.ts'
import { community, direct, essential, extended, faultOf, toCommunity } from './community.ts'

describe('keys made ready for sealing', () => {
  it('are kept for the newest sixteen', () => {
    expect(TABLES_MAX).toBe(16)
    const keys = Array.from({ length: 17 }, (_, index) => keyPair(BigInt(1_000 + index)).bytes)
    const [oldest, ...others] = keys.map(prepareRecipient)
    expect(keys.slice(1).map(prepareRecipient)).toEqual(others)
    expect(keys.slice(1).every((key, index) => prepareRecipient(key) === others[index])).toBe(true)
    const again = prepareRecipient(keyPair(1_000n).bytes)
    expect(again).not.toBe(oldest)
    expect(again.id).toBe(oldest?.id)
  })

  it('are the same with and without a table', () => {
    const { bytes, id } = community.operation
    const plain = plainRecipient(bytes)
    expect({ bytes: plain.bytes, id: plain.id }).toEqual({ bytes, id })
    expect(withTable(plain.point)).toBe(plain.point)
    expect(withTable(plain.point)).toBe(plain.point)
  })

  it('include the generators, each made once', () => {
    warmGenerators()
    expect(generatorOf('waterMl')).toBe(generatorOf('waterMl'))
  })
})

describe('a sealer', () => {
  const random = (length: number) => new Uint8Array(length).fill(7)
  const { bytes } = community.operation
  const reading = { binding: direct, essential, extended }

  it('seals to a key as it is done by hand', () => {
    const sealer = createSealer({ random })
    sealer.prepare(bytes)
    const byHand = sealReading({ ...reading, recipient: toCommunity }, random)
    expect(sealer.seal({ ...reading, recipient: bytes })).toEqual(byHand)
  })

  it('takes randomness of its own where none is given', () => {
    const sealer = createSealer()
    const envelopes = [1, 2].map(() => sealer.seal({ ...reading, recipient: bytes }).envelope)
    const [first, second] = envelopes.map((envelope) => ephemeralPoint(envelope).toHex())
    expect(first).not.toBe(second)
  })

  it('is made ready for no key that is none', () => {
    expect(faultOf(() => createSealer().prepare(new Uint8Array(33)))).toBe('bad-point')
  })
})
