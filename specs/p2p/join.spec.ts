import { describe, expect, it } from 'vitest'
import { formatInvite } from '../../protocols/p2p/invite.ts'
import { joinCommunity } from '../../protocols/p2p/join-client.ts'
import { movableClock, newWallet, random, startCommunity, startNode, until } from './harness.ts'
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
