import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { NOTICE_MAX_LIFE_MS, NOTICE_MAX_SKEW_MS, noticeBytes, noticeMessage } from '../messages/notice.ts'
import type { Notice, NoticeDomain } from '../messages/notice.ts'
import type { Verdict } from './gossip.ts'
import type { Member } from './membership.ts'
import type { PeerNode } from './node.ts'
import { peerIdOfKey } from './peer-key.ts'

/** Time bounds that every notice keeps. */
export function timeVerdict(notice: Notice, nowMs: number): Verdict {
  if (notice.expiresMs - notice.issuedMs > NOTICE_MAX_LIFE_MS || notice.expiresMs <= notice.issuedMs)
    return 'reject'
  const timely = notice.expiresMs > nowMs && notice.issuedMs <= nowMs + NOTICE_MAX_SKEW_MS
  return timely ? 'accept' : 'ignore'
}

/** Whether its author signed exactly this notice for this topic of this community. */
export async function isSigned(notice: Notice, domain: NoticeDomain): Promise<boolean> {
  try {
    return await publicKeyFromRaw(notice.author).verify(noticeBytes(notice, domain), notice.signature)
  } catch {
    return false
  }
}

/** The notice that bytes are; undefined when they are none. */
export function decodeQuietly(data: Uint8Array): Notice | undefined {
  try {
    return noticeMessage.decode(data)
  } catch {
    return undefined
  }
}

/** The member that wrote a notice; undefined for a stranger. */
export function authorOf({ membership }: PeerNode, notice: Notice): Member | undefined {
  return membership.find(peerIdOfKey(notice.author).toString())
}

/** Signs a notice of this node. */
export async function signNotice(
  node: PeerNode,
  domain: NoticeDomain,
  content: Omit<Notice, 'author' | 'signature'>,
): Promise<Notice> {
  const unsigned = { author: node.peerKey, ...content }
  return { ...unsigned, signature: await node.sign(noticeBytes(unsigned, domain)) }
}
