import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialTransition, transition, type AnyMachineSnapshot } from 'xstate'
import { determinationMachine, type DeterminationEvent } from '../../actors/auction/determination/machine.ts'
import {
  AUCTION_CALLS,
  AUCTION_FAILURES,
  negotiationMachine,
  type NegotiationEvent,
} from '../../actors/auction/negotiation/machine.ts'
import { paymentMachine, type PaymentEvent } from '../../actors/auction/payment/machine.ts'
import { catalogue } from '../../actors/catalogue.ts'

const role = fc.constantFrom('buyer', 'seller')
const words = fc.constantFrom('WrongState', 'GapNotOver', 'NothingToRefund', 'TooEarly')
const wish = { valueMicroSct: '500000', because: 'it is spared' }
const refused = fc
  .record({ call: fc.constantFrom(...AUCTION_CALLS), reason: words })
  .map((facts) => ({ type: 'CALL_REFUSED', ...facts }) as const)

const determinationEvent: fc.Arbitrary<DeterminationEvent> = fc.oneof(
  fc.constant({ type: 'OFFERED', auctionId: '0x1' } as const),
  fc.boolean().map((again) => ({ type: 'OFFER_REFUSED', reason: 'OfferNumber', again }) as const),
  fc.constant({ type: 'INTERESTED', wish } as const),
  fc.constant({ type: 'PERSON_BIDS', wish } as const),
  fc.constantFrom(
    { type: 'NOT_INTERESTED', because: 'no' } as const,
    { type: 'UNDECIDED', because: 'no rule' } as const,
    { type: 'PERSON_DECLINES' } as const,
    { type: 'BIDS_CLOSED' } as const,
  ),
)
const count = fc.nat(3)
const negotiationEvent: fc.Arbitrary<NegotiationEvent> = fc.oneof(
  fc.constantFrom(
    { type: 'BID_SEALED' } as const,
    { type: 'GAP_OVER' } as const,
    { type: 'MAX_PRICE_SHOWN' } as const,
    { type: 'SHOWING_CLOSED' } as const,
    { type: 'BID_REVEALED' } as const,
  ),
  count.map((bids) => ({ type: 'BIDS_CLOSED', bids }) as const),
  count.map((reveals) => ({ type: 'REVEALS_CLOSED', reveals }) as const),
  fc.boolean().map((own) => ({ type: 'AWARDED', own, priceMicroSct: '9' }) as const),
  fc.constantFrom(...AUCTION_FAILURES).map((failure) => ({ type: 'AUCTION_FAILED', failure }) as const),
  refused,
)
const paymentEvent: fc.Arbitrary<PaymentEvent> = fc.oneof(
  fc.constantFrom(
    { type: 'REFUNDED' } as const,
    { type: 'PERIOD_OVER' } as const,
    { type: 'DELIVERY_CHALLENGED' } as const,
    { type: 'DELIVERY_DECIDED' } as const,
    { type: 'PERSON_CHALLENGES' } as const,
    { type: 'PAID', delivered: '2000', paidMicroSct: '9' } as const,
  ),
  fc.boolean().map((fair) => ({ type: 'DELIVERY_STATED', fair }) as const),
  refused,
)

const textOf = (snapshot: AnyMachineSnapshot): string =>
  JSON.stringify([snapshot.value, snapshot.context, snapshot.status])

describe('an event that a state does not allow changes nothing, in any history', () => {
  it('of a determination', () => {
    fc.assert(
      fc.property(role, fc.array(determinationEvent, { maxLength: 25 }), (who, events) => {
        let [now] = initialTransition(determinationMachine, { role: who, subject: 's', auctionId: null })
        for (const event of events) {
          const [next, actions] = transition(determinationMachine, now, event)
          if (!now.can(event)) expect([textOf(next), actions]).toEqual([textOf(now), []])
          now = next
        }
      }),
    )
  })

  it('of a negotiation', () => {
    fc.assert(
      fc.property(role, fc.array(negotiationEvent, { maxLength: 25 }), (who, events) => {
        let [now] = initialTransition(negotiationMachine, { role: who, auctionId: '0x1' })
        for (const event of events) {
          const [next, actions] = transition(negotiationMachine, now, event)
          if (!now.can(event)) expect([textOf(next), actions]).toEqual([textOf(now), []])
          // Nobody shows a price that does not buy, nor reveals a bid that it did not make.
          const calls = actions.map(({ type }) => type)
          if (who === 'seller') expect(calls).not.toContain('showMaxPrice')
          if (who === 'buyer') expect(calls).not.toContain('revealBid')
          now = next
        }
      }),
    )
  })

  it('of a payment', () => {
    const outcome = fc.constantFrom('awarded', 'lost', 'failed')
    fc.assert(
      fc.property(role, outcome, fc.array(paymentEvent, { maxLength: 25 }), (who, end, events) => {
        let [now] = initialTransition(paymentMachine, { role: who, auctionId: '0x1', outcome: end })
        for (const event of events) {
          const [next, actions] = transition(paymentMachine, now, event)
          if (!now.can(event)) expect([textOf(next), actions]).toEqual([textOf(now), []])
          // Only an award is delivered.
          if (end !== 'awarded') expect(next.matches('delivering') || next.matches('judging')).toBe(false)
          now = next
        }
      }),
    )
  })
})

describe('a call that the contract refuses', () => {
  const after = (end: 'awarded' | 'lost', events: readonly PaymentEvent[]) => {
    let [now, actions] = initialTransition(paymentMachine, { role: 'seller', auctionId: '0x1', outcome: end })
    for (const event of events) [now, actions] = transition(paymentMachine, now, event)
    return { value: now.value, asked: actions.map(({ type }) => type) }
  }
  const refusal = (call: 'refund' | 'confirmResourceExchange', reason: string): PaymentEvent => ({
    type: 'CALL_REFUSED',
    call,
    reason,
  })

  it('is made again when the refund came before the award stood', () => {
    expect(after('awarded', [refusal('refund', 'WrongState')])).toEqual({
      value: 'refunding',
      asked: ['refund'],
    })
  })

  it('is not made again when there is nothing to refund', () => {
    expect(after('lost', [refusal('refund', 'NothingToRefund')]).value).toBe('closed')
    expect(after('awarded', [refusal('refund', 'NothingToRefund')]).value).toBe('delivering')
  })

  it('is given up after some times', () => {
    const often = Array.from({ length: 6 }, () => refusal('refund', 'WrongState'))
    expect(after('lost', often).value).toBe('closed')
  })

  it('is made again when the exchange came before it was decided', () => {
    const closing: PaymentEvent[] = [
      { type: 'REFUNDED' },
      { type: 'PERIOD_OVER' },
      { type: 'DELIVERY_DECIDED' },
      refusal('confirmResourceExchange', 'NotDecided'),
    ]
    expect(after('awarded', closing)).toEqual({ value: 'closing', asked: ['confirmExchange'] })
  })
})

it('all three are in the catalogue', () => {
  expect([catalogue.determination, catalogue.negotiation, catalogue.payment]).toEqual([
    determinationMachine,
    negotiationMachine,
    paymentMachine,
  ])
})
