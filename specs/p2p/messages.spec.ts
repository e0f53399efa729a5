import { getAddress } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import {
  EXTENDED_PAGE_MAX,
  EXTENDED_WIRE_MAX_BYTES,
  extendedAck,
  extendedPage,
  extendedPull,
  extendedPush,
} from '../../protocols/messages/extended-transfer.ts'
import { descriptorMessage, joinReply, joinRequest } from '../../protocols/messages/join.ts'
import type { Message } from '../../protocols/messages/json-message.ts'
import { keyReply, keyRequest } from '../../protocols/messages/keys.ts'
import {
  NOTICE_AUTHORS_MAX,
  NOTICE_BODY_MAX_BYTES,
  NOTICE_PAGE_MAX,
  noticeMessage,
  noticePage,
  noticePull,
} from '../../protocols/messages/notice.ts'
import { offerMessage } from '../../protocols/messages/offer-notice.ts'
import { peerRecordMessage } from '../../protocols/messages/peer-record.ts'
import { auctionIdOf } from '../../protocols/crypto/auction-seal.ts'
import { Fault } from '../../protocols/rules/fault.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const upTo = (length: number) => fc.uint8Array({ minLength: 1, maxLength: length })
const natural = fc.maxSafeNat()
const u32 = fc.nat(0xffff_ffff)
const address = bytes(20).map((value) => getAddress(`0x${Buffer.from(value).toString('hex')}`))
const hash = bytes(32).map((value) => `0x${Buffer.from(value).toString('hex')}`)
const inviteId = bytes(8)

const peerRecord = fc.record({
  account: address,
  peerKey: bytes(32),
  sequence: natural,
  expiresMs: natural,
  chainId: natural,
  monitoring: address,
  signature: bytes(65),
})
const positive = natural.map((n) => Math.max(1, n))
const descriptor = fc.record({
  version: fc.constant(1 as const),
  communityName: fc.constantFrom('a', 'calle-mayor', 'x'.repeat(32)),
  chainId: positive,
  genesisHash: hash,
  deployedAtBlock: natural,
  rpc: fc.array(fc.constantFrom('http://localhost:8545', `wss://${'h'.repeat(190)}`), { maxLength: 8 }),
  profile: fc.constantFrom('commitment' as const, 'storage' as const),
  access: address,
  monitoring: address,
  quota: address,
  community: address,
  communityPeerKey: bytes(32),
  sampleMs: positive,
  slotsPerBilling: positive,
  length: positive,
  blockTimeS: fc.constantFrom(0.5, 1, 10),
  gatewayAddresses: fc.array(fc.constant('/ip4/10.0.0.1/tcp/4001'), { maxLength: 8 }),
})
const text = fc.string({ minLength: 1, maxLength: 40 })
const extendedItem = fc.record({ slot: natural, wire: upTo(EXTENDED_WIRE_MAX_BYTES) })
const notice = fc.record({
  author: bytes(32),
  sequence: positive,
  issuedMs: natural,
  expiresMs: natural,
  kind: fc.constantFrom('word', 'offer-energy'),
  body: fc.uint8Array({ maxLength: NOTICE_BODY_MAX_BYTES }),
  signature: bytes(64),
})
const offer = fc
  .record({
    buyer: address,
    number: fc.bigInt(1n, 2n ** 64n - 1n),
    resource: fc.constantFrom('energy' as const, 'power' as const, 'water' as const),
    period: natural,
    fromSlot: fc.nat(),
    slots: fc.integer({ min: 1, max: 1_000 }),
    amount: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
    commitEndMs: natural,
  })
  .map(({ number, slots, fromSlot, ...rest }) => ({
    auctionId: auctionIdOf(rest.buyer, number),
    ...rest,
    fromSlot: rest.resource === 'power' ? fromSlot : 0,
    untilSlot: rest.resource === 'power' ? fromSlot + slots : 0,
  }))
const page = fc.record({
  items: fc.uniqueArray(extendedItem, { selector: ({ slot }) => slot, maxLength: EXTENDED_PAGE_MAX }),
  more: fc.boolean(),
})

type Case = { message: Message<unknown>; values: fc.Arbitrary<unknown> }
const pair = <T>(message: Message<T>, values: fc.Arbitrary<T>): Case => ({
  message: {
    ...message,
    encode: (value) => message.encode(message.fromJson(message.toJson(value as z.output<z.ZodType<T>>))),
    toJson: (value) => message.toJson(value as T),
  },
  values,
})

const CASES: Case[] = [
  pair(peerRecordMessage, peerRecord),
  pair(descriptorMessage, descriptor),
  pair(
    joinRequest,
    fc.oneof(
      fc.record({ step: fc.constant('hello' as const), inviteId, nonce: bytes(32) }),
      fc.record({
        step: fc.constant('record' as const),
        inviteId,
        proof: bytes(32),
        record: peerRecord,
        homeName: text,
      }),
    ),
  ),
  pair(
    joinReply,
    fc.oneof(
      fc.record({
        step: fc.constant('hello' as const),
        descriptor: fc.record({ text: fc.string({ maxLength: 1000 }), signature: bytes(65) }),
        nonce: bytes(32),
        proof: bytes(32),
      }),
      fc.record({ step: fc.constant('admitted' as const) }),
      fc.record({ step: fc.constant('pending' as const), retryMs: fc.nat(60_000) }),
    ),
  ),
  pair(
    keyRequest,
    fc.record({
      account: address,
      epoch: u32,
      delegation: natural,
      auxPublicKey: bytes(32),
      signature: bytes(65),
    }),
  ),
  pair(
    keyReply,
    fc.record({
      epoch: u32,
      delegation: natural,
      key33: bytes(33),
      sealed: bytes(80),
      signature: bytes(65),
      proof: bytes(64),
    }),
  ),
  pair(extendedPush, extendedItem),
  pair(
    extendedAck,
    fc.oneof(
      fc.record({ status: fc.constantFrom('stored' as const, 'pending' as const) }),
      fc.record({ status: fc.constant('refused' as const), code: text }),
    ),
  ),
  pair(
    extendedPull,
    fc.record({ sinceSlot: natural, limit: fc.integer({ min: 1, max: EXTENDED_PAGE_MAX }) }),
  ),
  pair(
    extendedPage,
    page.map(({ items, more }) => ({ items: items.sort((a, b) => a.slot - b.slot), more })),
  ),
  pair(offerMessage, offer),
  pair(noticeMessage, notice),
  pair(
    noticePull,
    fc.record({
      topic: text,
      since: fc.array(fc.record({ author: bytes(32), sequence: natural }), { maxLength: NOTICE_AUTHORS_MAX }),
    }),
  ),
  pair(
    noticePage,
    fc.record({ notices: fc.array(notice, { maxLength: NOTICE_PAGE_MAX }), more: fc.boolean() }),
  ),
]

/** Decodes; a fault is a fine answer, any other error is not. */
function decodesOrFaults(message: Message<unknown>, data: Uint8Array): void {
  try {
    message.decode(data)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Fault)
  }
}

describe.each(CASES.map((each) => ({ name: each.message.name, ...each })))(
  'The $name',
  ({ message, values }) => {
    it('is what it was after encoding and decoding, within its cap', () => {
      fc.assert(
        fc.property(values, (value) => {
          const data = message.encode(value)
          expect(data.length).toBeLessThanOrEqual(message.maxBytes)
          expect(message.decode(data)).toEqual(value)
        }),
        { numRuns: 40 },
      )
    })

    it('is refused one byte above its cap', () => {
      const long = new Uint8Array(message.maxBytes + 1).fill(0x20)
      expect(() => message.decode(long)).toThrow(/at most/)
      expect(() => message.decode(long.subarray(1))).toThrow(/expected JSON/)
    })

    it('is never anything but itself or a fault, whatever bytes come', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (data) => decodesOrFaults(message, data)),
        { numRuns: 100 },
      )
      fc.assert(
        fc.property(fc.json(), (json) => decodesOrFaults(message, new TextEncoder().encode(json))),
        { numRuns: 100 },
      )
    })

    it('is itself or a fault when a byte of it is changed, and a fault with more fields', () => {
      fc.assert(
        fc.property(values, fc.nat(), fc.nat(255), (value, at, byte) => {
          const data = message.encode(value)
          const extended = { ...JSON.parse(new TextDecoder().decode(data)), more_: 1 } as unknown
          expect(() => message.fromJson(extended)).toThrow(Fault)
          data[at % data.length] = byte
          decodesOrFaults(message, data)
        }),
        { numRuns: 40 },
      )
    })
  },
)
