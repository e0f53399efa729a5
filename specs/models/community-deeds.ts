import { expect } from 'vitest'
import type { CommunityGatewayEvent } from '../../actors/community-gateway/machine.ts'
import type { CommunityWorldEvent } from './community-gateway.ts'
import { type GatewaysWorld, PATIENCE, type WorldHome } from './gateways-world.ts'
import type { Deeds } from './tour.ts'

/** Carries out on a real community gateway what its model says. */
export class CommunityDeeds {
  readonly world: GatewaysWorld
  readonly #homes: WorldHome[] = []

  constructor(world: GatewaysWorld) {
    this.world = world
  }

  get actor() {
    const { actor } = this.world.community
    if (actor === null) throw new Error('the community gateway has no machine')
    return actor
  }

  async #tell(...events: readonly CommunityGatewayEvent[]): Promise<void> {
    await Promise.all(events.map((event) => this.actor.send(event)))
  }

  #account(at: number): string {
    return this.#homes[at]?.gateway.actor?.snapshot().context.account ?? ''
  }

  #sequences(): number[] {
    return this.#homes.map(({ gateway }) => gateway.actor?.snapshot().context.lastSequence ?? 0)
  }

  async #meter(): Promise<void> {
    const before = this.#sequences()
    await expect
      .poll(() => this.#sequences().every((each, at) => each > (before[at] ?? 0)), PATIENCE)
      .toBe(true)
  }

  async #chainIs(state: 'stalled' | 'rewound'): Promise<void> {
    await expect
      .poll(() => this.actor.snapshot().matches({ operating: { chainWatch: state } }), PATIENCE)
      .toBe(true)
  }

  #stand(seconds: number): Promise<unknown> {
    return this.world.rpc('evm_setIntervalMining', [seconds])
  }

  readonly deeds: Deeds<CommunityWorldEvent> = {
    TWO_HOMES_JOIN_AT_ONCE: async () => {
      this.#homes.push(...(await Promise.all([this.world.home(true), this.world.home(true)])))
      await this.#meter()
    },
    HOMES_METER: () => this.#meter(),
    READINGS_COME_WHILE_IT_OPENS: () =>
      this.#tell(
        { type: 'RECORDS_SEEN', count: 1 },
        { type: 'RECORDS_SEEN', count: 2 },
        { type: 'READINGS_OPENED', accepted: 1, faulty: 0 },
        { type: 'READINGS_OPENED', accepted: 2, faulty: 0 },
      ),
    EPOCH_IS_DUE: () =>
      this.#tell({ type: 'EPOCH_DUE', epoch: (this.actor.snapshot().context.epoch ?? 0) + 1 }),
    ALARMS_PILE_UP: async () => {
      for (const slot of [101, 102, 103]) this.world.community.mismatch(this.#account(0), slot, 'spec')
      await expect
        .poll(() => this.#homes[0]?.gateway.actor?.snapshot().context.alarmsUnread, PATIENCE)
        .toBeGreaterThanOrEqual(3)
      await this.#tell(
        { type: 'ALARMS_DRAFTED', count: 2 },
        { type: 'ALARMS_PUBLISHED', count: 1 },
        { type: 'ALARMS_PUBLISHED', count: 1 },
      )
    },
    TWO_PERIODS_END: () => {
      const { period } = this.actor.snapshot().context
      return this.#tell(
        { type: 'PERIOD_ENDED', period: period + 1 },
        { type: 'PERIOD_ENDED', period: period + 2 },
      )
    },
    EXCESS_IS_DEMANDED: () =>
      this.#tell(
        { type: 'EXCESSES_TOLD' },
        { type: 'EXCESSES_LOOKED', demanded: 1 },
        { type: 'EXCESSES_LOOKED', demanded: 2 },
      ),
    EXCESS_IS_SHOWN: () => this.#tell({ type: 'EXCESSES_LOOKED', demanded: 0 }),
    // No part of the product says these four yet: the machine is told them by the spec.
    PRICES_ARE_OLD: () => this.#tell({ type: 'PRICES_STALE' }),
    PRICES_COME: () => this.#tell({ type: 'PRICES_FRESH' }),
    HANDS_OVER: () => this.#tell({ type: 'HAND_OVER' }),
    HAS_HANDED_OVER: () => this.#tell({ type: 'HANDED_OVER' }),
    CHAIN_STANDS: async () => {
      await this.#stand(0)
      await this.#chainIs('stalled')
    },
    CHAIN_GOES_ON: async () => {
      await this.#stand(1)
      await this.#tell({ type: 'CHAIN_FOLLOWED' })
      await this.#meter()
    },
    CHAIN_IS_REWOUND: async () => {
      await this.world.rpc('anvil_rollback', [2])
      await this.#chainIs('rewound')
    },
    CHAIN_STANDS_AFTER_THAT: async () => {
      await this.#stand(0)
      await this.#chainIs('stalled')
    },
    CHAIN_IS_REWOUND_AFTER_THAT: async () => {
      await this.world.rpc('anvil_rollback', [2])
      await this.world.rpc('evm_mine')
      await this.world.rpc('evm_mine')
      await this.world.rpc('evm_mine')
      await this.#chainIs('rewound')
    },
    HOME_IS_REVOKED: async () => {
      const before = this.actor.snapshot().context.members
      await this.world.revoke(this.#account(1))
      await expect.poll(() => this.actor.snapshot().context.members, PATIENCE).toBe(before - 1)
    },
  }
}
