import { expect } from 'vitest'
import { delegationsOf } from '../../bin/host/ask-delegation.ts'
import { systemRandom, wallClock } from '../../bin/clock.ts'
import type { WatchMeta, WatchWorldEvent } from './delegation.ts'
import { type GatewaysWorld, PATIENCE, type WorldHome } from './gateways-world.ts'
import type { Deeds } from './tour.ts'

/** Long enough for some rounds of offers, and soon over. */
const WINDOW_MS = 75_000
const REWARD_MICRO_SCT = 1_000

/** Carries out on two real homes what their model says. */
export class WatchDeeds {
  readonly #away: WorldHome
  readonly #near: WorldHome
  #negotiation = ''
  #offers = 0

  private constructor(away: WorldHome, near: WorldHome) {
    this.#away = away
    this.#near = near
  }

  /** Two homes that have joined and know each other. */
  static async open(world: GatewaysWorld): Promise<WatchDeeds> {
    const [away, near] = [await world.home(true), await world.home(true)]
    for (const { gateway } of [away, near]) {
      await expect.poll(() => gateway.actor?.snapshot().matches('operating'), PATIENCE).toBe(true)
    }
    const deeds = new WatchDeeds(away, near)
    await expect.poll(() => deeds.#actions(away).view().neighbours, PATIENCE).toContain(deeds.#account(near))
    await expect.poll(() => deeds.#actions(near).view().neighbours, PATIENCE).toContain(deeds.#account(away))
    return deeds
  }

  /** What the pages of both homes say of the newest delegation. */
  shown(): WatchMeta {
    const [away, near] = [this.#viewAt(this.#away), this.#viewAt(this.#near)]
    const turn = near?.ourTurn === true ? 'near' : away?.ourTurn === true ? 'away' : null
    const caring = this.#actions(this.#near).view().caring
    const cares = caring.some(
      ({ negotiation, newest }) => negotiation === this.#negotiation && newest !== null,
    )
    return { away: away?.state ?? 'none', near: near?.state ?? 'none', turn, cares }
  }

  readonly deeds: Deeds<WatchWorldEvent> = {
    AWAY_PROPOSES: () => this.#propose(),
    AWAY_PROPOSES_WHILE_THE_NEIGHBOUR_IS_CUT_OFF: async () => {
      this.#near.plugs.peers.set(true)
      await this.#propose()
      this.#near.plugs.peers.set(false)
    },
    AWAY_ACCEPTS: () => this.#actions(this.#away).accept(this.#choice()),
    AWAY_DECLINES: () => this.#actions(this.#away).decline(this.#choice()),
    AWAY_OFFERS: () => this.#offer(this.#away),
    AWAY_ENDS: () => this.#actions(this.#away).end(this.#choice()),
    NEAR_ACCEPTS: () => this.#actions(this.#near).accept(this.#choice()),
    // The neighbour needs a number and a key of the community: it asks until it gets them.
    NEAR_ACCEPTS_WHILE_THE_COMMUNITY_IS_CUT_OFF: async () => {
      this.#near.plugs.peers.set(true)
      await this.#actions(this.#near).accept(this.#choice())
      await expect.poll(() => this.#viewAt(this.#near)?.state, PATIENCE).toBe('consented')
      this.#near.plugs.peers.set(false)
    },
    NEAR_DECLINES: () => this.#actions(this.#near).decline(this.#choice()),
    NEAR_OFFERS: () => this.#offer(this.#near),
    NEAR_ENDS: () => this.#actions(this.#near).end(this.#choice()),
    BOTH_END: async () => {
      const ends = [this.#away, this.#near].map((home) => this.#actions(home).end(this.#choice()))
      await Promise.all(ends)
    },
    THE_TIME_IS_OVER: () => expect.poll(() => this.#viewAt(this.#away)?.state, PATIENCE).toBe('closed'),
  }

  /** Asked until it is taken: the contract holds a delegation for a slot or two after its end. */
  async #propose(): Promise<void> {
    this.#negotiation = Buffer.from(systemRandom(16)).toString('hex')
    const form = { ...this.#terms(), requestId: this.#negotiation, peer: this.#account(this.#near) }
    await expect.poll(() => this.#proposed(form), PATIENCE).toBe('taken')
  }

  #proposed(form: Parameters<ReturnType<typeof delegationsOf>['propose']>[0]): Promise<string> {
    return this.#actions(this.#away)
      .propose(form)
      .then(() => 'taken', String)
  }

  async #offer(home: WorldHome): Promise<void> {
    await this.#actions(home).counter({ ...this.#terms(), ...this.#choice() })
  }

  #terms() {
    this.#offers += 1
    return {
      functions: ['readings', 'alarms'] as ('readings' | 'alarms')[],
      fromMs: null,
      untilMs: wallClock.nowMs() + WINDOW_MS,
      rewardMicroSct: REWARD_MICRO_SCT * this.#offers,
      text: '',
    }
  }

  #choice() {
    return { negotiation: this.#negotiation }
  }

  #actions({ gateway }: WorldHome): ReturnType<typeof delegationsOf> {
    return delegationsOf(gateway)
  }

  #account({ gateway }: WorldHome): string {
    return gateway.actor?.snapshot().context.account ?? ''
  }

  #viewAt(home: WorldHome) {
    return this.#actions(home)
      .view()
      .list.find(({ negotiation }) => negotiation === this.#negotiation)
  }
}
