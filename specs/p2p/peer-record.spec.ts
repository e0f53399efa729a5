import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PEER_RECORD_MAX_BYTES, peerRecordMessage } from '../../protocols/messages/peer-record.ts'
import type { PeerRecord } from '../../protocols/messages/peer-record.ts'
import { signPeerRecord, verifyPeerRecord } from '../../protocols/p2p/peer-record.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { CHAIN_ID, MONITORING, newWallet, random } from './harness.ts'

const NOW = 1_700_000_000_000
const account = newWallet()
const peerKey = random(32)
const place = { chainId: CHAIN_ID, monitoring: MONITORING }
const context = { ...place, peerKey, nowMs: NOW, lastSequence: 6 }
const entry = { peerKey, sequence: 7, expiresMs: NOW + 60_000 }

const refusal = (record: PeerRecord, changed: Partial<typeof context> = {}): string => {
  try {
    verifyPeerRecord(record, { ...context, ...changed })
    return 'accepted'
  } catch (thrown) {
    return codeOf(thrown)
  }
}

describe('A peer record', () => {
  it('names the account that signed it, after a journey as bytes', async () => {
    const record = await signPeerRecord(account, place, entry)
    const bytes = peerRecordMessage.encode(record)
    expect(bytes.length).toBeLessThanOrEqual(PEER_RECORD_MAX_BYTES)
    expect(verifyPeerRecord(peerRecordMessage.decode(bytes), context)).toBe(account.address)
  })

  it('is refused when replayed, expired, too long-lived, or of another chain, contract or peer', async () => {
    const record = await signPeerRecord(account, place, entry)
    const other = `0x${'11'.repeat(20)}`
    const long = await signPeerRecord(account, place, { ...entry, expiresMs: NOW + 25 * 3600_000 })
    expect(refusal(record, { lastSequence: 7 })).toBe('record-replayed')
    expect(refusal(record, { lastSequence: 8 })).toBe('record-replayed')
    expect(refusal(record, { nowMs: NOW + 60_000 })).toBe('record-expired')
    expect(refusal(record, { chainId: CHAIN_ID + 1 })).toBe('record-foreign')
    expect(refusal(record, { monitoring: other })).toBe('record-foreign')
    expect(refusal(record, { peerKey: random(32) })).toBe('record-peer')
    expect(refusal(long)).toBe('record-too-long')
    expect(refusal(record)).toBe('accepted')
  })

  it('is refused when any signed field or the signature is changed', async () => {
    const record = await signPeerRecord(account, place, entry)
    const foreign = await signPeerRecord(account, { ...place, chainId: 1 }, entry)
    expect(refusal({ ...foreign, chainId: CHAIN_ID })).toBe('record-signature')
    expect(refusal({ ...record, account: newWallet().address })).toBe('record-signature')
    expect(refusal({ ...record, sequence: 8 })).toBe('record-signature')
    expect(refusal({ ...record, expiresMs: entry.expiresMs + 1 })).toBe('record-signature')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const signature = Uint8Array.from(record.signature)
        signature[at] = (signature[at] ?? 0) ^ flip
        expect(refusal({ ...record, signature })).toBe('record-signature')
      }),
      { numRuns: 60 },
    )
  })
})
