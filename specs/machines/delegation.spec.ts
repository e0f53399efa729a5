import fc from 'fast-check'
import { expect, it } from 'vitest'
import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import {
  delegationMachine,
  ROUNDS_MOST,
  type DelegateeConsent,
  type DelegationEvent,
  type DelegationRole,
  type OfferedTerms,
} from '../../actors/delegation/machine.ts'
import { Seen } from './coverage.ts'

type Home = SnapshotFrom<typeof delegationMachine>

const TERMS: OfferedTerms = {
  functions: ['readings', 'alarms'],
  fromSlot: 100,
  untilSlot: 200,
  rewardMicroSct: '1000',
  text: 'please',
}
const CONSENT: DelegateeConsent = {
  id: 7,
  signature: '0x01',
  epoch: 1,
  key: '0x02',
  keySignature: '0x03',
  proof: '0x04',
}
const ANSWER_BY = 5_000
const seen = new Seen()

/** A home after these events, and what it would have done, in order. */
function follow(role: DelegationRole, events: readonly DelegationEvent[], from?: Home) {
  const input = { negotiation: 'aa', role, peer: '0xpeer', terms: TERMS, answerByMs: ANSWER_BY }
  const [first, entry] = initialTransition(delegationMachine, input)
  let home = from ?? first
  const done = from === undefined ? entry.map(({ type }) => type) : []
  seen.note(home.value)
  for (const event of events) {
    const [next, actions] = transition(delegationMachine, home, event)
    home = next
    seen.note(home.value)
    done.push(...actions.map(({ type }) => type))
  }
  return { home, done: done.filter((type) => !type.startsWith('xstate')), value: home.value }
}

const offered = (round: number, reward = '2000'): DelegationEvent => ({
  type: 'PEER_OFFERED',
  round,
  terms: { ...TERMS, rewardMicroSct: reward },
  answerByMs: ANSWER_BY,
})
const offers: DelegationEvent = { type: 'PERSON_OFFERS', terms: TERMS, answerByMs: ANSWER_BY }
const consented = (round: number): DelegationEvent => ({ type: 'PEER_CONSENTED', round, consent: CONSENT })
const received: DelegationEvent = { type: 'KEY_RECEIVED', consent: CONSENT }
const registered: DelegationEvent = { type: 'REGISTERED', fromSlot: 100, untilSlot: 200 }
const ended: DelegationEvent = { type: 'ENDED', untilSlot: 150 }
const refusedCall = (call: 'registerDelegation' | 'endDelegation'): DelegationEvent => ({
  type: 'CALL_REFUSED',
  call,
  because: 'StillDelegated',
})
const toActive: DelegationEvent[] = [consented(1), registered, { type: 'STARTED' }]

it('is consented by the delegatee first and registered by the delegator', () => {
  const near = follow('delegatee', [{ type: 'PERSON_ACCEPTS' }, received])
  expect(near.done).toEqual(['askPeople', 'requestKey', 'sendConsent'])
  expect(near.value).toEqual({ consented: 'given' })
  const away = follow('delegator', [consented(1)])
  expect(away.done).toEqual(['sendOffer', 'register'])
  expect(away.home.context.consent).toEqual(CONSENT)
  for (const [role, from] of [
    ['delegatee', near.home],
    ['delegator', away.home],
  ] as const) {
    const { home } = follow(role, [registered, { type: 'STARTED' }], from)
    expect(home.value).toBe('active')
    expect(home.context).toMatchObject({ fromSlot: 100, untilSlot: 200 })
  }
})

it('is declined by a word of either, with the reason', () => {
  for (const role of ['delegator', 'delegatee'] as const) {
    const own = follow(role, [{ type: 'PERSON_DECLINES' }])
    expect([own.value, own.done.at(-1)]).toEqual(['declined', 'sendDecline'])
    const theirs = follow(role, [{ type: 'PEER_DECLINED', because: 'not-now' }])
    expect(theirs.value).toBe('declined')
    expect(theirs.home.context.because).toBe('not-now')
    expect(theirs.done).not.toContain('sendDecline')
  }
  const agreed: DelegationEvent[] = [offered(2), { type: 'PERSON_ACCEPTS' }]
  expect(follow('delegator', [...agreed, { type: 'PEER_DECLINED', because: 'x' }]).value).toBe('declined')
})

it('is declined by itself when no answer comes in time', () => {
  const late: DelegationEvent = { type: 'TIME_OUT' }
  const histories: [DelegationRole, DelegationEvent[]][] = [
    ['delegator', []],
    ['delegatee', []],
    ['delegator', [offered(2)]],
    ['delegatee', [offers]],
    ['delegator', [offered(2), { type: 'PERSON_ACCEPTS' }]],
    ['delegatee', [{ type: 'PERSON_ACCEPTS' }]],
  ]
  for (const [role, events] of histories) {
    const { home } = follow(role, [...events, late])
    expect(home.value).toBe('declined')
    expect(home.context.because).toBe('No answer came in time.')
  }
  expect(follow('delegatee', [{ type: 'PERSON_ACCEPTS' }, received, late]).value).toEqual({
    consented: 'given',
  })
})

it('takes offers by turns, and consents to the last one only', () => {
  const away = follow('delegator', [offered(2), offers, offered(4, '9000'), { type: 'PERSON_ACCEPTS' }])
  expect(away.done).toEqual(['sendOffer', 'askPeople', 'sendOffer', 'askPeople', 'sendAgreement'])
  expect(away.home.context).toMatchObject({ round: 4, terms: { rewardMicroSct: '9000' } })
  expect(follow('delegator', [consented(4)], away.home).value).toEqual({ consented: 'registering' })
  const near = follow('delegatee', [offers, { type: 'PEER_AGREED', round: 2 }])
  expect(near.value).toEqual({ consented: 'preparing' })
  const consent = follow('delegator', [offered(2), offers, consented(3)])
  expect(consent.value).toEqual({ consented: 'registering' })
  const taken = follow('delegatee', [offers, offered(3, '5'), { type: 'PERSON_ACCEPTS' }])
  expect(taken.value).toEqual({ consented: 'preparing' })
  expect(taken.home.context.terms.rewardMicroSct).toBe('5')
})

it('hears no offer and no consent of another round', () => {
  const wrong = [offered(1), offered(3), offered(4), consented(2), { type: 'PEER_AGREED', round: 1 } as const]
  const away = follow('delegator', wrong)
  expect([away.value, away.home.context.round]).toEqual([{ proposed: 'sent' }, 1])
  const near = follow('delegatee', [offers, offered(2), offered(4), { type: 'PEER_AGREED', round: 1 }])
  expect([near.value, near.home.context.round]).toEqual([{ negotiating: 'theirTurn' }, 2])
  const twice = follow('delegator', [offered(2), offered(2, '7')])
  expect(twice.home.context.terms.rewardMicroSct).toBe('2000')
})

it('makes eight offers at most', () => {
  let near = follow('delegatee', [offers]).home
  for (let round = 3; round < ROUNDS_MOST; round += 2)
    near = follow('delegatee', [offered(round), offers], near).home
  expect(near.context.round).toBe(ROUNDS_MOST)
  let away = follow('delegator', []).home
  for (let round = 2; round < ROUNDS_MOST; round += 2)
    away = follow('delegator', [offered(round), offers], away).home
  const last = follow('delegator', [offered(ROUNDS_MOST), offers], away)
  expect([last.value, last.home.context.round]).toEqual([{ negotiating: 'ourTurn' }, ROUNDS_MOST])
})

it('fails when the chain refuses the registration', () => {
  const { home } = follow('delegator', [consented(1), refusedCall('registerDelegation')])
  expect([home.value, home.context.because]).toEqual(['failed', 'StillDelegated'])
})

it('ends at once what is registered with a consent that was withdrawn', () => {
  const near = follow('delegatee', [{ type: 'PERSON_ACCEPTS' }, received, { type: 'PERSON_DECLINES' }])
  expect([near.value, near.done.at(-1)]).toEqual([{ consented: 'withdrawn' }, 'sendDecline'])
  const then = follow('delegatee', [registered], near.home)
  expect([then.value, then.done]).toEqual(['ending', ['end', 'sendEnd']])
  expect(follow('delegatee', [{ type: 'EXPIRED' }], near.home).value).toBe('failed')
})

it('fails when the window is over and nothing was registered', () => {
  const given = follow('delegatee', [{ type: 'PERSON_ACCEPTS' }, received, { type: 'EXPIRED' }])
  expect(given.value).toBe('failed')
  expect(follow('delegator', [consented(1), { type: 'EXPIRED' }]).value).toBe('failed')
})

it("ends by the chain's word, whoever ended it, and both at once", () => {
  const active = follow('delegator', toActive).home
  const own = follow('delegator', [{ type: 'PERSON_ENDS' }], active)
  expect([own.value, own.done]).toEqual(['ending', ['end', 'sendEnd']])
  const both = follow('delegator', [refusedCall('endDelegation'), ended], own.home)
  expect([both.value, both.home.context.untilSlot]).toEqual([{ ended: 'owed' }, 150])
  const theirs = follow('delegator', [ended], active)
  expect([theirs.value, theirs.done]).toEqual([{ ended: 'owed' }, []])
  const early = follow('delegator', [consented(1), registered, ended])
  expect(early.value).toEqual({ ended: 'owed' })
})

it('ends by itself when it expires', () => {
  const active = follow('delegator', toActive).home
  expect(follow('delegator', [{ type: 'EXPIRED' }], active).value).toEqual({ ended: 'owed' })
  const ending = follow('delegator', [...toActive, { type: 'PERSON_ENDS' }, { type: 'EXPIRED' }])
  expect(ending.value).toEqual({ ended: 'owed' })
})

it('is closed when the reward is claimed and the rest returned', () => {
  const claimed: DelegationEvent = { type: 'CLAIMED', paidMicroSct: '500' }
  const near = follow('delegatee', [{ type: 'PERSON_ACCEPTS' }, received, registered, ended])
  expect(near.done.slice(-2)).toEqual(['eraseKey', 'claimReward'])
  const paid = follow('delegatee', [claimed], near.home)
  expect([paid.value, paid.home.context.paidMicroSct]).toEqual(['closed', '500'])
  const away = follow('delegator', [...toActive, ended, claimed])
  expect([away.value, away.done.at(-1)]).toEqual([{ ended: 'returning' }, 'returnReward'])
  expect(follow('delegator', [{ type: 'RETURNED' }], away.home).value).toBe('closed')
  const unclaimed = follow('delegator', [...toActive, ended, { type: 'TIME_OUT' }])
  expect(unclaimed.value).toEqual({ ended: 'returning' })
})

/** Two homes, the words on their way, and a chain that says what was called. */
class World {
  readonly homes = new Map<DelegationRole, Home>()
  readonly words: { to: DelegationRole; event: DelegationEvent }[] = []
  readonly consents: { terms: OfferedTerms; round: number }[] = []
  registered: OfferedTerms | null = null
  over = false
  calls = 0

  constructor() {
    for (const role of ['delegator', 'delegatee'] as const) this.#take(role, follow(role, []))
  }

  tell(role: DelegationRole, event: DelegationEvent): void {
    const home = this.homes.get(role)
    if (home !== undefined && home.status === 'active') this.#take(role, follow(role, [event], home))
  }

  tellBoth(event: DelegationEvent): void {
    this.tell('delegator', event)
    this.tell('delegatee', event)
  }

  #take(role: DelegationRole, { home, done }: ReturnType<typeof follow>): void {
    this.homes.set(role, home)
    for (const effect of done) this.#act(role, effect, home)
  }

  #act(role: DelegationRole, effect: string, { context }: Home): void {
    const to = role === 'delegator' ? 'delegatee' : 'delegator'
    const { round, terms, answerByMs } = context
    const say = (event: DelegationEvent): void => void this.words.push({ to, event })
    if (effect === 'sendOffer' && round > 1) say({ type: 'PEER_OFFERED', round, terms, answerByMs })
    if (effect === 'sendAgreement') say({ type: 'PEER_AGREED', round })
    if (effect === 'sendDecline') say({ type: 'PEER_DECLINED', because: 'not-now' })
    if (effect === 'sendConsent') {
      this.consents.push({ terms, round })
      say({ type: 'PEER_CONSENTED', round, consent: CONSENT })
    }
    if (effect === 'requestKey') this.words.push({ to: role, event: received })
    if (effect === 'register') {
      this.calls += 1
      this.registered = terms
    }
    if (effect === 'end') this.over = true
  }
}

const anyMove = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), at: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), at: fc.nat(9) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('person' as const),
      who: fc.constantFrom('delegator' as const, 'delegatee' as const),
      does: fc.constantFrom('accepts', 'offers', 'accepts', 'offers', 'declines', 'ends'),
      reward: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('chain' as const) }) },
)
type Move = typeof anyMove extends fc.Arbitrary<infer T> ? T : never

function personEvent(does: string, reward: number): DelegationEvent {
  if (does === 'offers') {
    return {
      type: 'PERSON_OFFERS',
      terms: { ...TERMS, rewardMicroSct: String(reward) },
      answerByMs: ANSWER_BY,
    }
  }
  if (does === 'accepts') return { type: 'PERSON_ACCEPTS' }
  return does === 'ends' ? { type: 'PERSON_ENDS' } : { type: 'PERSON_DECLINES' }
}

function move(world: World, next: Move): void {
  if (next.kind === 'person') world.tell(next.who, personEvent(next.does, next.reward))
  else if (next.kind === 'chain') {
    if (world.registered !== null) world.tellBoth(registered)
    if (world.over) world.tellBoth(ended)
  } else {
    const word = world.words[next.at % Math.max(world.words.length, 1)]
    if (word === undefined) return
    if (next.kind !== 'repeat') world.words.splice(world.words.indexOf(word), 1)
    if (next.kind !== 'lose') world.tell(word.to, word.event)
  }
}

let closed = 0
it('never registers what one of the two did not consent to, and comes to an end', () => {
  fc.assert(
    fc.property(fc.array(anyMove, { minLength: 5, maxLength: 50 }), (moves) => {
      const world = new World()
      for (const next of moves) {
        move(world, next)
        expect(world.calls).toBeLessThanOrEqual(1)
        if (world.registered !== null) {
          expect(world.consents.map(({ terms }) => terms)).toContainEqual(world.registered)
        }
      }
      if (world.registered !== null) world.tellBoth(registered)
      for (const event of [{ type: 'TIME_OUT' }, { type: 'EXPIRED' }] as const) world.tellBoth(event)
      if (world.registered !== null) world.tellBoth({ type: 'CLAIMED', paidMicroSct: '1' })
      world.tellBoth({ type: 'RETURNED' })
      for (const home of world.homes.values()) expect(home.status).toBe('done')
      if (world.registered === null) return
      expect([...world.homes.values()].map(({ value }) => value)).toEqual(['closed', 'closed'])
      closed += 1
    }),
    { numRuns: 300 },
  )
  expect(closed).toBeGreaterThan(5)
})

it('passes through every state of the delegation machine', () => {
  // What a machine only passes on its way is never seen from outside.
  expect(seen.missing(delegationMachine)).toEqual(['opening', 'ended.parting', 'ended.settled'])
})
