import { computed, signal } from '@preact/signals'
import type { Header, Line } from '../../../../../actors/inspection/recording.ts'
import { causeOf } from './causes.ts'
import { EVERYTHING, type Filter, Recording, type Track } from './recording.ts'

/** Lines that the page holds; of a longer run the older half is let go. */
const HELD_MOST = 400_000
/** The page draws what came at most so often; every line is kept. */
export const DRAW_EVERY_MS = 200

export let recording = new Recording()
/** Raised when there is more to show. */
export const grown = signal(0)
/** Whoever asks is drawn again when there is more. */
export const redrawn = (): number => grown.value
export const filter = signal<Filter>(EVERYTHING)
/** The line that is shown; -1 before the first. */
export const at = signal(-1)
/** Whether the newest line is shown as it comes. */
export const following = signal(false)
export const playing = signal(false)
export const speed = signal(1)
/** The machine whose chart is shown when it is not the one that acts. */
export const pinned = signal<string | null>(null)

const shownLines: { lines: number[]; filter: Filter; namings: number; seen: number; of: Recording } = {
  lines: [],
  filter: EVERYTHING,
  namings: 0,
  seen: 0,
  of: recording,
}

/** The lines that the filter lets through; grows with the recording. */
export function shown(): readonly number[] {
  const wanted = filter.value
  const known = shownLines
  const renamed = wanted.about !== null && known.namings !== recording.namings
  if (known.filter !== wanted || known.of !== recording || renamed) {
    known.lines = recording.shown(wanted)
    known.filter = wanted
    known.of = recording
  } else {
    for (let line = known.seen; line < recording.lines.length; line += 1) {
      if (recording.isShown(line, wanted)) known.lines.push(line)
    }
  }
  known.namings = recording.namings
  known.seen = recording.lines.length
  return known.lines
}

/** The place among the shown lines of the last one that is not after line `line`. */
export function placeOf(line: number): number {
  const lines = shown()
  let low = 0
  let high = lines.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((lines[middle] ?? Infinity) <= line) low = middle + 1
    else high = middle
  }
  return low - 1
}

export function goTo(line: number): void {
  following.value = false
  playing.value = false
  pinned.value = null
  at.value = Math.max(0, Math.min(line, recording.lines.length - 1))
}

/** Goes so many shown lines on, or back. */
export function stepBy(count: number): void {
  const lines = shown()
  const place = placeOf(at.value)
  const onIt = lines[place] === at.value
  const next = count < 0 && !onIt ? place : place + count
  const line = lines[Math.max(0, Math.min(next, lines.length - 1))]
  if (line !== undefined) goTo(line)
}

export function goToPlace(place: number): void {
  const line = shown()[place]
  if (line !== undefined) goTo(line)
}

export function goToCause(): void {
  const cause = causeOf(recording, at.value)
  if (cause !== null) goTo(cause)
}

export function choose(change: Partial<Filter>): void {
  filter.value = { ...filter.value, ...change }
}

/** Shows only what is about this, from its beginning. */
export function jumpTo(about: string): void {
  filter.value = { ...EVERYTHING, about: recording.nameOf(about) }
  goToPlace(0)
}

export function follow(): void {
  playing.value = false
  pinned.value = null
  following.value = true
  showNewest()
}

function showNewest(): void {
  const newest = shown().at(-1)
  if (newest !== undefined) at.value = newest
}

/** The machine whose chart is shown: the pinned one, else the one that acts, else the last that did. */
export const track = computed<Track | null>(() => {
  redrawn()
  if (pinned.value !== null) return recording.tracks.get(pinned.value) ?? null
  for (let line = at.value; line >= Math.max(0, at.value - 500); line -= 1) {
    const found = recording.lines[line]
    if (found === undefined || found.kind === 'note') continue
    if (line !== at.value && !recording.isShown(line, filter.value)) continue
    return recording.tracks.get(`${found.gateway}/${found.actor}`) ?? null
  }
  return gatewayTrack(recording.lines[at.value]?.gateway)
})

/** The machine of a gateway itself. */
function gatewayTrack(gateway: string | undefined): Track | null {
  const tracks = recording.gateways.get(gateway ?? '') ?? []
  return tracks.find(({ machine }) => machine.endsWith('-gateway')) ?? null
}

export const line = computed<Line | null>(() => {
  redrawn()
  return recording.lines[at.value] ?? null
})

let isDrawn = true

/** Tells the page that there is more, now or soon. */
export function tellGrown(): void {
  if (!isDrawn) return
  isDrawn = false
  setTimeout(() => {
    isDrawn = true
    if (following.value) showNewest()
    else if (at.value < 0) goToPlace(0)
    grown.value += 1
  }, DRAW_EVERY_MS)
}

export function begin(header: Header): void {
  recording.begin(header)
  tellGrown()
}

export function add(lines: readonly Line[]): void {
  for (const one of lines) recording.add(one)
  if (recording.lines.length > HELD_MOST) letGo()
  tellGrown()
}

function letGo(): void {
  const gone = recording.lines.length
  recording = recording.newest(HELD_MOST / 2)
  at.value = Math.max(0, at.value - (gone - recording.lines.length))
}

/** The longest that playing waits between two lines, whatever the run did. */
const LONGEST_PAUSE_MS = 1_000
const SHORTEST_PAUSE_MS = 40

function playNext(): void {
  if (!playing.value) return
  const lines = shown()
  const place = placeOf(at.value)
  const next = lines[place + 1]
  if (next === undefined) {
    playing.value = false
    return
  }
  const before = recording.lines[at.value]?.atMs ?? 0
  at.value = next
  pinned.value = null
  const pause = ((recording.lines[lines[place + 2] ?? next]?.atMs ?? before) - before) / speed.value
  setTimeout(playNext, Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, pause)))
}

export function togglePlay(): void {
  following.value = false
  playing.value = !playing.value
  if (playing.value) playNext()
}
