import { type Chart, type Facts, factsOf, num } from './chart.ts'

/** A call that came too early is made again five times at most. */
const mayAgain = ({ refusals }: Facts): boolean => num(refusals) <= 4
const isOf =
  (call: string) =>
  (_: Facts, event: Facts): boolean =>
    event['call'] === call
const says = ({ reason }: Facts, word: string): boolean => String(reason).slice(0, word.length) === word
const refused = ({ refusals }: Facts, { call, reason }: Facts): Facts => {
  return { refused: { call, reason }, refusals: num(refusals) + 1 }
}
const buyer = ({ role }: Facts): boolean => role === 'buyer'

/** Whether a home asks for a lot, or bids on one (paper §5.3). */
export const DETERMINATION: Chart = {
  begins: (input) => ({
    leaves: [buyer(input) ? 'requesting.offering' : 'considering.judging'],
    context: { ...input, wish: null, because: null },
    asked: [{ name: buyer(input) ? 'placeOffer' : 'judgeRequest', params: null }],
  }),
  lines: `
    requesting.offering | OFFERED              | offered             | =auction gossipOffer
    requesting.offering | OFFER_REFUSED ?again | requesting.offering | placeOffer
    requesting.offering | OFFER_REFUSED        | refused             | =reason
    considering.judging | INTERESTED           | interested          | =wish
    considering.judging | NOT_INTERESTED       | declined            | =because
    considering.judging | UNDECIDED            | considering.asking  | =because tellPeople
    considering         | PERSON_BIDS          | interested          | =wish
    considering         | PERSON_DECLINES      | declined            | =declined
    considering         | BIDS_CLOSED          | declined            | =nobody
  `,
  conditions: { again: (_, { again }) => again === true },
  keeps: {
    auction: (_, { auctionId }) => ({ auctionId }),
    reason: (_, { reason }) => ({ because: reason }),
    because: (_, { because }) => ({ because }),
    wish: (_, { wish }) => ({ wish, because: factsOf(wish)['because'] }),
    declined: () => ({ because: 'You declined.' }),
    nobody: () => ({ because: 'Nobody answered before the bids were closed.' }),
  },
}

/** One auction at one home (paper, figure 5). */
export const NEGOTIATION: Chart = {
  begins: (input) => ({
    leaves: [buyer(input) ? 'buying.collecting' : 'selling.bidding'],
    context: {
      ...input,
      ...{ bids: 0, reveals: 0, priceMicroSct: null, failure: null, refused: null, refusals: 0 },
    },
    asked: buyer(input) ? [] : [{ name: 'placeBid', params: null }],
  }),
  lines: `
                      | AWARDED ?buyer                     | awarded            | =price
                      | AWARDED ?own                       | awarded            | =price
                      | AWARDED                            | lost               | =price
                      | AUCTION_FAILED                     | failed             | =failure
    buying            | SHOWING_CLOSED                     | buying.settling    | settle
    buying.collecting | BIDS_CLOSED ?nobody                | buying.cancelling  | =bids cancel
    buying.collecting | BIDS_CLOSED                        | buying.waiting     | =bids
    buying.collecting | PERSON_CANCELS                     | buying.cancelling  | cancel
    buying.waiting    | GAP_OVER                           | buying.showing     | showMaxPrice
    buying.showing    | MAX_PRICE_SHOWN                    | buying.revealing   |
    buying.showing    | CALL_REFUSED ?show ?early ?may     | buying.waiting     | =refused
    buying.showing    | CALL_REFUSED ?show                 | buying.withholding | =refused
    buying.revealing  | REVEALS_CLOSED                     | buying.settling    | =reveals settle
    buying.settling   | CALL_REFUSED ?settle ?may          | buying.settling    | =refused settle
    buying.cancelling | CALL_REFUSED ?cancel               | buying.waiting     | =refused
    selling.bidding   | BID_SEALED                         | selling.sealed     |
    selling.bidding   | CALL_REFUSED ?bid ?noAuction ?may  | selling.bidding    | =refused placeBid
    selling.bidding   | CALL_REFUSED ?bid                  | out                | =refused
    selling.bidding   | BIDS_CLOSED                        | out                | =bids
    selling.sealed    | BIDS_CLOSED                        | -                  | =bids
    selling.sealed    | MAX_PRICE_SHOWN                    | selling.revealing  | revealBid
    selling.sealed    | SHOWING_CLOSED                     | selling.settling   | settle
    selling.revealing | BID_REVEALED                       | selling.revealed   |
    selling.revealing | CALL_REFUSED ?reveal               | selling.revealed   | =refused
    selling.revealing | REVEALS_CLOSED                     | selling.settling   | =reveals settle
    selling.revealed  | REVEALS_CLOSED                     | selling.settling   | =reveals settle
    selling.settling  | CALL_REFUSED ?settle ?may          | selling.settling   | =refused settle
  `,
  conditions: {
    buyer,
    own: (_, { own }) => own === true,
    nobody: (_, { bids }) => bids === 0,
    show: isOf('depositMaxPrice'),
    settle: isOf('checkWinner'),
    cancel: isOf('cancel'),
    bid: isOf('receiveBid'),
    reveal: isOf('revealBid'),
    early: (_, event) => says(event, 'GapNotOver'),
    noAuction: (_, event) => says(event, 'NoAuction'),
    may: mayAgain,
  },
  keeps: {
    price: (_, { priceMicroSct }) => ({ priceMicroSct }),
    failure: (_, { failure }) => ({ failure }),
    bids: (_, { bids }) => ({ bids }),
    reveals: (_, { reveals }) => ({ reveals }),
    refused,
  },
}

/** What is owed comes back, and what was sold is paid by what was delivered (paper, figure 6). */
export const PAYMENT: Chart = {
  begins: (input) => ({
    leaves: ['refunding'],
    context: { ...input, delivered: null, paidMicroSct: null, refused: null, refusals: 0 },
    asked: [{ name: 'refund', params: null }],
  }),
  lines: `
                          | PAID                              | paid                   | =paid
    refunding             | REFUNDED ?won                     | delivering             |
    refunding             | REFUNDED                          | closed                 |
    refunding             | CALL_REFUSED ?refund ?owed ?may   | refunding              | =refused refund
    refunding             | CALL_REFUSED ?refund ?won         | delivering             | =refused
    refunding             | CALL_REFUSED ?refund              | closed                 | =refused
    delivering            | PERIOD_OVER                       | judging.awaitingWord   |
    judging               | DELIVERY_CHALLENGED               | judging.awaitingOpening |
    judging               | DELIVERY_DECIDED                  | closing                | confirmExchange
    judging.awaitingWord  | DELIVERY_STATED ?unfair           | judging.challenging    | challengeDelivery
    judging.awaitingWord  | DELIVERY_STATED                   | judging.awaitingWindow |
    judging.awaitingWindow | PERSON_CHALLENGES                | judging.challenging    | challengeDelivery
    judging.challenging   | CALL_REFUSED ?challenge           | judging.awaitingWindow | =refused
    closing | CALL_REFUSED ?confirm ?may | closing | =refused confirmExchange
  `,
  conditions: {
    won: ({ outcome }) => outcome === 'awarded',
    owed: (_, event) => !says(event, 'NothingToRefund'),
    unfair: (_, { fair }) => fair === false,
    refund: isOf('refund'),
    challenge: isOf('challengeDelivery'),
    confirm: isOf('confirmResourceExchange'),
    may: mayAgain,
  },
  keeps: {
    paid: (_, { delivered, paidMicroSct }) => ({ delivered, paidMicroSct }),
    refused,
  },
}
