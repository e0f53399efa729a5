import { resolve } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { badField, messageOf } from '../../protocols/rules/fault.ts'

const PORT_MOST = 65_535

export function whole(field: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) {
    throw badField(field, 'a whole number', text)
  }
  return value
}

export function pageAt(text: string): { host: string; port: number } {
  const match = /^(.+):(\d+)$/.exec(text)
  const port = Number(match?.[2] ?? Number.NaN)
  if (match?.[1] !== undefined && port <= PORT_MOST) return { host: match[1], port }
  throw badField('--page', 'host:port, e.g. 0.0.0.0:7443', text)
}

/** JSON-RPC of a chain node over http; null where none is given. */
export function rpcAt(text: string | undefined): string | null {
  if (text === undefined) return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return text
  throw badField('--rpc', 'the http:// or https:// link of a chain node', text)
}

export function listenAt(text: string): string {
  try {
    return multiaddr(text).toString()
  } catch (thrown) {
    throw badField('--listen', 'a multiaddress, e.g. /ip4/0.0.0.0/tcp/4001', text, messageOf(thrown))
  }
}

/** Where a gateway's machines are recorded, if anywhere; one that comes back goes on in the same file. */
export async function recordAt(text: string | undefined): Promise<string | null> {
  if (text === undefined) return null
  const { beginRecording } = await import('../host/recorder.ts')
  const file = resolve(text)
  beginRecording(file, 'go on')
  return file
}
