import { boardCodec } from '../../actors/board-link/codec.ts'
import type { Inspector } from '../../actors/inspection/inspector.ts'
import { startBoardLink, type BoardLink, type LinkNotice } from '../../actors/board-link/live.ts'
import { openSerialLink } from '../../hardware/ports/serial.ts'
import { openTcpLink } from '../../hardware/ports/tcp.ts'
import {
  calibrated,
  channelOf,
  channelsOf,
  FACTORY,
  measuredOf,
  type ChannelSetting,
  type Quantity,
} from '../../protocols/rules/calibration.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { DEFAULT_LIMITS, type HomeSettings } from '../../protocols/rules/home-registers.ts'
import type { BoardFrame, ReceivedFrame } from '../../protocols/rules/reading.ts'
import { boardLink, type BoardView, type CalibrationView } from '../../web/read-model.ts'
import { wallClock } from '../clock.ts'
import type { CalibrationBook } from './calibration-book.ts'
import type { BoardConfig, HomeConfig } from './configs.ts'

/** The links to a home's boards. */
export interface HomeBoards {
  views(): BoardView[]
  relay(closed: boolean): Promise<void>
  valve(open: boolean): Promise<void>
  /**
   * Brings what a board measures in line with a reference, or back to how it left the factory with null.
   * Resolves when the board has taken it. Faults: `board-away`, `calibrating-already`, `calibration-unknown`,
   * `calibration-failed`, and those of the rule.
   */
  calibrate(kind: BoardConfig['kind'], quantity: Quantity, reference: number | null): Promise<void>
  stop(): void
}

export interface HomeBoardsOptions {
  readonly boards: readonly BoardConfig[]
  readonly sampleMs: number
  readonly calibrations: CalibrationBook
  /** Told of what the links do; only while a run is recorded. */
  readonly inspector?: Inspector | undefined
  readonly onFrame: (received: ReceivedFrame) => void
  readonly onNotice: (notice: LinkNotice, kind: BoardConfig['kind']) => void
}

const timers = {
  setTimeout: (run: () => void, ms: number): unknown => setTimeout(run, ms),
  clearTimeout: (timer: unknown): void => {
    if (timer instanceof Object && Symbol.toPrimitive in timer) clearTimeout(Number(timer))
  },
}

interface Linked {
  readonly config: BoardConfig
  readonly link: BoardLink
  last: ReceivedFrame | null
  /** Who waits for the end of a calibration: told null, or why it failed. */
  waiting: ((failure: string | null) => void) | null
}

/** Connects to every board of the home and keeps the links. */
export function connectBoards(options: HomeBoardsOptions): HomeBoards {
  const linked = options.boards.map((config) => linkTo(config, options))
  const of = (kind: BoardConfig['kind']): Linked | undefined =>
    linked.find(({ config }) => config.kind === kind)
  return {
    views: () => linked.map((each) => viewOf(each, options.calibrations)),
    relay: async (closed) => of('power')?.link.relay(closed),
    valve: async (open) => of('water')?.link.valve(open),
    calibrate: async (kind, quantity, reference) => {
      const board = of(kind)
      if (board === undefined) throw away(kind, 'this home has none')
      await calibrate(board, options.calibrations, quantity, reference)
    },
    stop: () => {
      for (const { link } of linked) link.stop()
    },
  }
}

function linkTo(config: BoardConfig, options: HomeBoardsOptions): Linked {
  const heard: Pick<Linked, 'last' | 'waiting'> = { last: null, waiting: null }
  const link = startBoardLink({
    boardId: config.boardId,
    sampleMs: options.sampleMs,
    open: () => ('path' in config.at ? openSerialLink(config.at) : openTcpLink(config.at)),
    codec: () => boardCodec(config.boardId, config.linkKey),
    clock: wallClock,
    timers,
    inspector: options.inspector,
    onFrame: (received) => {
      heard.last = received
      options.onFrame(received)
    },
    onNotice: (notice) => {
      if (notice.kind === 'calibrated') heard.waiting?.(null)
      if (notice.kind === 'calibration-failed') heard.waiting?.(notice.reason)
      options.onNotice(notice, config.kind)
    },
  })
  return Object.assign(heard, { config, link })
}

function viewOf({ config, link, last }: Linked, calibrations: CalibrationBook): BoardView {
  return {
    kind: config.kind,
    link: boardLink.catch('absent').parse(link.state),
    authorised: link.lights.authorised,
    lastFrameMs: last?.receivedAtMs ?? null,
    crcErrors: Object.values(link.counts.bad).reduce((sum, each) => sum + each, 0),
    keyed: true,
    calibration: channelsOf(config.kind).map(({ quantity, least }): CalibrationView => {
      const known = calibrations.settingOf(config.boardId, quantity, last?.frame.calibrated ?? false)
      return {
        quantity,
        measured: last === null ? null : measuredOf(last.frame, quantity),
        least,
        gainPpm: known.setting?.gainPpm ?? null,
        offset: known.setting?.offset ?? null,
        atMs: known.atMs,
      }
    }),
  }
}

const NEVER_SENT = 'its link was lost'
const isCalibrating = ({ state }: BoardLink): boolean => state === 'calibrating'

async function calibrate(
  board: Linked,
  book: CalibrationBook,
  quantity: Quantity,
  reference: number | null,
): Promise<void> {
  const { config, link } = board
  const { channel } = channelOf(config.kind, quantity)
  if (link.state !== 'live' || board.last === null) throw away(config.kind, 'it does not answer')
  if (board.waiting !== null) {
    const message = `the ${config.kind} board is being calibrated; wait for its answer`
    throw new Fault('calibrating-already', message, { fix: 'try again in some seconds' })
  }
  const setting =
    reference === null ? FACTORY : settingFor(board, board.last.frame, book, quantity, reference)
  const ended = new Promise<string | null>((resolve) => {
    board.waiting = resolve
  })
  try {
    await book.begin(config.boardId, quantity, setting, wallClock.nowMs())
    link.calibrate({ channel, ...setting })
    const failure = isCalibrating(link) ? await ended : NEVER_SENT
    if (failure === null) return await book.done(config.boardId, quantity)
    if (failure === 'bad-argument' || failure === NEVER_SENT) await book.refused(config.boardId, quantity)
    const fix = 'look at its link, then try again'
    throw new Fault(
      'calibration-failed',
      `the ${config.kind} board took no calibration (${failure}); ${fix}`,
      {
        fix,
      },
    )
  } finally {
    board.waiting = null
  }
}

function settingFor(
  { config }: Linked,
  frame: BoardFrame,
  book: CalibrationBook,
  quantity: Quantity,
  reference: number,
): ChannelSetting {
  const { setting } = book.settingOf(config.boardId, quantity, frame.calibrated)
  if (setting === null) {
    const fix = 'set it back to the factory first'
    throw new Fault('calibration-unknown', `${quantity}: how it is calibrated now is not known; ${fix}`, {
      field: 'quantity',
      fix,
    })
  }
  const measured = measuredOf(frame, quantity)
  if (measured === null || frame.sensorFault) throw away(config.kind, 'its sensor shows a fault')
  return calibrated(config.kind, quantity, setting, measured, reference)
}

function away(kind: BoardConfig['kind'], why: string): Fault {
  const fix = 'check its power, its link and its sensor'
  return new Fault('board-away', `the ${kind} board cannot be calibrated: ${why}; ${fix}`, { fix })
}

/** How the home judges what its boards say. */
export function meterSettings({ boards, timeScale }: HomeConfig, sampleMs: number): HomeSettings {
  const kept = boards.map(({ boardId, kind }) => {
    return { boardId, kind, keyed: true, afterRestart: 'from-zero' as const }
  })
  return { sampleMs, boards: kept, limits: { ...DEFAULT_LIMITS, timeScale } }
}
