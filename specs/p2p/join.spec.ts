import type { Wallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import { descriptorHash } from '../../protocols/messages/join.ts'
import type { PeerRecord } from '../../protocols/messages/peer-record.ts'
import { createInviteBook } from '../../protocols/p2p/invite-book.ts'
import { formatInvite } from '../../protocols/p2p/invite.ts'
import { joinCommunity } from '../../protocols/p2p/join-client.ts'
import { gatewayProof, homeProof, inviteId, inviteKey } from '../../protocols/p2p/join-proof.ts'
import type { JoinTranscript } from '../../protocols/p2p/join-proof.ts'
import { joinExchange, signDescriptor, verifyDescriptor } from '../../protocols/p2p/join.ts'
import type { JoinReply, JoinRequest } from '../../protocols/p2p/join.ts'
import { keyOfPeerId } from '../../protocols/p2p/peer-key.ts'
import { signPeerRecord } from '../../protocols/p2p/peer-record.ts'
import { callExchange, serveExchange } from '../../protocols/p2p/request-response.ts'
import {
  CHAIN_ID,
  descriptorOf,
  MONITORING,
  movableClock,
  newWallet,
  random,
  startCommunity,
  startNode,
  until,
  wallClock,
} from './harness.ts'
import type { Community } from './harness.ts'

function inviteText({ gateway, invites }: Community, withAddress = true): string {
  const { code } = invites.issue()
  const addresses = withAddress ? gateway.addresses() : []
  return formatInvite({ gatewayPeerId: gateway.peerId, addresses, code })
}

describe('A home joins a community', () => {
  it('by the address in its invite, and is a member with its account from then on', async () => {
    const community = await startCommunity()
    const home = await startNode()
    const account = newWallet()
    const joined = await joinCommunity(home, { invite: inviteText(community), account, homeName: '3º B' })
    expect(joined.descriptor.communityName).toBe('calle-mayor')
    expect(joined.descriptor.community).toBe(community.account.address)
    expect(community.gateway.membership.find(home.peerId)?.account).toBe(account.address)
    expect(home.membership.find(community.gateway.peerId)).toMatchObject({
      role: 'community',
      account: community.account.address,
    })
    await until('both are connected as members', () => {
      const there = community.gateway.connectedMembers().includes(home.peerId)
      return there && home.connectedMembers().includes(community.gateway.peerId)
    })
  })

  it('with a used invite not at all, and with its own lost reply again', async () => {
    const community = await startCommunity()
    const first = await startNode()
    const account = newWallet()
    const invite = inviteText(community)
    community.invites.issue()
    await joinCommunity(first, { invite, account })
    await joinCommunity(first, { invite, account })
    expect(community.candidates).toEqual([account.address])
    const second = await startNode()
    await expect(joinCommunity(second, { invite, account: newWallet() })).rejects.toMatchObject({
      code: 'invite-used',
    })
    expect(second.membership.list()).toEqual([])
  })

  it('with an expired invite not at all', async () => {
    const clock = movableClock()
    const community = await startCommunity({ clock })
    const home = await startNode()
    const invite = inviteText(community)
    clock.forwardMs(25 * 3600 * 1000)
    community.invites.issue()
    await expect(joinCommunity(home, { invite, account: newWallet() })).rejects.toMatchObject({
      code: 'invite-expired',
    })
  })

  it('with a code that the gateway did not issue not at all', async () => {
    const community = await startCommunity()
    community.invites.issue()
    const home = await startNode()
    const { gateway } = community
    const invite = { gatewayPeerId: gateway.peerId, addresses: gateway.addresses(), code: random(16) }
    await expect(joinCommunity(home, { invite, account: newWallet() })).rejects.toMatchObject({
      code: 'invite-unknown',
    })
  })

  it('only after its own check of the community', async () => {
    const community = await startCommunity()
    const home = await startNode()
    const inspect = (): void => {
      throw new Error('another chain')
    }
    const joining = joinCommunity(home, { invite: inviteText(community), account: newWallet(), inspect })
    await expect(joining).rejects.toThrow('another chain')
    expect(community.candidates).toEqual([])
  })

  it('and hears the manager’s refusal in words', async () => {
    const refusal = { admitted: false, code: 'home-refused', message: 'ask in the office' } as const
    const community = await startCommunity({}, { onJoin: () => Promise.resolve(refusal) })
    const home = await startNode()
    const joining = joinCommunity(home, { invite: inviteText(community), account: newWallet() })
    await expect(joining).rejects.toMatchObject({ code: 'home-refused', message: 'ask in the office' })
    expect(community.invites.hasOpen()).toBe(true)
  })

  it('after waiting for a slow chain', async () => {
    let admit: (() => void) | undefined
    const community = await startCommunity(
      {},
      {
        patienceMs: 100,
        onJoin: () => new Promise((resolve) => (admit = () => resolve({ admitted: true }))),
      },
    )
    const home = await startNode()
    const steps: string[] = []
    const joining = joinCommunity(home, {
      invite: inviteText(community),
      account: newWallet(),
      onProgress: (step) => {
        steps.push(step)
        if (step === 'pending') admit?.()
      },
    })
    await joining
    expect(steps).toContain('pending')
    expect(steps.at(-1)).toBe('admitted')
  })
})

describe('What an impostor meets', () => {
  /** Says hello as a joiner would, and gives the transcript. */
  async function hello(community: Community, code: Uint8Array) {
    const { gateway } = community
    const node = await startNode()
    node.membership.admit({ peerKey: gateway.peerKey, role: 'community' })
    node.learnAddresses(gateway.peerId, gateway.addresses())
    const homeNonce = random(32)
    const ask = (request: JoinRequest) => callExchange(node, joinExchange, gateway.peerId, request)
    const reply = await ask({ step: 'hello', inviteId: inviteId(code), nonce: homeNonce })
    if (reply.step !== 'hello') throw new Error('a hello')
    const transcript: JoinTranscript = {
      gatewayKey: gateway.peerKey,
      homeKey: node.peerKey,
      homeNonce,
      gatewayNonce: reply.nonce,
      descriptorHash: descriptorHash(reply.descriptor.text),
    }
    return { node, ask, transcript }
  }
  const place = { chainId: CHAIN_ID, monitoring: MONITORING }
  const recordOf = (account: Wallet, peerKey: Uint8Array, sequence: number) =>
    signPeerRecord(account, place, { peerKey, sequence, expiresMs: Date.now() + 60_000 })

  it('who knows an invite’s id but not its code is not let in', async () => {
    const community = await startCommunity()
    const { code } = community.invites.issue()
    const { node, ask, transcript } = await hello(community, code)
    const account = newWallet()
    const record = await recordOf(account, node.peerKey, 1)
    const proof = homeProof(inviteKey(random(16)), transcript, account.address)
    const step = { step: 'record', inviteId: inviteId(code), proof, record } as const
    await expect(ask(step)).rejects.toMatchObject({ code: 'invite-proof' })
    await expect(ask(step)).rejects.toMatchObject({ code: 'join-no-hello' })
    expect(community.candidates).toEqual([])
  })

  it('with another account’s proof, or a record of another peer, chain or time, stays out', async () => {
    const community = await startCommunity()
    const { code } = community.invites.issue()
    const account = newWallet()
    const attempt = async (make: (peerKey: Uint8Array) => Promise<PeerRecord>, proven = account) => {
      const { node, ask, transcript } = await hello(community, code)
      const record = await make(node.peerKey)
      const proof = homeProof(inviteKey(code), transcript, proven.address)
      return ask({ step: 'record', inviteId: inviteId(code), proof, record })
    }
    const right = (peerKey: Uint8Array) => recordOf(account, peerKey, 1)
    const entry = { sequence: 1, expiresMs: Date.now() + 60_000 }
    const foreign = (peerKey: Uint8Array) =>
      signPeerRecord(account, { ...place, chainId: 1 }, { peerKey, ...entry })
    const expired = (peerKey: Uint8Array) =>
      signPeerRecord(account, place, { peerKey, sequence: 1, expiresMs: 1 })
    await expect(attempt(right, newWallet())).rejects.toMatchObject({ code: 'invite-proof' })
    await expect(attempt(() => right(random(32)))).rejects.toMatchObject({ code: 'record-peer' })
    await expect(attempt(foreign)).rejects.toMatchObject({ code: 'record-foreign' })
    await expect(attempt(expired)).rejects.toMatchObject({ code: 'record-expired' })
    await expect(attempt(right)).resolves.toEqual({ step: 'admitted' })
    community.invites.issue()
    expect(community.candidates).toEqual([account.address])
  })

  it('and a record shown twice is a replay', async () => {
    const refusal = { admitted: false, code: 'home-refused', message: 'no' } as const
    const community = await startCommunity({}, { onJoin: () => Promise.resolve(refusal) })
    const { code } = community.invites.issue()
    const account = newWallet()
    const { node, ask, transcript } = await hello(community, code)
    const record = await recordOf(account, node.peerKey, 5)
    const step = { step: 'record', inviteId: inviteId(code), record } as const
    const proof = homeProof(inviteKey(code), transcript, account.address)
    await expect(ask({ ...step, proof })).rejects.toMatchObject({ code: 'home-refused' })
    const nonce = random(32)
    const again = await ask({ step: 'hello', inviteId: inviteId(code), nonce })
    if (again.step !== 'hello') throw new Error('a hello')
    const second = { ...transcript, homeNonce: nonce, gatewayNonce: again.nonce }
    const fresh = homeProof(inviteKey(code), second, account.address)
    await expect(ask({ ...step, proof })).rejects.toMatchObject({ code: 'invite-proof' })
    await ask({ step: 'hello', inviteId: inviteId(code), nonce })
    await expect(ask({ ...step, proof: fresh })).rejects.toMatchObject({ code: 'invite-proof' })
    const last = await ask({ step: 'hello', inviteId: inviteId(code), nonce })
    if (last.step !== 'hello') throw new Error('a hello')
    const right = homeProof(inviteKey(code), { ...second, gatewayNonce: last.nonce }, account.address)
    await expect(ask({ ...step, proof: right })).rejects.toMatchObject({ code: 'record-replayed' })
  })

  it('who plays the gateway without the code, or with another’s descriptor, is found out', async () => {
    const account = newWallet()
    const { code } = createInviteBook({ clock: wallClock, random }).issue()
    const pretend = async (change: (reply: JoinReply & { step: 'hello' }) => JoinReply) => {
      const community = await startCommunity()
      const book = createInviteBook({ clock: wallClock, random: () => code })
      book.issue()
      const gateway = await startNode()
      gateway.acceptJoiners(() => true)
      const signed = await signDescriptor(
        descriptorOf(community.gateway, community.account.address),
        community.account,
      )
      await serveExchange(gateway, joinExchange, 'anyone', (request, { peerId }) => {
        if (request.step !== 'hello') throw new Error('too far')
        const transcript: JoinTranscript = {
          gatewayKey: gateway.peerKey,
          homeKey: keyOfPeerId(peerId),
          homeNonce: request.nonce,
          gatewayNonce: random(32),
          descriptorHash: descriptorHash(signed.text),
        }
        const proof = gatewayProof(inviteKey(code), transcript)
        return change({ step: 'hello', descriptor: signed, nonce: transcript.gatewayNonce, proof })
      })
      const home = await startNode()
      const invite = { gatewayPeerId: gateway.peerId, addresses: gateway.addresses(), code }
      return joinCommunity(home, { invite, account })
    }
    const wrongProof = pretend((reply) => ({ ...reply, proof: random(32) }))
    await expect(wrongProof).rejects.toMatchObject({ code: 'gateway-proof' })
    await expect(pretend((reply) => reply)).rejects.toMatchObject({ code: 'descriptor-peer' })
    await expect(pretend(() => ({ step: 'admitted' }))).rejects.toMatchObject({ code: 'join-out-of-step' })
  })

  it('with a friend and one invite gets in alone', async () => {
    const community = await startCommunity()
    const invite = inviteText(community)
    community.invites.issue()
    const homes = await Promise.all([startNode(), startNode(), startNode()])
    const joins = homes.map((home) => joinCommunity(home, { invite, account: newWallet() }))
    const outcomes = await Promise.allSettled(joins)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(community.gateway.membership.list()).toHaveLength(1)
    expect(community.candidates).toHaveLength(1)
  })
})

describe('A community descriptor', () => {
  it('is taken only as its community account signed it, byte for byte', async () => {
    const gateway = await startNode()
    const account = newWallet()
    const signed = await signDescriptor(descriptorOf(gateway, account.address), account)
    expect(verifyDescriptor(signed, gateway.peerKey).sampleMs).toBe(2000)
    const altered = { ...signed, text: signed.text.replace('"sampleMs":2000', '"sampleMs":4000') }
    expect(() => verifyDescriptor(altered, gateway.peerKey)).toThrow(/signature/)
    const other = await signDescriptor(descriptorOf(gateway, account.address), newWallet())
    expect(() => verifyDescriptor(other, gateway.peerKey)).toThrow(/signature/)
    expect(() => verifyDescriptor(signed, random(32))).toThrow(/another gateway/)
  })
})
