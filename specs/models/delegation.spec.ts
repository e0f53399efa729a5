import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { watchModel } from './delegation.ts'
import { WatchDeeds } from './delegation-deeds.ts'
import { GatewaysWorld, PATIENCE } from './gateways-world.ts'
import { carryOut, toursOf } from './tour.ts'

const LIFE_MS = 900_000

describe('two homes and a delegation, through their model', () => {
  let world: GatewaysWorld
  beforeAll(async () => {
    world = await GatewaysWorld.open()
  })
  afterAll(() => world.close())

  it.each(toursOf(watchModel))('%s', { timeout: LIFE_MS }, async (_name, life) => {
    const homes = await WatchDeeds.open(world)
    for (const { event, meta } of life) {
      await carryOut(homes.deeds, event)
      await expect.poll(() => homes.shown(), PATIENCE).toEqual(meta)
    }
  })
})
