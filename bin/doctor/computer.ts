import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { accessSync, constants, existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'

/** What `doctor` asks a computer; specs answer in its place. */
export interface Computer {
  /** Version of Node, without the v. */
  readonly node: string
  readonly root: boolean
  nowMs(): number
  /** The text of a file of the product, or null; a path is relative to the product's folder. */
  read(path: string): string | null
  /** Unix ms of a file's last change, or null. */
  changedMs(path: string): number | null
  /** Path of a program at one of the given places of the product, else on the PATH, or null. */
  find(program: string, places?: readonly string[]): string | null
  /** Runs a program to its end; stdout of it, or null when it failed. */
  run(program: string, args: readonly string[]): string | null
  /** Runs a program with this terminal; whether it succeeded. */
  show(program: string, args: readonly string[]): boolean
  /** Serial devices present, each with whether this account may use it. */
  serialPorts(): readonly { readonly path: string; readonly usable: boolean }[]
  freeBytes(): number
  /** Whether this account could listen on the port. */
  portFree(port: number): Promise<boolean>
  /** Whether a multicast sent on the loopback comes back. */
  multicastWorks(): Promise<boolean>
}

const RUN_LIMIT_MS = 20_000
const MULTICAST_LIMIT_MS = 1500
/** mDNS, RFC 6762. */
const MULTICAST_GROUP = '224.0.0.251'
const LOOPBACK = '127.0.0.1'
const SERIAL_NAME = /^tty(USB|ACM|AMA)\d+$/

/** This computer, with the product installed in `folder`. */
export function thisComputer(folder: string, clock: { nowMs(): number }, searchPath: string): Computer {
  const at = (path: string) => join(folder, path)
  return {
    node: process.versions.node,
    root: process.getuid?.() === 0,
    nowMs: () => clock.nowMs(),
    read: (path) => (existsSync(at(path)) ? readFileSync(at(path), 'utf8') : null),
    changedMs: (path) => (existsSync(at(path)) ? statSync(at(path)).mtimeMs : null),
    find: (program, places = []) => {
      const candidates = [
        ...places.map(at),
        ...searchPath.split(delimiter).map((each) => join(each, program)),
      ]
      return candidates.find(isProgram) ?? null
    },
    run: (program, args) => {
      const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: RUN_LIMIT_MS })
      return status === 0 ? stdout : null
    },
    show: (program, args) => spawnSync(program, args, { stdio: ['ignore', 2, 2] }).status === 0,
    serialPorts,
    freeBytes: () => {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize
    },
    portFree,
    multicastWorks,
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function serialPorts(): { path: string; usable: boolean }[] {
  if (!existsSync('/dev')) return []
  const names = readdirSync('/dev').filter((name) => SERIAL_NAME.test(name))
  return names.map((name) => {
    const path = join('/dev', name)
    try {
      accessSync(path, constants.R_OK | constants.W_OK)
      return { path, usable: true }
    } catch {
      return { path, usable: false }
    }
  })
}

function portFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)))
  })
}

function multicastWorks(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    const end = (heard: boolean) => {
      clearTimeout(limit)
      socket.removeAllListeners()
      socket.on('error', () => undefined)
      socket.close()
      resolve(heard)
    }
    const limit = setTimeout(() => end(false), MULTICAST_LIMIT_MS)
    socket.once('error', () => end(false))
    socket.once('message', () => end(true))
    socket.bind(0, () => {
      try {
        socket.addMembership(MULTICAST_GROUP, LOOPBACK)
        socket.setMulticastInterface(LOOPBACK)
        socket.setMulticastLoopback(true)
        socket.send('meterhood', socket.address().port, MULTICAST_GROUP)
      } catch {
        end(false)
      }
    })
  })
}
