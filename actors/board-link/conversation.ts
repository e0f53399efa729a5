import type { BoardAnswer, BoardCommand } from '../../hardware/board/command.ts'
import { Fault } from '../../protocols/rules/fault.ts'

/** Timers as a value: the actor system's clock, also the simulated one. */
export interface Timers {
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

/** How a command ended: `done`, or the board's word why not. */
export type Ending = BoardAnswer['status']

interface Asked {
  readonly command: BoardCommand
  readonly ended: (ending: Ending) => void
  readonly tries: number
}

/** A board tells the number that it expects; three rounds are enough for any race of two commands. */
const TRIES = 3
/** Commands that wait for their answer: more than any person or machine step has at once. */
const WAITING_MOST = 16

/**
 * Commands and answers over one open port. A board obeys only rising numbers, also over its restarts: a
 * command that it calls replayed goes out again with the number after its last.
 */
export class Conversation {
  readonly #say: (sequence: number, command: BoardCommand) => void
  readonly #waiting = new Map<number, Asked>()
  #next: number

  constructor(first: number, say: (sequence: number, command: BoardCommand) => void) {
    this.#next = first
    this.#say = say
  }

  /** The number that the next command gets: a later conversation goes on from it. */
  get next(): number {
    return this.#next
  }

  ask(command: BoardCommand, ended: (ending: Ending) => void): void {
    this.#ask({ command, ended, tries: 1 })
  }

  hear(answer: BoardAnswer): void {
    this.#next = Math.max(this.#next, answer.lastCommandSequence + 1)
    const asked = this.#waiting.get(answer.commandSequence)
    this.#waiting.delete(answer.commandSequence)
    if (asked === undefined) return
    if (answer.status === 'replayed' && asked.tries < TRIES) this.#ask({ ...asked, tries: asked.tries + 1 })
    else asked.ended(answer.status)
  }

  #ask(asked: Asked): void {
    const sequence = this.#next
    this.#next += 1
    if (this.#waiting.size >= WAITING_MOST) {
      const [oldest] = this.#waiting.keys()
      if (oldest !== undefined) this.#waiting.delete(oldest)
    }
    this.#waiting.set(sequence, asked)
    this.#say(sequence, asked.command)
  }
}

/** Asks and waits for the answer; rejects with `board-refused` or, after `ms`, with `no-answer`. */
export function askFor(
  conversation: Conversation,
  command: BoardCommand,
  timers: Timers,
  ms: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { name } = command
    const timer = timers.setTimeout(() => {
      reject(new Fault('no-answer', `the board did not answer "${name}" within ${ms} ms`, { command: name }))
    }, ms)
    conversation.ask(command, (status) => {
      timers.clearTimeout(timer)
      if (status === 'done') resolve()
      else reject(new Fault('board-refused', `the board answered "${name}" with ${status}`, { status }))
    })
  })
}
