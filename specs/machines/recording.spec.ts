import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createActor, type EventFromLogic, transition } from 'xstate'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { determinationMachine } from '../../actors/auction/determination/machine.ts'
import { negotiationMachine } from '../../actors/auction/negotiation/machine.ts'
import { boardLinkMachine } from '../../actors/board-link/machine.ts'
import { caringMachine } from '../../actors/caring/machine.ts'
import { begun } from '../../actors/pure-step.ts'
import { chartOf } from '../../actors/inspection/chart.ts'
import { createInspector, type Inspector } from '../../actors/inspection/inspector.ts'
import { inspecting } from '../../actors/inspection/live-actor.ts'
import { line, type Line, type Step } from '../../actors/inspection/recording.ts'
import { HIDDEN } from '../../actors/inspection/shown.ts'
import { tracedSteps } from '../../actors/inspection/traced.ts'
import { beginRecording, recorderOf } from '../../bin/host/recorder.ts'
import { gatewayLog } from '../../bin/host/log.ts'

const clock = { nowMs: () => 1_000 }
const AUCTION = `0x${'ab'.repeat(32)}`

let said: Line[]
let inspector: Inspector
beforeEach(() => {
  said = []
  inspector = createInspector('home-01', clock, (each) => said.push(line.parse(each)))
})

const lastStep = (): Step => {
  const last = said.at(-1)
  if (last?.kind !== 'step') throw new Error('the last line is no step')
  return last
}

const words = ({ machine, transitions }: Step): readonly string[] => {
  const chart = chartOf(
    { negotiation: negotiationMachine, 'board-link': boardLinkMachine }[machine] ?? negotiationMachine,
  )
  return transitions.flat().map((number) => {
    const { source = '', on = '', guard = null, targets = [] } = chart.transitions[number] ?? {}
    return `${source} ${on} [${guard ?? ''}] ${targets.join()}`
  })
}

function negotiated(...events: EventFromLogic<typeof negotiationMachine>[]): void {
  let [snapshot] = begun(negotiationMachine, { auctionId: AUCTION, role: 'buyer' })
  const subject = { machine: negotiationMachine, actor: `negotiation:${AUCTION}` }
  inspector.began(subject, snapshot)
  for (const event of events) {
    const transitions = tracedSteps(negotiationMachine, snapshot, event)
    const [after, actions] = transition(negotiationMachine, snapshot, event)
    snapshot = after
    inspector.stepped(subject, {
      ...{ event, after, transitions, waiting: 2 },
      actions: actions.map(({ type }) => type),
    })
  }
}

describe('What a recording says of a machine', () => {
  it('tells which of several guarded transitions a pure step took, and how the machine stands then', () => {
    negotiated({ type: 'BIDS_CLOSED', bids: 0 })
    expect(words(lastStep())).toEqual([
      'negotiation.buying.collecting BIDS_CLOSED [nobodyBid] negotiation.buying.cancelling',
    ])
    expect(lastStep()).toMatchObject({
      state: { buying: 'cancelling' },
      context: { bids: 0, auctionId: AUCTION },
      actions: ['cancel'],
      about: [`trade:${AUCTION}`],
      waiting: 2,
    })
  })

  it('has an event that nothing came of, with no transition', () => {
    negotiated({ type: 'GAP_OVER' })
    expect(lastStep()).toMatchObject({ event: { type: 'GAP_OVER' }, transitions: [[]], actions: [] })
  })

  it('tells the same of a live actor, each microstep by itself', () => {
    const machine = boardLinkMachine.provide({
      actions: { openPort: () => undefined, closePort: () => undefined, tellAway: () => undefined },
    })
    const actor = createActor(machine, {
      ...inspecting(inspector, { machine, actor: 'board-link:7' }),
      input: { boardId: 7, sampleMs: 1_000 },
    }).start()
    actor.send({ type: 'PORT_FAILED', reason: 'refused' })
    expect(said[0]).toMatchObject({ kind: 'began', machine: 'board-link', state: 'connecting' })
    expect(words(lastStep())).toEqual([
      'boardLink.connecting PORT_FAILED [] boardLink.lost',
      'boardLink.lost  [] boardLink.absent',
    ])
    actor.stop()
  })
})

describe('What a recording does not say', () => {
  it('hides what is sealed: a wish with its price, and the words that name it', () => {
    const event = {
      type: 'INTERESTED',
      wish: { valueMicroSct: '777123', because: 'for 0.777123 SCT' },
    } as const
    const [snapshot] = begun(determinationMachine, { role: 'seller', subject: AUCTION, auctionId: AUCTION })
    const [after] = transition(determinationMachine, snapshot, event)
    inspector.stepped(
      { machine: determinationMachine, actor: `determination:${AUCTION}` },
      {
        ...{ event, after, actions: [], waiting: 0 },
        transitions: tracedSteps(determinationMachine, snapshot, event),
      },
    )
    expect(JSON.stringify(said)).not.toContain('777123')
    expect(lastStep()).toMatchObject({ event: { wish: HIDDEN }, context: { wish: HIDDEN, because: HIDDEN } })
  })

  it('cuts a refusal after its first word, since the rest may name a price', () => {
    const reason = 'bid: from 1 to 9 micro-SCT; got 777123'
    negotiated({ type: 'CALL_REFUSED', call: 'checkWinner', reason })
    expect(lastStep().event).toEqual({ type: 'CALL_REFUSED', call: 'checkWinner', reason: 'bid' })
  })

  it('hides what a neighbour’s home uses', () => {
    const limits = { peakPowerW: 4_321, waterMlPerSlot: null, silentSlots: 3 }
    const event = { type: 'READING', slot: 5, peakPowerW: 4_321, waterMl: 8_765 } as const
    const [snapshot] = begun(caringMachine, { delegation: 3, limits })
    const [after] = transition(caringMachine, snapshot, event)
    inspector.stepped(
      { machine: caringMachine, actor: 'caring:3' },
      {
        ...{ event, after, actions: [], waiting: 0 },
        transitions: tracedSteps(caringMachine, snapshot, event),
      },
    )
    expect(JSON.stringify(said)).not.toMatch(/4321|8765/)
    expect(lastStep()).toMatchObject({ event: { slot: 5 }, context: { watchedTo: 5 } })
  })
})

describe('The file of a recording', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'meterhood-recording-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const inFile = (file: string): unknown[] =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as unknown)

  it('takes the lines of several gateways, each a whole line, and goes on where it stopped', async () => {
    const file = join(folder, 'run.mhr')
    beginRecording(file, 'anew')
    const [first, second] = ['home-01', 'home-02'].map((name) =>
      recorderOf(name, file, gatewayLog(join(folder, name))),
    )
    const noted = { what: 'fact', name: 'Reading', details: {}, about: [] as string[] } as const
    for (let count = 0; count < 50; count += 1) for (const each of [first, second]) each?.noted(noted)
    await new Promise((resolve) => setImmediate(resolve))
    beginRecording(file, 'go on')
    const lines = inFile(file)
    expect(lines).toHaveLength(102)
    expect(lines[0]).toMatchObject({ kind: 'meterhood-recording', version: 1 })
    expect(lines.filter((each) => line.safeParse(each).success)).toHaveLength(100)
  })

  it('is not written over a file that is something else', () => {
    const file = join(folder, 'notes.txt')
    writeFileSync(file, 'something else')
    expect(() => beginRecording(file, 'anew')).toThrow(/--record: expected a new file, or a recording/)
    expect(readFileSync(file, 'utf8')).toBe('something else')
  })
})
