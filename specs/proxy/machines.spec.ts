import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor, transition, type SnapshotFrom } from 'xstate'
import { type CallEvent, intentMachine } from '../../actors/contract-proxy/intent-machine.ts'
import { contractProxyMachine, type ProxyEvent } from '../../actors/contract-proxy/machine.ts'
import { Seen } from '../machines/coverage.ts'

type CallSnapshot = SnapshotFrom<typeof intentMachine>

const first = createActor(intentMachine).getSnapshot()

/** The states a call passes, and what each step asks for. */
function follow(events: readonly CallEvent[]): { states: string[]; actions: string[][]; last: CallSnapshot } {
  let last: CallSnapshot = first
  const states: string[] = []
  const actions: string[][] = []
  for (const event of events) {
    const [next, asked] = transition(intentMachine, last, event)
    last = next
    states.push(next.value)
    actions.push(asked.map(({ type }) => type))
  }
  return { states, actions, last }
}

const signed = (head = 1, replaces = false): CallEvent => ({ type: 'signed', head, replaces })
const head = (number: number, more: { final?: boolean; covered?: boolean } = {}): CallEvent => ({
  type: 'head',
  head: number,
  final: false,
  covered: true,
  ...more,
})
const included = (block: number, ok = true): CallEvent => ({
  type: 'included',
  block,
  blockHash: `0x${block}`,
  transactionHash: '0xaa',
  ok,
  gasUsed: 21_000,
  error: ok ? null : 'Refused',
  detail: null,
})

const number = fc.integer({ min: 0, max: 40 })
const anyEvent: fc.Arbitrary<CallEvent> = fc.oneof(
  fc.tuple(number, fc.boolean()).map(([at, replaces]) => signed(at, replaces)),
  fc.constant<CallEvent>({ type: 'accepted' }),
  fc.constant<CallEvent>({ type: 'underpriced' }),
  fc.constant<CallEvent>({ type: 'refused', error: 'unfunded' }),
  fc.tuple(number, fc.boolean()).map(([at, ok]) => included(at, ok)),
  fc.tuple(number, fc.boolean(), fc.boolean()).map(([at, final, covered]) => head(at, { final, covered })),
  number.map((from): CallEvent => ({ type: 'forked', from })),
  fc.constant<CallEvent>({ type: 'lost' }),
)
const anyHistory = fc.array(anyEvent, { maxLength: 40 }).map((events) => [signed(0), ...events])

describe('a call', () => {
  it('goes from queued to final: signed, sent, included, confirmed', () => {
    const { states } = follow([
      signed(1),
      { type: 'accepted' },
      included(2),
      head(3),
      head(4),
      head(5, { final: true }),
    ])
    expect(states).toEqual(['signed', 'sent', 'included', 'included', 'confirmed', 'final'])
  })

  it('is offered again after three blocks and replaced after six', () => {
    const { states, actions } = follow([signed(1), { type: 'accepted' }, head(3), head(4), head(5), head(7)])
    expect(states.slice(2)).toEqual(['sent', 'sent', 'sent', 'stalled'])
    expect(actions.slice(2)).toEqual([[], ['send'], [], ['tell', 'replace']])
  })

  it('is replaced at once when the base fee passes what it offers', () => {
    const { states, actions } = follow([signed(1), { type: 'accepted' }, head(2, { covered: false })])
    expect([states.at(-1), actions.at(-1)]).toEqual(['underpriced', ['tell', 'replace']])
  })

  it('keeps a refused call and offers it again', () => {
    const { states, actions } = follow([
      signed(1),
      { type: 'refused', error: 'unfunded' },
      head(4),
      { type: 'accepted' },
    ])
    expect(states.slice(1)).toEqual(['rejected', 'rejected', 'sent'])
    expect(actions[2]).toEqual(['send'])
  })

  it('is sent again, the same bytes, when its block is gone', () => {
    const { states, actions } = follow([signed(1), included(5), head(7), { type: 'forked', from: 5 }])
    expect(states.slice(1)).toEqual(['included', 'confirmed', 'reorged'])
    expect(actions.at(-1)).toEqual(['tell', 'send'])
  })

  it('does not mind a fork above its block', () => {
    expect(follow([signed(1), included(5), { type: 'forked', from: 6 }]).states.at(-1)).toBe('included')
  })

  it('never has a block in a state outside blocks, nor lacks one inside', () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const { last } = follow(events)
        const inside = ['included', 'confirmed', 'final'].includes(last.value)
        expect(last.context.block !== null).toBe(inside)
      }),
    )
  })

  it('is never final but by confirmed, and never confirmed in fewer than three blocks', () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const { states } = follow(events)
        for (const [index, state] of states.entries()) {
          const before = states[index - 1]
          const event = events[index]
          if (state === 'final' && before !== 'final') expect(before).toBe('confirmed')
          if (state !== 'confirmed' || before === 'confirmed') continue
          expect([before, event?.type]).toEqual(['included', 'head'])
          const { last } = follow(events.slice(0, index + 1))
          expect(event?.type === 'head' ? event.head - (last.context.block ?? 0) : 0).toBeGreaterThanOrEqual(
            2,
          )
        }
      }),
    )
  })

  it('never asks for other bytes while a block holds it, nor once it is lost', () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const { states, actions } = follow(events)
        for (const [index, state] of states.entries()) {
          if (['included', 'confirmed', 'final', 'lost'].includes(state)) {
            expect(actions[index]).not.toContain('replace')
            expect(actions[index]).not.toContain('send')
          }
          if (states[index - 1] === 'lost') expect(state).toBe('lost')
        }
      }),
    )
  })

  it('comes to an end from any history when the chain goes on and takes it', () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const { last } = follow([...events, included(50), head(52), head(53, { final: true })])
        expect(['final', 'lost']).toContain(last.value)
      }),
    )
  })

  it('is seen in each of its states', () => {
    const seen = new Seen()
    fc.assert(
      fc.property(anyHistory, (events) => {
        for (const state of follow(events).states) seen.note(state)
      }),
      // The last state takes a whole history without a fork: few of 500 come that far.
      { numRuns: 5_000 },
    )
    seen.note('queued')
    expect(seen.missing(intentMachine)).toEqual([])
  })
})

describe('a contract as a gateway sees it', () => {
  const start = createActor(contractProxyMachine).getSnapshot()
  const go = (events: readonly ProxyEvent[]) =>
    events.reduce((at, event) => transition(contractProxyMachine, at, event)[0], start)

  const behind = fc.integer({ min: 0, max: 3 })
  const block = fc.integer({ min: 0, max: 50 })
  const proxyEvent: fc.Arbitrary<ProxyEvent> = fc.oneof(
    behind.map((left): ProxyEvent => ({ type: 'connected', behind: left })),
    fc.tuple(block, behind).map(([at, left]): ProxyEvent => ({ type: 'applied', block: at, behind: left })),
    block.map((from): ProxyEvent => ({ type: 'forked', from })),
    fc.constant<ProxyEvent>({ type: 'hindered', reason: 'chain-away' }),
    behind.map((left): ProxyEvent => ({ type: 'resumed', behind: left })),
    fc.constant<ProxyEvent>({ type: 'disconnected' }),
  )

  it('is ready only with nothing left to apply, and degraded only with a reason', () => {
    const seen = new Seen()
    fc.assert(
      fc.property(fc.array(proxyEvent, { maxLength: 30 }), (events) => {
        const { value, context } = go(events)
        seen.note(value)
        if (value === 'ready') expect(context.behind).toBe(0)
        expect(context.reason !== null).toBe(value === 'degraded')
      }),
      { numRuns: 500 },
    )
    expect(seen.missing(contractProxyMachine)).toEqual([])
  })

  it('is not ready between a fork and the block that follows it', () => {
    fc.assert(
      fc.property(fc.array(proxyEvent, { maxLength: 30 }), block, (events, from) => {
        const before = go(events)
        const [after] = transition(contractProxyMachine, before, { type: 'forked', from })
        expect(after.value).not.toBe('ready')
      }),
    )
  })
})
