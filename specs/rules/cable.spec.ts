import { describe, expect, it } from 'vitest'
import { createPlug, WHOLE_NETWORK } from '../../protocols/rules/cable.ts'

describe('a cable that can be pulled', () => {
  it('is whole at first, cut when it is pulled, and whole again when it is mended', () => {
    const plug = createPlug()
    expect(plug.isCut()).toBe(false)
    plug.set(true)
    expect(plug.isCut()).toBe(true)
    plug.set(false)
    expect(plug.isCut()).toBe(false)
  })

  it('tells its listeners of each cut once, and of no mending', () => {
    const plug = createPlug()
    const told: string[] = []
    plug.onCut(() => told.push('first'))
    plug.onCut(() => told.push('second'))
    plug.set(false)
    expect(told).toEqual([])
    plug.set(true)
    expect(told).toEqual(['first', 'second'])
    plug.set(true)
    plug.set(false)
    expect(told).toHaveLength(2)
    plug.set(true)
    expect(told).toHaveLength(4)
  })

  it('is cut already when its listeners hear of it, and forgets those who stopped listening', () => {
    const plug = createPlug()
    const told: boolean[] = []
    const stop = plug.onCut(() => told.push(plug.isCut()))
    plug.set(true)
    expect(told).toEqual([true])
    stop()
    plug.set(false)
    plug.set(true)
    expect(told).toEqual([true])
  })
})

describe('the network that nobody cuts', () => {
  it('is whole to the chain and to the peers, and takes listeners', () => {
    for (const cable of [WHOLE_NETWORK.chain, WHOLE_NETWORK.peers]) {
      expect(cable.isCut()).toBe(false)
      expect(cable.onCut(() => undefined)()).toBeUndefined()
    }
  })
})
