import type { Ledger } from '../ledger.ts'
import type { Caller, ContractCall } from './call.ts'
import { Delegations } from './delegation.ts'
import { Monitoring, type MonitoringSettings } from './monitoring.ts'
import { Quota } from './quota.ts'
import { Token } from './token.ts'
import type { TradingSettings } from './auction.ts'
import { Trading } from './trading.ts'

export interface ContractsSettings {
  readonly monitoring: MonitoringSettings
  readonly trading: TradingSettings
  readonly windowBlocks: number
  readonly price: { readonly buyWei: bigint; readonly sellWei: bigint; readonly minBalanceWei: bigint }
  readonly addresses: Readonly<Record<'monitoring' | 'token' | 'trading', string>>
}

/** The contracts of a community as the gateways use them: a model of them in memory. */
export class Contracts {
  readonly token: Token
  readonly monitoring: Monitoring
  readonly delegations: Delegations
  readonly quota: Quota
  readonly trading: Trading

  constructor(ledger: Ledger, settings: ContractsSettings) {
    const { addresses } = settings
    this.token = new Token(ledger, settings.price, addresses.token)
    this.monitoring = new Monitoring(ledger, settings.monitoring)
    this.delegations = new Delegations(ledger, this.monitoring, this.token, addresses.monitoring)
    this.quota = new Quota(ledger, this.monitoring, settings.windowBlocks)
    this.trading = new Trading(ledger, this, settings.trading, addresses.trading)
  }

  /** Does a call. Throws `Refused`; who calls this takes back what it had written until then. */
  do(by: Caller, call: ContractCall): void {
    switch (call.contract) {
      case 'monitoring':
        return this.#monitor(by, call)
      case 'quota':
        return this.#divide(by, call)
      case 'token':
        return this.#pay(by, call)
      case 'trading':
        return this.#trade(by, call)
    }
  }

  #monitor(by: Caller, call: ContractCall & { contract: 'monitoring' }): void {
    const { monitoring, delegations } = this
    switch (call.name) {
      case 'admit':
        return monitoring.admit(by, call.home)
      case 'revoke':
        return monitoring.revoke(by, call.home)
      case 'announceKeys':
        return monitoring.announceKeys(by, call.epoch, call.keyId)
      case 'publishKey':
        return call.delegation === 0
          ? monitoring.publishOwnKey(by, call.epoch, call.keyId)
          : delegations.publishKey(by, call.epoch, call.delegation, call.keyId)
      case 'submit':
        return monitoring.submit(by, call.recipient, call.records)
      case 'raiseAlarms':
        return monitoring.raiseAlarms(by, call.first, call.homes, call.envelopes)
      case 'publishTotal':
        return monitoring.publishTotal(by, call.period, call.homes, call.totals)
      case 'registerDelegation':
        return delegations.register(by, call.terms, call.epoch, call.keyId)
      case 'endDelegation':
        return delegations.end(by, call.id)
      case 'claimReward':
        return delegations.claim(by, call.id, call.count)
      case 'returnReward':
        return delegations.giveBack(by, call.id)
    }
  }

  #divide(by: Caller, call: ContractCall & { contract: 'quota' }): void {
    const { quota } = this
    switch (call.name) {
      case 'setCommunityContract':
        return quota.setContract(by, call.fromPeriod, [call.energyWh, call.powerW, call.waterMl])
      case 'allocate':
        return quota.allocate(by, call.revision, call.homes, [call.energyWh, call.powerW, call.waterMl])
      case 'closeAllocation':
        return quota.close(by, call.revision)
      case 'openExcess':
        return quota.open(by, call.home, call.period, call.resource, call.value)
    }
  }

  #pay(by: Caller, call: ContractCall & { contract: 'token' }): void {
    const { token } = this
    switch (call.name) {
      case 'transfer':
        return token.move(by, by.sender, call.to, BigInt(call.amount))
      case 'approve':
        return token.approve(by, call.spender, BigInt(call.amount))
      case 'buy':
        return token.buy(by, BigInt(call.least))
      case 'sell':
        return token.sell(by, BigInt(call.amount), BigInt(call.least))
    }
  }

  #trade(by: Caller, call: ContractCall & { contract: 'trading' }): void {
    const { trading } = this
    switch (call.name) {
      case 'setCeiling':
        return trading.setCeiling(by, call.resource, call.price)
      case 'deposit':
        return trading.deposit(by, BigInt(call.amount))
      case 'withdraw':
        return trading.withdraw(by, BigInt(call.amount))
      case 'offer':
        return trading.offer(by, call.number, call.terms, call.seal)
      case 'receiveBid':
        return trading.receiveBid(by, call.id, call.seal)
      case 'cancel':
        return trading.cancel(by, call.id)
      case 'depositMaxPrice':
        return trading.depositMaxPrice(by, call.id, BigInt(call.maxPrice), call.salt)
      case 'revealBid':
        return trading.revealBid(by, call.id, BigInt(call.value), call.salt)
      case 'checkWinner':
        return trading.checkWinner(by, call.id)
      case 'refundSucceed':
        return trading.refundSucceed(by, call.id, call.account)
      case 'refundFail':
        return trading.refundFail(by, call.id, call.account)
      case 'assertDelivery':
        return trading.assertDelivery(by, call.id, call.excess)
      case 'challengeDelivery':
        return trading.challengeDelivery(by, call.id)
      case 'confirmResourceExchange':
        return trading.confirm(by, call.id)
      case 'claimForfeit':
        return trading.claimForfeit(by, call.id)
    }
  }
}
