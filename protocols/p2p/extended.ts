import {
  EXTENDED_PAGE_MAX,
  extendedAck,
  extendedPage,
  extendedPull,
  extendedPush,
} from '../messages/extended-transfer.ts'
import type { ExtendedAck, ExtendedItem, ExtendedPage, ExtendedPull } from '../messages/extended-transfer.ts'
import { Fault } from '../rules/fault.ts'
import type { PeerNode } from './node.ts'
import { callExchange, serveExchange } from './request-response.ts'
import type { Exchange } from './request-response.ts'

/** Slots of one home that wait for the chain's digest: two minutes at a sample period of 2 s. */
export const PENDING_PER_HOME = 64
/** Slots of all homes that wait: 16 MB at the largest. */
export const PENDING_TOTAL = 4096

/** `/meterhood/extended/1`: a home hands over X^t of a slot. */
export const extendedExchange: Exchange<ExtendedItem, ExtendedAck> = {
  protocol: '/meterhood/extended/1',
  request: extendedPush,
  reply: extendedAck,
  timeoutMs: 10_000,
  // A home back from an hour's absence catches up at 50 slots a second.
  rate: { burst: 200, perSecond: 50 },
}

/** `/meterhood/extended/pull/1`: the community gateway fetches what it lacks from a home. */
export const extendedPullExchange: Exchange<ExtendedPull, ExtendedPage> = {
  protocol: '/meterhood/extended/pull/1',
  request: extendedPull,
  reply: extendedPage,
  timeoutMs: 15_000,
  rate: { burst: 20, perSecond: 5 },
}

/** How a wire compares with the chain's digest for (home, slot). */
export type DigestMatch = 'match' | 'mismatch' | 'unknown'

export interface ExtendedReceiverOptions {
  /** Compares the wire's hash with the one in the chain's reading; `unknown` while there is no reading. */
  readonly check: (account: string, slot: number, wire: Uint8Array) => DigestMatch | Promise<DigestMatch>
  /** Keeps a wire that matched; called again for the same slot it changes nothing. */
  readonly store: (account: string, slot: number, wire: Uint8Array) => void | Promise<void>
  readonly pendingPerHome?: number
  readonly pendingTotal?: number
}

export interface ExtendedReceiver {
  receive(account: string, item: ExtendedItem): Promise<ExtendedAck>
  /** A reading of this slot has reached the chain: what waits for it is judged. True when it was stored. */
  settle(account: string, slot: number): Promise<boolean>
  /** Drops what waits for slots before this one: their readings will not come any more. */
  dropBefore(slot: number): void
  pendingCount(): number
}

/** Judges extended data against the chain; what comes before its reading waits, within bounds. */
export function createExtendedReceiver(options: ExtendedReceiverOptions): ExtendedReceiver {
  const { check, store, pendingPerHome = PENDING_PER_HOME, pendingTotal = PENDING_TOTAL } = options
  const pending = new Map<string, Map<number, Uint8Array>>()
  let total = 0
  const drop = (account: string, slot: number): void => {
    const ofHome = pending.get(account)
    if (ofHome?.delete(slot) !== true) return
    total -= 1
    if (ofHome.size === 0) pending.delete(account)
  }
  const wait = (account: string, { slot, wire }: ExtendedItem): ExtendedAck => {
    const ofHome = pending.get(account) ?? new Map<number, Uint8Array>()
    if (!ofHome.has(slot)) {
      const full = ofHome.size >= pendingPerHome || total >= pendingTotal
      if (full) return { status: 'refused', code: 'pending-full' }
      total += 1
    }
    pending.set(account, ofHome.set(slot, wire))
    return { status: 'pending' }
  }
  const judge = async (account: string, { slot, wire }: ExtendedItem): Promise<DigestMatch> => {
    const match = await check(account, slot, wire)
    if (match === 'match') await store(account, slot, wire)
    return match
  }
  return {
    receive: async (account, item) => {
      const match = await judge(account, item)
      if (match === 'unknown') return wait(account, item)
      drop(account, item.slot)
      return match === 'match' ? { status: 'stored' } : { status: 'refused', code: 'wrong-digest' }
    },
    settle: async (account, slot) => {
      const wire = pending.get(account)?.get(slot)
      if (wire === undefined) return false
      const match = await judge(account, { slot, wire })
      if (match !== 'unknown') drop(account, slot)
      return match === 'match'
    },
    dropBefore: (slot) => {
      for (const [account, ofHome] of [...pending]) {
        for (const waiting of [...ofHome.keys()]) if (waiting < slot) drop(account, waiting)
      }
    },
    pendingCount: () => total,
  }
}

/** Serves the hand-over on the community gateway: each home for its own account only. */
export function serveExtended(node: PeerNode, receiver: ExtendedReceiver): Promise<() => Promise<void>> {
  return serveExchange(node, extendedExchange, 'members', (item, { member }) => {
    if (member === undefined || member.account === null) {
      throw new Fault('account-unknown', 'extended data: no account is registered for this peer yet', {})
    }
    return receiver.receive(member.account, item)
  })
}

/** Hands over one slot. @throws Fault those of `callExchange` */
export function pushExtended(
  node: PeerNode,
  gatewayPeerId: string,
  item: ExtendedItem,
  signal?: AbortSignal,
): Promise<ExtendedAck> {
  return callExchange(node, extendedExchange, gatewayPeerId, item, signal)
}

/**
 * Serves the catch-up on a home; the community gateway alone may ask. `page` gives up to `limit + 1` kept
 * items from a slot on, slots rising (the one too many tells that there is more).
 */
export function serveExtendedPull(
  node: PeerNode,
  page: (sinceSlot: number, limit: number) => readonly ExtendedItem[] | Promise<readonly ExtendedItem[]>,
): Promise<() => Promise<void>> {
  return serveExchange(node, extendedPullExchange, 'community', async ({ sinceSlot, limit }) => {
    const kept = await page(sinceSlot, limit + 1)
    return { items: kept.slice(0, limit), more: kept.length > limit }
  })
}

/**
 * Fetches all that a home keeps from a slot on, page by page, at most `maxPages`, and gives each item to
 * `each`. The result is the slot to go on from. @throws Fault those of `callExchange`
 */
export async function pullExtended(
  node: PeerNode,
  homePeerId: string,
  sinceSlot: number,
  each: (item: ExtendedItem) => void | Promise<void>,
  options: { maxPages?: number; signal?: AbortSignal } = {},
): Promise<number> {
  let next = sinceSlot
  for (let page = 0; page < (options.maxPages ?? 64); page += 1) {
    const request = { sinceSlot: next, limit: EXTENDED_PAGE_MAX }
    const { items, more } = await callExchange(
      node,
      extendedPullExchange,
      homePeerId,
      request,
      options.signal,
    )
    for (const item of items) {
      if (item.slot < next)
        throw new Fault('page-order', 'extended data: a page goes back', { slot: item.slot })
      await each(item)
      next = item.slot + 1
    }
    if (!more || items.length === 0) return next
  }
  return next
}
