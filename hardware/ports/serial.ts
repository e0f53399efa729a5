import { access } from 'node:fs'
import { SerialPort } from 'serialport'
import { Fault } from '../../protocols/rules/fault.ts'
import { PortListeners } from './port.ts'
import type { BoardPort } from './port.ts'

export interface SerialAddress {
  /** As the system names the port, like /dev/ttyUSB0. */
  readonly path: string
  readonly baudRate?: number
}

/** What the firmware's UART runs at. */
export const BOARD_BAUD = 38_400
/** How often it is looked whether the port is still there, ms: some ports are pulled out without a word. */
const LOOK_MS = 1_000

/**
 * Opens a line to a board on a serial port, 8N1.
 * @throws Fault `board-unreachable` naming the port.
 */
export function openSerialLink({ path, baudRate = BOARD_BAUD }: SerialAddress): Promise<BoardPort> {
  return new Promise((resolve, reject) => {
    const port = new SerialPort({ path, baudRate, autoOpen: false })
    port.open((error) => {
      if (error) reject(unreachable(path, error))
      else resolve(portOf(port, path))
    })
  })
}

function portOf(port: SerialPort, path: string): BoardPort {
  const listeners = new PortListeners()
  let broke = 'the port was closed'
  port.on('data', (chunk: Buffer) => listeners.data(chunk))
  port.on('error', (error: Error) => (broke = error.message))
  const close = (reason: string): void => {
    clearInterval(look)
    listeners.ended(reason)
    if (port.isOpen) port.close()
  }
  const look = setInterval(() => {
    access(path, (gone) => {
      if (gone) close(`${path} is gone`)
    })
  }, LOOK_MS)
  port.on('close', (reason: Error | null) => close(reason?.message ?? broke))
  return {
    send: (bytes) => {
      if (port.isOpen) port.write(bytes)
    },
    onData: (listener) => listeners.onData(listener),
    onClose: (listener) => listeners.onClose(listener),
    close: () => close('the port was closed'),
  }
}

function unreachable(path: string, reason: Error): Fault {
  const message = `board at ${path} cannot be reached: ${reason.message}; is it plugged in and yours?`
  return new Fault('board-unreachable', message, { path, reason: reason.message })
}
