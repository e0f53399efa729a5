/**
 * What contracts refuse though nobody did wrong: two gateways may make the same call, and a home that was away
 * comes too late. Anything else that is refused is a gateway's mistake.
 */
const RACES: Readonly<Record<string, readonly string[]>> = {
  alarms: ['AlarmNumber'],
  receiveBid: ['BidsAreOver', 'QuotaTooSmall', 'WrongState', 'NotEnoughCredit', 'NoAuction'],
  cancel: ['BidsAreIn', 'WrongState'],
  depositMaxPrice: ['ShowingIsOver', 'WrongState', 'GapNotOver'],
  revealBid: ['RevealsAreOver', 'WrongState', 'AlreadyRevealed'],
  checkWinner: ['WrongState', 'TooEarly'],
  refund: ['NothingToRefund', 'WrongState'],
  confirmResourceExchange: ['WrongState', 'NotDecided'],
  offer: ['EndsTooLate', 'PeriodNotOpen', 'NotEnoughCredit'],
  challengeDelivery: ['WrongStatus', 'DecidedBySilence', 'WrongState', 'WindowOver'],
  assertDelivery: ['WrongStatus', 'WrongState', 'PeriodNotClosed'],
  openExcess: ['WindowOver', 'WrongStatus'],
  endDelegation: ['DelegationOver'],
  registerDelegation: ['StillDelegated', 'WindowOutOfRange'],
  claimReward: ['RewardSettled'],
  returnReward: ['RewardSettled'],
}

export function expectedRefusal(kind: string, error: string): boolean {
  return RACES[kind]?.includes(error) ?? false
}
