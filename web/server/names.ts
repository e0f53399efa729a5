import { hostname, networkInterfaces } from 'node:os'
import { isIP } from 'node:net'

/** The names of this very machine, which no other machine can take. */
export const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'] as const

/** Whether an address or name to listen on is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Every name and address under which this machine may be opened on its local network, loopback included. */
export function localNames(extra: readonly string[] = []): readonly string[] {
  const own = hostname().toLowerCase()
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map((entry) => entry.address)
    .filter((address) => !address.startsWith('fe80:'))
  const named = own.includes('.') ? [own] : [own, `${own}.local`]
  return [...new Set([...LOOPBACK_NAMES, ...named, ...addresses, ...extra.map((name) => name.toLowerCase())])]
}

/** The name to print in a link: what was asked for, else the first address of the local network. */
export function linkName(host: string): string {
  if (isLoopback(host)) return 'localhost'
  if (host !== '0.0.0.0' && host !== '::') return host.includes(':') ? `[${host}]` : host
  const outside = localNames().find((name) => isIP(name) === 4 && !isLoopback(name))
  return outside ?? 'localhost'
}
