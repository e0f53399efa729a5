import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createInviteBook, INVITES_OPEN_MAX } from '../../protocols/p2p/invite-book.ts'
import {
  formatInvite,
  fromBase32,
  INVITE_TEXT_MAX,
  parseInvite,
  toBase32,
} from '../../protocols/p2p/invite.ts'
import { inviteId } from '../../protocols/p2p/join-proof.ts'
import { peerIdOfKey } from '../../protocols/p2p/peer-key.ts'
import { codeOf, Fault } from '../../protocols/rules/fault.ts'
import { movableClock, random } from './harness.ts'

const codeOfParse = (text: string): string => {
  try {
    parseInvite(text)
    return 'accepted'
  } catch (thrown) {
    return codeOf(thrown)
  }
}

const octet = fc.integer({ min: 0, max: 255 })
const address = fc
  .tuple(octet, octet, octet, octet, fc.integer({ min: 1, max: 65535 }))
  .map(([a, b, c, d, port]) => `/ip4/${a}.${b}.${c}.${d}/tcp/${port}`)
const invites = fc.record({
  gatewayPeerId: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) => peerIdOfKey(key).toString()),
  addresses: fc.array(address, { maxLength: 4 }),
  code: fc.uint8Array({ minLength: 16, maxLength: 32 }),
})

describe('An invite as text', () => {
  it('says what it was made of, in any case and with spaces and dashes', () => {
    fc.assert(
      fc.property(invites, (invite) => {
        const text = formatInvite(invite)
        expect(text.length).toBeLessThanOrEqual(INVITE_TEXT_MAX)
        expect(parseInvite(text)).toEqual(invite)
        const spaced = text.toUpperCase().replace(/(.{8})/g, '$1 ')
        expect(parseInvite(`  ${spaced}\n`)).toEqual(invite)
      }),
      { numRuns: 100 },
    )
  })

  it('is refused with any one character changed, left out or doubled', () => {
    const text = formatInvite({
      gatewayPeerId: peerIdOfKey(random(32)).toString(),
      addresses: [],
      code: random(16),
    })
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyz234567')),
        (at, other) => {
          if (text[at] !== other && text[at] !== '-') {
            expect(codeOfParse(text.slice(0, at) + other + text.slice(at + 1))).toMatch(/^invite-/)
          }
          if (text[at] !== '-')
            expect(codeOfParse(text.slice(0, at) + text.slice(at + 1))).toMatch(/^invite-/)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('names what is wrong with it', () => {
    expect(codeOfParse('12D3KooW')).toBe('invite-prefix')
    expect(codeOfParse('mh1-')).toBe('invite-length')
    expect(codeOfParse('mh1-abc0def')).toBe('invite-characters')
    expect(codeOfParse(`mh1-${'a'.repeat(96)}`)).toBe('invite-checksum')
    expect(codeOfParse('m'.repeat(INVITE_TEXT_MAX + 1))).toBe('invite-length')
  })

  it('never fails but by a fault, whatever is pasted', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((s) => `mh1-${s}`),
        ),
        (text) => {
          try {
            parseInvite(text)
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(Fault)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is not made of a short code or too many addresses', () => {
    const gatewayPeerId = peerIdOfKey(random(32)).toString()
    expect(() => formatInvite({ gatewayPeerId, addresses: [], code: random(15) })).toThrow(/invite.code/)
    const addresses = Array.from({ length: 5 }, () => '/ip4/10.0.0.1/tcp/4001')
    expect(() => formatInvite({ gatewayPeerId, addresses, code: random(16) })).toThrow(/invite.addresses/)
    const foreign = `/ip4/10.0.0.1/tcp/1/p2p/${peerIdOfKey(random(32)).toString()}`
    expect(() => formatInvite({ gatewayPeerId, addresses: [foreign], code: random(16) })).toThrow(/address/)
  })
})

describe('Base 32', () => {
  it('follows the vectors of RFC 4648 §10, in lower case without padding', () => {
    const vectors = {
      '': '',
      f: 'my',
      fo: 'mzxq',
      foo: 'mzxw6',
      foob: 'mzxw6yq',
      fooba: 'mzxw6ytb',
      foobar: 'mzxw6ytboi',
    }
    for (const [plain, encoded] of Object.entries(vectors)) {
      expect(toBase32(new TextEncoder().encode(plain))).toBe(encoded)
      expect(new TextDecoder().decode(fromBase32(encoded))).toBe(plain)
    }
  })
})

describe('An invite book', () => {
  const user = { peerId: 'a', account: '0x1' }

  it('lets one peer and account use an invite, and nobody after it expired', () => {
    const clock = movableClock()
    const book = createInviteBook({ clock, random })
    const id = inviteId(book.issue(1000).code)
    const release = book.claim(id, user)
    expect(() => book.claim(id, { peerId: 'b', account: '0x1' })).toThrow(/another home/)
    expect(() => book.claim(id, { peerId: 'a', account: '0x2' })).toThrow(/another home/)
    release()
    book.claim(id, { peerId: 'b', account: '0x1' })()
    clock.forwardMs(1000)
    expect(() => book.claim(id, user)).toThrow(/expired/)
    expect(book.hasOpen()).toBe(false)
    expect(() => book.find(random(8), 'a')).toThrow(/not issued/)
  })

  it('keeps used invites used over a restart', () => {
    const clock = movableClock()
    const kept = new Map<string, ReturnType<ReturnType<typeof createInviteBook>['issue']>>()
    const book = createInviteBook({ clock, random, onChange: (r) => kept.set(toBase32(r.code), r) })
    const id = inviteId(book.issue().code)
    book.use(id, user)
    const again = createInviteBook({ clock, random, initial: [...kept.values()] })
    expect(again.hasOpen()).toBe(false)
    expect(() => again.find(id, 'b')).toThrow(/another home/)
    expect(again.find(id, 'a').usedBy).toEqual(user)
  })

  it('holds a bounded number of open invites', () => {
    const book = createInviteBook({ clock: movableClock(), random })
    for (let i = 0; i < INVITES_OPEN_MAX; i += 1) book.issue()
    expect(() => book.issue()).toThrow(/are open/)
  })
})
