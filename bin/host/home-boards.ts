import { boardCodec } from '../../actors/board-link/codec.ts'
import { startBoardLink, type BoardLink, type LinkNotice } from '../../actors/board-link/live.ts'
import { openSerialLink } from '../../hardware/ports/serial.ts'
import { openTcpLink } from '../../hardware/ports/tcp.ts'
import type { ReceivedFrame } from '../../protocols/rules/reading.ts'
import { boardLink, type BoardView } from '../../web/read-model.ts'
import { wallClock } from '../clock.ts'
import type { BoardConfig } from './configs.ts'

/** The links to a home's boards. */
export interface HomeBoards {
  views(): BoardView[]
  relay(closed: boolean): Promise<void>
  valve(open: boolean): Promise<void>
  stop(): void
}

export interface HomeBoardsOptions {
  readonly boards: readonly BoardConfig[]
  readonly sampleMs: number
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
  lastFrameMs: number | null
}

/** Connects to every board of the home and keeps the links. */
export function connectBoards(options: HomeBoardsOptions): HomeBoards {
  const linked: Linked[] = options.boards.map((config) => {
    const entry: { lastFrameMs: number | null } = { lastFrameMs: null }
    const link = startBoardLink({
      boardId: config.boardId,
      sampleMs: options.sampleMs,
      open: () => ('path' in config.at ? openSerialLink(config.at) : openTcpLink(config.at)),
      codec: () => boardCodec(config.boardId, config.linkKey),
      clock: wallClock,
      timers,
      onFrame: (received) => {
        entry.lastFrameMs = received.receivedAtMs
        options.onFrame(received)
      },
      onNotice: (notice) => options.onNotice(notice, config.kind),
    })
    return Object.assign(entry, { config, link })
  })
  const of = (kind: BoardConfig['kind']): BoardLink | undefined =>
    linked.find(({ config }) => config.kind === kind)?.link
  return {
    views: () =>
      linked.map(({ config, link, lastFrameMs }) => ({
        kind: config.kind,
        link: boardLink.catch('absent').parse(link.state),
        authorised: link.lights.authorised,
        lastFrameMs,
        crcErrors: Object.values(link.counts.bad).reduce((sum, each) => sum + each, 0),
        keyed: true,
      })),
    relay: async (closed) => of('power')?.relay(closed),
    valve: async (open) => of('water')?.valve(open),
    stop: () => {
      for (const { link } of linked) link.stop()
    },
  }
}
