import type { Ledger } from '../ledger.ts'
import { Table } from '../ledger.ts'
import { type Caller, type DelegationTerms, Refused } from './call.ts'
import type { AlarmKey, Monitoring, Watches, WatchKey } from './monitoring.ts'
import type { Token } from './token.ts'

const READINGS = 1
const ALARMS = 2
const MOST_MS = 366 * 86_400_000
const CLAIM_MS = 7 * 86_400_000
export const MONITORING_AT = '0x00000000000000000000000000000000000000c1'

interface Kept {
  readonly delegator: string
  readonly delegatee: string
  readonly functions: number
  readonly fromSlot: number
  readonly slots: number
  readonly lasted: number
  readonly reward: bigint
  readonly state: 'escrowed' | 'claimed' | 'closed'
}

interface Watch {
  readonly keyId: string
  readonly fromSlot: number
  readonly readings: boolean
}

interface Delegated {
  readonly delegation: number
  readonly delegatedUntil: number
}

const untilOf = ({ fromSlot, lasted }: Kept): number => fromSlot + lasted

/** Who watches whose home, until when, with which key, and for what reward. */
export class Delegations implements Watches {
  readonly #kept: Table<number, Kept>
  readonly #watches: Table<string, Watch>
  readonly #monitoring: Monitoring
  readonly #token: Token
  readonly #address: string

  constructor(ledger: Ledger, monitoring: Monitoring, token: Token, address = MONITORING_AT) {
    this.#kept = new Table(ledger)
    this.#watches = new Table(ledger)
    this.#monitoring = monitoring
    this.#token = token
    this.#address = address
    monitoring.watches = this
  }

  get size(): number {
    return this.#kept.size
  }

  of(id: number): Kept | undefined {
    return this.#kept.get(id)
  }

  /** Rewards that are not paid out. */
  escrow(): bigint {
    let sum = 0n
    for (const { reward } of this.#kept.values()) sum += reward
    return sum
  }

  register(by: Caller, terms: DelegationTerms, epoch: number, keyId: string): void {
    const fromSlot = this.#check(by, terms)
    const { id, delegator, delegatee, functions, untilSlot } = terms
    const reward = BigInt(terms.reward)
    const slots = terms.untilSlot - terms.fromSlot
    const lasted = untilSlot - fromSlot
    const state = 'escrowed'
    this.#kept.set(id, { delegator, delegatee, functions, fromSlot, slots, lasted, reward, state })
    const word = this.#monitoring.homeOf(delegator)
    this.#monitoring.setHome(delegator, { ...word, delegation: id, delegatedUntil: untilSlot })
    const told = { id, delegator, delegatee, functions, fromSlot, untilSlot, reward }
    by.tell('monitoring', { name: 'DelegationRegistered', ...told })
    this.#monitoring.requireEpoch(epoch)
    by.tell('monitoring', { name: 'OperationKeyPublished', home: delegatee, epoch, delegation: id })
    this.#watches.set(`${id}:${epoch}`, { keyId, fromSlot, readings: (functions & READINGS) !== 0 })
    if (reward !== 0n) this.#token.take(by, this.#address, delegator, reward)
  }

  /** A delegatee publishes its key of another epoch. */
  publishKey(by: Caller, epoch: number, id: number, keyId: string): void {
    this.#monitoring.requireAdmitted(by.sender)
    this.#monitoring.requireEpoch(epoch)
    by.tell('monitoring', { name: 'OperationKeyPublished', home: by.sender, epoch, delegation: id })
    const kept = this.#kept.get(id)
    if (kept?.delegatee !== by.sender) throw new Refused('monitoring', 'DelegationUnknown', [id])
    const next = this.#monitoring.currentSlot(by) + 1
    if (next >= untilOf(kept)) throw new Refused('monitoring', 'DelegationOver', [id, untilOf(kept)])
    const key = `${id}:${epoch}`
    if (this.#watches.has(key)) throw new Refused('monitoring', 'DelegationKeyed', [id, epoch])
    const fromSlot = Math.max(next, kept.fromSlot)
    this.#watches.set(key, { keyId, fromSlot, readings: (kept.functions & READINGS) !== 0 })
  }

  end(by: Caller, id: number): void {
    const kept = this.#known(id)
    const isParty = by.sender === kept.delegator || by.sender === kept.delegatee
    if (!isParty && by.sender !== this.#monitoring.settings.manager) {
      throw new Refused('monitoring', 'NotAParty', [by.sender, id])
    }
    const next = this.#monitoring.currentSlot(by) + 1
    if (next >= untilOf(kept)) throw new Refused('monitoring', 'DelegationOver', [id, untilOf(kept)])
    const untilSlot = Math.max(next, kept.fromSlot)
    this.#kept.set(id, { ...kept, lasted: untilSlot - kept.fromSlot })
    const word = this.#monitoring.homeOf(kept.delegator)
    this.#monitoring.setHome(kept.delegator, { ...word, delegatedUntil: untilSlot })
    by.tell('monitoring', { name: 'DelegationEnded', id, by: by.sender, untilSlot })
  }

  claim(by: Caller, id: number, count: number): void {
    const kept = this.#known(id)
    if (by.sender !== kept.delegatee) {
      throw new Refused('monitoring', 'NotTheDelegatee', [by.sender, kept.delegatee])
    }
    if (kept.state !== 'escrowed') throw new Refused('monitoring', 'RewardSettled', [id])
    if (this.#monitoring.currentSlot(by) < untilOf(kept)) {
      throw new Refused('monitoring', 'DelegationNotOver', [id, untilOf(kept)])
    }
    if (count > kept.lasted) throw new Refused('monitoring', 'MoreThanLasted', [count, kept.lasted])
    const paid = (kept.reward * BigInt(count)) / BigInt(kept.slots)
    this.#kept.set(id, { ...kept, state: 'claimed', reward: kept.reward - paid })
    by.tell('monitoring', { name: 'RewardClaimed', id, delegatee: by.sender, count, paid })
    if (paid !== 0n) this.#token.move(by, this.#address, by.sender, paid)
  }

  giveBack(by: Caller, id: number): void {
    const kept = this.#known(id)
    if (kept.state === 'closed') throw new Refused('monitoring', 'RewardSettled', [id])
    if (kept.state === 'escrowed' && kept.lasted !== 0) {
      const untilMs = untilOf(kept) * this.#monitoring.settings.sampleMs + CLAIM_MS
      if (by.timeS * 1000 < untilMs) throw new Refused('monitoring', 'ClaimStillOpen', [id, untilMs])
    }
    this.#kept.set(id, { ...kept, state: 'closed', reward: 0n })
    const { delegator, reward: amount } = kept
    by.tell('monitoring', { name: 'RewardReturned', id, delegator, amount })
    if (amount !== 0n) this.#token.move(by, this.#address, delegator, amount)
  }

  recipientOf({ delegation, delegatedUntil }: Delegated, slot: number, epoch: number): WatchKey | null {
    if (slot >= delegatedUntil) return null
    const watch = this.#watches.get(`${delegation}:${epoch}`)
    if (watch === undefined || !watch.readings || slot < watch.fromSlot) return null
    return { keyId: watch.keyId, delegation }
  }

  alarmRecipient({ delegation, delegatedUntil }: Delegated, slot: number, epoch: number): AlarmKey | null {
    const kept = this.#kept.get(delegation)
    if (slot >= delegatedUntil || kept === undefined) return null
    if ((kept.functions & ALARMS) === 0 || slot < kept.fromSlot) return null
    for (const each of [epoch, epoch - 1]) {
      const watch = this.#watches.get(`${delegation}:${each}`)
      if (watch !== undefined) return { keyId: watch.keyId, epoch: each, delegation }
    }
    return null
  }

  #known(id: number): Kept {
    const kept = this.#kept.get(id)
    if (kept === undefined) throw new Refused('monitoring', 'DelegationUnknown', [id])
    return kept
  }

  #check(by: Caller, terms: DelegationTerms): number {
    const { id, delegator, delegatee, functions } = terms
    if (this.#kept.has(id)) throw new Refused('monitoring', 'DelegationExists', [id])
    if (delegator === delegatee) throw new Refused('monitoring', 'OwnDelegatee', [delegator])
    if (functions === 0 || functions > (READINGS | ALARMS)) {
      throw new Refused('monitoring', 'FunctionsUnknown', [functions])
    }
    this.#monitoring.requireAdmitted(delegatee)
    const home = this.#monitoring.requireAdmitted(delegator)
    const current = this.#monitoring.currentSlot(by)
    if (current < home.delegatedUntil) {
      throw new Refused('monitoring', 'StillDelegated', [home.delegation, home.delegatedUntil])
    }
    return this.#checkWindow(terms.fromSlot, terms.untilSlot, current)
  }

  #checkWindow(from: number, until: number, current: number): number {
    const most = Math.floor(MOST_MS / this.#monitoring.settings.sampleMs)
    const fromSlot = from > current ? from : current + 1
    if (from > current + most || until <= fromSlot || until - from > most) {
      throw new Refused('monitoring', 'WindowOutOfRange', [from, until, current, most])
    }
    return fromSlot
  }
}
