import type { IntentState, Trx } from '../storage/schema.ts'
import type { Store } from '../storage/store.ts'
import type { Attempt, Call, Intent } from './call.ts'
import type { IntentRequest } from './outbox-options.ts'
import * as rows from './outbox-rows.ts'

/** Where an outbox keeps its intents and calls; `T` is a transaction there: all of it is kept, or nothing. */
export interface OutboxKeeping<T> {
  transaction<R>(work: (trx: T) => Promise<R>): Promise<R>
  /** Runs `then` once the transaction is committed; never when it is rolled back. */
  afterCommit(trx: T, then: () => void): void

  queuedIntents(account: string, limit: number, held: readonly string[]): Promise<Intent[]>
  isWaiting(account: string): Promise<boolean>
  lastNumbers(account: string): Promise<{ position: number; nonce: number }>
  activeCalls(account: string): Promise<Call[]>
  finalCallsFrom(account: string, nonce: number): Promise<Call[]>
  counts(account: string): Promise<Partial<Record<IntentState, number>>>

  insertIntent(trx: T, account: string, position: number, asked: IntentRequest, nowMs: number): Promise<void>
  insertCall(trx: T, account: string, call: Call, nowMs: number): Promise<void>
  insertAttempt(trx: T, account: string, nonce: number, attempt: Attempt, nowMs: number): Promise<void>
  saveCall(trx: T, account: string, call: Call): Promise<void>
  endIntents(trx: T, account: string, call: Call, nowMs: number): Promise<void>
  requeueIntents(trx: T, account: string, call: Call, alone: boolean): Promise<void>
  failIntent(trx: T, id: string, error: string, nowMs: number): Promise<void>
  separate(trx: T, ids: readonly string[]): Promise<void>
}

/** The keeping in a gateway's own store. */
export function keptIn(store: Store): OutboxKeeping<Trx> {
  const { db } = store
  return {
    transaction: (work) => store.transaction(work),
    afterCommit: (trx, then) => store.afterCommit(trx, then),
    queuedIntents: (account, limit, held) => rows.queuedIntents(db, account, limit, held),
    isWaiting: (account) => rows.isWaiting(db, account),
    lastNumbers: (account) => rows.lastNumbers(db, account),
    activeCalls: (account) => rows.activeCalls(db, account),
    finalCallsFrom: (account, nonce) => rows.finalCallsFrom(db, account, nonce),
    counts: (account) => rows.countIntents(db, account),
    insertIntent: rows.insertIntent,
    insertCall: rows.insertCall,
    insertAttempt: rows.insertAttempt,
    saveCall: rows.saveCall,
    endIntents: rows.endIntents,
    requeueIntents: rows.requeueIntents,
    failIntent: rows.failIntent,
    separate: rows.separate,
  }
}
