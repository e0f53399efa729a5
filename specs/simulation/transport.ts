import type { Gateway } from './gateways/gateway.ts'
import type { World } from './world.ts'

/** What gateways say to each other beside the chain. */
export type Word =
  | { kind: 'join'; account: string }
  | { kind: 'welcome' }
  /** `auxiliary` is the key to which the answer is sealed. */
  | { kind: 'key'; account: string; auxiliary: string }
  | { kind: 'key-given'; epoch: number; sealed: string }
  | { kind: 'offer-notice'; auctionId: string; resource: number }
  | { kind: 'heard' }
  | { kind: 'not-yet' }

/** Who hears words. */
export interface Hearer {
  hear(from: string, word: Word): Promise<Word>
}

const REPLY_MS = 5_000
const LEAST_MS = 5
const MOST_MS = 250

/** The network between gateways: words come late, twice, or not at all, and never over a cut. */
export class Transport {
  readonly #world: World
  said = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Says a word and waits for the answer, again and again until it comes. */
  async ask(from: Gateway, to: Gateway & Hearer, word: Word, againMs: number): Promise<Word> {
    const { life } = from
    for (;;) {
      await life.alive()
      const answer = await this.tell(from, to, word)
      await life.alive()
      if (answer !== null && answer.kind !== 'not-yet') return answer
      await new Promise<void>((resolve) => this.#world.time.after(againMs, resolve))
    }
  }

  /** Says a word once; null when no answer came. */
  tell(from: Gateway, to: Gateway & Hearer, word: Word): Promise<Word | null> {
    const { time, faults, watch } = this.#world
    this.said += 1
    watch.overheard(from, word)
    return new Promise((resolve) => {
      const silence = time.after(REPLY_MS, () => resolve(null))
      const answer = (reply: Word): void => {
        watch.overheard(to, reply)
        if (faults.losesWord(to, from)) return
        time.after(faults.wordMs(LEAST_MS, MOST_MS), () => {
          time.forget(silence)
          resolve(reply)
        })
      }
      for (let copy = 0; copy < faults.copiesOfWord(from, to); copy += 1) {
        time.after(faults.wordMs(LEAST_MS, MOST_MS), () => {
          if (to.life.dead || faults.isParted(from, to)) return
          to.hear(from.account, word).then(answer, () => undefined)
        })
      }
    })
  }
}
