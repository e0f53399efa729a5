import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeCommand } from '../../hardware/board/command.ts'
import { createBoardHost } from '../../hardware/board/host.ts'
import type { BoardHost, BoardHostOptions } from '../../hardware/board/host.ts'
import { defaultProfilesFolder } from '../../hardware/board/firmware-files.ts'
import { loadProfiles } from '../../hardware/board/profiles.ts'
import { openTcpLink } from '../../hardware/ports/tcp.ts'
import type { BoardPort } from '../../hardware/ports/port.ts'
import { LINK_KEY, Listener, identityOf } from './workbench.ts'

const KINDS = ['power', 'water', 'comfort'] as const
const clock = { nowMs: () => Date.now() }
const SAMPLE_MS = 1_000

let host: BoardHost | undefined
let ports: BoardPort[] = []
afterEach(async () => {
  for (const port of ports) port.close()
  ports = []
  await host?.close()
})

async function hostOf(
  homes: number,
  mode: BoardHostOptions['mode'],
  more: Partial<BoardHostOptions> = {},
): Promise<BoardHost> {
  host = await createBoardHost({
    mode,
    homes: Array.from({ length: homes }, (_, index) => ({
      number: index + 1,
      boards: KINDS.map((kind, at) => identityOf(kind, (index + 1) * 10 + at)),
    })),
    profiles: await loadProfiles(defaultProfilesFolder()),
    sampleMs: SAMPLE_MS,
    clock,
    ...more,
  })
  return host
}

/** Authorises every board, as its gateway would, and hears them all. */
async function authoriseAll(hosted: BoardHost): Promise<Map<string, Listener>> {
  const listeners = new Map<string, Listener>()
  for (const { home, kind, boardId, ...address } of hosted.boards) {
    const port = await openTcpLink(address)
    ports.push(port)
    const heard = new Listener()
    port.onData((bytes) => heard.hear(bytes))
    listeners.set(`${home}.${kind}`, heard)
    port.send(encodeCommand(boardId, 1, { name: 'authorise', authorised: true }, LINK_KEY))
    port.send(encodeCommand(boardId, 2, { name: 'configure', windowMs: SAMPLE_MS }, LINK_KEY))
  }
  return listeners
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 40_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const everyReports = (listeners: Map<string, Listener>, count: number): boolean =>
  [...listeners.values()].every(({ reports }) => reports.length >= count)

describe('a host of boards', () => {
  it('runs the real firmware of two homes, each board on a port of its own', async () => {
    const hosted = await hostOf(2, 'firmware')
    expect(new Set(hosted.boards.map(({ port }) => port)).size).toBe(6)
    const listeners = await authoriseAll(hosted)
    await until(() => everyReports(listeners, 2), 'two reports of each board')
    expect([...listeners.values()].every(({ bad }) => bad.length === 0)).toBe(true)
    expect(hosted.board(1, 'power').lights).toEqual({ link: true, authorised: true })
  })

  it('runs forty homes on profiles, and every board is heard', async () => {
    const hosted = await hostOf(40, 'profile')
    const listeners = await authoriseAll(hosted)
    await until(() => everyReports(listeners, 3), 'three reports of each board')
    expect(listeners.size).toBe(120)
  })

  it('cuts and mends the link and sensor wire of the board that is named, and no other', async () => {
    const hosted = await hostOf(2, 'profile')
    const listeners = await authoriseAll(hosted)
    await until(() => everyReports(listeners, 1), 'a report of each board')
    hosted.cut(2, 'power')
    hosted.cut(1, 'power', 'sensor')
    const count = (key: string): number => listeners.get(key)?.reports.length ?? 0
    await until(() => listeners.get('1.power')?.reports.at(-1)?.sensorFault === true, 'a sensor fault')
    const before = { cut: count('2.power'), other: count('2.water') }
    await until(() => count('2.water') >= before.other + 2, 'the other board goes on')
    expect(count('2.power')).toBe(before.cut)
    hosted.mend(2, 'power')
    hosted.mend(1, 'power', 'sensor')
    await until(() => count('2.power') > before.cut, 'a report after mending')
    await until(() => listeners.get('1.power')?.reports.at(-1)?.sensorFault === false, 'the sensor again')
  })

  it('puts another firmware into the power boards, and refuses what is none', async () => {
    const comfort = readFileSync('hardware/firmware/comfort.hex', 'utf8')
    const hosted = await hostOf(1, 'firmware', { powerHex: comfort })
    const listeners = await authoriseAll(hosted)
    await until(() => everyReports(listeners, 1), 'reports')
    expect(listeners.get('1.power')?.reports[0]?.kind).toBe('comfort')
    await expect(hostOf(1, 'firmware', { powerHex: 'no firmware' })).rejects.toMatchObject({
      code: 'bad-field',
    })
  })

  it('refuses more homes than the profiles have, and boards that it does not have', async () => {
    await expect(hostOf(41, 'profile')).rejects.toMatchObject({ code: 'too-many-homes' })
    const hosted = await hostOf(1, 'profile')
    expect(() => hosted.cut(9, 'power')).toThrow(/home 9 has no power board/)
  })
})
