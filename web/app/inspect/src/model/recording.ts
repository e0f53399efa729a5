import type { Chart } from '../../../../../actors/inspection/chart.ts'
import type { Header, Line } from '../../../../../actors/inspection/recording.ts'

/** One machine of one gateway, and where in the recording it did something. */
export interface Track {
  readonly key: string
  readonly gateway: string
  readonly machine: string
  readonly actor: string
  readonly steps: number[]
}

/** What the page shows at a moment: which lines. */
export interface Filter {
  readonly gateway: string | null
  readonly machine: string | null
  /** `trade:0x…`, `delegation:3`, `tx:0x…`, `alarm:7`. */
  readonly about: string | null
  /** Leaves out what changes no state. */
  readonly changesOnly: boolean
}

export const EVERYTHING: Filter = { gateway: null, machine: null, about: null, changesOnly: true }

export const keyOf = (gateway: string, actor: string): string => `${gateway}/${actor}`

/** Machines by which a trade or a delegation gets its second name. */
const NAMING = new Set(['determination', 'negotiation', 'payment', 'delegation'])
const kindOf = (about: string): string => about.slice(0, about.indexOf(':'))

/** The steps of a run in the order of their moments, with what is asked of them again and again. */
export class Recording {
  readonly lines: Line[] = []
  readonly tracks = new Map<string, Track>()
  readonly gateways = new Map<string, Track[]>()
  charts: Readonly<Record<string, Chart>> = {}
  startedAtMs = 0
  /** Raised when two names turn out to be of one thing. */
  namings = 0
  readonly #about = new Map<string, number[]>()
  readonly #names = new Map<string, string>()
  /** What the facts of a transaction are about: the call that made it is about that, too. */
  readonly #made = new Map<string, string>()
  readonly #accounts = new Map<string, string>()
  readonly #changes: boolean[] = []
  readonly #facts = new Set<string>()

  begin({ charts, startedAtMs }: Header): void {
    this.charts = charts
    this.startedAtMs = startedAtMs
  }

  add(line: Line): void {
    const at = this.lines.push(line) - 1
    for (const about of line.about) {
      const known = this.#about.get(about)
      if (known === undefined) this.#about.set(about, [at])
      else known.push(at)
    }
    this.#changes.push(this.#isChange(line))
    if (line.kind === 'note') return this.#learnCall(line.about)
    this.#trackOf(line).steps.push(at)
    if (NAMING.has(line.machine)) this.#learnNames(line.about)
    const { account } = line.context
    if (typeof account === 'string') this.#accounts.set(account, line.gateway)
  }

  /** The gateway whose account this is. */
  gatewayOf(account: unknown): string | null {
    return typeof account === 'string' ? (this.#accounts.get(account) ?? null) : null
  }

  /** The one name of what has several. */
  nameOf(about: string): string {
    return this.#names.get(about) ?? about
  }

  /** Everything of a kind that is spoken of, with the line that names it first. */
  subjects(kind: string): { readonly about: string; readonly first: number; readonly count: number }[] {
    const found = new Map<string, { first: number; count: number }>()
    for (const [about, lines] of this.#about) {
      if (kindOf(about) !== kind) continue
      const name = this.nameOf(about)
      const known = found.get(name) ?? { first: Infinity, count: 0 }
      found.set(name, { first: Math.min(known.first, lines[0] ?? 0), count: known.count + lines.length })
    }
    return [...found].map(([about, where]) => ({ about, ...where })).sort((a, b) => a.first - b.first)
  }

  isShown(at: number, filter: Filter): boolean {
    const line = this.lines[at]
    if (line === undefined) return false
    if (filter.gateway !== null && line.gateway !== filter.gateway) return false
    if (filter.machine !== null && (line.kind === 'note' || line.machine !== filter.machine)) return false
    if (filter.about !== null && !this.#isAbout(line, filter.about)) return false
    return !filter.changesOnly || this.#changes[at] === true
  }

  #isAbout(line: Line, wanted: string): boolean {
    return line.about.some((each) => this.nameOf(each) === wanted || this.#made.get(each) === wanted)
  }

  shown(filter: Filter): number[] {
    const found: number[] = []
    for (let at = 0; at < this.lines.length; at += 1) if (this.isShown(at, filter)) found.push(at)
    return found
  }

  /** How a machine stood after line `at`; undefined before it began. */
  standing(track: Track, at: number): Exclude<Line, { kind: 'note' }> | undefined {
    let low = 0
    let high = track.steps.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((track.steps[middle] ?? Infinity) <= at) low = middle + 1
      else high = middle
    }
    const line = this.lines[track.steps[low - 1] ?? -1]
    return line === undefined || line.kind === 'note' ? undefined : line
  }

  /** The same with only its newest lines, and one line before for how each machine stood then. */
  newest(count: number): Recording {
    const kept = new Recording()
    kept.charts = this.charts
    kept.startedAtMs = this.startedAtMs
    const from = this.lines.length - count
    const before = [...this.tracks.values()].flatMap((track) => this.standing(track, from - 1) ?? [])
    for (const line of before) kept.add(line)
    for (const line of this.lines.slice(from)) kept.add(line)
    return kept
  }

  #trackOf(line: Exclude<Line, { kind: 'note' }>): Track {
    const { gateway, machine, actor } = line
    const key = keyOf(gateway, actor)
    const known = this.tracks.get(key)
    if (known !== undefined) return known
    const track = { key, gateway, machine, actor, steps: [] }
    this.tracks.set(key, track)
    this.gateways.set(gateway, [...(this.gateways.get(gateway) ?? []), track])
    return track
  }

  #isChange(line: Line): boolean {
    if (line.kind === 'note') return line.what !== 'fact' || this.#isNews(line)
    // A call is signed as soon as it is there.
    if (line.kind === 'began') return line.machine !== 'intent'
    const track = this.tracks.get(keyOf(line.gateway, line.actor))
    const before = track === undefined ? undefined : this.lines[track.steps.at(-1) ?? -1]
    if (before === undefined || before.kind === 'note') return true
    return JSON.stringify(before.state) !== JSON.stringify(line.state)
  }

  #learnCall(abouts: readonly string[]): void {
    const transaction = abouts.find((each) => kindOf(each) === 'tx')
    const subject = abouts.find((each) => kindOf(each) !== 'tx')
    if (transaction === undefined || subject === undefined || this.#made.has(transaction)) return
    this.#made.set(transaction, subject)
    this.namings += 1
  }

  /** Every gateway hears what the chain says: it is news once, and only where it is about something. */
  #isNews({ name, about, details }: Extract<Line, { kind: 'note' }>): boolean {
    if (about.every((each) => kindOf(each) === 'tx')) return false
    const fact = `${name} ${about.join()} ${JSON.stringify(details)}`
    if (this.#facts.has(fact)) return false
    this.#facts.add(fact)
    return true
  }

  /** An order gets its auction's number, a negotiation its delegation's: one thing under two names. */
  #learnNames(abouts: readonly string[]): void {
    for (const kind of ['trade', 'delegation']) {
      const same = abouts.filter((each) => kindOf(each) === kind)
      if (same.length < 2) continue
      const chain = same.find((each) => (kind === 'trade' ? each.startsWith('trade:0x') : /:\d+$/.test(each)))
      for (const each of same) {
        if (chain === undefined || this.#names.get(each) === chain) continue
        this.#names.set(each, chain)
        this.namings += 1
      }
    }
  }
}
