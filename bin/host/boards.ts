import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { createBoardHost, type BoardHost, type HostedBoard } from '../../hardware/board/host.ts'
import { loadProfiles } from '../../hardware/board/profiles.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { wallClock } from '../clock.ts'
import { answerParent } from '../start/child.ts'
import type { BoardsConfig } from './configs.ts'
import { bundledProfiles } from './package-folder.ts'

const Wire = z.object({ home: z.number().int(), kind: z.enum(['power', 'water', 'comfort']) })

async function openBoards(config: BoardsConfig): Promise<BoardHost> {
  const profiles = await loadProfiles(config.profilesDir ?? bundledProfiles())
  return createBoardHost({
    mode: config.mode,
    homes: config.homes,
    profiles,
    sampleMs: config.sampleMs,
    clock: wallClock,
    ...(config.boardHex === null ? {} : { powerHex: await readFile(config.boardHex, 'utf8') }),
  })
}

/** The process that runs every board of a community; its parent says which. */
export function hostBoards(): void {
  let host: BoardHost | null = null
  const opened = (): BoardHost => {
    if (host === null) throw new Fault('not-open', 'the boards are not open yet')
    return host
  }
  answerParent({
    open: async (config): Promise<readonly HostedBoard[]> => {
      // The parent is this very program: the shape is its own.
      host = await openBoards(config as BoardsConfig)
      return host.boards
    },
    cut: (body) => {
      const { home, kind } = Wire.parse(body)
      opened().cut(home, kind)
    },
    mend: (body) => {
      const { home, kind } = Wire.parse(body)
      opened().mend(home, kind)
    },
    close: async () => {
      await host?.close()
      host = null
    },
  })
}
