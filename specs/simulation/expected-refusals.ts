/** What contracts refuse though nobody did wrong: two gateways may make the same call at the same time. */
const RACES: Readonly<Record<string, readonly string[]>> = {
  receiveBid: ['QuotaTooSmall', 'WrongState'],
  cancel: ['BidsAreIn', 'WrongState'],
  checkWinner: ['WrongState'],
  refund: ['NothingToRefund'],
  confirmResourceExchange: ['WrongState'],
  assertDelivery: ['WrongStatus', 'WrongState'],
}

/** What a gateway meets besides when it was kept from its call, or a fork moved what it had seen. */
const LATE: Readonly<Record<string, readonly string[]>> = {
  alarms: ['AlarmNumber'],
  receiveBid: ['BidsAreOver', 'NotEnoughCredit', 'NoAuction'],
  depositMaxPrice: ['ShowingIsOver', 'WrongState', 'GapNotOver'],
  revealBid: ['RevealsAreOver', 'WrongState', 'AlreadyRevealed'],
  checkWinner: ['TooEarly', 'NoAuction'],
  refund: ['WrongState'],
  confirmResourceExchange: ['NotDecided'],
  // An offer whose nonce was taken is made again behind those of after it; the product numbers these anew.
  offer: ['EndsTooLate', 'PeriodNotOpen', 'NotEnoughCredit', 'OfferNumber'],
  challengeDelivery: ['WrongStatus', 'DecidedBySilence', 'WrongState', 'WindowOver', 'PeriodNotClosed'],
  assertDelivery: ['PeriodNotClosed', 'NotClosed'],
  openExcess: ['WindowOver', 'WrongStatus'],
}

/** Whether a refusal is no mistake of the gateway that made the call. */
export function expectedRefusal(kind: string, error: string, disturbed: boolean): boolean {
  if (RACES[kind]?.includes(error) === true) return true
  return disturbed && LATE[kind]?.includes(error) === true
}
