import { concat, keccak256, toBeHex, toUtf8Bytes } from 'ethers'
import { z } from 'zod'
import { bytesField, defineMessage, naturalField } from './json-message.ts'

/** A notice is a short word to all (an offer, a notice of the manager); bulk goes by its own protocol. */
export const NOTICE_BODY_MAX_BYTES = 2048
/** Body in base64url, key, signature and integers. */
export const NOTICE_MAX_BYTES = 4096
/** A notice lives at most a day: who was away longer asks the chain. */
export const NOTICE_MAX_LIFE_MS = 24 * 3600 * 1000
/** Clocks of homes may differ by this much. */
export const NOTICE_MAX_SKEW_MS = 60_000
/** Authors named in one catch-up request: more members than one gateway serves at 2 s samples. */
export const NOTICE_AUTHORS_MAX = 128
/** Notices in one page of the catch-up. */
export const NOTICE_PAGE_MAX = 32

const noticeSchema = z.strictObject({
  /** The ed25519 public key of the author's peer id. */
  author: bytesField(32),
  /** Counts the author's notices from 1 or from a later number; never falls. */
  sequence: naturalField().min(1),
  issuedMs: naturalField(),
  expiresMs: naturalField(),
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected 1 to 32 of a-z, 0-9 and -'),
  body: bytesField(0, NOTICE_BODY_MAX_BYTES),
  /** ed25519 by the author over `noticeBytes`. */
  signature: bytesField(64),
})
/** A signed, numbered, expiring message to the community. */
export type Notice = z.output<typeof noticeSchema>

export const noticeMessage = defineMessage('notice', NOTICE_MAX_BYTES, noticeSchema)

/** Which community a notice belongs to: part of what is signed, so that it cannot be moved to another. */
export interface NoticeDomain {
  readonly chainId: number
  /** The resource monitoring contract, 0x hex. */
  readonly monitoring: string
  /** The gossip topic on which the notice travels. */
  readonly topic: string
}

/**
 * The bytes that the author signs: domain, type and payload together; every part of fixed length or hashed.
 */
export function noticeBytes(notice: Omit<Notice, 'signature'>, domain: NoticeDomain): Uint8Array {
  const parts = concat([
    toUtf8Bytes('Meterhood-v1/notice/'),
    toBeHex(domain.chainId, 32),
    domain.monitoring,
    keccak256(toUtf8Bytes(domain.topic)),
    notice.author,
    toBeHex(notice.sequence, 8),
    toBeHex(notice.issuedMs, 8),
    toBeHex(notice.expiresMs, 8),
    keccak256(toUtf8Bytes(notice.kind)),
    keccak256(notice.body),
  ])
  return Uint8Array.from(Buffer.from(parts.slice(2), 'hex'))
}

/**
 * A peer asks another for the notices after those it has: per author, the number up to which it lacks none.
 */
export const noticePull = defineMessage(
  'notice pull',
  16 * 1024,
  z.strictObject({
    topic: z.string().min(1).max(100),
    since: z
      .array(z.strictObject({ author: bytesField(32), sequence: naturalField() }))
      .max(NOTICE_AUTHORS_MAX),
  }),
)
export type NoticePull = ReturnType<typeof noticePull.decode>

/** A page of notices, each with its author's own signature; `more` when a further page exists. */
export const noticePage = defineMessage(
  'notice page',
  NOTICE_PAGE_MAX * NOTICE_MAX_BYTES + 256,
  z.strictObject({ notices: z.array(noticeSchema).max(NOTICE_PAGE_MAX), more: z.boolean() }),
)
export type NoticePage = ReturnType<typeof noticePage.decode>
