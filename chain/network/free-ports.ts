import { createServer, type Server } from 'node:net'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'

const HOST = '127.0.0.1'

/** Different ports that nobody listens on, given by the system. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listenAt(0, HOST)))
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function listenAt(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

/** Fault: `port-taken` when somebody listens on this port of the host already. */
export async function requirePort(port: number, host = HOST): Promise<void> {
  try {
    const server = await listenAt(port, host)
    await new Promise((resolve) => server.close(resolve))
  } catch (thrown) {
    const taken = thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE'
    const why = taken ? 'taken by another program' : `cannot be had (${messageOf(thrown)})`
    const message = `port ${port}: ${why}; free it, or name another (0 takes a free one)`
    throw new Fault('port-taken', message, { port })
  }
}
