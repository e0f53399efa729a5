import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { Fault } from '../../protocols/rules/fault.ts'
import { OPEN_TIMEOUT_MS, PortListeners } from './port.ts'
import type { BoardPort } from './port.ts'

export interface TcpAddress {
  readonly host: string
  readonly port: number
}

/**
 * Opens a line to a board behind a transparent Wi-Fi bridge, or to an emulated one.
 * @throws Fault `board-unreachable` naming the address.
 */
export function openTcpLink(address: TcpAddress): Promise<BoardPort> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.host, port: address.port, noDelay: true })
    const fail = (reason: Error): void => {
      socket.destroy()
      reject(unreachable(address, reason))
    }
    socket.once('error', fail)
    socket.setTimeout(OPEN_TIMEOUT_MS, () => fail(new Error(`no answer for ${OPEN_TIMEOUT_MS} ms`)))
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', fail)
      resolve(portOf(socket))
    })
  })
}

/** The line that a connected socket is. */
export function portOf(socket: Socket): BoardPort {
  const listeners = new PortListeners()
  let reason = 'the line was closed'
  socket.on('data', (chunk: Buffer) => listeners.data(chunk))
  socket.on('error', (error) => (reason = error.message))
  socket.on('close', () => listeners.ended(reason))
  return {
    send: (bytes) => {
      if (socket.writable) socket.write(bytes)
    },
    onData: (listener) => listeners.onData(listener),
    onClose: (listener) => listeners.onClose(listener),
    close: () => socket.destroy(),
  }
}

function unreachable({ host, port }: TcpAddress, reason: Error): Fault {
  const message = `board at ${host}:${port} cannot be reached: ${reason.message}; is it on, at this address?`
  return new Fault('board-unreachable', message, { host, port, reason: reason.message })
}
