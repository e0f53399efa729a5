import { describe, expect, it } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import { determinationMachine } from '../../actors/auction/determination/machine.ts'
import {
  AUCTION_CALLS,
  AUCTION_FAILURES,
  negotiationMachine,
} from '../../actors/auction/negotiation/machine.ts'
import { paymentMachine } from '../../actors/auction/payment/machine.ts'
import { type Facts, num } from '../simulation/opinions/chart.ts'
import { DETERMINATION, NEGOTIATION, PAYMENT } from '../simulation/opinions/trade-charts.ts'
import { type Told, walked } from './charted.ts'

const CALLS = [
  ...['offer', 'receiveBid', 'cancel', 'depositMaxPrice', 'revealBid', 'checkWinner'],
  ...['refund', 'challengeDelivery', 'confirmResourceExchange'],
]
const REASONS = ['NoAuction(0x1)', 'GapNotOver(3)', 'NothingToRefund()', 'WrongState(2)']
const REFUSALS: readonly Told[] = CALLS.flatMap((call) =>
  REASONS.map((reason) => ({ type: 'CALL_REFUSED', call, reason })),
)
/** The sixth refusal is the first that is one too many. */
const isFar = ({ refusals }: Facts): boolean => num(refusals) > 6
const ROLES = ['buyer', 'seller']
const wish = { valueMicroSct: '500000', because: 'it is spared' }
const plain = (...types: string[]): Told[] => types.map((type) => ({ type }))

describe('a determination', () => {
  const walk = () =>
    walked({
      machine: determinationMachine,
      chart: DETERMINATION,
      inputs: ROLES.map((role) => ({ role, subject: 'buy:1', auctionId: null })),
      decides: ['role'],
      events: [
        { type: 'OFFERED', auctionId: '0x7' },
        ...[true, false].map((again) => ({ type: 'OFFER_REFUSED', reason: 'OfferNumber', again })),
        { type: 'INTERESTED', wish },
        { type: 'PERSON_BIDS', wish: { valueMicroSct: '1', because: 'you say so' } },
        { type: 'NOT_INTERESTED', because: 'nothing is spared' },
        { type: 'UNDECIDED', because: 'no rule speaks of it' },
        ...plain('PERSON_DECLINES', 'BIDS_CLOSED', 'UNHEARD_OF'),
      ],
    })

  it('goes as its chart says, whatever it hears wherever it stands', () => {
    const { faults, between } = walk()
    expect(faults).toEqual([])
    expect(between).toEqual(['considering.asking', 'considering.judging', 'requesting.offering'])
  })

  it('is over when there is an offer, a wish, or neither', () => {
    expect(walk().ends).toEqual(['declined', 'interested', 'offered', 'refused'])
  })
})

describe('a negotiation', () => {
  const walk = () =>
    walked({
      machine: negotiationMachine,
      chart: NEGOTIATION,
      inputs: ROLES.map((role) => ({ role, auctionId: '0x1' })),
      decides: ['role', 'refusals'],
      isFar,
      events: [
        ...plain('BID_SEALED', 'GAP_OVER', 'MAX_PRICE_SHOWN', 'SHOWING_CLOSED', 'BID_REVEALED'),
        ...[0, 1, 2].map((bids) => ({ type: 'BIDS_CLOSED', bids })),
        { type: 'REVEALS_CLOSED', reveals: 2 },
        ...[true, false].map((own) => ({ type: 'AWARDED', own, priceMicroSct: '9' })),
        { type: 'AUCTION_FAILED', failure: 'no-max-price' },
        ...plain('PERSON_CANCELS', 'UNHEARD_OF'),
        ...REFUSALS,
      ],
    })

  it('goes as its chart says, whatever it hears wherever it stands', () => {
    const { faults, between } = walk()
    expect(faults).toEqual([])
    const buying = ['cancelling', 'collecting', 'revealing', 'settling', 'showing', 'waiting', 'withholding']
    const selling = ['bidding', 'revealed', 'revealing', 'sealed', 'settling']
    expect(between).toEqual([
      ...buying.map((state) => `buying.${state}`),
      ...selling.map((state) => `selling.${state}`),
    ])
  })

  it('is over when the home won, lost, or has no bid in it, or when nobody won', () => {
    expect(walk().ends).toEqual(['awarded', 'failed', 'lost', 'out'])
  })
})

describe('a payment', () => {
  const walk = () =>
    walked({
      machine: paymentMachine,
      chart: PAYMENT,
      inputs: ROLES.flatMap((role) =>
        ['awarded', 'lost', 'failed'].map((outcome) => ({ role, outcome, auctionId: '0x1' })),
      ),
      decides: ['outcome', 'refusals'],
      isFar,
      events: [
        ...plain('REFUNDED', 'PERIOD_OVER', 'DELIVERY_CHALLENGED', 'DELIVERY_DECIDED', 'PERSON_CHALLENGES'),
        ...[true, false].map((fair) => ({ type: 'DELIVERY_STATED', fair })),
        { type: 'PAID', delivered: '2000', paidMicroSct: '9' },
        ...plain('UNHEARD_OF'),
        ...REFUSALS,
      ],
    })

  it('goes as its chart says, whatever it hears wherever it stands', () => {
    const { faults, between } = walk()
    expect(faults).toEqual([])
    const judging = ['awaitingOpening', 'awaitingWindow', 'awaitingWord', 'challenging']
    expect(between).toEqual([
      'closing',
      'delivering',
      ...judging.map((state) => `judging.${state}`),
      'refunding',
    ])
  })

  it('is over when it is paid, or when there was nothing to pay', () => {
    expect(walk().ends).toEqual(['closed', 'paid'])
  })
})

const EFFECTS: readonly (readonly [string, AnyStateMachine, readonly string[]])[] = [
  ['determination', determinationMachine, ['placeOffer', 'gossipOffer', 'judgeRequest', 'tellPeople']],
  ['negotiation', negotiationMachine, ['placeBid', 'showMaxPrice', 'revealBid', 'settle', 'cancel']],
  ['payment', paymentMachine, ['refund', 'challengeDelivery', 'confirmExchange']],
]

describe.each(EFFECTS)('%s', (name, machine, effects) => {
  it('has the name by which it is stored and drawn', () => {
    expect(machine.id).toBe(name)
  })

  it.each(effects)('fails by the name of "%s" where nobody provides it', (effect) => {
    const action: unknown = machine.implementations.actions[effect]
    expect(action).toThrow(`the effect "${effect}" was not provided to this machine`)
  })
})

it('calls and failures are the contract’s, in its order', () => {
  expect(AUCTION_CALLS).toEqual(CALLS)
  const failures = ['no-bids', 'no-max-price', 'none-under-max', 'second-above-max', 'too-late']
  expect(AUCTION_FAILURES).toEqual(['none', 'cancelled', ...failures])
})
