import {
  NOTICE_AUTHORS_MAX,
  NOTICE_MAX_LIFE_MS,
  NOTICE_PAGE_MAX,
  noticeMessage,
  noticePage,
  noticePull,
} from '../messages/notice.ts'
import type { Notice, NoticeDomain, NoticePage, NoticePull } from '../messages/notice.ts'
import { badField, Fault } from '../rules/fault.ts'
import type { Verdict } from './gossip.ts'
import type { Member } from './membership.ts'
import type { PeerNode } from './node.ts'
import { createNoticeBoard } from './notice-board.ts'
import type { NoticeBoard } from './notice-board.ts'
import { authorOf, decodeQuietly, isSigned, signNotice, timeVerdict } from './notice-check.ts'
import { peerIdOfKey } from './peer-key.ts'
import { hexOfBytes } from './peer-record.ts'
import { createRateLimiter } from './rate-limit.ts'
import { callExchange, serveExchange } from './request-response.ts'
import type { Exchange } from './request-response.ts'

/** Notices of one author: offers and words to the neighbours, not a stream. */
const AUTHOR_RATE = { burst: 30, perSecond: 1 }
/** A gap waits this long for gossip out of order before it is asked for. */
const GAP_PATIENCE_MS = 400
/** Pages fetched in one catch-up: more than any peer may keep. */
const PAGES_MAX = 64

/** `/meterhood/notices/1`: the notices that a peer missed. */
export const noticesExchange: Exchange<NoticePull, NoticePage> = {
  protocol: '/meterhood/notices/1',
  request: noticePull,
  reply: noticePage,
  timeoutMs: 10_000,
  rate: { burst: 70, perSecond: 5 },
}

export interface NoticesOptions {
  readonly chainId: number
  readonly monitoring: string
  /** The community's name: its topic is `/<community>/notices`. */
  readonly community: string
  readonly onNotice: (notice: Notice, author: Member) => void
  /** Notices kept over a restart, own ones too, so that numbers go on. */
  readonly initial?: readonly Notice[]
  readonly onKept?: (notice: Notice) => void
}

export interface Notices {
  readonly topic: string
  /**
   * Numbers, signs and sends a notice; who is away gets it on reconnection, until it expires. @throws Fault
   * `bad-field`
   */
  publish(kind: string, body: Uint8Array, lifeMs: number): Promise<Notice>
  /**
   * Asks a member for what it has and we lack. The result is how many were new. @throws Fault of
   * `callExchange`
   */
  catchUp(peerId: string): Promise<number>
  stop(): Promise<void>
}

/** What the parts below share. */
interface Desk {
  readonly node: PeerNode
  readonly options: NoticesOptions
  readonly domain: NoticeDomain
  readonly board: NoticeBoard
}

/** Whether a notice is new, timely and its author's own, however it came. */
async function judge(desk: Desk, notice: Notice): Promise<Verdict> {
  const author = authorOf(desk.node, notice)
  if (author === undefined || desk.board.knows(notice.author, notice.sequence)) return 'ignore'
  const timely = timeVerdict(notice, desk.node.clock.nowMs())
  if (timely !== 'accept') return timely
  return (await isSigned(notice, desk.domain)) ? 'accept' : 'reject'
}

/** Puts a judged notice on the board and tells of it, once. */
function keep(desk: Desk, notice: Notice): boolean {
  const author = authorOf(desk.node, notice)
  if (author === undefined || !desk.board.put(notice)) return false
  desk.options.onKept?.(notice)
  desk.options.onNotice(notice, author)
  return true
}

type Since = Map<string, NoticePull['since'][number]>

/** Fetches one page and moves `since` on; the notices that were new to us. */
async function pullPage(desk: Desk, peerId: string, since: Since) {
  const request = { topic: desk.domain.topic, since: [...since.values()].slice(-NOTICE_AUTHORS_MAX) }
  const page = await callExchange(desk.node, noticesExchange, peerId, request)
  const fresh: Notice[] = []
  for (const notice of page.notices) {
    const name = hexOfBytes(notice.author)
    const sequence = Math.max(since.get(name)?.sequence ?? 0, notice.sequence)
    since.set(name, { author: notice.author, sequence })
    if ((await judge(desk, notice)) === 'accept' && keep(desk, notice)) fresh.push(notice)
  }
  return { fresh, more: page.more && page.notices.length > 0 }
}

async function catchUp(desk: Desk, peerId: string): Promise<number> {
  const { node, board, domain } = desk
  const since: Since = new Map(board.known().map((entry) => [hexOfBytes(entry.author), entry]))
  const fromHub = node.membership.find(peerId)?.role === 'community'
  let count = 0
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { fresh, more } = await pullPage(desk, peerId, since)
    count += fresh.length
    // Those who stayed connected to us hear by gossip what a home brings back; what the hub has, all can ask
    // for.
    const news = fromHub ? [] : fresh
    for (const notice of news) await node.gossip.publish(domain.topic, noticeMessage.encode(notice))
    if (!more) break
  }
  for (const { author } of board.known()) {
    if (fromHub || peerIdOfKey(author).toString() === peerId) board.caughtUp(author)
  }
  return count
}

/** As `catchUp`; a peer that is gone again is asked at the next reconnection. */
function tryCatchUp(desk: Desk, peerId: string): void {
  catchUp(desk, peerId).catch(() => undefined)
}

/** Asks for numbers that are missing between those heard, after giving gossip time to bring them. */
function gapHealer(desk: Desk) {
  const { node, board } = desk
  let timer: NodeJS.Timeout | undefined
  const heal = (author: Uint8Array): void => {
    timer = undefined
    if (!board.hasGap(author)) return
    const connected = node.connectedMembers()
    const hub = connected.find((peerId) => node.membership.find(peerId)?.role === 'community')
    const source = hub ?? connected.find((peerId) => peerId === peerIdOfKey(author).toString())
    if (source !== undefined) tryCatchUp(desk, source)
  }
  return {
    look: (author: Uint8Array): void => {
      if (board.hasGap(author)) timer ??= setTimeout(() => heal(author), GAP_PATIENCE_MS)
    },
    stop: () => clearTimeout(timer),
  }
}

function followGossip(desk: Desk, onKept: (notice: Notice) => void): () => void {
  const limiter = createRateLimiter(AUTHOR_RATE, desk.node.clock)
  const verdictOf = async (data: Uint8Array): Promise<Verdict> => {
    const notice = decodeQuietly(data)
    if (notice === undefined) return 'reject'
    const verdict = await judge(desk, notice)
    return verdict === 'accept' && !limiter.take(hexOfBytes(notice.author)) ? 'ignore' : verdict
  }
  return desk.node.gossip.subscribe(desk.domain.topic, verdictOf, (data) => {
    const notice = decodeQuietly(data)
    if (notice !== undefined && keep(desk, notice)) onKept(notice)
  })
}

function serveNotices({ node, board, domain: { topic } }: Desk): Promise<() => Promise<void>> {
  return serveExchange(node, noticesExchange, 'members', (request) => {
    if (request.topic !== topic)
      throw new Fault('topic-unknown', `notices: this peer follows ${topic}`, { topic })
    const found = board.after(request.since, NOTICE_PAGE_MAX + 1, node.clock.nowMs())
    return { notices: found.slice(0, NOTICE_PAGE_MAX), more: found.length > NOTICE_PAGE_MAX }
  })
}

function publisher(desk: Desk): Notices['publish'] {
  const { node, board, domain, options } = desk
  const own = (options.initial ?? []).filter(({ author }) => hexOfBytes(author) === hexOfBytes(node.peerKey))
  // Without kept notices the clock gives a number above all earlier ones.
  let sequence = own.length === 0 ? node.clock.nowMs() : Math.max(...own.map((notice) => notice.sequence))
  return async (kind, body, lifeMs) => {
    if (!Number.isSafeInteger(lifeMs) || lifeMs <= 0 || lifeMs > NOTICE_MAX_LIFE_MS) {
      throw badField('notice.lifeMs', `1 to ${NOTICE_MAX_LIFE_MS} ms`, lifeMs)
    }
    sequence += 1
    const issuedMs = node.clock.nowMs()
    const content = { sequence, issuedMs, expiresMs: issuedMs + lifeMs, kind, body }
    const notice = await signNotice(node, domain, content)
    const data = noticeMessage.encode(notice)
    board.put(notice)
    options.onKept?.(notice)
    await node.gossip.publish(domain.topic, data)
    return notice
  }
}

/**
 * Notices of a community: gossip for those who are there, a catch-up by number for those who were away. A
 * notice carries its author's own signature, so that any member may pass it on (DESIGN §9).
 */
export async function openNotices(node: PeerNode, options: NoticesOptions): Promise<Notices> {
  const topic = `/${options.community}/notices`
  const domain: NoticeDomain = { chainId: options.chainId, monitoring: options.monitoring, topic }
  const desk: Desk = { node, options, domain, board: createNoticeBoard() }
  options.initial?.forEach((notice) => desk.board.put(notice))
  const gaps = gapHealer(desk)
  const unsubscribe = followGossip(desk, (notice) => gaps.look(notice.author))
  const stopServing = await serveNotices(desk)
  // Whoever has begun to listen may have spoken before we could hear, and what it says from now on comes by
  // gossip.
  const unwatch = node.gossip.onListener(topic, (peerId) => tryCatchUp(desk, peerId))
  node.connectedMembers().forEach((peerId) => tryCatchUp(desk, peerId))
  return {
    topic,
    publish: publisher(desk),
    catchUp: (peerId) => catchUp(desk, peerId),
    stop: async () => {
      gaps.stop()
      unwatch()
      unsubscribe()
      await stopServing()
    },
  }
}
