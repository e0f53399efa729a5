import { signal } from '@preact/signals'
import { z } from 'zod'
import { header, line as lineSchema, RECORDING_VERSION } from '../../../../../actors/inspection/recording.ts'
import { Ordering } from './order.ts'
import { add, begin, follow, recording, tellGrown } from './player.ts'

const listSchema = z.array(z.object({ number: z.number(), name: z.string(), bytes: z.number() }))
const refusalSchema = z.object({ message: z.string() })
type Listed = z.infer<typeof listSchema>[number]

export interface Reading {
  /**
   * `waiting` before the first byte, `reading` what was there, `live` what is added; `none` where nothing is
   * recorded, `refused` to whoever may not see it.
   */
  readonly state: 'waiting' | 'reading' | 'live' | 'away' | 'failed' | 'none' | 'refused'
  readonly names: readonly string[]
  readonly bytes: number
  readonly of: number
  /** Lines that are whole and cannot be read. */
  readonly unreadable: number
  /** What is wrong, in words. */
  readonly failure: string | null
}

export const reading = signal<Reading>({
  state: 'waiting',
  names: [],
  bytes: 0,
  of: 0,
  unreadable: 0,
  failure: null,
})

const change = (part: Partial<Reading>): void => {
  reading.value = { ...reading.value, ...part }
}

class NotARecording extends Error {}

const ordering = new Ordering()
/** Nothing new for so long: what still waits for its turn has it. */
const QUIET_MS = 350
const AGAIN_MS = 1_000

/** One file, read by lines from where the last reading stopped. */
class Source {
  readonly #listed: Listed
  #offset = 0
  #rest = ''
  #begun = false

  constructor(listed: Listed) {
    this.#listed = listed
  }

  async read(onBytes: (count: number) => void): Promise<void> {
    const { number } = this.#listed
    const answer = await fetch(`recordings/${number}?from=${this.#offset}`)
    const reader = answer.ok ? answer.body?.getReader() : undefined
    if (reader === undefined) throw new Error(`the recording answers ${answer.status}`)
    const decoder = new TextDecoder()
    this.#rest = ''
    let whole = this.#offset
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onBytes(value.length)
      this.#take(decoder.decode(value, { stream: true }))
      whole += value.length
      // A reading that breaks off goes on at the last whole line.
      this.#offset = whole - new TextEncoder().encode(this.#rest).length
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    if (!this.#begun && lines.length === 0 && this.#rest.length > 2_000_000) throw new NotARecording()
    let unreadable = 0
    for (const each of lines) if (!this.#takeLine(each)) unreadable += 1
    if (unreadable > 0) change({ unreadable: reading.value.unreadable + unreadable })
  }

  #takeLine(text: string): boolean {
    const value = parsed(text)
    if (!this.#begun || isHeader(value)) return this.#begin(value)
    const checked = lineSchema.safeParse(value)
    if (checked.success) ordering.take(checked.data)
    return checked.success
  }

  #begin(value: unknown): boolean {
    const checked = header.safeParse(value)
    if (!checked.success) throw new NotARecording(otherVersion(value))
    this.#begun = true
    begin(checked.data)
    return true
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const isHeader = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'meterhood-recording'

function otherVersion(value: unknown): string | undefined {
  if (!isHeader(value) || typeof value !== 'object' || value === null || !('version' in value))
    return undefined
  return `It was written as version ${String(value.version)}; this page reads version ${RECORDING_VERSION}.`
}

const notRecorded = (name: string): string =>
  `${name} cannot be shown. Its first line is not that of a recording.`

let quiet: ReturnType<typeof setTimeout> | undefined

/** Hands on what is in order: what is being read for the first time only once all of it is there. */
function release(): void {
  const { bytes, of, state } = reading.value
  const first = state !== 'live'
  if (first && (bytes < of || state === 'failed')) return
  if (recording.startedAtMs === 0) {
    const [name = ''] = reading.value.names
    change({ state: 'failed', failure: notRecorded(name) })
    return
  }
  add(ordering.ready(first))
  if (first) {
    change({ state: 'live' })
    if (recording.lines.length === 0) follow()
  }
  clearTimeout(quiet)
  quiet = setTimeout(() => add(ordering.ready(true)), QUIET_MS)
}

function failed(listed: Listed, thrown: unknown): void {
  const known = thrown instanceof NotARecording
  if (!known) {
    change({ state: 'away' })
    return
  }
  const { message } = thrown
  const failure = message === '' ? notRecorded(listed.name) : `${listed.name} cannot be shown. ${message}`
  change({ state: 'failed', failure })
}

async function readOn(listed: Listed): Promise<void> {
  const source = new Source(listed)
  for (;;) {
    try {
      await source.read((count) => {
        change({
          bytes: reading.value.bytes + count,
          ...(reading.value.state === 'away' ? { state: 'live' } : {}),
        })
        queueMicrotask(release)
      })
    } catch (thrown) {
      failed(listed, thrown)
    }
    if (reading.value.state === 'failed') return
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}

/** Reads every recording that the server has, and what is added to them. */
export async function readAll(): Promise<void> {
  const answer = await fetch('recordings')
  if (!answer.ok) {
    const { message } = refusalSchema.parse(await answer.json())
    change({ state: 'refused', failure: message })
    return
  }
  const listed = listSchema.parse(await answer.json())
  if (listed.length === 0) {
    change({ state: 'none' })
    return
  }
  const of = listed.reduce((sum, { bytes }) => sum + bytes, 0)
  change({ state: 'reading', names: listed.map(({ name }) => name), of })
  const empty = listed.find(({ bytes }) => bytes === 0)
  if (empty !== undefined) change({ state: 'failed', failure: `${empty.name} cannot be shown. It is empty.` })
  tellGrown()
  for (const each of listed) void readOn(each)
}
