import { readFileSync } from 'node:fs'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { Signature, recoverAddress } from 'ethers'
import { secp256k1_hasher } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { openAlarm, sealAlarm } from '../../protocols/crypto/alarm-envelope.ts'
import { boardMac, verifyBoardFrame } from '../../protocols/crypto/board-mac.ts'
import { openOperationKey } from '../../protocols/crypto/delivery.ts'
import { ephemeralPoint, kemPointOf } from '../../protocols/crypto/envelope.ts'
import {
  decodePoint,
  encodePoint,
  encodeScalar,
  keyId,
  ORDER,
  toScalar,
} from '../../protocols/crypto/group.ts'
import {
  communityKeys,
  homomorphicConstant,
  nextChainKey,
  operationKey,
  ownerBytes,
  rootChainKey,
} from '../../protocols/crypto/keys.ts'
import { checkOpening, ecrecoverInputs, openingAddress } from '../../protocols/crypto/opening.ts'
import { generatorOf, QUANTITIES } from '../../protocols/crypto/points.ts'
import {
  proveConstant,
  proveKemPoint,
  verifyConstant,
  verifyKemPoint,
} from '../../protocols/crypto/proofs.ts'
import { prepareRecipient } from '../../protocols/crypto/recipient.ts'
import { recoverExtended, recoverReading } from '../../protocols/crypto/recover-reading.ts'
import {
  auxKeyTyped,
  opKeyTyped,
  peerRecordTyped,
  registrationDigest,
} from '../../protocols/crypto/registration.ts'
import { sealReading } from '../../protocols/crypto/seal-reading.ts'
import { encodeAad } from '../../protocols/messages/aad.ts'
import { decodeAlarm, encodeAlarm } from '../../protocols/messages/alarm-payload.ts'
import { encodeEssential } from '../../protocols/messages/essential.ts'
import { encodeExtended } from '../../protocols/messages/extended-payload.ts'
import { packRecords, recordDigest, splitPayload, unpackRecords } from '../../protocols/messages/record.ts'
import { alarmNames, bytes, essentialOf, extendedOf, scalar, scripted, vectors } from './vectors.ts'

const { keys, readings } = vectors
const extended = extendedOf(vectors.extended)
const chainKey = bytes(keys.chainKey)
const community = communityKeys(chainKey, keys.context)
const constant = homomorphicConstant(chainKey, keys.context, keys.owner, bytes(keys.stored))
const delegated = operationKey(community.delegationBase.secret, constant)
const keyFor = (delegation: number) => (delegation === 0 ? community.operation : delegated)

describe('a second, independent computation gives the same', () => {
  it('scalars', () => {
    for (const { wide, scalar: expected } of vectors.scalars) {
      expect(bytesToHex(encodeScalar(toScalar(bytes(wide))))).toBe(expected)
    }
  })

  it('generators, which are also those in the contract', () => {
    const contract = readFileSync(
      new URL('../../chain/contracts/libraries/Openings.sol', import.meta.url),
      'utf8',
    ).toLowerCase()
    for (const quantity of QUANTITIES) {
      const encoded = bytesToHex(encodePoint(generatorOf(quantity)))
      expect(encoded).toBe(vectors.generators[quantity])
      expect(contract).toContain(`0x${encoded.slice(2)}`)
      expect(generatorOf(quantity).x < ORDER).toBe(true)
    }
  })

  it('chain keys, community keys, the constant and the operation key', () => {
    expect(bytesToHex(rootChainKey(bytes(keys.communitySecret), keys.entropy.map(bytes)))).toBe(keys.chainKey)
    expect(bytesToHex(nextChainKey(chainKey))).toBe(keys.nextChainKey)
    expect(bytesToHex(encodeScalar(constant))).toBe(keys.constant)
    const pairs = [
      [community.operation, keys.operation],
      [community.delegationBase, keys.delegationBase],
      [delegated, keys.operationKey],
    ] as const
    for (const [pair, expected] of pairs) {
      expect({
        secret: bytesToHex(encodeScalar(pair.secret)),
        bytes: bytesToHex(pair.bytes),
        id: pair.id,
      }).toEqual(expected)
    }
  })

  it('extended payload', () => {
    expect(bytesToHex(encodeExtended(extended))).toBe(vectors.extendedPayload)
  })

  it('ecrecover inputs, which ethers recovers to the address of the point', () => {
    for (const opening of vectors.openings) {
      const quantity = QUANTITIES.find((name) => name === opening.quantity) ?? 'waterMl'
      const claim = { quantity, value: BigInt(opening.value), blinding: scalar(opening.blinding) }
      const point = decodePoint(bytes(opening.point))
      const { z, v, r, s } = ecrecoverInputs(claim)
      const inputs = { z: bytesToHex(z), v, r: bytesToHex(r), s: bytesToHex(s) }
      expect(inputs).toEqual({ z: opening.z, v: opening.v, r: opening.r, s: opening.s })
      expect(openingAddress(point)).toBe(opening.address)
      expect(checkOpening(point, claim)).toBe(true)
    }
  })

  it('proofs of the constant and of a KEM point, nonce given', () => {
    const statement = {
      delegationBase: community.delegationBase.point,
      operationKey: delegated.point,
      owner: ownerBytes(keys.context, keys.owner),
    }
    const { random, proof } = vectors.constantProof
    expect(bytesToHex(proveConstant(constant, statement, scripted([random])))).toBe(proof)
    expect(verifyConstant(bytes(proof), statement)).toBe(true)
  })

  it('registration digests (EIP-712)', () => {
    const { opKey, auxKey, peerRecord, key32, account, sequence, expiresMs } = vectors.registrations
    const owner = { ...keys.owner, epoch: keys.context.epoch }
    const key = bytes(key32)
    const digest = (record: Parameters<typeof registrationDigest>[1]) =>
      registrationDigest(keys.context, record)
    expect(digest(opKeyTyped({ ...owner, key: delegated.bytes }))).toBe(`0x${opKey}`)
    expect(digest(auxKeyTyped({ ...owner, key }))).toBe(`0x${auxKey}`)
    expect(digest(peerRecordTyped({ account, peerKey: key, sequence, expiresMs }))).toBe(`0x${peerRecord}`)
  })

  it('a delivered operation key (HPKE)', async () => {
    const { auxiliarySecret, sealed } = vectors.delivery
    const context = { epoch: keys.context, owner: keys.owner, operationKey: delegated.bytes }
    const pair = await openOperationKey(bytes(auxiliarySecret), bytes(sealed), context)
    expect(pair.secret).toBe(delegated.secret)
  })

  it('an alarm, in the clear and sealed', () => {
    const alarm = { ...vectors.alarm.alarm, ...alarmNames }
    expect(alarm).toEqual(vectors.alarm.alarm)
    expect(bytesToHex(encodeAlarm(alarm))).toBe(vectors.alarm.wire)
    expect(decodeAlarm(bytes(vectors.alarm.wire))).toEqual(alarm)
    const { binding, random, envelope } = vectors.alarm
    const sealed = sealAlarm(prepareRecipient(delegated.bytes), binding, alarm, scripted([random]))
    expect(bytesToHex(sealed)).toBe(envelope)
    expect(openAlarm(delegated, binding, sealed)).toEqual(alarm)
  })

  it('the MAC of a board', () => {
    const { key, message, mac } = vectors.board
    expect(bytesToHex(boardMac(bytes(key), bytes(message)))).toBe(mac)
    expect(verifyBoardFrame(bytes(key), bytes(message + mac))).toBe(true)
    expect(verifyBoardFrame(bytes(key), bytes(message + mac.replace(/^../u, '00')))).toBe(false)
    expect(verifyBoardFrame(bytes(key), boardMac(bytes(key), new Uint8Array(0)))).toBe(false)
    const shortest = Uint8Array.of(9)
    expect(verifyBoardFrame(bytes(key), Uint8Array.of(9, ...boardMac(bytes(key), shortest)))).toBe(true)
  })

  describe.each(readings)('a reading: $name', (vector) => {
    const key = keyFor(vector.binding.delegation)
    const essential = essentialOf(vector.essential)
    const { binding } = vector

    it('seals to the same bytes', () => {
      const aad = encodeAad({ ...binding, kind: 'essential', recipient: key.id })
      expect(bytesToHex(aad)).toBe(vector.aad)
      expect(bytesToHex(encodeEssential(essential))).toBe(vector.essentialWire)
      const recipient = prepareRecipient(key.bytes)
      const sealed = sealReading({ recipient, binding, essential, extended }, scripted(vector.random))
      expect(bytesToHex(sealed.payload)).toBe(vector.payload)
      expect(bytesToHex(sealed.extendedWire)).toBe(vector.extendedWire)
      expect(bytesToHex(sealed.extendedDigest)).toBe(vector.extendedDigest)
      expect(sealed.blindings.map((each) => bytesToHex(encodeScalar(each)))).toEqual(vector.blindings)
    })

    it('is recovered, with its blindings and its KEM point', () => {
      const payload = bytes(vector.payload)
      const blindings = vector.blindings.map(scalar)
      expect(recoverReading(key, { binding, payload })).toEqual({ ok: true, essential, blindings })
      expect(recoverExtended(key, binding, bytes(vector.extendedWire))).toEqual(extended)
      const kemPoint = kemPointOf(key.secret, ephemeralPoint(splitPayload(payload).envelope))
      expect(bytesToHex(encodePoint(kemPoint))).toBe(vector.kemPoint)
    })

    it('packs to the same record and digest', () => {
      const { slot, epoch, sender, delegation } = binding
      const digest = bytes(vector.extendedDigest)
      const payload = bytes(vector.payload)
      const record = { slot, sequence: essential.sequence, epoch, extended: digest, payload }
      expect(bytesToHex(packRecords([record]))).toBe(vector.record)
      expect(unpackRecords(bytes(vector.record))).toEqual([record])
      expect(bytesToHex(recordDigest({ home: sender, delegation }, record))).toBe(vector.recordDigest)
    })
  })

  it('the proof of the KEM point of the direct reading', () => {
    const [direct] = readings
    if (direct === undefined) throw new Error('no vectors')
    const ephemeral = ephemeralPoint(bytes(direct.payload))
    const statement = {
      publicKey: community.operation.point,
      ephemeral,
      kemPoint: decodePoint(bytes(direct.kemPoint)),
      aad: bytes(direct.aad),
    }
    const { random, proof } = vectors.kemProof
    const made = proveKemPoint(community.operation.secret, statement, scripted([random]))
    expect(bytesToHex(made)).toBe(proof)
    expect(verifyKemPoint(made, statement)).toBe(true)
  })
})

describe('what others have published', () => {
  it('RFC 9380, J.8.1: hash_to_curve of nothing and of "abc"', () => {
    const DST = 'QUUX-V01-CS02-with-secp256k1_XMD:SHA-256_SSWU_RO_'
    const x = (message: string) => secp256k1_hasher.hashToCurve(utf8ToBytes(message), { DST }).toAffine().x
    expect(x('')).toBe(0xc1cae290e291aee617ebaef1be6d73861479c48b841eaba9b7b5852ddfeb1346n)
    expect(x('abc')).toBe(0x3377e01eab42db296b512293120c6cee72b6ecf9f9205760bd9ff11fb3cb2c4bn)
  })

  it('the address of the private key 1', () => {
    const generator = decodePoint(bytes('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'))
    expect(keyId(generator)).toBe('0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf')
  })

  it('ethers recovers the address of an opening whose s is low', () => {
    const low = vectors.openings.find(({ s }) => BigInt(`0x${s}`) <= ORDER / 2n)
    if (low === undefined) throw new Error('no opening with a low s among the vectors')
    const signature = Signature.from({ r: `0x${low.r}`, s: `0x${low.s}`, v: low.v })
    expect(recoverAddress(`0x${low.z}`, signature)).toBe(low.address)
  })
})
