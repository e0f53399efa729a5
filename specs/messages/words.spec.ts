import { getAddress } from 'ethers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { auctionIdOf } from '../../protocols/crypto/auction-seal.ts'
import { extendedPage } from '../../protocols/messages/extended-transfer.ts'
import { addressField, bytesField, defineMessage } from '../../protocols/messages/json-message.ts'
import { NOTICE_MAX_LIFE_MS, noticeBytes } from '../../protocols/messages/notice.ts'
import { offerLifeMs, offerMessage, offersTopic } from '../../protocols/messages/offer-notice.ts'
import {
  votePage,
  votePull,
  voteMessage,
  votesTopic,
  VOTES_IN_PAGE_MAX,
} from '../../protocols/messages/vote.ts'
import {
  WHEREABOUTS_MAX,
  whereaboutsReply,
  whereaboutsRequest,
} from '../../protocols/messages/whereabouts.ts'
import { Fault } from '../../protocols/rules/fault.ts'

const encoder = new TextEncoder()
const ACCOUNT = getAddress(`0x${'ab'.repeat(20)}`)
const faultOf = (work: () => unknown): { code: string; message: string; facts: object } => {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof Fault) return { code: thrown.code, message: thrown.message, facts: thrown.facts }
    throw thrown
  }
  throw new Error('nothing was refused')
}

describe('a message', () => {
  const greeting = defineMessage(
    'greeting',
    40,
    z.strictObject({ to: z.strictObject({ name: z.string() }), key: bytesField(2, 3) }),
  )
  const words = { to: { name: 'x' }, key: Uint8Array.of(1, 2, 3) }

  it('is what it was, there and back', () => {
    expect(greeting.decode(greeting.encode(words))).toEqual(words)
    expect(greeting.toJson(words)).toEqual({ to: { name: 'x' }, key: 'AQID' })
    expect(greeting).toMatchObject({ name: 'greeting', maxBytes: 40 })
  })

  it('is as long as it may be, and not a byte longer, either way', () => {
    const fits = { ...words, to: { name: 'x'.repeat(9) } }
    expect(greeting.encode(fits)).toHaveLength(40)
    expect(greeting.decode(greeting.encode(fits))).toEqual(fits)
    const long = {
      code: 'message-too-large',
      message: 'greeting: 41 bytes came, at most 40 are taken; send less in one message',
      facts: { message: 'greeting', length: 41, maxBytes: 40 },
    }
    expect(faultOf(() => greeting.encode({ ...words, to: { name: 'x'.repeat(10) } }))).toEqual(long)
    expect(faultOf(() => greeting.decode(new Uint8Array(41)))).toEqual(long)
  })

  it.each([
    ['no JSON', encoder.encode('{')],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ])('is refused with %s', (_, bytes) => {
    expect(faultOf(() => greeting.decode(bytes))).toEqual({
      code: 'message-garbled',
      message: 'greeting: expected JSON in UTF-8',
      facts: { message: 'greeting', length: bytes.length },
    })
  })

  it('names the field that is wrong, and what was expected', () => {
    expect(faultOf(() => greeting.fromJson({ to: { name: 5 }, key: 'AQI' })).message).toMatch(
      /^greeting\.to\.name: expected string, received number, got "another"$/,
    )
    expect(faultOf(() => greeting.fromJson(5)).message).toMatch(/^greeting: expected /)
    expect(faultOf(() => greeting.toJson({ ...words, key: Uint8Array.of(1) })).message).toContain(
      'greeting.key: expected 2 to 3 bytes',
    )
    expect(faultOf(() => greeting.toJson({ ...words, key: new Uint8Array(4) })).code).toBe('bad-field')
  })

  it.each([
    ['of too few', 'AQ'],
    ['of too many', 'AQIDBA'],
    ['in another alphabet', 'AQ+/'],
    ['that another text stands for too', 'AQJ'],
  ])('takes no bytes %s', (_, key) => {
    expect(faultOf(() => greeting.fromJson({ to: { name: 'x' }, key })).message).toMatch(/^greeting\.key: /)
  })

  it('takes bytes of one length by that length', () => {
    const one = defineMessage('one', 99, z.strictObject({ key: bytesField(2) }))
    expect(faultOf(() => one.toJson({ key: Uint8Array.of(1) })).message).toContain('expected 2 bytes')
  })

  it('takes an account in one case, or with a right checksum', () => {
    const sent = defineMessage('sent', 99, z.strictObject({ by: addressField() }))
    expect(sent.fromJson({ by: ACCOUNT.toLowerCase() })).toEqual({ by: ACCOUNT })
    expect(sent.fromJson({ by: ACCOUNT })).toEqual({ by: ACCOUNT })
    const wrong = ACCOUNT.replace(/[A-F]/u, (letter) => letter.toLowerCase())
    expect(() => sent.fromJson({ by: wrong })).toThrow('expected an address with a right checksum')
    for (const wrongly of [`${ACCOUNT}0`, `0${ACCOUNT}`]) {
      expect(() => sent.fromJson({ by: wrongly })).toThrow('expected an address, 0x and 40 hex digits')
    }
  })
})

describe('the word of an offer', () => {
  const energy = {
    ...{ auctionId: auctionIdOf(ACCOUNT, 3n), buyer: ACCOUNT, resource: 'energy' as const, period: 4 },
    ...{ fromSlot: 0, untilSlot: 0, amount: 5, commitEndMs: 6_000 },
  }
  const power = { ...energy, resource: 'power' as const, fromSlot: 7, untilSlot: 8 }
  const WINDOW = 'offer.untilSlot: expected a window of slots for power, and none for the rest'

  it('is of the buyer whose number it has', () => {
    expect(offerMessage.decode(offerMessage.encode(energy))).toEqual(energy)
    const other = { ...energy, auctionId: auctionIdOf(`0x${'cd'.repeat(20)}`, 3n) }
    expect(() => offerMessage.fromJson(other)).toThrow('offer.auctionId: expected an auction of the buyer')
  })

  it('has a window of slots for power, and none for the rest', () => {
    expect(offerMessage.fromJson(power)).toEqual(power)
    for (const wrong of [
      { ...power, untilSlot: 7 },
      { ...power, fromSlot: 9 },
      { ...energy, fromSlot: 1 },
      { ...energy, untilSlot: 1 },
      { ...energy, fromSlot: 7, untilSlot: 8 },
    ])
      expect(() => offerMessage.fromJson(wrong)).toThrow(WINDOW)
    expect(() => offerMessage.fromJson({ ...energy, amount: 0 })).toThrow('offer.amount')
  })

  it('lives while bids are taken, and no longer than any notice', () => {
    expect(offerLifeMs(energy, 5_999)).toBe(1)
    expect(offerLifeMs(energy, 6_000)).toBe(0)
    expect(offerLifeMs(energy, 7_000)).toBe(0)
    expect(offerLifeMs({ ...energy, commitEndMs: 2 * NOTICE_MAX_LIFE_MS }, 0)).toBe(NOTICE_MAX_LIFE_MS)
  })

  it('travels on the topic of its resource', () => {
    expect(offersTopic('calle', 'water')).toBe('/calle/offers/water')
  })

  it('is signed as a notice and as nothing else', () => {
    const notice = {
      ...{ author: new Uint8Array(20), sequence: 1, issuedMs: 2, expiresMs: 3, kind: 'offer' },
      body: Uint8Array.of(4),
    }
    const bytes = noticeBytes(notice, { chainId: 5, monitoring: ACCOUNT, topic: '/calle/offers/water' })
    expect(Buffer.from(bytes.subarray(0, 20)).toString()).toBe('Meterhood-v1/notice/')
  })
})

describe('a page of extended data', () => {
  const item = (slot: number) => ({ slot, wire: 'AQ' })
  const page = (...slots: number[]) => ({ items: slots.map(item), more: false })
  const said = (...slots: number[]): string => {
    try {
      extendedPage.fromJson(page(...slots))
      return ''
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : ''
    }
  }

  it('has slots that rise, from whichever on', () => {
    expect(said()).not.toContain('rise')
    for (const rising of [[0], [0, 1], [5, 6, 9]]) expect(said(...rising)).not.toContain('rise')
    for (const falling of [
      [1, 1],
      [2, 1],
      [1, 2, 2],
    ])
      expect(said(...falling)).toContain('expected slots that rise')
  })
})

describe('a vote', () => {
  const vote = { number: 7, hash: `0x${'0a'.repeat(32)}`, signature: new Uint8Array(65).fill(9) }

  it('travels alone, and in pages of as many signers as there may be', () => {
    const alone = { vote, expiresMs: Number.MAX_SAFE_INTEGER }
    expect(voteMessage.decode(voteMessage.encode(alone))).toEqual(alone)
    const votes = Array.from({ length: VOTES_IN_PAGE_MAX }, (_, number) => ({ ...vote, number }))
    expect(votePage.decode(votePage.encode({ votes }))).toEqual({ votes })
    expect(() => votePage.encode({ votes: [...votes, vote] })).toThrow('vote page.votes')
    expect(votePull.decode(votePull.encode({ from: 3 }))).toEqual({ from: 3 })
    expect(votesTopic('calle')).toBe('/calle/votes')
  })

  it.each([
    ['a height below 0', { number: -1 }],
    ['a hash in capitals', { hash: `0x${'0A'.repeat(32)}` }],
    ['a short hash', { hash: '0x0a' }],
    ['a field of its own', { extra: 1 }],
  ])('is refused with %s', (_, change) => {
    const json = { ...z.looseObject({}).parse(votePage.toJson({ votes: [vote] })) }
    const [first] = z.array(z.looseObject({})).parse(json['votes'])
    expect(() => votePage.fromJson({ votes: [{ ...first, ...change }] })).toThrow('vote page.votes.0')
  })
})

describe('whereabouts', () => {
  it('are asked for by an account, and told in a few addresses', () => {
    expect(whereaboutsRequest.decode(whereaboutsRequest.encode({ account: ACCOUNT }))).toEqual({
      account: ACCOUNT,
    })
    const addresses = Array.from({ length: WHEREABOUTS_MAX }, () => `/${'x'.repeat(199)}`)
    expect(whereaboutsReply.decode(whereaboutsReply.encode({ addresses }))).toEqual({ addresses })
    expect(whereaboutsReply.decode(whereaboutsReply.encode({ addresses: [] }))).toEqual({ addresses: [] })
    expect(() => whereaboutsReply.encode({ addresses: [...addresses, ''] })).toThrow(
      'whereabouts reply.addresses',
    )
    expect(() => whereaboutsReply.encode({ addresses: ['x'.repeat(201)] })).toThrow(
      'whereabouts reply.addresses.0',
    )
  })
})
