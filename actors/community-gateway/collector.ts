import { hexlify, type Interface } from 'ethers'
import { concatBytes } from '@noble/hashes/utils.js'
import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import type { Clock } from '../../protocols/rules/clock.ts'
import type { Allowance } from '../../protocols/rules/divide.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import type { EssentialData } from '../../protocols/rules/reading.ts'
import { encodeScalar, type KeyPair } from '../../protocols/crypto/group.ts'
import type { Binding } from '../../protocols/crypto/seal-reading.ts'
import type { RecoveryResult } from '../../protocols/crypto/recover-reading.ts'
import { proveVoid, type Voidance } from '../../protocols/crypto/voidance.ts'
import { draftAlarm } from '../alarm-draft.ts'
import type { OutboxPort } from '../outbox-port.ts'
import type { EnvelopeTable, Trx } from '../storage/schema.ts'
import { count, type Store } from '../storage/store.ts'
import type { SealedTo } from './opening-keys.ts'
import type { Judgement, QuotaControl } from './quota-control.ts'
import type { RecoveryPool } from './recovery/pool.ts'

/** Envelopes that are opened in one go; the next go begins when these are committed. */
const BATCH = 64

/** A reading that was opened, checked and kept. */
export interface AcceptedReading {
  readonly home: string
  readonly slot: number
  readonly essential: EssentialData
  readonly acceptedAtMs: number
}

export interface CollectorOptions {
  readonly store: Store
  readonly pool: RecoveryPool
  readonly quotas: QuotaControl
  readonly clock: Clock
  readonly chainId: number
  readonly monitoring: string
  readonly outbox: OutboxPort
  readonly abi: Interface
  /** The key that a record of this epoch and delegation was to be sealed to; null when it is erased. */
  readonly keyOf: (record: SealedTo) => Promise<KeyPair | null>
  /** From memory: it is asked for within a transaction. */
  readonly quotaOf: (home: string, slot: number) => Allowance | null
  readonly onAccepted: (reading: AcceptedReading) => void
  readonly onFaulty: (home: string, slot: number, code: string) => void
  readonly onOpened: (accepted: number, faulty: number) => void
  readonly onAlarms: (drafts: number) => void
  readonly onFault: (thrown: unknown) => void
}

/** Opens what the chain brought, in order, and keeps it with the alarms it causes. */
export interface Collector {
  /** There may be new envelopes. */
  wake(): void
  /** Resolves when nothing is left to open. */
  idle(): Promise<void>
  stop(): void
}

type Waiting = Pick<
  EnvelopeTable,
  'home' | 'slot' | 'wire' | 'points' | 'sequence' | 'epoch' | 'delegation' | 'block'
>

/** The code of a reading that its epoch's key could open no more: nobody can say whether it was whole. */
export const KEY_ERASED = 'key-erased'

type Erased = { readonly ok: false; readonly code: typeof KEY_ERASED }

interface Opened {
  readonly row: Waiting
  readonly result: RecoveryResult | Erased
  /** What shows everybody that the reading is not whole; null when it is, or its key is erased. */
  readonly voidance: Voidance | null
}

interface Judged {
  readonly judgement: Judgement | null
  readonly alarms: readonly AlarmDraft[]
}

/** What is to be opened next. A delegated record waits until the chain has told the key of its epoch. */
function waitingRows(store: Store): Promise<Waiting[]> {
  return store.db
    .selectFrom('envelope')
    .leftJoin('reading', (join) =>
      join.onRef('reading.home', '=', 'envelope.home').onRef('reading.slot', '=', 'envelope.slot'),
    )
    .leftJoin('delegation_epoch_key as delegated', (join) =>
      join
        .onRef('delegated.delegation', '=', 'envelope.delegation')
        .onRef('delegated.epoch', '=', 'envelope.epoch'),
    )
    .select([
      'envelope.home as home',
      'envelope.slot as slot',
      'envelope.wire as wire',
      'envelope.points as points',
      'envelope.sequence as sequence',
      'envelope.epoch as epoch',
      'envelope.delegation as delegation',
      'envelope.block as block',
    ])
    .where('reading.slot', 'is', null)
    .where((row) => row.or([row('envelope.delegation', '=', 0), row('delegated.key', 'is not', null)]))
    .orderBy('envelope.block')
    .orderBy('envelope.log_index')
    .limit(BATCH)
    .execute()
}

const badData = (slot: number, code: string): AlarmDraft => ({
  code: 'bad-data',
  severity: 'warning',
  resource: 'none',
  slot,
  value: 1,
  limit: 0,
  text:
    code === 'point-mismatch'
      ? 'A reading did not match its proof and is void.'
      : 'A reading could not be opened.',
})

export function createCollector(options: CollectorOptions): Collector {
  return new RunningCollector(options)
}

class RunningCollector implements Collector {
  readonly #options: CollectorOptions
  #running: Promise<void> = Promise.resolve()
  #wakes = 0
  #stopped = false

  constructor(options: CollectorOptions) {
    this.#options = options
  }

  wake(): void {
    this.#wakes += 1
    this.#running = this.#running
      .then(() => this.#work())
      .catch((thrown: unknown) => {
        this.#options.quotas.clear()
        if (codeOf(thrown) !== 'recovery-closed') this.#options.onFault(thrown)
      })
  }

  idle(): Promise<void> {
    return this.#running
  }

  stop(): void {
    this.#stopped = true
  }

  #bindingOf({ home, epoch, slot, delegation }: Waiting): Binding {
    const { chainId, monitoring } = this.#options
    return { chainId, monitoring, sender: home, epoch, slot, delegation }
  }

  async #open(row: Waiting): Promise<Opened> {
    const key = await this.#options.keyOf(row)
    if (key === null) return { row, result: { ok: false, code: KEY_ERASED }, voidance: null }
    const received = { binding: this.#bindingOf(row), payload: concatBytes(row.wire, row.points) }
    const result = await this.#options.pool.recover({ recipient: key.id, ...received })
    return { row, result, voidance: result.ok ? null : proveVoid(key, received) }
  }

  /** Declares a reading void on the chain, in the transaction that notes its flaw: once for its block. */
  async #declareVoid(trx: Trx, { row, voidance }: Opened): Promise<void> {
    if (voidance === null) return
    const { outbox, abi, monitoring } = this.#options
    const shown = [hexlify(voidance.kemPoint), hexlify(voidance.proof)]
    const data = abi.encodeFunctionData('voidReading', [row.home, row.slot, ...shown])
    const id = `void:${row.home}:${row.slot}:${row.block}`
    await outbox.enqueue(trx, { id, kind: 'void', to: monitoring, data })
  }

  async #keepReading(trx: Trx, { row, result }: Opened, acceptedAtMs: number): Promise<void> {
    const essential = result.ok ? result.essential : null
    await trx
      .insertInto('reading')
      .values({
        home: row.home,
        slot: row.slot,
        t: essential?.t ?? 0,
        sequence: row.sequence,
        flags: essential?.flags ?? 0,
        import_wh: essential?.energyImportWh ?? 0,
        export_wh: essential?.energyExportWh ?? 0,
        water_ml: essential?.waterMl ?? 0,
        mean_power_w: essential?.meanPowerW ?? 0,
        peak_power_w: essential?.peakPowerW ?? 0,
        blindings: result.ok
          ? concatBytes(...result.blindings.map((scalar) => encodeScalar(scalar)))
          : new Uint8Array(),
        fault: result.ok ? null : result.code,
        accepted_at_ms: acceptedAtMs,
        block: row.block,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    await count(trx, result.ok ? 'decrypted' : 'faulty')
  }

  async #judge(trx: Trx, { row, result }: Opened): Promise<Judged> {
    if (!result.ok) return { judgement: null, alarms: [badData(row.slot, result.code)] }
    const quota = this.#options.quotaOf(row.home, row.slot)
    const judgement = await this.#options.quotas.judge(trx, row.home, row.slot, result.essential, quota)
    return { judgement, alarms: judgement.alarms }
  }

  /** One envelope within the batch's transaction; later ones of the same home see its use. */
  async #keepOne(trx: Trx, opened: Opened, acceptedAtMs: number): Promise<number> {
    const { judgement, alarms } = await this.#judge(trx, opened)
    await this.#keepReading(trx, opened, acceptedAtMs)
    await this.#declareVoid(trx, opened)
    if (judgement !== null) this.#options.quotas.keep(opened.row.home, judgement)
    let drafted = 0
    for (const draft of alarms) if (await draftAlarm(trx, opened.row.home, draft, acceptedAtMs)) drafted += 1
    return drafted
  }

  async #keepAll(batch: readonly Opened[]): Promise<void> {
    const acceptedAtMs = this.#options.clock.nowMs()
    const drafted = await this.#options.store.transaction(async (trx) => {
      let drafts = 0
      for (const opened of batch) drafts += await this.#keepOne(trx, opened, acceptedAtMs)
      return drafts
    })
    for (const { row, result } of batch) {
      if (result.ok)
        this.#options.onAccepted({
          home: row.home,
          slot: row.slot,
          essential: result.essential,
          acceptedAtMs,
        })
      else this.#options.onFaulty(row.home, row.slot, result.code)
    }
    const accepted = batch.filter(({ result }) => result.ok).length
    this.#options.onOpened(accepted, batch.length - accepted)
    if (drafted > 0) this.#options.onAlarms(drafted)
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const seen = this.#wakes
      const rows = await waitingRows(this.#options.store)
      const opened = await Promise.all(rows.map((row) => this.#open(row)))
      if (opened.length > 0) await this.#keepAll(opened)
      if (rows.length < BATCH && this.#wakes === seen) return
    }
  }
}
