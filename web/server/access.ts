import { createHmac, createHash, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock, RandomSource } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { readPrivate, writePrivate } from './private-file.ts'

/** A device signs in again after this long without a visit. */
export const SESSION_MS = 30 * 24 * 3600 * 1000

const stored = z.object({ token: z.string().min(43), sessionKey: z.string().min(43) })

/**
 * Who may open the pages of one gateway: whoever holds its link, then a signed cookie in that device's
 * browser.
 */
export interface Access {
  /** The secret of the link; it is printed once and kept in the gateway's folder. */
  readonly token: string
  readonly cookieName: string
  accepts(token: string): boolean
  /** A new `Set-Cookie` value. */
  openSession(): string
  /** A `Set-Cookie` value that ends the session of this device. */
  endSession(): string
  holdsSession(cookieHeader: string | undefined): boolean
}

/**
 * Loads the access secrets of a gateway from `folder`, or makes them; `id` tells its cookie from a
 * neighbour's on the same machine.
 */
export function openAccess(folder: string, id: string, clock: Clock, random: RandomSource): Access {
  const { token, sessionKey } = loadSecrets(join(folder, 'access.json'), random)
  const cookieName = `__Host-meterhood-${id}`
  const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict'
  const sign = (body: string): string => createHmac('sha256', sessionKey).update(body).digest('base64url')
  const holds = (value: string): boolean => {
    const [expiry = '', nonce = '', mac = '', ...rest] = value.split('.')
    if (rest.length > 0 || !sameSecret(mac, sign(`${expiry}.${nonce}`))) return false
    return Number.parseInt(expiry, 36) > clock.nowMs()
  }
  return {
    token,
    cookieName,
    accepts: (given) => sameSecret(given, token),
    openSession: () => {
      const body = `${(clock.nowMs() + SESSION_MS).toString(36)}.${text(random(12))}`
      return `${cookieName}=${body}.${sign(body)}; Max-Age=${SESSION_MS / 1000}; ${attributes}`
    },
    endSession: () => `${cookieName}=; Max-Age=0; ${attributes}`,
    holdsSession: (header) => cookiesNamed(cookieName, header).some(holds),
  }
}

function loadSecrets(path: string, random: RandomSource): z.infer<typeof stored> {
  const text0 = readPrivate(path)
  if (text0 !== null) return parseSecrets(path, text0)
  const secrets = { token: text(random(32)), sessionKey: text(random(32)) }
  writePrivate(path, JSON.stringify(secrets))
  return secrets
}

function parseSecrets(path: string, content: string): z.infer<typeof stored> {
  try {
    return stored.parse(JSON.parse(content))
  } catch {
    throw new Fault('access-unreadable', `${path} is damaged; delete it and a new access link is made`, {
      field: path,
      expected: 'the access secrets of this gateway',
      fix: 'delete the file; devices then open the new link once',
    })
  }
}

function cookiesNamed(name: string, header: string | undefined): readonly string[] {
  return (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

/** Compares digests, so that neither length nor content shows in the time taken. */
function sameSecret(a: string, b: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(a), digest(b))
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
