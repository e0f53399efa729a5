import { describe, expect, it } from 'vitest'
import { Gateway } from '../machines/linked-gateway.ts'
import { type LinkWorldEvent, linkModel } from './board-link.ts'
import { carryOut, type Deeds, metaSchema, toursOf } from './tour.ts'

const STEP_MS = 50
const LONGEST_MS = 60_000
const CALIBRATION = { channel: 0, gainPpm: 1_010_000, offset: 5 }
const NO_SUCH_CHANNEL = 7
const SILENT_MS = 8_000
const UNANSWERED_MS = 6_500

/** A gateway whose link goes through a life; it is made by the first event. */
class Life {
  #gateway: Gateway | undefined

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error('there is no link yet')
    return this.#gateway
  }

  #begin(options: ConstructorParameters<typeof Gateway>[0] = {}, change: Partial<Gateway> = {}): void {
    this.#gateway = Object.assign(new Gateway(options), change)
  }

  async #until(state: string): Promise<void> {
    for (let passed = 0; this.gateway.link.state !== state; passed += STEP_MS) {
      if (passed > LONGEST_MS) throw new Error(`the link stays ${this.gateway.link.state}`)
      await this.gateway.live(STEP_MS)
    }
  }

  async #mended(): Promise<void> {
    Object.assign(this.gateway, {
      cutToBoard: false,
      cutFromBoard: false,
      unreachable: false,
      hears: Infinity,
    })
    await this.#until('live')
  }

  async #mute(hears: number): Promise<void> {
    this.#begin({}, { hears })
    await this.#until('absent')
  }

  /** Nothing of the board comes, and the port closes. */
  async #closed(): Promise<void> {
    this.gateway.line.drop('cable pulled')
    await this.#until('absent')
  }

  readonly deeds: Deeds<LinkWorldEvent> = {
    BOARD_ANSWERS: async () => {
      this.#begin()
      await this.#until('live')
    },
    PORT_DOES_NOT_OPEN: async () => {
      this.#begin({ unreachable: true })
      await this.#until('absent')
    },
    BOARD_IS_MUTE: () => this.#mute(0),
    BOARD_IS_MUTE_AFTER_HELLO: () => this.#mute(1),
    BOARD_IS_MUTE_AFTER_AUTHORISE: () => this.#mute(2),
    BOARD_REFUSES: async () => {
      this.#begin({ refuse: true })
      await this.#until('absent')
      this.gateway.link.stop()
      this.#begin({ unreachable: true })
      await this.#until('absent')
    },
    PORT_CLOSES_BEFORE_AN_ANSWER: async () => {
      this.#begin({}, { cutToBoard: true })
      await this.#until('authorising')
      await this.#closed()
    },
    BOARD_COMES_BACK: async () => {
      await this.#mended()
      await this.gateway.live(STEP_MS)
    },
    BOARD_COMES_BACK_AND_SAYS_NOTHING: async () => {
      await this.#mended()
      this.gateway.cutFromBoard = true
      await this.#until('stale')
    },
    BOARD_SPEAKS_AGAIN: () => this.#mended(),
    FRAMES_COME: async () => {
      const before = this.gateway.frames.length
      await this.gateway.live(3_000)
      expect(this.gateway.frames.length).toBeGreaterThan(before)
    },
    FRAMES_STAY_AWAY: async () => {
      this.gateway.cutFromBoard = true
      await this.#until('stale')
    },
    SILENCE_LASTS: async () => {
      await this.gateway.live(SILENT_MS)
      await this.#until('absent')
    },
    PORT_CLOSES: () => this.#closed(),
    IS_CALIBRATED: async () => {
      this.gateway.link.calibrate(CALIBRATION)
      await this.gateway.live(1_000)
      expect(this.gateway.told).toContain('calibrated')
    },
    CALIBRATION_IS_REFUSED: async () => {
      this.gateway.link.calibrate({ ...CALIBRATION, channel: NO_SUCH_CHANNEL })
      await this.gateway.live(1_000)
      expect(this.gateway.notices.at(-1)).toMatchObject({ reason: 'bad-argument' })
    },
    CALIBRATION_IS_NOT_ANSWERED: async () => {
      this.gateway.cutToBoard = true
      this.gateway.link.calibrate(CALIBRATION)
      await this.gateway.live(UNANSWERED_MS)
      expect(this.gateway.notices.at(-1)).toMatchObject({ reason: 'no answer' })
      this.gateway.cutToBoard = false
    },
    PORT_CLOSES_IN_A_CALIBRATION: async () => {
      this.gateway.cutToBoard = true
      this.gateway.link.calibrate(CALIBRATION)
      await this.#closed()
    },
    PERSON_STOPS_IT: async () => this.gateway.link.stop(),
  }
}

describe('the link to a board, through its model', () => {
  it.each(toursOf(linkModel))('%s', { timeout: 240_000 }, async (_name, events) => {
    const life = new Life()
    for (const { event, meta } of events) {
      await carryOut(life.deeds, event)
      expect([event, life.gateway.link.state]).toEqual(expect.arrayContaining(metaSchema.parse(meta)))
    }
    life.gateway.link.stop()
  })
})
