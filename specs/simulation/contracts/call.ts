/** What is asked for in an auction; no window: power is not lent in the simulation. */
export interface LotTerms {
  readonly resource: number
  readonly period: number
  readonly amount: number
  readonly commitSeconds: number
  readonly showSeconds: number
  readonly revealSeconds: number
}

/** What both homes of a delegation consent to. */
export interface DelegationTerms {
  readonly id: number
  readonly delegator: string
  readonly delegatee: string
  readonly functions: number
  readonly fromSlot: number
  readonly untilSlot: number
  /** Micro-SCT, decimal digits. */
  readonly reward: string
}

/** The calls that gateways make; money in decimal digits, so that a call is plain data. */
export type ContractCall =
  | { contract: 'monitoring'; name: 'admit'; home: string }
  | { contract: 'monitoring'; name: 'revoke'; home: string }
  | { contract: 'monitoring'; name: 'announceKeys'; epoch: number; keyId: string }
  | { contract: 'monitoring'; name: 'publishKey'; epoch: number; delegation: number; keyId: string }
  | { contract: 'monitoring'; name: 'submit'; recipient: string; records: Uint8Array }
  | {
      contract: 'monitoring'
      name: 'raiseAlarms'
      first: number
      homes: readonly string[]
      envelopes: readonly string[]
    }
  | {
      contract: 'monitoring'
      name: 'publishTotal'
      period: number
      homes: readonly string[]
      totals: [number, number, number]
    }
  | {
      contract: 'monitoring'
      name: 'registerDelegation'
      terms: DelegationTerms
      epoch: number
      keyId: string
    }
  | { contract: 'monitoring'; name: 'endDelegation'; id: number }
  | { contract: 'monitoring'; name: 'claimReward'; id: number; count: number; root: string }
  | { contract: 'monitoring'; name: 'returnReward'; id: number }
  | {
      contract: 'quota'
      name: 'setCommunityContract'
      fromPeriod: number
      energyWh: number
      powerW: number
      waterMl: number
    }
  | {
      contract: 'quota'
      name: 'allocate'
      revision: number
      homes: readonly string[]
      energyWh: readonly number[]
      powerW: readonly number[]
      waterMl: readonly number[]
    }
  | { contract: 'quota'; name: 'closeAllocation'; revision: number }
  | { contract: 'quota'; name: 'openExcess'; home: string; period: number; resource: number; value: number }
  | { contract: 'token'; name: 'transfer'; to: string; amount: string }
  | { contract: 'token'; name: 'approve'; spender: string; amount: string }
  | { contract: 'token'; name: 'buy'; least: string }
  | { contract: 'token'; name: 'sell'; amount: string; least: string }
  | { contract: 'trading'; name: 'setCeiling'; resource: number; price: number }
  | { contract: 'trading'; name: 'deposit'; amount: string }
  | { contract: 'trading'; name: 'withdraw'; amount: string }
  | { contract: 'trading'; name: 'offer'; number: number; terms: LotTerms; seal: string }
  | { contract: 'trading'; name: 'receiveBid'; id: string; seal: string }
  | { contract: 'trading'; name: 'cancel'; id: string }
  | { contract: 'trading'; name: 'depositMaxPrice'; id: string; maxPrice: string; salt: string }
  | { contract: 'trading'; name: 'revealBid'; id: string; value: string; salt: string }
  | { contract: 'trading'; name: 'checkWinner'; id: string }
  | { contract: 'trading'; name: 'refundSucceed'; id: string; account: string }
  | { contract: 'trading'; name: 'refundFail'; id: string; account: string }
  | { contract: 'trading'; name: 'assertDelivery'; id: string; excess: number }
  | { contract: 'trading'; name: 'challengeDelivery'; id: string }
  | { contract: 'trading'; name: 'confirmResourceExchange'; id: string }
  | { contract: 'trading'; name: 'claimForfeit'; id: string }

export type ContractName = ContractCall['contract']

/** What the contracts tell; as in their events, under the same names. */
export type Told =
  | { name: 'HomeAdmitted'; home: string }
  | { name: 'HomeRevoked'; home: string }
  | { name: 'CommunityKeysAnnounced'; epoch: number; keyId: string }
  | { name: 'OperationKeyPublished'; home: string; epoch: number; delegation: number }
  | {
      name: 'Reading'
      home: string
      slot: number
      sequence: number
      epoch: number
      delegation: number
      payload: Uint8Array
    }
  | { name: 'AnchorKept'; home: string; period: number; slot: number }
  | { name: 'Alarm'; home: string; number: number; epoch: number; delegation: number; envelope: string }
  | { name: 'TotalPublished'; period: number; homes: readonly string[]; totals: readonly number[] }
  | {
      name: 'DelegationRegistered'
      id: number
      delegator: string
      delegatee: string
      functions: number
      fromSlot: number
      untilSlot: number
      reward: bigint
    }
  | { name: 'DelegationEnded'; id: number; by: string; untilSlot: number }
  | { name: 'RewardClaimed'; id: number; delegatee: string; count: number; paid: bigint }
  | { name: 'RewardReturned'; id: number; delegator: string; amount: bigint }
  | {
      name: 'CommunityContractSet'
      revision: number
      fromPeriod: number
      energyWh: number
      powerW: number
      waterMl: number
    }
  | {
      name: 'QuotaAllocated'
      revision: number
      home: string
      energyWh: number
      powerW: number
      waterMl: number
    }
  | { name: 'AllocationClosed'; revision: number }
  | { name: 'QuotaLocked' | 'QuotaReleased'; home: string; period: number; resource: number; amount: number }
  | {
      name: 'QuotaMoved'
      seller: string
      buyer: string
      period: number
      resource: number
      amount: number
    }
  | {
      name: 'ExcessAsserted' | 'ExcessOpened' | 'OpeningDemanded' | 'ExcessFinal'
      home: string
      period: number
      subject: number
      amount: number
    }
  | { name: 'Transfer'; from: string; to: string; value: bigint }
  | { name: 'Approval'; owner: string; spender: string; value: bigint }
  | { name: 'Bought' | 'Sold'; account: string; currency: bigint; tokens: bigint }
  | { name: 'CeilingSet'; resource: number; price: number }
  | { name: 'Deposited' | 'Withdrawn'; account: string; amount: bigint }
  | {
      name: 'OfferMade'
      id: string
      buyer: string
      resource: number
      period: number
      amount: number
      bond: bigint
      seal: string
      commitEnd: number
      showEnd: number
      revealSeconds: number
    }
  | { name: 'BidReceived'; id: string; seller: string; index: number; seal: string }
  | { name: 'MaxPriceShown'; id: string; maxPrice: bigint; revealEnd: number }
  | { name: 'BidRevealed'; id: string; seller: string; value: bigint }
  | { name: 'BondsForfeited'; id: string; count: number }
  | { name: 'AuctionAwarded'; id: string; winner: string; buyer: string; price: bigint; held: bigint }
  | { name: 'AuctionFailed'; id: string; reason: number }
  | { name: 'Refunded'; id: string; account: string; amount: bigint }
  | {
      name: 'ExchangeConfirmed'
      id: string
      seller: string
      buyer: string
      delivered: number
      paid: bigint
      penalty: bigint
    }
  | { name: 'ForfeitShared'; id: string; account: string; amount: bigint }

/** A contract refused a call, by the name of its error. */
export class Refused extends Error {
  readonly contract: ContractName
  readonly error: string
  readonly args: readonly (string | number | bigint)[]

  constructor(contract: ContractName, error: string, args: readonly (string | number | bigint)[] = []) {
    super(`${error}(${args.join(', ')})`)
    this.contract = contract
    this.error = error
    this.args = args
  }
}

/** Where and by whom a call is made. */
export interface Caller {
  readonly sender: string
  readonly valueWei: bigint
  readonly height: number
  readonly timeS: number
  readonly tell: (contract: ContractName, told: Told) => void
}
