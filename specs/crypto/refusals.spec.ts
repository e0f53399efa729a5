import { describe, expect, it } from 'vitest'
import { openAlarm } from '../../protocols/crypto/alarm-envelope.ts'
import { auctionIdOf, auctionSalt, bidSeal } from '../../protocols/crypto/auction-seal.ts'
import { boardMac } from '../../protocols/crypto/board-mac.ts'
import { openOperationKey, sealOperationKey } from '../../protocols/crypto/delivery.ts'
import { ephemeralPoint, open, seal } from '../../protocols/crypto/envelope.ts'
import {
  decodePoint,
  decodeScalar,
  encodePoint,
  encodeScalar,
  G,
  Point,
  toScalar,
} from '../../protocols/crypto/group.ts'
import {
  communityKeys,
  contextBytes,
  homomorphicConstant,
  nextChainKey,
  ownerBytes,
  rootChainKey,
} from '../../protocols/crypto/keys.ts'
import { ecrecoverInputs } from '../../protocols/crypto/opening.ts'
import { commit, decodePoints, encodePoints } from '../../protocols/crypto/points.ts'
import { plainRecipient } from '../../protocols/crypto/recipient.ts'
import { recoverReading } from '../../protocols/crypto/recover-reading.ts'
import {
  auxKeyTyped,
  opKeyTyped,
  peerRecordTyped,
  requireSignature,
} from '../../protocols/crypto/registration.ts'
import { proveVoid } from '../../protocols/crypto/voidance.ts'
import { Fault, type Facts } from '../../protocols/rules/fault.ts'
import {
  chainKey,
  community,
  context,
  delegatee,
  direct,
  owner,
  sealDirect,
  toCommunity,
} from './community.ts'

/** What a refusal says to a machine, to a log and to a person. */
type Refusal = readonly [code: string, message: string, facts: Facts]

const told = (thrown: unknown): unknown =>
  thrown instanceof Fault ? [thrown.code, thrown.message, thrown.facts] : thrown

function refusalOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (thrown) {
    return told(thrown)
  }
}

const SHORT = new Uint8Array(31)
const LONG = new Uint8Array(33)
const ACCOUNT = `0x${'ab'.repeat(20)}`
const MARKET = { chainId: 1, trading: ACCOUNT }
const USE = { auctionId: '0x01', account: ACCOUNT, nonce: 0 }
const SEALED = { auctionId: '0x01', account: ACCOUNT, valueMicroSct: 1n, salt: new Uint8Array(32) }
const { home } = owner
const COMPRESSED = 'a compressed secp256k1 point of 33 bytes'

const badField = (field: string, expected: string, got: string): Refusal => [
  'bad-field',
  `${field}: expected ${expected}, got ${got}`,
  { field, expected, got },
]
const badSecret = (field: string, words: string, got: number): Refusal => [
  'bad-secret-length',
  `${words}: expected 32 bytes, got ${got}`,
  { field, expected: 32, got },
]
const badKey = (field: string, got: number): Refusal => [
  'bad-key-length',
  `${field}: expected 32 bytes, got ${got}`,
  { field, expected: 32, got },
]
const badPoint = (field: string, flaw: string, length: number): Refusal => [
  'bad-point',
  `${field}: expected ${COMPRESSED}, refused for its ${flaw}`,
  { field, flaw, length },
]
const badScalar = (field: string): Refusal => [
  'bad-scalar',
  `${field}: expected 32 bytes from 1 to the group order less one`,
  { field },
]

const REFUSALS: readonly (readonly [string, () => unknown, Refusal])[] = [
  [
    'a short salt',
    () => bidSeal(MARKET, { ...SEALED, salt: SHORT }),
    badField('salt', '32 bytes', '"31 bytes"'),
  ],
  [
    'a bid below nothing',
    () => bidSeal(MARKET, { ...SEALED, valueMicroSct: -1n }),
    badField('value', 'from 0 to 2^128 − 1 micro-SCT', '-1'),
  ],
  ['offer number 0', () => auctionIdOf(ACCOUNT, 0n), badField('number', 'from 1 to 2^64 − 1', '0')],
  ['a buyer without an account', () => auctionIdOf('ana', 1n), badAddress('buyer')],
  [
    'a market without a contract',
    () => auctionSalt(SEALED.salt, { ...MARKET, trading: 'ana' }, USE),
    badAddress('trading'),
  ],
  [
    'a salt for nobody',
    () => auctionSalt(SEALED.salt, MARKET, { ...USE, account: 'ana' }),
    badAddress('account'),
  ],
  [
    'a salt on no chain',
    () => auctionSalt(SEALED.salt, { ...MARKET, chainId: -1 }, USE),
    badNatural('chainId'),
  ],
  ['a salt of no use', () => auctionSalt(SEALED.salt, MARKET, { ...USE, nonce: -1 }), badNatural('nonce')],
  ['a short salt key', () => auctionSalt(SHORT, MARKET, USE), badSecret('saltKey', 'salt key', 31)],
  ['a long board key', () => boardMac(LONG, SHORT), badSecret('boardKey', 'board key', 33)],
  ['a short chain key', () => nextChainKey(SHORT), badSecret('chainKey', 'chainKey', 31)],
  [
    'a short chain key of an epoch',
    () => communityKeys(SHORT, context),
    badSecret('chainKey', 'chainKey', 31),
  ],
  [
    'a long community secret',
    () => rootChainKey(LONG, []),
    badSecret('communitySecret', 'communitySecret', 33),
  ],
  [
    'a short stored randomness',
    () => homomorphicConstant(chainKey, context, owner, SHORT),
    badSecret('stored', 'stored', 31),
  ],
  ['keys of no chain', () => contextBytes({ ...context, chainId: -1 }), badNatural('chainId')],
  ['keys of no contract', () => contextBytes({ ...context, monitoring: 'ana' }), badAddress('monitoring')],
  [
    'keys of no epoch',
    () => contextBytes({ ...context, epoch: -1 }),
    badField('epoch', 'an integer from 0 to 4294967295', '-1'),
  ],
  ['a key of no home', () => ownerBytes(context, { ...owner, home: 'ana' }), badAddress('home')],
  [
    'a key of no delegation',
    () => ownerBytes(context, { ...owner, delegation: -1 }),
    badNatural('delegation'),
  ],
  [
    'an alarm of another length',
    () => openAlarm(delegatee, direct, SHORT),
    badField('alarm.envelope.length', '177 bytes', '31'),
  ],
  [
    'an envelope that is too short',
    () => ephemeralPoint(new Uint8Array(48)),
    ['bad-envelope', 'envelope: expected at least 49 bytes, got 48', { expected: 49, got: 48 }],
  ],
  [
    'an envelope without its R',
    () => ephemeralPoint(new Uint8Array(49)),
    badPoint('envelope.R', 'infinity', 33),
  ],
  [
    'an envelope bound to too little',
    () => seal(toCommunity, SHORT, SHORT),
    ['bad-aad', 'aad: expected 96 bytes, got 31', { got: 31 }],
  ],
  [
    'an envelope of another',
    () => open(5n, { recipient: community.operation.bytes, aad: new Uint8Array(96) }, sealDirect().envelope),
    ['bad-tag', 'envelope: not sealed to this key for this sender, slot and contract, or altered', {}],
  ],
  [
    'too few bytes for a scalar',
    () => toScalar(new Uint8Array(47)),
    ['bad-scalar', 'scalar: expected 48 bytes to reduce, got 47', { expected: 48, got: 47 }],
  ],
  ['a scalar of nothing', () => decodeScalar(encodeScalar(0n)), badScalar('scalar')],
  ['a scalar of a proof', () => decodeScalar(SHORT, 'proof'), badScalar('proof')],
  ['a short point', () => decodePoint(new Uint8Array(32)), badPoint('point', 'length', 32)],
  ['a point of another form', () => decodePoint(new Uint8Array(33).fill(4)), badPoint('point', 'prefix', 33)],
  [
    'a point beside the curve',
    () => decodePoint(new Uint8Array([2, ...encodeScalar(5n)])),
    badPoint('point', 'off-curve', 33),
  ],
  ['infinity on its way out', () => encodePoint(Point.ZERO), badPoint('point', 'infinity', 0)],
  [
    'a quantity without a point',
    () => encodePoints([G, G, Point.ZERO, G]),
    badPoint('waterMl', 'infinity', 0),
  ],
  ['points of another length', () => decodePoints(SHORT), badField('points.length', '132 bytes', '31')],
  ['a recipient that is none', () => plainRecipient(SHORT), badPoint('recipient', 'length', 31)],
  [
    'a quantity below nothing',
    () => commit('waterMl', -1n, 1n),
    [
      'value-out-of-range',
      'waterMl: expected a value from 0 to 2^64 - 1, got -1',
      { quantity: 'waterMl', value: '-1' },
    ],
  ],
  [
    'a blinding below nothing',
    () => commit('waterMl', 1n, -1n),
    [
      'blinding-out-of-range',
      'waterMl: expected a blinding from 0 to the group order less one',
      { quantity: 'waterMl' },
    ],
  ],
  [
    'an opening of nothing',
    () => ecrecoverInputs({ quantity: 'waterMl', value: 0n, blinding: 0n }),
    ['empty-opening', 'opening: value and blinding are both zero, which commits to nothing', {}],
  ],
  [
    'an operation key that is none',
    () => opKeyTyped({ ...owner, epoch: 1, key: SHORT }),
    badPoint('operationKey', 'length', 31),
  ],
  ['a long auxiliary key', () => auxKeyTyped({ ...owner, epoch: 1, key: LONG }), badKey('auxiliaryKey', 33)],
  [
    'a short key of a peer',
    () => peerRecordTyped({ account: home, peerKey: SHORT, sequence: 1, expiresMs: 2 }),
    badKey('peerKey', 31),
  ],
  [
    'a signature that is none',
    () => requireSignature(context, auxKeyTyped({ ...owner, epoch: 1, key: chainKey }), '0x12', home),
    [
      'bad-signature',
      `signature: expected that of ${home}, got one that cannot be read`,
      { account: home, signer: null },
    ],
  ],
  [
    'a proof against a whole reading',
    () => proveVoid(community.operation, { binding: direct, payload: sealDirect().payload }),
    [
      'reading-is-whole',
      `slot ${direct.slot} of ${direct.sender}: the reading is whole`,
      { sender: direct.sender, slot: direct.slot },
    ],
  ],
]

function badAddress(field: string): Refusal {
  return badField(field, '0x and 40 hexadecimal digits', '"ana"')
}
function badNatural(field: string): Refusal {
  return badField(field, 'an integer from 0 to 9007199254740991', '-1')
}

describe('a refusal names what was wrong, what was expected and what came', () => {
  it.each(REFUSALS)('%s', (_, work, expected) => {
    expect(refusalOf(work)).toEqual(expected)
  })

  const delivery = { epoch: context, owner, operationKey: delegatee.bytes }
  const notAKey = ['bad-auxiliary-key', 'auxiliary key: expected an X25519 key of 32 bytes', {}]
  it.each([
    ['a short auxiliary key', () => sealOperationKey(SHORT, 5n, delivery), notAKey],
    ['an auxiliary key of small order', () => sealOperationKey(new Uint8Array(32), 5n, delivery), notAKey],
    ['a long auxiliary secret', () => openOperationKey(LONG, new Uint8Array(80), delivery), notAKey],
    [
      'a delivery of another length',
      () => openOperationKey(chainKey, new Uint8Array(79), delivery),
      ['bad-delivery', 'delivery: expected 80 bytes, got 79', {}],
    ],
    [
      'a delivery to another',
      () => openOperationKey(chainKey, new Uint8Array(80).fill(9), delivery),
      ['bad-delivery', 'delivery: not sealed to this key and home, or altered', {}],
    ],
  ])('%s', async (_, work, expected) => {
    expect(await work().then(() => 'none', told)).toEqual(expected)
  })
})

describe('a reading is refused with a sentence', () => {
  const { envelope, payload } = sealDirect()
  const verdict = (given: Uint8Array) =>
    recoverReading(community.operation, { binding: direct, payload: given })

  it('whose points are of another', () => {
    const message = 'points: they do not commit to what the envelope holds'
    const mixed = new Uint8Array([...envelope, ...sealDirect(6_000).points])
    expect(verdict(mixed)).toEqual({ ok: false, code: 'point-mismatch', message })
  })

  it('whose length is another', () => {
    const message = 'payload.length: expected 245 bytes, got 244'
    expect(verdict(payload.subarray(1))).toEqual({ ok: false, code: 'bad-field', message })
  })

  it('but a key that is none is no flaw of it, and is thrown', () => {
    const none = { ...community.operation, secret: 0n }
    expect(() => recoverReading(none, { binding: direct, payload })).toThrow('scalar')
  })
})
