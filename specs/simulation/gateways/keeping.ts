import { Call, type Intent } from '../../../actors/contract-proxy/call.ts'
import type { OutboxKeeping } from '../../../actors/contract-proxy/outbox-keeping.ts'
import type { IntentState } from '../../../actors/storage/schema.ts'
import type { Life } from './life.ts'
import type { GatewayStore, KeptCall, Transaction } from './store.ts'

const OVER: readonly IntentState[] = ['final', 'lost']
const ON_CHAIN: readonly IntentState[] = ['included', 'confirmed', 'final', 'failed']

/** The outbox's keeping in a simulated store: as `outbox-rows.ts` keeps it in SQL (keeping.spec.ts). */
export function keptInMemory(store: GatewayStore, life: Life): OutboxKeeping<Transaction> {
  const change = (id: string, by: Partial<Intent>): void => {
    const before = store.intents.get(id)
    if (before === undefined) return
    const after = { ...before, ...by }
    store.intents.set(id, after)
    if (after.state === 'queued') store.queued.set(id, true)
    else store.queued.delete(id)
    if (after.state === 'failed') {
      store.failures += 1
      store.failed.set(id, true)
    } else if (before.state === 'failed') store.failed.delete(id)
  }
  const changeAll = (nonce: number, by: Partial<Intent>): void => {
    for (const id of store.intentsOf.get(nonce) ?? []) change(id, by)
  }
  const restore = ({ row, state, context, attempts }: KeptCall): Call => {
    const ids = store.intentsOf.get(row.nonce) ?? []
    const intents = ids.flatMap((id) => store.intents.get(id) ?? [])
    const ordered = [...attempts].sort((a, b) => (a.maxFeeWei < b.maxFeeWei ? -1 : 1))
    return Call.restore({ ...row, state, context: JSON.stringify(context) }, intents, ordered)
  }
  const keep = (nonce: number, kept: KeptCall): void => {
    store.calls.set(nonce, kept)
    if (OVER.includes(kept.state)) store.active.delete(nonce)
    else store.active.set(nonce, true)
  }

  return {
    transaction: (work) => store.transaction(life, work),
    afterCommit: (trx, then) => void trx.after.push(then),
    queuedIntents: async (_account, limit, held) => {
      const found: Intent[] = []
      for (const id of store.queued.keys()) {
        const intent = store.intents.get(id)
        if (intent !== undefined && !held.includes(intent.kind)) found.push(intent)
      }
      if (found.length > 1) found.sort((a, b) => a.position - b.position)
      return found.length > limit ? found.slice(0, limit) : found
    },
    isWaiting: async () => {
      for (const { state } of store.intents.values()) if (!ON_CHAIN.includes(state)) return true
      return false
    },
    lastNumbers: async () => {
      await life.alive()
      return { position: store.position.get(), nonce: store.nextNonce.get() }
    },
    activeCalls: async () => {
      await life.alive()
      const nonces = [...store.active.keys()].sort((a, b) => a - b)
      return nonces.flatMap((nonce) => {
        const kept = store.calls.get(nonce)
        return kept === undefined ? [] : [restore(kept)]
      })
    },
    finalCallsFrom: async (_account, nonce) => {
      const found: Call[] = []
      for (let each = nonce; each < store.nextNonce.get(); each += 1) {
        const kept = store.calls.get(each)
        if (kept?.state === 'final') found.push(restore(kept))
      }
      return found
    },
    counts: async () => {
      const counts: Partial<Record<IntentState, number>> = {}
      for (const { state } of store.intents.values()) counts[state] = (counts[state] ?? 0) + 1
      return counts
    },
    insertIntent: async (_trx, account, position, asked, nowMs) => {
      const { id, kind, to, data, valueWei = 0n, gas } = asked
      if (store.intents.has(id)) return
      store.intents.set(id, {
        id,
        account,
        position,
        kind,
        target: to.toLowerCase(),
        data,
        value: String(valueWei),
        state: 'queued',
        nonce: null,
        alone: 0,
        error: null,
        block: null,
        tx_hash: null,
        created_at_ms: nowMs,
        ended_at_ms: null,
        gas: gas ?? null,
      })
      store.queued.set(id, true)
      store.position.set(Math.max(store.position.get(), position))
    },
    insertCall: async (_trx, account, call, nowMs) => {
      const { nonce, kind, target, data, value, gas } = call.row
      const row = { account, nonce, kind, target, data, value, gas, created_at_ms: nowMs }
      keep(nonce, { row, state: call.state, context: call.context, attempts: [...call.attempts] })
      store.nextNonce.set(Math.max(store.nextNonce.get(), nonce + 1))
      store.intentsOf.set(
        nonce,
        call.intents.map(({ id }) => id),
      )
      changeAll(nonce, { nonce, state: call.state })
    },
    insertAttempt: async (_trx, _account, nonce, attempt) => {
      const kept = store.calls.get(nonce)
      if (kept !== undefined) keep(nonce, { ...kept, attempts: [...kept.attempts, attempt] })
    },
    saveCall: async (_trx, _account, { nonce, state, context }) => {
      const kept = store.calls.get(nonce)
      if (kept === undefined) return
      keep(nonce, { ...kept, state, context })
      const { block, transactionHash, error } = context
      changeAll(nonce, { state, block, tx_hash: transactionHash, error })
    },
    endIntents: async (_trx, _account, { nonce, context }, nowMs) => {
      changeAll(nonce, { state: context.ok ? 'final' : 'failed', ended_at_ms: nowMs })
    },
    requeueIntents: async (_trx, _account, { nonce }, alone) => {
      const by = { state: 'queued', nonce: null, block: null, tx_hash: null } as const
      changeAll(nonce, alone ? { ...by, alone: 1 } : by)
      store.intentsOf.set(nonce, [])
    },
    failIntent: async (_trx, id, error, nowMs) => change(id, { state: 'failed', error, ended_at_ms: nowMs }),
    separate: async (_trx, ids) => {
      for (const id of ids) change(id, { alone: 1 })
    },
  }
}
