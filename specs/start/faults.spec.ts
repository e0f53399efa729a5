import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cuts } from '../../bin/start/cuts.ts'
import { FAULT_GRAMMAR, needsIsolation, parseFaults, type PlannedFault } from '../../bin/start/faults.ts'
import { Fault } from '../../protocols/rules/fault.ts'

const HOMES = 9

const atMs = fc.integer({ min: 0, max: 3_600_000 })
const home = fc.integer({ min: 1, max: HOMES })
const node = fc.oneof(
  fc.constantFrom({ kind: 'cgw' } as const, { kind: 'chain' } as const),
  home.map((number) => ({ kind: 'home', number }) as const),
)
const pair = fc.record({ from: home, to: home }).filter(({ from, to }) => from !== to)
const fault: fc.Arbitrary<PlannedFault> = fc.oneof(
  fc.record({ action: fc.constantFrom('kill', 'stop', 'resume', 'cut'), node, atMs }),
  fc.record({ action: fc.constant('heal'), atMs }),
  fc.record({
    action: fc.constant('wire'),
    home,
    board: fc.constantFrom('power', 'water', 'comfort'),
    atMs,
  }),
  fc.record({ action: fc.constant('delegate'), pair, atMs }),
  fc.record({ action: fc.constant('end'), pair: fc.option(pair), atMs }),
)

function written(each: PlannedFault): string {
  const at = `@${each.atMs}ms`
  if (each.action === 'wire') return `wire:${each.home}.${each.board}${at}`
  if (each.action === 'heal') return `heal${at}`
  if ('pair' in each) {
    const between = each.pair === null ? '' : `:${each.pair.from}>${each.pair.to}`
    return `${each.action}${between}${at}`
  }
  const { node: of } = each
  return `${each.action}:${of.kind === 'home' ? `home:${of.number}` : of.kind}${at}`
}

function refusal(list: string): Fault {
  try {
    parseFaults(list, HOMES)
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown
  }
  throw new Error(`${list} was taken`)
}

describe('A list of faults', () => {
  it('is read as it was written, in order of time', () => {
    fc.assert(
      fc.property(fc.array(fault, { minLength: 1, maxLength: 8 }), (plan) => {
        const read = parseFaults(plan.map(written).join(', '), HOMES)
        expect(read).toEqual([...plan].sort((a, b) => a.atMs - b.atMs))
      }),
    )
  })

  it.each([
    ['cut:home:10@1s', 'there is no home 10; homes are 1 to 9'],
    ['kill:home:0@1s', 'there is no home 0'],
    ['cut:signer:1@1s', 'the embedded chain has no signers'],
    ['cut:house:1@1s', '"house:1" is no node'],
    ['cut@1s', '"" is no node'],
    ['heal:cgw@1s', 'heal mends every cut'],
    ['heal', 'it says no time'],
    ['heal@soon', '"soon" is no time'],
    ['heal@-1s', '"-1s" is no time'],
    ['wire:2.gas@1s', 'a wire is named HOME.BOARD'],
    ['delegate@1s', 'two homes are named A>B, e.g. 1>2'],
    ['delegate:1@1s', 'two homes are named A>B'],
    ['delegate:1>2>3@1s', 'two homes are named A>B'],
    ['delegate:home:1>home:2@1s', 'two homes are named A>B'],
    ['delegate:2>2@1s', 'a home cannot hand its watch over to itself'],
    ['delegate:1>10@1s', 'there is no home 10; homes are 1 to 9'],
    ['end:0>1@1s', 'there is no home 0'],
    ['end:@1s', 'two homes are named A>B'],
    ['end:1@1s', 'two homes are named A>B'],
    ['explode:cgw@1s', 'unknown action "explode"'],
  ])('that holds %s is refused with the reason and the grammar', (item, reason) => {
    const thrown = refusal(`kill:cgw@1s,${item}`)
    expect(thrown.code).toBe('bad-fault')
    expect(thrown.message).toContain(`"${item}": `)
    expect(thrown.message).toContain(reason)
    expect(thrown.message.endsWith(FAULT_GRAMMAR)).toBe(true)
  })

  it('may name a signer where the chain has some', () => {
    const killed = { action: 'kill', node: { kind: 'signer', number: 3 }, atMs: 1_000 }
    expect(parseFaults('kill:signer:3@1s', HOMES, 3)).toEqual([killed])
    expect(() => parseFaults('kill:signer:4@1s', HOMES, 3)).toThrow('there is no signer 4; 1 to 3 are')
    expect(() => parseFaults('cut:signer:1@1s', HOMES, 3)).toThrow('killed or stopped, not cut off')
    expect(needsIsolation(parseFaults('stop:signer:1@1s', HOMES, 3))).toBe(false)
  })

  it('needs a process for each home only where one gateway is to fail alone', () => {
    const isolates = (list: string): boolean => needsIsolation(parseFaults(list, HOMES))
    expect(['cut:home:1@1s', 'kill:cgw@1s', 'stop:home:2@1s'].map(isolates)).toEqual([true, true, true])
    const shared = ['cut:chain@1s,heal@2s', 'kill:chain@1s', 'wire:1.power@1s', 'delegate:1>2@1s,end@2s']
    expect(shared.map(isolates)).toEqual([false, false, false, false])
  })
})

describe('Cuts', () => {
  it('take a gateway from everybody, the chain from all, and end together', () => {
    const cuts = new Cuts()
    cuts.cutGateway('home-02')
    expect(cuts.of('home-02')).toEqual({ chain: true, peers: true })
    expect(cuts.of('home-01')).toEqual({ chain: false, peers: false })
    cuts.cutChain()
    expect(cuts.of('home-02')).toEqual({ chain: true, peers: true })
    expect(cuts.of('community')).toEqual({ chain: true, peers: false })
    cuts.heal()
    for (const name of ['home-01', 'home-02', 'community']) {
      expect(cuts.of(name)).toEqual({ chain: false, peers: false })
    }
  })
})
