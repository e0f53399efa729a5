import { hexlify } from 'ethers'
import { z } from 'zod'
import { isMember } from '../../actors/community-gateway/membership.ts'
import type { Store } from '../../actors/storage/store.ts'
import { writeMeta } from '../../actors/storage/meta.ts'
import { createInviteBook, type InviteBook, type InviteRecord } from '../../protocols/p2p/invite-book.ts'
import { formatInvite } from '../../protocols/p2p/invite.ts'
import { inviteId } from '../../protocols/p2p/join-proof.ts'
import { bytesOfHex } from '../../protocols/p2p/peer-record.ts'
import type { PeerNode } from '../../protocols/p2p/node.ts'
import type { Clock, RandomSource } from '../../protocols/rules/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'

const PREFIX = 'invite:'

const Kept = z.object({
  code: z.string(),
  expiresMs: z.number(),
  usedBy: z.object({ peerId: z.string(), account: z.string() }).nullable(),
  name: z.string(),
  weight: z.number().int().min(0),
})
type Kept = z.infer<typeof Kept>

/** For whom an invite is: the home's name, and what it contributes to the community contract. */
export interface Invited {
  readonly name: string
  readonly weight: number
}

/** The invites of a community gateway, kept over a restart. */
export interface Invites {
  readonly book: InviteBook
  /** A fresh invite as text, for one home. */
  issue(invited: Invited): Promise<string>
  /** The invite that is still open for a home of this name, else a fresh one; null where it is a member. */
  issueOnce(invited: Invited): Promise<string | null>
  /** For whom the invite of this id is. Throws `invite-unknown`. */
  invitedBy(id: Uint8Array): Invited
}

export interface InvitesOptions {
  readonly store: Store
  readonly clock: Clock
  readonly random: RandomSource
  readonly onFault: (thrown: unknown) => void
}

const nameOf = (code: Uint8Array): string => hexlify(inviteId(code))

/** Opens the invites; the node is where joiners will find the gateway. */
export async function openInvites(options: InvitesOptions, node: () => PeerNode): Promise<Invites> {
  const { store, clock, random } = options
  const rows = await store.db.selectFrom('meta').selectAll().where('key', 'like', `${PREFIX}%`).execute()
  const kept = new Map<string, Kept>()
  for (const { key, value } of rows) kept.set(key.slice(PREFIX.length), Kept.parse(JSON.parse(value)))

  const save = async (id: string, row: Kept): Promise<void> => {
    kept.set(id, row)
    await store.transaction((trx) => writeMeta(trx, PREFIX + id, JSON.stringify(row)))
  }
  const changed = (record: InviteRecord): void => {
    const id = nameOf(record.code)
    const row = kept.get(id)
    if (row !== undefined) save(id, { ...row, usedBy: record.usedBy }).catch(options.onFault)
  }
  const initial = [...kept.values()].map((row) => ({
    code: bytesOfHex(row.code),
    expiresMs: row.expiresMs,
    usedBy: row.usedBy,
  }))
  const book = createInviteBook({ clock, random, initial, onChange: changed })

  const textOf = (code: Uint8Array): string =>
    formatInvite({ gatewayPeerId: node().peerId, addresses: node().addresses().slice(0, 4), code })
  const issue = async ({ name, weight }: Invited): Promise<string> => {
    const { code, expiresMs } = book.issue()
    await save(nameOf(code), { code: hexlify(code), expiresMs, usedBy: null, name, weight })
    return textOf(code)
  }
  return {
    book,
    issue,
    async issueOnce(invited) {
      const members = store.db.selectFrom('member').select('state').where('name', '=', invited.name)
      if ((await members.execute()).some(({ state }) => isMember(state))) return null
      const nowMs = clock.nowMs()
      const open = [...kept.values()].find(
        ({ name, usedBy, expiresMs }) => name === invited.name && usedBy === null && expiresMs > nowMs,
      )
      return open === undefined ? issue(invited) : textOf(bytesOfHex(open.code))
    },
    invitedBy(id) {
      const row = kept.get(hexlify(id))
      if (row === undefined)
        throw new Fault('invite-unknown', 'invite: this gateway has not issued it; ask the manager')
      return { name: row.name, weight: row.weight }
    },
  }
}
