import { describe, expect, it } from 'vitest'
import { createPlug } from '../../protocols/rules/cable.ts'
import { introduce, startNode, until } from './harness.ts'

async function pairWithPlug() {
  const plug = createPlug()
  const gateway = await startNode({ reach: 'members' })
  const home = await startNode({ cable: plug })
  introduce(gateway, home)
  await home.connect(gateway.peerId)
  await until('both are connected', () => gateway.connectedMembers().includes(home.peerId))
  return { plug, gateway, home }
}

describe('A node whose cable is cut', () => {
  it('loses every connection at once, and both sides see it', async () => {
    const { plug, gateway, home } = await pairWithPlug()
    plug.set(true)
    expect(home.libp2p.getConnections().filter(({ status }) => status === 'open')).toEqual([])
    await until('the gateway misses it', () => gateway.connectedMembers().length === 0)
    expect(home.events.at(-1)).toEqual({ type: 'member-disconnected', peerId: gateway.peerId })
  })

  it('neither dials nor is dialled, and blames nobody for it', async () => {
    const { plug, gateway, home } = await pairWithPlug()
    gateway.learnAddresses(home.peerId, home.addresses())
    plug.set(true)
    await until('the gateway misses it', () => gateway.connectedMembers().length === 0)
    await expect(home.connect(gateway.peerId)).rejects.toMatchObject({ code: 'dial-failed' })
    await expect(gateway.connect(home.peerId)).rejects.toMatchObject({ code: 'dial-failed' })
    expect([...home.events, ...gateway.events].filter(({ type }) => type === 'refused')).toEqual([])
  })

  it('is back by itself once the cable is mended', async () => {
    const { plug, gateway, home } = await pairWithPlug()
    plug.set(true)
    await until('they are apart', () => gateway.connectedMembers().length === 0)
    plug.set(false)
    await until('they are connected again', () => gateway.connectedMembers().includes(home.peerId))
  })
})
