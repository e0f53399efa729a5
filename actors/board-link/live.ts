import { createActor } from 'xstate'
import type { BoardCommand } from '../../hardware/board/command.ts'
import type { BoardPort } from '../../hardware/ports/port.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import { reportWindowMs } from '../../protocols/rules/link-timing.ts'
import type { ReceivedFrame } from '../../protocols/rules/reading.ts'
import type { Inspector } from '../inspection/inspector.ts'
import { inspecting } from '../inspection/live-actor.ts'
import type { BoardCodec, Heard } from './codec.ts'
import type { Timers } from './conversation.ts'
import { askFor, Conversation } from './conversation.ts'
import type { BoardLinkContext, BoardLinkEvent, BoardLinkInput, Calibration } from './machine.ts'
import { ANSWER_MS, boardLinkMachine } from './machine.ts'

/** A change of the link that people see. */
export type LinkNotice =
  | { readonly kind: 'away'; readonly boardId: number; readonly reason: string }
  | { readonly kind: 'back'; readonly boardId: number }
  | { readonly kind: 'calibrated'; readonly boardId: number; readonly calibration: Calibration }
  | { readonly kind: 'calibration-failed'; readonly boardId: number; readonly reason: string }

export interface BoardLinkPorts extends BoardLinkInput {
  /** Opens the way to the board; rejects when it cannot. */
  open(): Promise<BoardPort>
  /** A codec for one connection. */
  codec(): BoardCodec
  readonly clock: Clock
  readonly timers: Timers
  /** Told of what the link does; only while a run is recorded. */
  readonly inspector?: Inspector | undefined
  /** A report whose CRC is right, with the time at the port. */
  onFrame(received: ReceivedFrame): void
  onNotice(notice: LinkNotice): void
}

/** Counts since the link began. */
export interface LinkCounts {
  readonly reports: number
  /**
   * Frames that could not be read, by code: `bad-crc`, `bad-cobs`, `bad-length`, `bad-mac`, `other-board`, …
   */
  readonly bad: Readonly<Record<string, number>>
}

export interface BoardLink {
  readonly boardId: number
  /** The state's name: connecting, authorising, live, stale, calibrating, absent, stopped. */
  readonly state: string
  readonly counts: LinkCounts
  /** The lights of the board as its gateway knows them. */
  readonly lights: { readonly link: boolean; readonly authorised: boolean }
  /**
   * Resolves when the board answered that it obeyed; rejects with `board-away`, `board-refused` or `no-
   * answer`.
   */
  relay(closed: boolean): Promise<void>
  valve(open: boolean): Promise<void>
  /** Ends in a notice. */
  calibrate(calibration: Calibration): void
  stop(): void
}

/** The board's link light goes out after a minute without a word from its gateway. */
const GREET_EVERY_MS = 20_000

/** One open port with its codec and its conversation. */
interface Connection {
  readonly port: BoardPort
  readonly conversation: Conversation
}

interface Acting {
  readonly context: BoardLinkContext
  readonly self: { send(event: BoardLinkEvent): void }
}

/** Keeps what the machine must not: the port, the numbers of commands, the counters. */
class LinkEffects {
  readonly counts: { reports: number; bad: Record<string, number> } = { reports: 0, bad: {} }
  authorised = false
  #connection: Connection | undefined
  #nextSequence = 1
  #attempt = 0
  #step = 0
  #greeting: unknown
  readonly #ports: BoardLinkPorts

  constructor(ports: BoardLinkPorts) {
    this.#ports = ports
  }

  get conversation(): Conversation | undefined {
    return this.#connection?.conversation
  }

  /** Opens a port; one that opens after the attempt was given up is closed again at once. */
  readonly open = ({ self }: Acting): void => {
    this.#attempt += 1
    const attempt = this.#attempt
    this.#ports.open().then(
      (port) => {
        if (attempt === this.#attempt) this.#attach(port, self)
        else port.close()
      },
      (thrown: unknown) => {
        if (attempt === this.#attempt) self.send({ type: 'PORT_FAILED', reason: messageOf(thrown) })
      },
    )
  }

  readonly close = (): void => {
    this.#attempt += 1
    const connection = this.#connection
    this.#connection = undefined
    this.authorised = false
    if (connection === undefined) return
    this.#ports.timers.clearTimeout(this.#greeting)
    this.#nextSequence = connection.conversation.next
    connection.port.close()
  }

  /**
   * A step of the machine: the command goes out, its answer comes back as an event unless it was asked again.
   */
  ask({ self }: Acting, command: BoardCommand): void {
    this.#step += 1
    const step = this.#step
    this.conversation?.ask(command, (status) => {
      if (step !== this.#step) return
      if (status === 'done' && command.name === 'authorise') this.authorised = command.authorised
      self.send(status === 'done' ? { type: 'ANSWERED' } : { type: 'REFUSED', reason: status })
    })
  }

  #attach(port: BoardPort, self: Acting['self']): void {
    const codec = this.#ports.codec()
    const conversation = new Conversation(this.#nextSequence, (sequence, command) => {
      port.send(codec.say(sequence, command))
    })
    const connection = { port, conversation }
    this.#connection = connection
    port.onData((chunk) => {
      if (this.#connection !== connection) return
      for (const heard of codec.hear(chunk)) this.#take(heard, conversation, self)
    })
    port.onClose((reason) => {
      if (this.#connection === connection) self.send({ type: 'PORT_CLOSED', reason })
    })
    self.send({ type: 'PORT_OPENED' })
    this.#greetLater(connection)
  }

  #take(heard: Heard, conversation: Conversation, self: Acting['self']): void {
    switch (heard.kind) {
      case 'bad':
        this.counts.bad[heard.code] = (this.counts.bad[heard.code] ?? 0) + 1
        return
      case 'answer':
        conversation.hear(heard.answer)
        return
      case 'report': {
        this.counts.reports += 1
        const { frame, bytes } = heard
        self.send({ type: 'FRAME' })
        this.#ports.onFrame({ frame, bytes, receivedAtMs: this.#ports.clock.nowMs() })
      }
    }
  }

  #greetLater(connection: Connection): void {
    this.#greeting = this.#ports.timers.setTimeout(() => {
      connection.conversation.ask({ name: 'hello' }, () => undefined)
      this.#greetLater(connection)
    }, GREET_EVERY_MS)
  }
}

function liveMachine(ports: BoardLinkPorts, effects: LinkEffects) {
  const { boardId } = ports
  const ask = (command: BoardCommand) => (acting: Acting) => effects.ask(acting, command)
  const windowMs = reportWindowMs(ports.sampleMs)
  return boardLinkMachine.provide({
    actions: {
      openPort: effects.open,
      closePort: effects.close,
      sendHello: ask({ name: 'hello' }),
      sendAuthorise: ask({ name: 'authorise', authorised: true }),
      sendConfigure: ask({ name: 'configure', windowMs }),
      sendCalibrate: (acting) => {
        const { calibration } = acting.context
        if (calibration !== null) effects.ask(acting, { name: 'calibrate', ...calibration })
      },
      tellAway: ({ context }) =>
        ports.onNotice({ kind: 'away', boardId, reason: context.reason ?? 'no frames' }),
      tellBack: () => ports.onNotice({ kind: 'back', boardId }),
      tellCalibrated: ({ context: { calibration } }) => {
        if (calibration !== null) ports.onNotice({ kind: 'calibrated', boardId, calibration })
      },
      tellCalibrationFailed: ({ event }) => {
        const reason = 'reason' in event ? event.reason : 'no answer'
        ports.onNotice({ kind: 'calibration-failed', boardId, reason })
      },
    },
  })
}

/** Starts the link to one board and keeps it until it is stopped. */
export function startBoardLink(ports: BoardLinkPorts): BoardLink {
  const { boardId, sampleMs, timers } = ports
  const effects = new LinkEffects(ports)
  const machine = liveMachine(ports, effects)
  const actor = createActor(machine, {
    ...inspecting(ports.inspector, { machine, actor: `board-link:${boardId}` }),
    input: { boardId, sampleMs },
    clock: timers,
  })
  const command = (wanted: BoardCommand): Promise<void> => {
    const { conversation } = effects
    if (conversation !== undefined) return askFor(conversation, wanted, timers, ANSWER_MS)
    const message = `board ${boardId} is away; check its power and its link`
    return Promise.reject(new Fault('board-away', message, { boardId }))
  }
  actor.start()
  return {
    boardId,
    get state() {
      const { value } = actor.getSnapshot()
      return typeof value === 'string' ? value : (Object.keys(value)[0] ?? '')
    },
    get counts() {
      return { reports: effects.counts.reports, bad: { ...effects.counts.bad } }
    },
    get lights() {
      return { link: effects.conversation !== undefined, authorised: effects.authorised }
    },
    relay: (closed) => command({ name: 'relay', closed }),
    valve: (open) => command({ name: 'valve', open }),
    calibrate: (calibration) => actor.send({ type: 'CALIBRATE', calibration }),
    stop: () => actor.send({ type: 'STOP' }),
  }
}
