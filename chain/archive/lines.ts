import { createReadStream } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { z } from 'zod'
import { archiveFault } from './fault.ts'

const hash = z.string().regex(/^0x[0-9a-f]{64}$/)

/** A file of lines that are chained to each other: how many there are, and where the chain ends. */
export const seriesSchema = z.object({ entries: z.number().int().min(0), tip: hash })
export type Series = z.infer<typeof seriesSchema>

/** What a line holds besides its number and its link. */
export type Entry = Readonly<Record<string, unknown>>

const LINK = /,"link":"([0-9a-f]{64})"\}$/
const numbered = z.looseObject({ n: z.number().int().min(0) })

/** The link of a line: Keccak-256 of the link before it and of the line's own text. */
const linkAfter = (link: Uint8Array, text: string): Uint8Array =>
  keccak_256(concatBytes(link, utf8ToBytes(text)))

/** The first link stands for what the file is, so that one file cannot take another's place. */
const firstLink = (name: string): Uint8Array => keccak_256(utf8ToBytes(`meterhood ${name}`))

/** Writes a file line by line; `end` forces it to disk. */
export class SeriesWriter {
  readonly #file: FileHandle
  #link: Uint8Array
  #entries = 0

  private constructor(file: FileHandle, name: string) {
    this.#file = file
    this.#link = firstLink(name)
  }

  static async begin(path: string, name: string): Promise<SeriesWriter> {
    return new SeriesWriter(await open(path, 'wx', 0o600), name)
  }

  async add(entry: Entry): Promise<void> {
    const text = JSON.stringify({ n: this.#entries, ...entry })
    this.#link = linkAfter(this.#link, text)
    await this.#file.write(`${text.slice(0, -1)},"link":"${bytesToHex(this.#link)}"}\n`)
    this.#entries += 1
  }

  async end(): Promise<Series> {
    await this.#file.sync()
    await this.#file.close()
    return { entries: this.#entries, tip: `0x${bytesToHex(this.#link)}` }
  }
}

interface Line {
  readonly text: string
  readonly number: number
  readonly link: string
  readonly entry: Entry
}

function lineOf(raw: string): Line | null {
  const link = LINK.exec(raw)?.[1]
  if (link === undefined) return null
  const text = raw.replace(LINK, '}')
  const entry = numbered.safeParse(jsonOf(text))
  return entry.success ? { text, number: entry.data.n, link, entry: entry.data } : null
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function* rawLines(path: string): AsyncGenerator<string> {
  const stream = createReadStream(path)
  stream.on('error', () => undefined)
  yield* createInterface({ input: stream, crlfDelay: Infinity })
}

/**
 * Gives the entries of a file, each after it was checked against the links and, at the end, against what was
 * signed of the whole. Faults: `archive-truncated`, `archive-edited`, `archive-reordered`.
 */
export async function* checkedEntries(path: string, name: string, series: Series): AsyncGenerator<Entry> {
  let link = firstLink(name)
  let count = 0
  for await (const raw of rawLines(path)) {
    const line = lineOf(raw)
    const next = line === null ? null : linkAfter(link, line.text)
    const isNext = line !== null && line.number === count && count < series.entries
    if (!isNext || next === null || bytesToHex(next) !== line.link)
      throw await whatIsWrong(path, series, count)
    link = next
    count += 1
    yield line.entry
  }
  if (count < series.entries) throw truncated(path, count, series.entries)
  if (`0x${bytesToHex(link)}` !== series.tip) throw edited(path, null)
}

/** Names what was done to a file whose line `at` is not the one that was written there. */
async function whatIsWrong(path: string, { entries }: Series, at: number) {
  const numbers = new Set<number>()
  let lines = 0
  for await (const raw of rawLines(path)) {
    lines += 1
    const line = lineOf(raw)
    if (line !== null && line.number < entries) numbers.add(line.number)
  }
  if (lines < entries || (lines === entries && numbers.size === entries - 1 && at === entries - 1)) {
    return truncated(path, numbers.size, entries)
  }
  const moved = lines === entries && numbers.size === entries
  const line = await nthLine(path, at)
  if (!moved || line === null || line.number === at) return edited(path, at)
  const message = `${path}: line ${at + 1} is out of its place; ${FIX}`
  return archiveFault('archive-reordered', message, { path, line: at + 1 })
}

async function nthLine(path: string, at: number): Promise<Line | null> {
  let count = 0
  for await (const raw of rawLines(path)) {
    if (count === at) return lineOf(raw)
    count += 1
  }
  return null
}

const FIX = 'take the archive again from where it was made, or another copy of it'

function truncated(path: string, found: number, entries: number) {
  const message = `${path}: ends after ${found} of ${entries} lines; ${FIX}`
  return archiveFault('archive-truncated', message, { path, found, entries })
}

function edited(path: string, at: number | null) {
  const where = at === null ? 'is not the file that was signed' : `line ${at + 1} is not as it was written`
  const facts = { path, line: at === null ? null : at + 1 }
  return archiveFault('archive-edited', `${path}: ${where}; ${FIX}`, facts)
}
