import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { Fault } from '../../protocols/rules/fault.ts'
import type { Board } from '../board/board.ts'

/** A board on a TCP port, as a Wi-Fi bridge on its UART would put it there. */
export interface ServedBoard {
  readonly host: string
  readonly port: number
  /** Cuts the wire between the board and its bridge: connections stay, and are silent both ways. */
  cutWire(): void
  mendWire(): void
  close(): Promise<void>
}

export interface ServeOptions {
  /** 0 lets the system choose. */
  readonly port: number
  readonly host?: string
}

/** Bytes that may wait for a gateway that does not read; then its connection is dropped. */
const BACKLOG_MAX_BYTES = 65_536

/**
 * Serves `board` on TCP. One gateway at a time: a new connection takes the line over, since the old one may
 * be that of a gateway that died.
 * @throws Fault `port-taken` or the system's own code.
 */
export async function serveBoard(board: Board, options: ServeOptions): Promise<ServedBoard> {
  const host = options.host ?? '127.0.0.1'
  let gateway: Socket | undefined
  let cut = false
  const server = createServer({ noDelay: true }, (socket) => {
    gateway?.destroy()
    gateway = socket
    socket.on('data', (chunk: Buffer) => {
      if (!cut && gateway === socket) board.receive(chunk)
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      if (gateway === socket) gateway = undefined
    })
  })
  board.onBytes((bytes) => {
    if (cut || gateway?.writable !== true) return
    gateway.write(bytes)
    if (gateway.writableLength > BACKLOG_MAX_BYTES) gateway.destroy()
  })
  const port = await listening(server, host, options.port)
  return {
    host,
    port,
    cutWire: () => void (cut = true),
    mendWire: () => void (cut = false),
    close: () => {
      gateway?.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      const what = taken ? 'is taken; choose another, or 0 for any free one' : error.message
      const message = `board port ${host}:${port}: ${what}`
      reject(
        new Fault(taken ? 'port-taken' : 'cannot-listen', message, { host, port, reason: error.code ?? '' }),
      )
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(isInet(address) ? address.port : port)
    })
  })
}

function isInet(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}
