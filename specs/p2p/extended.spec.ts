import { keccak256 } from 'ethers'
import { describe, expect, it } from 'vitest'
import { EXTENDED_WIRE_MAX_BYTES } from '../../protocols/messages/extended-transfer.ts'
import type { ExtendedItem } from '../../protocols/messages/extended-transfer.ts'
import {
  createExtendedReceiver,
  PENDING_PER_HOME,
  pullExtended,
  pushExtended,
  serveExtended,
  serveExtendedPull,
} from '../../protocols/p2p/extended.ts'
import { newWallet, random, startNode, startPair } from './harness.ts'

/** A chain that knows the digests of some slots, and a store. */
function ledger() {
  const digests = new Map<string, string>()
  const stored = new Map<string, Uint8Array>()
  const key = (account: string, slot: number): string => `${account} ${slot}`
  return {
    stored,
    publish: (account: string, slot: number, wire: Uint8Array) =>
      digests.set(key(account, slot), keccak256(wire)),
    check: (account: string, slot: number, wire: Uint8Array) => {
      const digest = digests.get(key(account, slot))
      if (digest === undefined) return 'unknown'
      return digest === keccak256(wire) ? 'match' : 'mismatch'
    },
    store: (account: string, slot: number, wire: Uint8Array) => {
      stored.set(key(account, slot), wire)
    },
  } as const
}

describe('Extended data', () => {
  it('is stored when it matches the chain’s digest, and refused when one byte differs', async () => {
    const { address } = newWallet()
    const { gateway, home } = await startPair(address)
    const chain = ledger()
    await serveExtended(gateway, createExtendedReceiver(chain))
    const wire = random(1073)
    chain.publish(address, 5, wire)
    const altered = Uint8Array.from(wire)
    altered[500] = (altered[500] ?? 0) ^ 1
    const refused = await pushExtended(home, gateway.peerId, { slot: 5, wire: altered })
    expect(refused).toEqual({ status: 'refused', code: 'wrong-digest' })
    expect(chain.stored.size).toBe(0)
    expect(await pushExtended(home, gateway.peerId, { slot: 5, wire })).toEqual({ status: 'stored' })
    expect(await pushExtended(home, gateway.peerId, { slot: 5, wire })).toEqual({ status: 'stored' })
    expect(chain.stored.get(`${address} 5`)).toEqual(wire)
  })

  it('is taken up to 4 KB and for the home’s own account only', async () => {
    const { address } = newWallet()
    const { gateway, home } = await startPair(address)
    const chain = ledger()
    await serveExtended(gateway, createExtendedReceiver(chain))
    const wire = random(EXTENDED_WIRE_MAX_BYTES)
    chain.publish(address, 1, wire)
    expect(await pushExtended(home, gateway.peerId, { slot: 1, wire })).toEqual({ status: 'stored' })
    const big = pushExtended(home, gateway.peerId, { slot: 2, wire: random(EXTENDED_WIRE_MAX_BYTES + 1) })
    await expect(big).rejects.toMatchObject({ code: 'bad-field' })
    const nameless = await startNode()
    gateway.membership.admit({ peerKey: nameless.peerKey })
    nameless.membership.admit({ peerKey: gateway.peerKey, role: 'community' })
    nameless.learnAddresses(gateway.peerId, gateway.addresses())
    const push = pushExtended(nameless, gateway.peerId, { slot: 1, wire })
    await expect(push).rejects.toMatchObject({ code: 'account-unknown' })
  })

  it('waits, within bounds, for a reading that is not on the chain yet', async () => {
    const chain = ledger()
    const receiver = createExtendedReceiver(chain)
    const wire = random(100)
    for (let slot = 0; slot < PENDING_PER_HOME; slot += 1) {
      expect(await receiver.receive('a', { slot, wire })).toEqual({ status: 'pending' })
    }
    const full = { status: 'refused', code: 'pending-full' }
    expect(await receiver.receive('a', { slot: 1000, wire })).toEqual(full)
    expect(await receiver.receive('a', { slot: 0, wire })).toEqual({ status: 'pending' })
    expect(await receiver.receive('b', { slot: 0, wire })).toEqual({ status: 'pending' })
    expect(receiver.pendingCount()).toBe(PENDING_PER_HOME + 1)
    expect(await receiver.settle('a', 3)).toBe(false)
    chain.publish('a', 3, wire)
    chain.publish('a', 4, random(100))
    expect(await receiver.settle('a', 3)).toBe(true)
    expect(await receiver.settle('a', 4)).toBe(false)
    expect([...chain.stored.keys()]).toEqual(['a 3'])
    expect(receiver.pendingCount()).toBe(PENDING_PER_HOME - 1)
    receiver.dropBefore(1001)
    expect(receiver.pendingCount()).toBe(0)
  })

  it('of all homes together is bounded too', async () => {
    const receiver = createExtendedReceiver({ ...ledger(), pendingTotal: 3 })
    const wire = random(10)
    const acks = await Promise.all(
      ['a', 'b', 'c', 'd'].map((home) => receiver.receive(home, { slot: 1, wire })),
    )
    expect(acks.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending', 'refused'])
  })

  it('is fetched page by page from a home by the gateway, and by nobody else', async () => {
    const { gateway, home } = await startPair()
    const kept: ExtendedItem[] = Array.from({ length: 40 }, (_, i) => ({
      slot: 10 + 2 * i,
      wire: random(1073),
    }))
    const page = (since: number, limit: number) => kept.filter(({ slot }) => slot >= since).slice(0, limit)
    await serveExtendedPull(home, page)
    await serveExtendedPull(gateway, page)
    const got: ExtendedItem[] = []
    const next = await pullExtended(gateway, home.peerId, 12, (item) => void got.push(item))
    expect(got).toEqual(kept.slice(1))
    expect(next).toBe(89)
    const one = await pullExtended(gateway, home.peerId, 0, () => undefined, { maxPages: 1 })
    expect(one).toBe(41)
    const pull = pullExtended(home, gateway.peerId, 0, () => undefined)
    await expect(pull).rejects.toMatchObject({ code: 'exchange-refused' })
  })
})
