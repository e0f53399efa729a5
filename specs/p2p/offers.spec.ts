import { Wallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import { auctionIdOf } from '../../protocols/crypto/auction-seal.ts'
import { offerLifeMs, OFFER_KIND, offerMessage, offersTopic } from '../../protocols/messages/offer-notice.ts'
import type { OfferNotice } from '../../protocols/messages/offer-notice.ts'
import { NOTICE_MAX_LIFE_MS, noticeMessage } from '../../protocols/messages/notice.ts'
import type { Notice } from '../../protocols/messages/notice.ts'
import { signNotice } from '../../protocols/p2p/notice-check.ts'
import { openOffers } from '../../protocols/p2p/offers.ts'
import { CHAIN_ID, introduce, MONITORING, startNode, until } from './harness.ts'
import type { TestNode } from './harness.ts'

const COMMUNITY = 'calle-mayor'
const PLACE = { chainId: CHAIN_ID, monitoring: MONITORING, community: COMMUNITY }
const TOPIC = offersTopic(COMMUNITY, 'energy')
const DOMAIN = { chainId: CHAIN_ID, monitoring: MONITORING, topic: TOPIC }

const account = () => Wallet.createRandom().address

let offers = 0n
function offerOf(buyer: string, change: Partial<OfferNotice> = {}): OfferNotice {
  offers += 1n
  return {
    auctionId: auctionIdOf(buyer, offers),
    buyer,
    resource: 'energy',
    period: 7,
    fromSlot: 0,
    untilSlot: 0,
    amount: 2_000,
    commitEndMs: Date.now() + 60_000,
    ...change,
  }
}

function listen(node: TestNode) {
  const heard: OfferNotice[] = []
  return { ...openOffers(node, { ...PLACE, onOffer: (offer) => heard.push(offer) }), heard }
}

/** A community gateway and homes, each with its account, whose offers all can hear. */
async function star(homes: number) {
  const gateway = await startNode({ reach: 'members' })
  const accounts = Array.from({ length: homes }, account)
  const nodes = await Promise.all(accounts.map(() => startNode()))
  nodes.forEach((home, i) => {
    introduce(gateway, home, accounts[i])
    nodes.forEach((other, j) => {
      if (other !== home) home.membership.admit({ peerKey: other.peerKey, account: accounts[j] ?? null })
    })
  })
  const ears = [gateway, ...nodes].map(listen)
  await until('the star is whole', () => gateway.connectedMembers().length === homes)
  await until('all listen', () => gateway.gossip.listeners(TOPIC) === homes)
  await until('each knows it', () => nodes.every(({ gossip }) => gossip.listeners(TOPIC) > 0))
  return { gateway, nodes, ears, accounts }
}

describe('The word of an offer', () => {
  it('reaches every other home once, by way of the gateway, each resource on its topic', async () => {
    const { ears, accounts } = await star(3)
    const [hub, buyer, ...others] = ears
    const made = [
      offerOf(accounts[0] ?? ''),
      offerOf(accounts[0] ?? '', { resource: 'power', fromSlot: 4, untilSlot: 9 }),
      offerOf(accounts[0] ?? '', { resource: 'water' }),
    ]
    for (const offer of made) await buyer?.publish(offer)
    const ids = (heard: readonly OfferNotice[]) => heard.map(({ auctionId }) => auctionId).sort()
    await until('all have heard', () => [hub, ...others].every((ear) => ear?.heard.length === 3))
    for (const ear of [hub, ...others]) expect(ids(ear?.heard ?? [])).toEqual(ids(made))
    expect(buyer?.heard).toEqual([])
  })

  it('is dropped when it is another’s, stale, altered, foreign or endless, and comes once', async () => {
    const { nodes, ears, accounts } = await star(2)
    const [home] = nodes
    const [hub, ear] = ears
    const [own = '', other = ''] = accounts
    if (home === undefined || hub === undefined || ear === undefined) throw new Error('a gateway and a home')
    const now = Date.now()
    let sequence = now + 1_000
    const notice = (offer: OfferNotice, change: Partial<Notice> = {}, domain = DOMAIN): Promise<Notice> => {
      sequence += 1
      const body = offerMessage.encode(offer)
      const expiresMs = offer.commitEndMs
      return signNotice(home, domain, {
        sequence,
        issuedMs: now,
        expiresMs,
        kind: OFFER_KIND,
        body,
        ...change,
      })
    }
    const good = await notice(offerOf(own))
    const bad = [
      await notice(offerOf(other)),
      await notice(offerOf(own, { resource: 'water' })),
      await notice(offerOf(own), { kind: 'word' }),
      await notice(offerOf(own), { expiresMs: now + 90_000 }),
      await notice(offerOf(own), { body: new Uint8Array(40) }),
      await notice(offerOf(own, { commitEndMs: now - 1 }), { issuedMs: now - 1_000 }),
      await notice(offerOf(own), {}, { ...DOMAIN, chainId: 1 }),
      await notice(offerOf(own), {}, { ...DOMAIN, topic: offersTopic(COMMUNITY, 'power') }),
      { ...good, body: offerMessage.encode(offerOf(own)) },
    ]
    for (const each of bad) await home.gossip.publish(TOPIC, noticeMessage.encode(each))
    await home.gossip.publish(TOPIC, noticeMessage.encode(good))
    await until('the good one is heard', () => hub.heard.length > 0)
    await home.gossip.publish(TOPIC, noticeMessage.encode({ ...good, signature: good.signature.slice() }))
    const last = offerOf(own)
    await ear.publish(last)
    await until('the last is heard', () => hub.heard.some(({ auctionId }) => auctionId === last.auctionId))
    expect(hub.heard.map(({ auctionId }) => auctionId)).toEqual([
      offerMessage.decode(good.body).auctionId,
      last.auctionId,
    ])
  })

  it('is not said when its bids are over, and lives no longer than they or than any notice', async () => {
    const node = await startNode()
    const ear = listen(node)
    const own = account()
    await expect(ear.publish(offerOf(own, { commitEndMs: Date.now() - 1 }))).rejects.toMatchObject({
      code: 'bad-field',
    })
    expect(offerLifeMs(offerOf(own, { commitEndMs: 1_500 }), 1_000)).toBe(500)
    expect(offerLifeMs(offerOf(own, { commitEndMs: 8 * NOTICE_MAX_LIFE_MS }), 1_000)).toBe(NOTICE_MAX_LIFE_MS)
    expect(offerLifeMs(offerOf(own, { commitEndMs: 999 }), 1_000)).toBe(0)
  })

  it.each([
    ['another buyer’s auction', { auctionId: auctionIdOf(account(), 1n) }],
    ['power without a window', { resource: 'power' as const }],
    ['a window of water', { resource: 'water' as const, untilSlot: 3 }],
    ['a window that ends before it begins', { resource: 'power' as const, fromSlot: 4, untilSlot: 4 }],
    ['nothing', { amount: 0 }],
    ['more than the market takes', { amount: 2 ** 48 }],
  ])('is refused for %s', (_, change) => {
    expect(() => offerMessage.encode(offerOf(account(), change))).toThrow(/offer\./)
  })
})
