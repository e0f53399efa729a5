import { createConnection } from 'node:net'
import { WebSocket } from 'ws'
import type { Cable } from '../../protocols/rules/cable.ts'
import { isSocketFile, linesOf } from '../network/socket.ts'

/** Pauses between attempts to connect, in order; the last repeats. */
const PAUSES_MS = [200, 500, 1000, 2000, 5000]

/** An announcement is a header of about 2 kB. */
const MAX_MESSAGE_BYTES = 1024 * 1024

const SUBSCRIBE = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] })

/** Where a node announces blocks: its socket file, or the WebSocket on the port that serves both. */
export function webSocketUrl(rpc: string): string {
  return rpc.replace(/^http/u, 'ws')
}

export interface Announcements {
  /** Whether the node is telling of blocks now. */
  live(): boolean
  stop(): void
}

interface Heard {
  readonly heard: () => void
  readonly closed: () => void
}

/** Subscribes over WebSocket; the result drops the connection. */
function overWebSocket(url: string, { heard, closed }: Heard): () => void {
  const socket = new WebSocket(url, {
    maxPayload: MAX_MESSAGE_BYTES,
    handshakeTimeout: 5000,
    perMessageDeflate: false,
  })
  socket.on('open', () => socket.send(SUBSCRIBE))
  socket.on('message', heard)
  socket.on('error', () => undefined)
  socket.on('close', closed)
  return () => socket.terminate()
}

/** The same over the node's socket file. */
function overSocket(path: string, { heard, closed }: Heard): () => void {
  const socket = createConnection(path)
  socket.on('connect', () => socket.write(`${SUBSCRIBE}\n`))
  linesOf(socket, MAX_MESSAGE_BYTES, heard)
  socket.on('error', () => undefined)
  socket.on('close', closed)
  return () => socket.destroy()
}

/**
 * Calls `onBlock` whenever the node announces a block. It only wakes: what the block holds is asked by
 * RPC, so a lying or missing announcement costs time, never truth. A node without WebSocket is tried
 * again ever less often. A cut cable drops the connection, and is tried again in the same way.
 */
export function listenForBlocks(url: string, cable: Cable, onBlock: () => void): Announcements {
  let drop = (): void => undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let subscribed = false
  let failures = 0

  const later = (): void => {
    const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)]
    failures += 1
    timer = setTimeout(connect, pause)
  }

  const open = isSocketFile(url) ? overSocket : overWebSocket
  const connect = (): void => {
    if (stopped) return
    if (cable.isCut()) return later()
    drop = open(url, {
      heard: () => {
        // The first message confirms the subscription; a block may have come just before it: it wakes, too.
        subscribed = true
        failures = 0
        onBlock()
      },
      closed: () => {
        const wasLive = subscribed
        subscribed = false
        if (stopped) return
        // The node may have gone with it: the poll should see that now, not at its leisure.
        if (wasLive) onBlock()
        later()
      },
    })
  }

  const forgetCable = cable.onCut(() => drop())
  connect()
  return {
    live: () => subscribed,
    stop: () => {
      stopped = true
      forgetCable()
      clearTimeout(timer)
      drop()
    },
  }
}
