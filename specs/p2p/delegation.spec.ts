import type { Wallet } from 'ethers'
import { getBytes } from 'ethers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { signRegistration } from '../../protocols/crypto/registration.ts'
import {
  DELEGATION_MAX_LIFE_MS,
  delegationBody,
  delegationMessageTyped,
  ROUNDS_MAX,
  TERMS_TEXT_MAX,
  type DelegationMessage,
} from '../../protocols/messages/delegation.ts'
import {
  DELEGATION_CLOCKS_APART_MS,
  delegationExchange,
  sendDelegation,
  serveDelegation,
} from '../../protocols/p2p/delegation.ts'
import { callExchange } from '../../protocols/p2p/request-response.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { CHAIN_ID, MONITORING, movableClock, newWallet, random, startNode, until } from './harness.ts'

const DOMAIN = { chainId: CHAIN_ID, monitoring: MONITORING }
const capabilities = { functions: ['readings' as const, 'alarms' as const], hasRelay: true, caringFor: 0 }
const offer = {
  functions: ['readings' as const],
  fromSlot: 100,
  untilSlot: 200,
  rewardMicroSct: '1500000',
  text: 'Water the plants, please: "twice" — ¡gracias!',
}

function headerOf(from: Wallet, to: Wallet, nowMs = Date.now()) {
  return {
    version: 1 as const,
    negotiation: random(16),
    sender: from.address,
    recipient: to.address,
    issuedMs: nowMs,
    expiresMs: nowMs + 60_000,
  }
}

const jsonObject = z.record(z.string(), z.unknown())

/** A proposal with some of its fields as JSON gives them, right or wrong. */
function proposal(from: Wallet, to: Wallet, change: object = {}): DelegationMessage {
  const words = { kind: 'propose' as const, ...headerOf(from, to), round: 1 as const, offer, capabilities }
  return delegationBody.fromJson({ ...jsonObject.parse(delegationBody.toJson(words)), ...change })
}

/** Two homes that know each other; the second takes words. */
async function neighbours(clock = movableClock()) {
  const [away, near] = [newWallet(), newWallet()]
  const first = await startNode()
  const second = await startNode({ clock })
  first.membership.admit({ peerKey: second.peerKey, account: near.address })
  second.membership.admit({ peerKey: first.peerKey, account: away.address })
  first.learnAddresses(second.peerId, second.addresses())
  await first.connect(second.peerId)
  await until('they are connected', () => second.connectedMembers().includes(first.peerId))
  const taken: DelegationMessage[] = []
  await serveDelegation(second, {
    ...DOMAIN,
    account: near.address,
    take: (message) => {
      taken.push(message)
    },
  })
  return { away, near, first, second, taken, clock }
}

describe('A word of a delegation', () => {
  it('reaches the home it is for as it was written, of every kind', async () => {
    const { away, near, first, taken } = await neighbours()
    const header = headerOf(away, near)
    const key = { epoch: 3, key33: random(33), signature: random(65), proof: random(64) }
    const words: DelegationMessage[] = [
      { kind: 'propose', ...header, round: 1, offer, capabilities },
      { kind: 'counter', ...header, round: 2, offer: { ...offer, rewardMicroSct: '0' }, capabilities },
      { kind: 'agree', ...header, round: 2 },
      { kind: 'consent', ...header, round: 2, id: 2 ** 48 - 1, signature: random(65), key },
      { kind: 'decline', ...header, round: 2, reason: 'not-now' },
      { kind: 'end', ...header, id: 7, untilSlot: 150 },
    ]
    for (const word of words) await sendDelegation(first, away, DOMAIN, word)
    expect(taken).toEqual(words)
  })

  it('is taken only when it is signed by the account of the peer that brings it', async () => {
    const { away, near, first, taken } = await neighbours()
    const other = newWallet()
    const forged = sendDelegation(first, other, DOMAIN, proposal(away, near))
    await expect(forged).rejects.toMatchObject({ code: 'bad-signature' })
    const foreign = sendDelegation(first, other, DOMAIN, proposal(other, near))
    await expect(foreign).rejects.toMatchObject({ code: 'account-mismatch' })
    const elsewhere = { ...DOMAIN, chainId: CHAIN_ID + 1 }
    await expect(sendDelegation(first, away, elsewhere, proposal(away, near))).rejects.toMatchObject({
      code: 'bad-signature',
    })
    expect(taken).toEqual([])
  })

  it('is not taken with a letter changed, nor for another home', async () => {
    const { away, near, first, second, taken } = await neighbours()
    const ask = (text: string, signature: string) =>
      callExchange(first, delegationExchange, second.peerId, { text, signature: getBytes(signature) })
    const message = proposal(away, near)
    const text = new TextDecoder().decode(delegationBody.encode(message))
    const signature = await signRegistration(away, DOMAIN, delegationMessageTyped(message, text))
    const altered = text.replace('1500000', '9500000')
    await expect(ask(altered, signature)).rejects.toMatchObject({ code: 'bad-signature' })
    const other = newWallet()
    first.membership.admit({ peerKey: second.peerKey, account: other.address })
    const misled = sendDelegation(first, away, DOMAIN, proposal(away, other))
    await expect(misled).rejects.toMatchObject({ code: 'not-for-us' })
    expect(taken).toEqual([])
    await ask(text, signature)
    expect(taken).toEqual([message])
  })

  it('is for members only, and needs a gateway to go to', async () => {
    const { away, first } = await neighbours()
    const stranger = newWallet()
    const nobody = sendDelegation(first, away, DOMAIN, proposal(away, stranger))
    await expect(nobody).rejects.toMatchObject({ code: 'member-unknown' })
  })

  it('counts while it lives, with clocks as far apart as they may be', async () => {
    const { away, near, first, taken, clock } = await neighbours()
    const send = (issuedMs: number, lifeMs: number) => {
      const times = { issuedMs, expiresMs: issuedMs + lifeMs }
      return sendDelegation(first, away, DOMAIN, proposal(away, near, times))
    }
    await send(Date.now() + DELEGATION_CLOCKS_APART_MS - 5_000, 60_000)
    await send(Date.now(), DELEGATION_MAX_LIFE_MS)
    clock.forwardMs(60_000 + DELEGATION_CLOCKS_APART_MS - 10_000)
    await send(Date.now(), 60_000)
    expect(taken).toHaveLength(3)
    clock.forwardMs(20_000)
    await expect(send(Date.now(), 60_000)).rejects.toMatchObject({ code: 'message-expired' })
    const ahead = clock.nowMs() + DELEGATION_CLOCKS_APART_MS + 10_000
    await expect(send(ahead, 60_000)).rejects.toMatchObject({ code: 'message-early' })
    const long = send(clock.nowMs(), DELEGATION_MAX_LIFE_MS + 1)
    await expect(long).rejects.toMatchObject({ code: 'message-life' })
    await expect(send(clock.nowMs(), 0)).rejects.toMatchObject({ code: 'message-life' })
    expect(taken).toHaveLength(3)
  })

  it('brings back why it was not taken', async () => {
    const [away, near] = [newWallet(), newWallet()]
    const [first, second] = [await startNode(), await startNode()]
    first.membership.admit({ peerKey: second.peerKey, account: near.address })
    second.membership.admit({ peerKey: first.peerKey, account: away.address })
    first.learnAddresses(second.peerId, second.addresses())
    await first.connect(second.peerId)
    await serveDelegation(second, {
      ...DOMAIN,
      account: near.address,
      take: () => {
        throw new Fault('negotiation-unknown', 'delegation: nothing is being negotiated under this name')
      },
    })
    const sent = sendDelegation(first, away, DOMAIN, proposal(away, near))
    await expect(sent).rejects.toMatchObject({ code: 'negotiation-unknown' })
  })
})

describe('The limits of a word', () => {
  const [away, near] = [newWallet(), newWallet()]
  const refused = (change: object) => () => proposal(away, near, change)

  it.each([
    [{ round: 0 }],
    [{ round: 2 }],
    [{ version: 2 }],
    [{ offer: { ...offer, text: 'x'.repeat(TERMS_TEXT_MAX + 1) } }],
    [{ offer: { ...offer, functions: [] } }],
    [{ offer: { ...offer, functions: ['readings', 'readings'] } }],
    [{ offer: { ...offer, functions: ['trade'] } }],
    [{ offer: { ...offer, untilSlot: offer.fromSlot } }],
    [{ offer: { ...offer, rewardMicroSct: '01' } }],
    [{ offer: { ...offer, rewardMicroSct: '-1' } }],
    [{ offer: { ...offer, rewardMicroSct: (2n ** 64n).toString() } }],
    [{ kind: 'counter', round: 1 }],
    [{ kind: 'counter', round: ROUNDS_MAX + 1 }],
    [{ extra: true }],
  ])('are crossed by %o', (change) => {
    expect(refused(change)).toThrow(expect.objectContaining({ code: 'bad-field' }))
  })

  it('hold the longest text in any script, and the largest reward', () => {
    const longest = {
      ...offer,
      text: '"€'.repeat(TERMS_TEXT_MAX / 2),
      rewardMicroSct: (2n ** 64n - 1n).toString(),
    }
    const message = proposal(away, near, { offer: longest })
    expect(delegationBody.decode(delegationBody.encode(message))).toEqual(message)
    const last = { kind: 'counter', round: ROUNDS_MAX }
    expect(proposal(away, near, last)).toMatchObject({ round: ROUNDS_MAX })
  })
})
