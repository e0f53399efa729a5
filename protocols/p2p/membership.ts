import { getAddress } from 'ethers'
import { Fault } from '../rules/fault.ts'
import { peerIdOfKey } from './peer-key.ts'

/** Communities are of tens of homes; a list of thousands would be a mistake or an attack. */
export const MEMBERS_MAX = 4096

export type MemberRole = 'home' | 'community'

/** A peer that may speak to us, and the chain account it acts for. */
export interface Member {
  /** libp2p peer id as text. */
  readonly peerId: string
  /** Its ed25519 public key, as in the contract's `admit`. */
  readonly peerKey: Uint8Array
  /** Its account; null for a community gateway that we know from an invite only. */
  readonly account: string | null
  readonly role: MemberRole
}

export type MembershipChange =
  | { readonly type: 'admitted'; readonly member: Member }
  | { readonly type: 'revoked'; readonly member: Member }

/** Who takes part: a live allow-list of peer keys, fed from the chain's events. */
export interface Membership {
  /**
   * Adds a peer, or renews what is given of a known one. A new one is a home; `account` may stay null until
   * the chain tells it.
   * @throws Fault `bad-field`, `members-full`
   */
  admit(entry: { peerKey: Uint8Array; account?: string | null; role?: MemberRole }): Member
  /** Takes a peer out; its connections are closed at once. False when it was no member. */
  revoke(peerKey: Uint8Array): boolean
  has(peerId: string): boolean
  find(peerId: string): Member | undefined
  findByAccount(account: string): Member | undefined
  list(): readonly Member[]
  /** Calls the listener at each change; the result ends that. */
  onChange(listener: (change: MembershipChange) => void): () => void
}

/** An empty membership; nobody is let in before `admit`. */
export function createMembership(): Membership {
  const members = new Map<string, Member>()
  const listeners = new Set<(change: MembershipChange) => void>()
  const tell = (change: MembershipChange): void => listeners.forEach((listener) => listener(change))
  return {
    admit: ({ peerKey, account, role }) => {
      const peerId = peerIdOfKey(peerKey).toString()
      const known = members.get(peerId)
      if (known === undefined && members.size >= MEMBERS_MAX) {
        const message = `membership: ${MEMBERS_MAX} peers are registered, the most that can be; revoke one`
        throw new Fault('members-full', message, { max: MEMBERS_MAX })
      }
      const member: Member = {
        peerId,
        peerKey,
        account: typeof account === 'string' ? getAddress(account) : (known?.account ?? null),
        role: role ?? known?.role ?? 'home',
      }
      members.set(peerId, member)
      tell({ type: 'admitted', member })
      return member
    },
    revoke: (peerKey) => {
      const member = members.get(peerIdOfKey(peerKey).toString())
      if (member === undefined) return false
      members.delete(member.peerId)
      tell({ type: 'revoked', member })
      return true
    },
    has: (peerId) => members.has(peerId),
    find: (peerId) => members.get(peerId),
    findByAccount: (account) => {
      const wanted = account.toLowerCase()
      return [...members.values()].find((member) => member.account?.toLowerCase() === wanted)
    },
    list: () => [...members.values()],
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
