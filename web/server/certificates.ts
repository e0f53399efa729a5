import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { z } from 'zod'
import type { Clock, RandomSource } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { readPrivate, writePrivate } from './private-file.ts'

const DAY_MS = 24 * 3600 * 1000
/** A device trusts the authority once, so it lives long. */
const AUTHORITY_DAYS = 3650
/** Browsers refuse certificates that live longer than 398 days. */
const LEAF_DAYS = 397
/**
 * A leaf is replaced this long before its end, so that a gateway switched off for a holiday still
 * comes back valid.
 */
const RENEW_DAYS = 60

const pair = z.object({ key: z.string(), cert: z.string() })
type Pair = z.infer<typeof pair>

/** What a gateway's HTTPS port shows, and the private authority that vouches for it. */
export interface Certificates {
  readonly authorityPem: string
  /** SHA-256 of the authority's certificate as devices show it: pairs of hexadecimal digits with colons. */
  readonly fingerprint: string
  readonly leaf: Pair
  readonly names: readonly string[]
}

/**
 * Loads the private authority of a gateway, or founds one, and sees that its leaf covers every name for
 * long enough.
 * @param folder where the keys live, readable by their owner only
 * @param label  what people read in their device's list of authorities
 * @throws Fault `certificate-unreadable` when the authority is damaged: it is never replaced silently,
 * because devices trust it.
 */
export async function loadCertificates(
  folder: string,
  label: string,
  names: readonly string[],
  clock: Clock,
  random: RandomSource,
): Promise<Certificates> {
  const authority = await loadAuthority(join(folder, 'authority.json'), label, clock, random)
  const leaf = await loadLeaf(join(folder, 'leaf.json'), authority, names, clock)
  const fingerprint = new X509Certificate(authority.cert).fingerprint256
  return { authorityPem: authority.cert, fingerprint, leaf, names }
}

async function loadAuthority(path: string, label: string, clock: Clock, random: RandomSource): Promise<Pair> {
  const content = readPrivate(path)
  if (content !== null) return readAuthority(path, content)
  const mark = Buffer.from(random(4)).toString('hex')
  const made = await generate([{ name: 'commonName', value: `Meterhood ${plain(label)} ${mark}` }], {
    ...validity(clock, AUTHORITY_DAYS),
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const authority = { key: made.private, cert: `${made.cert}\n` }
  writePrivate(path, JSON.stringify(authority))
  return authority
}

function readAuthority(path: string, content: string): Pair {
  const authority = readPair(content)
  if (authority !== null) return authority
  throw new Fault(
    'certificate-unreadable',
    `${path} is damaged; delete its folder to found a new authority`,
    {
      field: path,
      expected: 'the private authority of this gateway',
      fix: 'delete the folder; every device then trusts the new authority once',
    },
  )
}

async function loadLeaf(
  path: string,
  authority: Pair,
  names: readonly string[],
  clock: Clock,
): Promise<Pair> {
  const kept = readPair(readPrivate(path) ?? '')
  if (kept !== null && isFresh(kept, authority, names, clock)) return kept
  const made = await generate([{ name: 'commonName', value: 'Meterhood gateway' }], {
    ...validity(clock, LEAF_DAYS),
    keyType: 'ec',
    algorithm: 'sha256',
    ca: authority,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map(alternativeName) },
    ],
  })
  const leaf = { key: made.private, cert: `${made.cert}\n` }
  writePrivate(path, JSON.stringify(leaf))
  return leaf
}

function isFresh(leaf: Pair, authority: Pair, names: readonly string[], clock: Clock): boolean {
  const certificate = new X509Certificate(leaf.cert)
  const lastsUntil = Date.parse(certificate.validTo)
  const covered = names.every((name) =>
    isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined,
  )
  const vouched = certificate.verify(new X509Certificate(authority.cert).publicKey)
  return covered && vouched && lastsUntil - clock.nowMs() > RENEW_DAYS * DAY_MS
}

function readPair(content: string): Pair | null {
  try {
    const read = pair.parse(JSON.parse(content))
    return new X509Certificate(read.cert).checkPrivateKey(createPrivateKey(read.key)) ? read : null
  } catch {
    return null
  }
}

/** Validity starts a day early, so that a device whose clock is a little behind does not refuse it. */
function validity(clock: Clock, days: number): { notBeforeDate: Date; notAfterDate: Date } {
  const start = clock.nowMs() - DAY_MS
  return { notBeforeDate: new Date(start), notAfterDate: new Date(start + days * DAY_MS) }
}

function alternativeName(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name }
}

/**
 * Only letters, digits and spaces: a comma or a plus sign would change the meaning of a distinguished
 * name.
 */
function plain(label: string): string {
  return label
    .replace(/[^A-Za-z0-9 ]/g, '')
    .slice(0, 40)
    .trim()
}
