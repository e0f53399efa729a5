import { connect, createServer, type AddressInfo } from 'node:net'

/** An address that stays while the node behind it changes, as a gateway's own loopback RPC does. */
export interface Relay {
  readonly url: string
  lead(to: string): void
  close(): Promise<void>
}

export function openRelay(to: string): Promise<Relay> {
  let port = Number(new URL(to).port)
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port: own } = server.address() as AddressInfo
      resolve({
        url: `http://127.0.0.1:${own}`,
        lead: (next) => void (port = Number(new URL(next).port)),
        close: () => new Promise((closed) => server.close(() => closed())),
      })
    })
  })
}
