import type { Notice } from '../messages/notice.ts'
import { hexOfBytes } from './peer-record.ts'

/** Notices kept of one author; older ones give way. */
export const NOTICES_PER_AUTHOR = 128
/** Authors kept: every member of a large community. */
export const NOTICE_BOARD_AUTHORS = 1024

interface Shelf {
  readonly author: Uint8Array
  readonly notices: Map<number, Notice>
  /** Every notice up to this one has been seen or asked for. */
  contiguous: number
  /** Nothing at or below this is taken any more: it was dropped, and might be a replay. */
  floor: number
}

/** What has been heard, by author and number: each notice once, and what is missing known. */
export interface NoticeBoard {
  /** True when the notice is new; false for one known or too old. */
  put(notice: Notice): boolean
  knows(author: Uint8Array, sequence: number): boolean
  /** Whether numbers between the known ones are missing. */
  hasGap(author: Uint8Array): boolean
  /** Per author, the number up to which nothing is missing. */
  known(): { author: Uint8Array; sequence: number }[]
  /** Everything that a peer had of an author has now been given: gaps that remain are for ever. */
  caughtUp(author: Uint8Array): void
  /** Unexpired notices after those given, by author and number, at most `limit`. */
  after(since: readonly { author: Uint8Array; sequence: number }[], limit: number, nowMs: number): Notice[]
}

function advance(shelf: Shelf): void {
  while (shelf.notices.has(shelf.contiguous + 1)) shelf.contiguous += 1
}

function makeRoom(shelf: Shelf): void {
  const surplus = [...shelf.notices.keys()].sort((a, b) => a - b).slice(0, -NOTICES_PER_AUTHOR)
  for (const sequence of surplus) {
    shelf.notices.delete(sequence)
    shelf.floor = Math.max(shelf.floor, sequence)
  }
  shelf.contiguous = Math.max(shelf.contiguous, shelf.floor)
  advance(shelf)
}

/** An empty board. */
export function createNoticeBoard(): NoticeBoard {
  const shelves = new Map<string, Shelf>()
  const shelfOf = (author: Uint8Array): Shelf => {
    const name = hexOfBytes(author)
    const known = shelves.get(name)
    if (known !== undefined) return known
    const shelf: Shelf = { author, notices: new Map(), contiguous: 0, floor: 0 }
    shelves.set(name, shelf)
    for (const oldest of shelves.keys()) {
      if (shelves.size <= NOTICE_BOARD_AUTHORS) break
      shelves.delete(oldest)
    }
    return shelf
  }
  const find = (author: Uint8Array): Shelf | undefined => shelves.get(hexOfBytes(author))
  const highest = (shelf: Shelf): number => Math.max(shelf.contiguous, ...shelf.notices.keys())
  return {
    put: (notice) => {
      const shelf = shelfOf(notice.author)
      if (notice.sequence <= shelf.floor || shelf.notices.has(notice.sequence)) return false
      shelf.notices.set(notice.sequence, notice)
      advance(shelf)
      makeRoom(shelf)
      return true
    },
    knows: (author, sequence) => {
      const shelf = find(author)
      return shelf !== undefined && (sequence <= shelf.floor || shelf.notices.has(sequence))
    },
    hasGap: (author) => {
      const shelf = find(author)
      return shelf !== undefined && highest(shelf) > shelf.contiguous
    },
    known: () => [...shelves.values()].map(({ author, contiguous }) => ({ author, sequence: contiguous })),
    caughtUp: (author) => {
      const shelf = find(author)
      if (shelf !== undefined) shelf.contiguous = highest(shelf)
    },
    after: (since, limit, nowMs) => {
      const asked = new Map(since.map(({ author, sequence }) => [hexOfBytes(author), sequence]))
      const found: Notice[] = []
      for (const [name, shelf] of shelves) {
        const from = asked.get(name) ?? 0
        const newer = [...shelf.notices.values()].filter((n) => n.sequence > from && n.expiresMs > nowMs)
        found.push(...newer.sort((a, b) => a.sequence - b.sequence))
        if (found.length >= limit) return found.slice(0, limit)
      }
      return found
    },
  }
}
