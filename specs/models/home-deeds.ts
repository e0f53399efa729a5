import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { SmartGatewayEvent } from '../../actors/smart-gateway/machine.ts'
import {
  faulty,
  type GatewaysWorld,
  holdFrames,
  PATIENCE,
  sampleMs,
  slotOf,
  type WorldHome,
} from './gateways-world.ts'
import type { HomeWorldEvent } from './smart-gateway.ts'
import type { Deeds } from './tour.ts'

/** Carries out on a real home what its model says. */
export class HomeDeeds {
  readonly world: GatewaysWorld
  #home: WorldHome | undefined
  #epoch = 0
  #alarms = 0
  #mendFrames = (): unknown => undefined

  constructor(world: GatewaysWorld) {
    this.world = world
  }

  get home(): WorldHome {
    if (this.#home === undefined) throw new Error('there is no home yet')
    return this.#home
  }

  get actor() {
    const { actor } = this.home.gateway
    if (actor === null) throw new Error('the home has no machine')
    return actor
  }

  #tell(event: SmartGatewayEvent): Promise<void> {
    return this.actor.send(event)
  }

  #context() {
    return this.actor.snapshot().context
  }

  async #operates(): Promise<void> {
    await expect.poll(() => this.actor.snapshot().matches('operating'), PATIENCE).toBe(true)
    await expect.poll(() => this.#context().lastSlot, PATIENCE).toBeGreaterThan(0)
  }

  async #meters(slots = 1): Promise<void> {
    const before = this.#context().lastSequence
    await expect.poll(() => this.#context().lastSequence, PATIENCE).toBeGreaterThanOrEqual(before + slots)
  }

  async #epochs(count: number): Promise<void> {
    for (let each = 0; each < count; each += 1) {
      this.#epoch = (this.world.community.actor?.snapshot().context.epoch ?? 0) + 1
      await this.world.community.actor?.send({ type: 'EPOCH_DUE', epoch: this.#epoch })
      await expect.poll(() => this.#context().epoch, PATIENCE).toBe(this.#epoch)
    }
  }

  #alarmed(): Promise<void> {
    const before = this.#context().alarmsUnread
    // One slot raises an alarm once.
    this.#alarms += 1
    this.world.community.mismatch(this.#context().account, this.#alarms, 'spec')
    return expect.poll(() => this.#context().alarmsUnread, PATIENCE).toBeGreaterThan(before)
  }

  #away(...what: readonly string[]): Promise<void> {
    return expect.poll(() => [...this.#context().away].sort(), PATIENCE).toEqual(what)
  }

  /** Two slots' frames reach the home at one moment, those of the second as a broken sensor says them. */
  async #twoSlots(second: typeof faulty): Promise<void> {
    const release = holdFrames(this.home.gateway)
    await sleep(4 * sampleMs)
    let first: number | undefined
    release((frame) => {
      first ??= slotOf(frame)
      return slotOf(frame) > first + 1 ? second(frame) : frame
    })
  }

  readonly deeds: Deeds<HomeWorldEvent> = {
    COMES_WITH_A_WRONG_INVITE: async () => {
      this.#home = await this.world.home(false)
    },
    COMES_WITH_AN_INVITE: async () => {
      this.#home = await this.world.home(true)
      await this.#operates()
    },
    COMES_BACK_WITH_AN_INVITE: async () => {
      await this.world.again(this.home, await this.world.invite(this.home.name))
      await this.#operates()
    },
    IS_TOLD_TO_LEAVE: () => this.#tell({ type: 'LEAVE' }),
    METERS: () => {
      this.#mendFrames()
      return this.#meters()
    },
    METERS_WHILE_THE_CHAIN_STANDS: () => this.world.whileChainStands(() => this.#meters(2)),
    METERS_SLOTS_AT_ONCE: () => this.#twoSlots((frame) => frame),
    FRAMES_ARE_REFUSED: async () => {
      const { gateway } = this.home
      const take = gateway.frame.bind(gateway)
      gateway.frame = (frame) => take(faulty(frame))
      this.#mendFrames = () => (gateway.frame = take)
    },
    FRAMES_ARE_REFUSED_WHILE_IT_SEALS: () => this.#twoSlots(faulty),
    IS_ALARMED: () => this.#alarmed(),
    IS_ALARMED_AGAIN: () => this.#alarmed(),
    PEOPLE_SAW_THE_ALARMS: () => this.#tell({ type: 'ALARMS_ACKNOWLEDGED' }),
    EPOCH_BEGINS: () => this.#epochs(1),
    TWO_EPOCHS_BEGIN: async () => {
      this.home.plugs.peers.set(true)
      await this.#epochs(2)
      this.home.plugs.peers.set(false)
    },
    CHAIN_AWAY: async () => {
      this.home.plugs.chain.set(true)
      await this.#away('chain')
    },
    COMMUNITY_AWAY_TOO: async () => {
      this.home.plugs.peers.set(true)
      await this.#away('chain', 'community')
    },
    ONE_IS_BACK: () => this.#back(),
    BOTH_ARE_BACK: () => this.#back(),
    // No part of the product says these two yet: the machine is told them by the spec.
    READING_UNDONE: async () => {
      for (let each = 0; each < 2; each += 1) await this.#tell({ type: 'READING_UNDONE', slot: 1 })
      for (let each = 0; each < 2; each += 1) await this.#tell({ type: 'READING_INCLUDED', slot: 1 })
    },
    HAS_SAID_GOODBYE: () => this.#tell({ type: 'LEFT' }),
    IS_REVOKED: () => this.world.revoke(this.#context().account),
  }

  async #back(): Promise<void> {
    this.home.plugs.chain.set(false)
    this.home.plugs.peers.set(false)
    await this.#away()
  }
}
