import type { Clock } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { BoardKind } from '../../protocols/rules/reading.ts'
import { serveBoard } from '../ports/serve-board.ts'
import type { ServedBoard } from '../ports/serve-board.ts'
import type { Board } from './board.ts'
import { EmulatedBoard } from './emulator.ts'
import { firmwareHex } from './firmware-files.ts'
import { householdWorld } from './household.ts'
import type { BoardIdentity } from './identity.ts'
import { ProfileBoard } from './profile-board.ts'
import { RowClock } from './profile-rows.ts'
import { profileOfHome } from './profiles.ts'
import type { ProfileTable } from './profiles.ts'
import { startRealTime } from './real-time.ts'

/** A home to host: its number from 1, and its boards as they were commissioned. */
export interface HostedHome {
  readonly number: number
  readonly boards: readonly BoardIdentity[]
}

export interface BoardHostOptions {
  readonly mode: 'firmware' | 'profile'
  readonly homes: readonly HostedHome[]
  readonly profiles: ProfileTable
  readonly sampleMs: number
  readonly clock: Clock
  /**
   * Where in its sample period a home's profile boards report, ms; by default homes are spread over its
   * middle.
   */
  readonly phaseMs?: (home: number) => number
  /** A firmware for the power boards in place of the committed one, Intel HEX. */
  readonly powerHex?: string
  readonly host?: string
}

/** Where a hosted board is reached. */
export interface HostedBoard {
  readonly home: number
  readonly kind: BoardKind
  readonly boardId: number
  readonly host: string
  readonly port: number
}

/** The wire to the gateway, or the wire to the sensors. */
export type Wire = 'link' | 'sensor'

export interface BoardHost {
  readonly boards: readonly HostedBoard[]
  /** Board time that was jumped over because the machine slept or is too slow, ms. */
  readonly skippedMs: number
  /** The board itself, to look at its lights and actuator. */
  board(home: number, kind: BoardKind): Board
  cut(home: number, kind: BoardKind, wire?: Wire): void
  mend(home: number, kind: BoardKind, wire?: Wire): void
  close(): Promise<void>
}

interface Hosted {
  readonly home: number
  readonly board: Board
  readonly served: ServedBoard
}

/**
 * Runs all boards of the homes in this process, each on a TCP port of its own, at the pace of `clock`.
 * @throws Fault `too-many-homes`, `bad-field` (firmware, identity), or of the ports.
 */
export async function createBoardHost(options: BoardHostOptions): Promise<BoardHost> {
  const made = options.homes.flatMap((home) =>
    boardsOf(home, options).map((board) => ({ home: home.number, board })),
  )
  const hosted: Hosted[] = []
  try {
    for (const { home, board } of made) {
      hosted.push({
        home,
        board,
        served: await serveBoard(board, { port: 0, host: options.host ?? '127.0.0.1' }),
      })
    }
  } catch (thrown) {
    await Promise.all(hosted.map((each) => each.served.close()))
    throw thrown
  }
  return hostOf(hosted, options.clock)
}

function hostOf(hosted: readonly Hosted[], clock: Clock): BoardHost {
  const realTime = startRealTime(
    hosted.map(({ board }) => board),
    clock,
  )
  const find = (home: number, kind: BoardKind): Hosted => {
    const found = hosted.find((each) => each.home === home && each.board.kind === kind)
    if (found !== undefined) return found
    throw new Fault('no-such-board', `home ${home} has no ${kind} board here`, { home, kind })
  }
  const setWire = (home: number, kind: BoardKind, wire: Wire, cut: boolean): void => {
    const { board, served } = find(home, kind)
    if (wire === 'sensor') board.setSensorWire(cut)
    else if (cut) served.cutWire()
    else served.mendWire()
  }
  return {
    boards: hosted.map(({ home, board, served }) => {
      return { home, kind: board.kind, boardId: board.boardId, host: served.host, port: served.port }
    }),
    get skippedMs() {
      return realTime.skippedMs
    },
    board: (home, kind) => find(home, kind).board,
    cut: (home, kind, wire = 'link') => setWire(home, kind, wire, true),
    mend: (home, kind, wire = 'link') => setWire(home, kind, wire, false),
    close: async () => {
      realTime.stop()
      await Promise.all(hosted.map(({ served }) => served.close()))
    },
  }
}

/** Spread over the middle half, so that no home's frames fall on the edge of a slot. */
function spreadPhase(home: number, homes: number, sampleMs: number): number {
  return Math.round(sampleMs * (0.25 + (0.5 * (home - 1)) / Math.max(1, homes)))
}

function boardsOf(home: HostedHome, options: BoardHostOptions): Board[] {
  const { homes, profiles, sampleMs, clock } = options
  const profile = profileOfHome(profiles, home.number, homes.length)
  const phaseMs = options.phaseMs?.(home.number) ?? spreadPhase(home.number, homes.length, sampleMs)
  const feed = { profile, stepMs: profiles.stepMs, sampleMs, startMs: clock.nowMs() }
  const rows = new RowClock({ sampleMs, phaseMs, boards: home.boards.length })
  return home.boards.map((identity) => {
    if (options.mode === 'profile') return new ProfileBoard({ ...feed, identity, rows })
    const world = householdWorld(feed)
    const hex = identity.kind === 'power' ? options.powerHex : undefined
    return new EmulatedBoard({
      identity,
      world,
      hex: hex ?? firmwareHex(identity.kind),
      startMs: feed.startMs,
    })
  })
}
