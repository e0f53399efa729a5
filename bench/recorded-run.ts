import { transition, type AnyStateMachine, type EventFromLogic, type SnapshotFrom } from 'xstate'
import { catalogue } from '../actors/catalogue.ts'
import { begun } from '../actors/pure-step.ts'
import { chartOf } from '../actors/inspection/chart.ts'
import { createInspector, type Inspector } from '../actors/inspection/inspector.ts'
import { type Header, type Line, RECORDING_VERSION } from '../actors/inspection/recording.ts'
import { tracedSteps } from '../actors/inspection/traced.ts'
import { negotiationMachine } from '../actors/auction/negotiation/machine.ts'
import { smartGatewayMachine } from '../actors/smart-gateway/machine.ts'

/** The first line of a recording of these machines. */
export function headerAt(startedAtMs: number): Header {
  const charts = Object.entries(catalogue).map(([name, machine]) => [name, chartOf(machine)] as const)
  return {
    kind: 'meterhood-recording',
    version: RECORDING_VERSION,
    startedAtMs,
    charts: Object.fromEntries(charts),
  }
}

/** A machine that takes events and is recorded, and does nothing else. */
class Stepped<M extends AnyStateMachine> {
  readonly #machine: M
  readonly #actor: string
  readonly #inspector: Inspector
  #snapshot: SnapshotFrom<M>

  constructor(machine: M, actor: string, input: unknown, inspector: Inspector) {
    this.#machine = machine
    this.#actor = actor
    this.#inspector = inspector
    this.#snapshot = begun(machine, input)[0]
    inspector.began({ machine, actor }, this.#snapshot)
  }

  take(event: EventFromLogic<M>): void {
    const before = this.#snapshot
    const [after, actions] = transition(this.#machine, before, event)
    this.#snapshot = after
    const transitions = tracedSteps(this.#machine, before, event)
    const taken = { event, after, transitions, actions: actions.map(({ type }) => type), waiting: 0 }
    this.#inspector.stepped({ machine: this.#machine, actor: this.#actor }, taken)
  }
}

const accountOf = (home: number): string => `0x${String(home).padStart(40, '0')}`
const AUCTION = `0x${'0'.repeat(8)}${accountOf(1).slice(2)}${'1'.padStart(16, '0')}`
const EPOCH = { epoch: 0, recipient: '0x5afe' } as const

/** One home: it joins, and then completes, seals and reports slot after slot. */
function* home(number: number, inspector: Inspector): Generator<undefined> {
  const gateway = new Stepped(smartGatewayMachine, 'smart-gateway', { account: accountOf(number) }, inspector)
  for (const event of [
    { type: 'COMMUNITY_FOUND' },
    { type: 'JOIN_ACCEPTED' },
    { type: 'KEY_RECEIVED', epoch: 0 },
    { type: 'KEY_PUBLISHED', ...EPOCH },
  ] as const) {
    gateway.take(event)
    yield
  }
  for (let slot = 1; ; slot += 1) {
    gateway.take({ type: 'READING_COMPLETE', slot })
    yield
    gateway.take({ type: 'READING_SEALED', slot, sequence: slot })
    yield
    gateway.take({ type: 'READING_INCLUDED', slot })
    yield
    if (slot % 20 !== number % 20) continue
    gateway.take({ type: 'ALARM_OPENED', number: slot * 100 + number })
    yield
  }
}

/** The first home buys from the second. */
function* trade(role: 'buyer' | 'seller', inspector: Inspector): Generator<undefined> {
  const input = { auctionId: AUCTION, role }
  const machine = new Stepped(negotiationMachine, `negotiation:${AUCTION}`, input, inspector)
  const own = role === 'buyer' ? ([{ type: 'GAP_OVER' }] as const) : ([{ type: 'BID_SEALED' }] as const)
  for (const event of [
    ...(role === 'seller' ? own : []),
    { type: 'BIDS_CLOSED', bids: 1 },
    ...(role === 'buyer' ? own : []),
    { type: 'MAX_PRICE_SHOWN' },
    { type: 'REVEALS_CLOSED', reveals: 1 },
    { type: 'AWARDED', own: true, priceMicroSct: '60' },
  ] as const) {
    yield
    machine.take(event)
  }
}

/**
 * The lines of a run of so many homes, as many as are wanted: the real machines with the recorder that a
 * gateway uses, and no gateway around them.
 */
export function* recordedLines(homes: number, startedAtMs: number): Generator<Line> {
  let nowMs = startedAtMs
  const said: Line[] = []
  const inspectorOf = (gateway: string): Inspector =>
    createInspector(gateway, { nowMs: () => nowMs }, (line) => said.push(line))
  const names = Array.from({ length: homes }, (_, at) => `home-${String(at + 1).padStart(2, '0')}`)
  const running = names.map((name, at) => home(at + 1, inspectorOf(name)))
  const trades = [
    trade('buyer', inspectorOf('home-01')),
    ...(homes > 1 ? [trade('seller', inspectorOf('home-02'))] : []),
  ]
  for (;;) {
    for (const each of [...running, ...trades]) {
      nowMs += 1
      each.next()
      yield* said.splice(0)
    }
  }
}

/** The first so many lines of such a run. */
export function recordedRun(homes: number, startedAtMs: number, count: number): Line[] {
  const lines: Line[] = []
  for (const line of recordedLines(homes, startedAtMs)) {
    if (lines.length === count) break
    lines.push(line)
  }
  return lines
}
