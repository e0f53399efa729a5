import { createConnection, type Socket } from 'node:net'

/** Whether an address is the socket file of a node on this machine, not a link. */
export const isSocketFile = (rpc: string): boolean => !rpc.includes('://')

/** Reads a stream of lines, each no longer than `most`; what is longer ends the connection. */
export function linesOf(socket: Socket, most: number, onLine: (line: string) => void): void {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (piece: string) => {
    let rest = piece
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      onLine(text + rest.slice(0, end))
      text = ''
      rest = rest.slice(end + 1)
    }
    text += rest
    if (text.length > most) socket.destroy(new Error(`a line longer than ${most} bytes`))
  })
}

/** Writes one line to a socket file and resolves with the line that comes back. */
export function askSocket(
  path: string,
  question: string,
  { limitMs, most }: { readonly limitMs: number; readonly most: number },
  opened: (socket: Socket) => void = () => undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    opened(socket)
    socket.setTimeout(limitMs, () => socket.destroy(new Error(`none in ${limitMs} ms`)))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the node closed the connection')))
    socket.once('connect', () => socket.write(`${question}\n`))
    linesOf(socket, most, (line) => {
      resolve(line)
      socket.destroy()
    })
  })
}
