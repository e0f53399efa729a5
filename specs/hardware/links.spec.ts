import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Board } from '../../hardware/board/board.ts'
import { encodeCommand } from '../../hardware/board/command.ts'
import { startRealTime } from '../../hardware/board/real-time.ts'
import { openSerialLink } from '../../hardware/ports/serial.ts'
import { serveBoard } from '../../hardware/ports/serve-board.ts'
import { openTcpLink } from '../../hardware/ports/tcp.ts'
import type { BoardPort } from '../../hardware/ports/port.ts'
import { LINK_KEY, Listener, firmwareBench, missingTool } from './workbench.ts'

const clock = { nowMs: () => Date.now() }
const toClose: (() => unknown)[] = []
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function liveBoard(): Board {
  const { board } = firmwareBench('comfort', { celsius: 20 }, { startMs: Date.now() })
  const realTime = startRealTime([board], clock)
  toClose.push(() => realTime.stop())
  return board
}

function listen(port: BoardPort): Listener {
  const heard = new Listener()
  port.onData((bytes) => heard.hear(bytes))
  toClose.push(() => port.close())
  return heard
}

let sequence = 0
const authorise = (board: Board, port: BoardPort): void => {
  port.send(encodeCommand(board.boardId, ++sequence, { name: 'authorise', authorised: true }, LINK_KEY))
  port.send(encodeCommand(board.boardId, ++sequence, { name: 'configure', windowMs: 400 }, LINK_KEY))
}

describe('a board on TCP', () => {
  it('is authorised over the link and reports over it; its lights show it', async () => {
    const board = liveBoard()
    const served = await serveBoard(board, { port: 0 })
    toClose.push(() => served.close())
    const port = await openTcpLink(served)
    const heard = listen(port)
    authorise(board, port)
    await until(() => heard.reports.length >= 2, 'two reports')
    expect(heard.bad).toEqual([])
    expect(board.lights).toEqual({ link: true, authorised: true })
  })

  it('a cut wire is silence on an open connection; mended, frames come again', async () => {
    const board = liveBoard()
    const served = await serveBoard(board, { port: 0 })
    toClose.push(() => served.close())
    const port = await openTcpLink(served)
    let closed = false
    port.onClose(() => (closed = true))
    const heard = listen(port)
    authorise(board, port)
    await until(() => heard.reports.length >= 1, 'a report')
    served.cutWire()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const before = heard.raw.length
    port.send(encodeCommand(board.boardId, ++sequence, { name: 'authorise', authorised: false }, LINK_KEY))
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(heard.raw.length).toBe(before)
    expect(closed).toBe(false)
    expect(board.lights.authorised).toBe(true)
    served.mendWire()
    await until(() => heard.raw.length > before, 'a frame after mending')
  })

  it('a new gateway takes the line over, and the old one is told', async () => {
    const board = liveBoard()
    const served = await serveBoard(board, { port: 0 })
    toClose.push(() => served.close())
    const first = await openTcpLink(served)
    let reason = ''
    first.onClose((why) => (reason = why))
    const second = await openTcpLink(served)
    const heard = listen(second)
    await until(() => reason !== '', 'the first is closed')
    authorise(board, second)
    await until(() => heard.reports.length >= 1, 'a report for the second')
  })

  it('an address where nothing listens, and a port that is taken, are named', async () => {
    const taken = createServer()
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => {
        const address = taken.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
    await expect(serveBoard(firmwareBench('comfort').board, { port })).rejects.toMatchObject({
      code: 'port-taken',
      facts: { port },
    })
    await new Promise((resolve) => taken.close(resolve))
    await expect(openTcpLink({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'board-unreachable',
      facts: { port },
    })
  })
})

describe.skipIf(missingTool('socat'))('a board on a serial port (a pty made by socat)', () => {
  async function ptyPair(): Promise<{ near: string; far: string; socat: ChildProcess }> {
    const folder = await mkdtemp(join(tmpdir(), 'meterhood-pty-'))
    const [near, far] = [join(folder, 'near'), join(folder, 'far')]
    const socat = spawn('socat', [`pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`])
    toClose.push(async () => {
      socat.kill()
      await rm(folder, { recursive: true, force: true })
    })
    await until(() => existsSync(near) && existsSync(far), 'socat')
    return { near, far, socat }
  }

  it('is authorised over the line and reports over it', async () => {
    const board = liveBoard()
    const { near, far } = await ptyPair()
    const boardEnd = await openSerialLink({ path: far })
    toClose.push(() => boardEnd.close())
    boardEnd.onData((bytes) => board.receive(bytes))
    board.onBytes((bytes) => boardEnd.send(bytes))
    const gateway = await openSerialLink({ path: near })
    const heard = listen(gateway)
    authorise(board, gateway)
    await until(() => heard.reports.length >= 2, 'two reports')
    expect(heard.bad).toEqual([])
  })

  it('tells when the port is pulled out', async () => {
    const { near, socat } = await ptyPair()
    const gateway = await openSerialLink({ path: near })
    toClose.push(() => gateway.close())
    let reason = ''
    gateway.onClose((why) => (reason = why))
    socat.kill()
    await until(() => reason !== '', 'the close')
  })

  it('a port that is not there is named', async () => {
    await expect(openSerialLink({ path: '/dev/no-such-port' })).rejects.toMatchObject({
      code: 'board-unreachable',
      facts: { path: '/dev/no-such-port' },
    })
  })
})
