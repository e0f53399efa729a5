import type { Clock, RandomSource } from '../rules/clock.ts'
import { Fault } from '../rules/fault.ts'
import { INVITE_CODE_MIN_BYTES } from '../messages/join.ts'
import { inviteId } from './join-proof.ts'
import { hexOfBytes } from './peer-record.ts'

/** Open invites at a time: a manager invites a building, not the world. */
export const INVITES_OPEN_MAX = 256
/** How long an invite stands unless told otherwise: a day to install a home. */
export const INVITE_LIFE_MS = 24 * 3600 * 1000

/** An invite as the gateway keeps it; durable, since a code counts once even over a restart. */
export interface InviteRecord {
  readonly code: Uint8Array
  readonly expiresMs: number
  /** The peer and account that used it; null while open. */
  readonly usedBy: { readonly peerId: string; readonly account: string } | null
}

export interface InviteBook {
  /** A fresh code. @throws Fault `invites-full` */
  issue(lifeMs?: number): InviteRecord
  /**
   * The invite of an id that the asker may use: open, or used by this very peer (its reply was lost).
   * @throws Fault `invite-unknown`, `invite-expired`, `invite-used`
   */
  find(id: Uint8Array, peerId: string): InviteRecord
  /**
   * Keeps the invite for one peer and account while the decision is made. The result gives it back.
   * @throws Fault as `find`
   */
  claim(id: Uint8Array, user: { peerId: string; account: string }): () => void
  /** Marks it used for ever; tells `onChange`. */
  use(id: Uint8Array, user: { peerId: string; account: string }): void
  /** Whether anyone may come and join now. */
  hasOpen(): boolean
  list(): readonly InviteRecord[]
}

type User = NonNullable<InviteRecord['usedBy']>

const sameUser = (a: User, b: User): boolean => a.peerId === b.peerId && a.account === b.account

function fault(code: string, message: string): Fault {
  return new Fault(code, `invite: ${message}`, {})
}

/** Invites of a gateway: single use, expiring. `initial` and `onChange` keep them over a restart. */
export function createInviteBook(options: {
  clock: Clock
  random: RandomSource
  initial?: readonly InviteRecord[]
  onChange?: (record: InviteRecord) => void
}): InviteBook {
  const { clock, random, initial = [], onChange } = options
  const nameOf = (id: Uint8Array): string => hexOfBytes(id)
  const records = new Map(initial.map((record) => [nameOf(inviteId(record.code)), record]))
  const claims = new Map<string, User>()
  const isOpen = (record: InviteRecord): boolean => record.usedBy === null && record.expiresMs > clock.nowMs()
  const put = (record: InviteRecord): void => {
    records.set(nameOf(inviteId(record.code)), record)
    onChange?.(record)
  }
  const get = (id: Uint8Array): InviteRecord => {
    const record = records.get(nameOf(id))
    if (record === undefined) throw fault('invite-unknown', 'this gateway has not issued it; ask the manager')
    return record
  }
  const find = (id: Uint8Array, peerId: string): InviteRecord => {
    const record = get(id)
    if (record.usedBy?.peerId === peerId) return record
    if (record.usedBy !== null)
      throw fault('invite-used', 'another home has used it; ask the manager for a new one')
    if (!isOpen(record)) throw fault('invite-expired', 'it has expired; ask the manager for a new one')
    return record
  }
  return {
    issue: (lifeMs = INVITE_LIFE_MS) => {
      if ([...records.values()].filter(isOpen).length >= INVITES_OPEN_MAX) {
        throw fault('invites-full', `${INVITES_OPEN_MAX} are open; wait until some are used or expire`)
      }
      const record = { code: random(INVITE_CODE_MIN_BYTES), expiresMs: clock.nowMs() + lifeMs, usedBy: null }
      put(record)
      return record
    },
    find,
    claim: (id, user) => {
      const record = find(id, user.peerId)
      const holder = claims.get(nameOf(id)) ?? record.usedBy
      if (holder !== null && !sameUser(holder, user)) {
        throw fault('invite-used', 'another home or account is using it; ask the manager for a new one')
      }
      claims.set(nameOf(id), user)
      return () => claims.delete(nameOf(id))
    },
    use: (id, user) => {
      const record = get(id)
      if (record.usedBy === null) put({ ...record, usedBy: user })
    },
    hasOpen: () => [...records.values()].some(isOpen),
    list: () => [...records.values()],
  }
}
