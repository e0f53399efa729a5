import { describe, expect, it } from 'vitest'
import { type Actor, createActor } from 'xstate'
import { livePowerControl } from '../../actors/power-control/live.ts'
import type { powerControlMachine } from '../../actors/power-control/machine.ts'
import { heatAfter, HEAT_TO_TRIP, HEAT_TO_WARN, TRIP_PROFILES } from '../../protocols/rules/trip-curve.ts'
import { type Gateway, living, T } from '../machines/linked-gateway.ts'
import { type SupplyWorldEvent, supplyModel } from './power-control.ts'
import { carryOut, type Deeds, leavesOf, metaSchema, toursOf } from './tour.ts'

const CONTRACT_W = 3_000
/** A board answers in this time … */
const ANSWERED_MS = 300
/** … and after this one no answer is waited for any more. */
const GIVEN_UP_MS = 2_500

/** A home's supply: the relay is that of a board that runs the real firmware. */
class Supply {
  readonly actor: Actor<typeof powerControlMachine>
  readonly #gateway: Gateway
  #t = 1_800_000_000_000

  constructor(gateway: Gateway) {
    this.#gateway = gateway
    const machine = livePowerControl({
      openRelay: () => gateway.link.relay(false),
      closeRelay: () => gateway.link.relay(true),
      tell: () => undefined,
    })
    const input = { profile: 'icp-m', contractedW: CONTRACT_W, maxGapMs: 3 * T } as const
    this.actor = createActor(machine, { input }).start()
  }

  /** A report of the board in which so many permille of the contract were drawn. */
  #read(permille: number): void {
    this.#t += T
    const powerW = (CONTRACT_W * permille) / 1_000
    const relayClosed = this.#gateway.board.conducting
    this.actor.send({ type: 'READING', t: this.#t, slot: Math.floor(this.#t / T), powerW, relayClosed })
  }

  /** The least load after which the next report warns and does not trip yet. */
  #warming(): number {
    const { heat, profile } = this.actor.getSnapshot().context
    const warms = (permille: number): boolean => {
      const after = heatAfter(TRIP_PROFILES[profile], heat, T, permille)
      return after >= HEAT_TO_WARN && after < HEAT_TO_TRIP
    }
    const load = Array.from({ length: 200 }, (_, at) => 1_000 + 50 * at).find(warms)
    if (load === undefined) throw new Error('no load warns at once')
    return load
  }

  async #answered(): Promise<void> {
    await this.#gateway.live(ANSWERED_MS)
  }

  async #whileCut(wire: 'cutToBoard' | 'cutFromBoard', work: () => void): Promise<void> {
    this.#gateway[wire] = true
    work()
    await this.#gateway.live(200)
  }

  async #givenUp(): Promise<void> {
    await this.#gateway.live(GIVEN_UP_MS)
  }

  async #mended(): Promise<void> {
    this.#gateway.cutToBoard = this.#gateway.cutFromBoard = false
    await this.#gateway.live(ANSWERED_MS)
  }

  async #byHand(closed: boolean): Promise<void> {
    await this.#mended()
    void this.#gateway.link.relay(closed)
    await this.#answered()
    this.#read(0)
  }

  readonly #restore = (): void => this.actor.send({ type: 'RESTORE' })
  readonly #override = (): void =>
    this.actor.send({ type: 'OVERRIDE', t: this.#t, untilMs: this.#t + 60_000 })

  readonly deeds: Deeds<SupplyWorldEvent> = {
    DRAWS_LITTLE: async () => this.#read(500),
    DRAWS_TOO_MUCH: async () => this.#read(1_050),
    DRAWS_MUCH_TOO_MUCH: async () => this.#read(this.#warming()),
    DRAWS_TWELVE_TIMES: async () => {
      this.#read(12_000)
      // The board reports once more before it has heard.
      this.#read(12_000)
      await this.#answered()
    },
    DRAWS_TWELVE_TIMES_WHILE_THE_ANSWER_IS_LOST: async () => {
      await this.#whileCut('cutFromBoard', () => this.#read(12_000))
      this.#read(0)
      await this.#mended()
    },
    DRAWS_TWELVE_TIMES_WITH_THE_WIRE_CUT: async () => {
      await this.#whileCut('cutToBoard', () => this.#read(12_000))
      await this.#givenUp()
    },
    COOLS: async () => {
      this.#read(this.#warming())
      while (this.actor.getSnapshot().matches({ supply: 'warned' })) this.#read(0)
    },
    CONTRACT_CHANGES: async () => this.actor.send({ type: 'CONTRACT', contractedW: CONTRACT_W }),
    BOARD_REPORTS: async () => this.#read(0),
    RELAY_IS_CLOSED_BY_SOMEBODY: () => this.#byHand(true).then(() => this.#answered()),
    RELAY_IS_OPENED_BY_SOMEBODY: () => this.#byHand(false),
    WIRE_IS_MENDED: async () => {
      await this.#mended()
      this.#read(0)
      await this.#answered()
    },
    PERSON_RESTORES: async () => {
      await this.#mended()
      this.#restore()
      await this.#answered()
    },
    PERSON_RESTORES_WHILE_THE_ANSWER_IS_LOST: async () => {
      this.#restore()
      // The board reports once more before it has heard.
      this.#read(0)
      await this.#whileCut('cutFromBoard', () => undefined)
      this.#read(0)
      await this.#mended()
    },
    PERSON_RESTORES_WITH_THE_WIRE_CUT: async () => {
      await this.#whileCut('cutToBoard', this.#restore)
      await this.#givenUp()
    },
    PERSON_OVERRIDES: async () => {
      await this.#mended()
      this.#override()
      await this.#answered()
    },
    OVERRIDE_IS_LENGTHENED_AND_ENDED: async () => {
      this.#override()
      this.#override()
      this.actor.send({ type: 'OVERRIDE_END' })
    },
    OVERRIDE_IS_OVER: async () => {
      this.#override()
      this.#t += 120_000
      this.#read(500)
    },
  }
}

describe('power control, through its model', () => {
  it.each(toursOf(supplyModel))('%s', async (_name, life) => {
    const supply = new Supply(await living('power'))
    for (const { event, meta } of life) {
      await carryOut(supply.deeds, event)
      const leaves = leavesOf(supply.actor.getSnapshot().value)
      expect([event, ...leaves]).toEqual(expect.arrayContaining(metaSchema.parse(meta)))
    }
    supply.actor.stop()
  })
})
