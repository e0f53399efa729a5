import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialTransition, transition, type SnapshotFrom } from 'xstate'
import { communityGatewayMachine } from '../../actors/community-gateway/machine.ts'
import { smartGatewayMachine, type SmartGatewayEvent } from '../../actors/smart-gateway/machine.ts'

type Home = SnapshotFrom<typeof smartGatewayMachine>

/** The machine's steps as data: what it would do, in order, without doing it. */
function follow(events: readonly SmartGatewayEvent[]): { last: Home; actions: string[] } {
  let [last, actions] = initialTransition(smartGatewayMachine, { account: '0xhome' })
  const done = actions.map(({ type }) => type)
  for (const event of events) {
    ;[last, actions] = transition(smartGatewayMachine, last, event)
    done.push(...actions.map(({ type }) => type))
  }
  return { last, actions: done }
}

const JOINED: readonly SmartGatewayEvent[] = [
  { type: 'COMMUNITY_FOUND' },
  { type: 'JOIN_ACCEPTED' },
  { type: 'KEY_RECEIVED', epoch: 0 },
  { type: 'KEY_PUBLISHED', epoch: 0, recipient: '0x02aa' },
]

describe('a smart gateway', () => {
  it('joins in order: found, introduced, keyed, registered, and only then operates', () => {
    const { last, actions } = follow(JOINED)
    expect(last.matches('operating')).toBe(true)
    expect(actions).toEqual(['findCommunity', 'introduce', 'exchangeKeys', 'publishKey'])
  })

  it('stays outside with the reason when it is refused', () => {
    const { last } = follow([{ type: 'COMMUNITY_FOUND' }, { type: 'JOIN_REFUSED', reason: 'invite-used' }])
    expect(last.value).toEqual({ joining: 'refused' })
    expect(last.context.refusal).toBe('invite-used')
  })

  it('exchanges its key anew when an epoch begins, and again when the next one comes meanwhile', () => {
    const renewals: SmartGatewayEvent[] = [
      { type: 'EPOCH_ANNOUNCED', epoch: 1, recipient: '0x02bb' },
      { type: 'EPOCH_ANNOUNCED', epoch: 2, recipient: '0x02cc' },
      { type: 'KEY_PUBLISHED', epoch: 1, recipient: '0x02bb' },
    ]
    const { last, actions } = follow([...JOINED, ...renewals])
    expect(actions.filter((name) => name === 'exchangeKeys')).toHaveLength(3)
    expect(last.matches({ operating: { keys: 'renewing' } })).toBe(true)
    expect(last.context).toMatchObject({ epoch: 2, recipient: '0x02cc' })
    const [renewed] = transition(smartGatewayMachine, last, {
      type: 'KEY_PUBLISHED',
      epoch: 2,
      recipient: '0x02cc',
    })
    expect(renewed.matches({ operating: { keys: 'current' } })).toBe(true)
  })

  it('takes no epoch for new that it knows', () => {
    const { actions } = follow([...JOINED, { type: 'EPOCH_ANNOUNCED', epoch: 0, recipient: '0x02aa' }])
    expect(actions.filter((name) => name === 'exchangeKeys')).toHaveLength(1)
  })

  it('seals no reading before it operates', () => {
    const { actions } = follow([{ type: 'COMMUNITY_FOUND' }, { type: 'READING_COMPLETE', slot: 7 }])
    expect(actions).not.toContain('sealReading')
  })

  it('submits each slot once, in rising order, whatever comes', () => {
    const slot = fc.integer({ min: 1, max: 30 })
    const anyEvent: fc.Arbitrary<SmartGatewayEvent> = fc.oneof(
      slot.map((at): SmartGatewayEvent => ({ type: 'READING_COMPLETE', slot: at })),
      slot.map((at): SmartGatewayEvent => ({ type: 'READING_INCLUDED', slot: at })),
      slot.map((at): SmartGatewayEvent => ({ type: 'READING_REFUSED', slot: at, reason: 'spike' })),
      fc.constant<SmartGatewayEvent>({ type: 'AWAY', what: 'chain' }),
      fc.constant<SmartGatewayEvent>({ type: 'BACK', what: 'chain' }),
    )
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        let { last } = follow(JOINED)
        const submitted: number[] = []
        for (const event of events) {
          const [next, actions] = transition(smartGatewayMachine, last, event)
          last = next
          if (event.type !== 'READING_COMPLETE' || !actions.some(({ type }) => type === 'sealReading'))
            continue
          // The effect seals at once: its answer comes back as an event.
          const [sealed] = transition(smartGatewayMachine, last, {
            type: 'READING_SEALED',
            slot: event.slot,
            sequence: submitted.length + 1,
          })
          last = sealed
          submitted.push(event.slot)
        }
        expect(submitted).toEqual([...new Set(submitted)].sort((a, b) => a - b))
        expect(last.context.waiting).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('is degraded while anything is away, and whole when all of it is back', () => {
    const away: SmartGatewayEvent[] = [
      { type: 'AWAY', what: 'chain' },
      { type: 'AWAY', what: 'boards' },
      { type: 'BACK', what: 'chain' },
    ]
    expect(follow([...JOINED, ...away]).last.value).toMatchObject({ operating: { link: 'degraded' } })
    const back: SmartGatewayEvent = { type: 'BACK', what: 'boards' }
    expect(follow([...JOINED, ...away, back]).last.value).toMatchObject({ operating: { link: 'whole' } })
  })
})

describe('a community gateway', () => {
  it('closes each billing period once', () => {
    let [last] = initialTransition(communityGatewayMachine, { account: '0xcgw' })
    const closed: number[] = []
    const founding = [{ type: 'CONTRACTS_READY' } as const, { type: 'KEYS_ANNOUNCED', epoch: 0 } as const]
    for (const event of founding) [last] = transition(communityGatewayMachine, last, event)
    for (const period of [5, 5, 6, 4, 6, 7]) {
      const [next, actions] = transition(communityGatewayMachine, last, { type: 'PERIOD_ENDED', period })
      last = next
      if (actions.some(({ type }) => type === 'closePeriod')) closed.push(period)
    }
    expect(closed).toEqual([5, 6, 7])
  })

  it('opens what it sees and rests when nothing is left', () => {
    let [last] = initialTransition(communityGatewayMachine, { account: '0xcgw' })
    const events = [
      { type: 'CONTRACTS_READY' } as const,
      { type: 'KEYS_ANNOUNCED', epoch: 0 } as const,
      { type: 'RECORDS_SEEN', count: 3 } as const,
      { type: 'READINGS_OPENED', accepted: 1, faulty: 1 } as const,
    ]
    for (const event of events) [last] = transition(communityGatewayMachine, last, event)
    expect(last.matches({ operating: { collecting: 'opening' } })).toBe(true)
    ;[last] = transition(communityGatewayMachine, last, { type: 'READINGS_OPENED', accepted: 1, faulty: 0 })
    expect(last.matches({ operating: { collecting: 'waiting' } })).toBe(true)
    expect(last.context.faulty).toBe(1)
  })

  it('keeps an excess demanded until it is shown or taken back, beside the closing of periods', () => {
    let [last] = initialTransition(communityGatewayMachine, { account: '0xcgw' })
    const founding = [{ type: 'CONTRACTS_READY' } as const, { type: 'KEYS_ANNOUNCED', epoch: 0 } as const]
    for (const event of founding) [last] = transition(communityGatewayMachine, last, event)
    const [told, actions] = transition(communityGatewayMachine, last, { type: 'EXCESSES_TOLD' })
    expect(actions.map(({ type }) => type)).toEqual(['lookAtExcesses'])
    last = told
    const excesses = (demanded: number): unknown => {
      ;[last] = transition(communityGatewayMachine, last, { type: 'EXCESSES_LOOKED', demanded })
      return last.matches({ operating: { quotaControl: { excesses: 'demanded' } } })
    }
    expect([2, 1, 0, 0, 1].map(excesses)).toEqual([true, true, false, false, true])
    ;[last] = transition(communityGatewayMachine, last, { type: 'PERIOD_ENDED', period: 4 })
    expect(last.matches({ operating: { quotaControl: { periods: 'closing', excesses: 'demanded' } } })).toBe(
      true,
    )
  })

  it('warns once that prices are stale, until they come again', () => {
    let [last] = initialTransition(communityGatewayMachine, { account: '0xcgw' })
    const warned: unknown[] = []
    const events = [
      { type: 'CONTRACTS_READY' } as const,
      { type: 'KEYS_ANNOUNCED', epoch: 0 } as const,
      { type: 'PRICES_STALE' } as const,
      { type: 'PRICES_STALE' } as const,
      { type: 'PRICES_FRESH' } as const,
      { type: 'PRICES_STALE' } as const,
    ]
    for (const event of events) {
      const [next, actions] = transition(communityGatewayMachine, last, event)
      last = next
      warned.push(...actions.flatMap(({ type, params }) => (type === 'warnOperator' ? [params] : [])))
    }
    expect(last.matches({ operating: { priceFeed: 'stale' } })).toBe(true)
    expect(warned).toEqual([{ code: 'price-stale' }, { code: 'price-stale' }])
  })
})

describe('the epochs of a community gateway', () => {
  const founding = [{ type: 'CONTRACTS_READY' }, { type: 'KEYS_ANNOUNCED', epoch: 0 }] as const
  const following = (events: readonly Parameters<typeof transition<typeof communityGatewayMachine>>[2][]) => {
    let [last] = initialTransition(communityGatewayMachine, { account: '0xcommunity' })
    const done: string[] = []
    for (const event of [...founding, ...events]) {
      const [next, actions] = transition(communityGatewayMachine, last, event)
      last = next
      done.push(...actions.map(({ type }) => type))
    }
    return { last, begun: done.filter((name) => name === 'beginEpoch').length }
  }

  it('begins the next epoch once, however often it is due', () => {
    const due = { type: 'EPOCH_DUE', epoch: 1 } as const
    const { last, begun } = following([due, due])
    expect(begun).toBe(1)
    expect(last.matches({ operating: { keys: 'turning' } })).toBe(true)
    expect(following([due, { type: 'KEYS_ANNOUNCED', epoch: 1 }, due]).begun).toBe(1)
    expect(following([due, { type: 'KEYS_ANNOUNCED', epoch: 1 }]).last.context.epoch).toBe(1)
  })

  it('leaves none out', () => {
    expect(following([{ type: 'EPOCH_DUE', epoch: 2 }]).begun).toBe(0)
  })
})
