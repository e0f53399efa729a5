import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommunityDeeds } from './community-deeds.ts'
import { communityModel } from './community-gateway.ts'
import { GatewaysWorld, PATIENCE } from './gateways-world.ts'
import { HomeDeeds } from './home-deeds.ts'
import { homeModel } from './smart-gateway.ts'
import { carryOut, type Deeds, leavesOf, metaSchema, type Step, toursOf } from './tour.ts'

const LIFE_MS = 900_000

/** Whose machine is driven, and what is done for each event of the model. */
interface Driven {
  readonly actor: { snapshot(): { readonly value: unknown } }
  readonly deeds: Deeds<{ type: string }>
}

async function live(driven: Driven, life: readonly Step[]): Promise<void> {
  for (const { event, meta } of life) {
    await carryOut(driven.deeds, event)
    await expect
      .poll(() => leavesOf(driven.actor.snapshot().value), PATIENCE)
      .toEqual(expect.arrayContaining(metaSchema.parse(meta)))
  }
}

describe('gateways, through their models', () => {
  let world: GatewaysWorld
  beforeAll(async () => {
    world = await GatewaysWorld.open()
  })
  afterAll(() => world.close())

  it.each(toursOf(homeModel))('a home: %s', { timeout: LIFE_MS }, (_name, life) =>
    live(new HomeDeeds(world), life),
  )

  it.each(toursOf(communityModel))('a community: %s', { timeout: LIFE_MS }, (_name, life) =>
    live(new CommunityDeeds(world), life),
  )
})
