import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Call, type Intent } from '../../actors/contract-proxy/call.ts'
import { keptIn, type OutboxKeeping } from '../../actors/contract-proxy/outbox-keeping.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { Chance } from './chance.ts'
import { keptInMemory } from './gateways/keeping.ts'
import { Life } from './gateways/life.ts'
import { GatewayStore } from './gateways/store.ts'

const ACCOUNT = '0x00000000000000000000000000000000000000aa'
const MOVES = 400

/** Draws what an outbox does with what it keeps, and says what it sees. */
class Clerk<T> {
  readonly #keeping: OutboxKeeping<T>
  readonly #chance = new Chance('keeping')
  readonly seen: unknown[] = []
  #calls: Call[] = []
  #intents = 0
  #nonce = 0

  constructor(keeping: OutboxKeeping<T>) {
    this.#keeping = keeping
  }

  async move(): Promise<void> {
    await this.#keeping.transaction((trx) => this.#write(trx))
    const held = this.#chance.hits(200_000) ? ['submit'] : []
    this.seen.push((await this.#keeping.queuedIntents(ACCOUNT, 5, held)).map(told))
    this.seen.push(await this.#keeping.isWaiting(ACCOUNT), await this.#keeping.counts(ACCOUNT))
    this.seen.push(await this.#keeping.lastNumbers(ACCOUNT))
    this.seen.push((await this.#keeping.activeCalls(ACCOUNT)).map(toldCall))
    const from = this.#chance.whole(0, this.#nonce)
    this.seen.push((await this.#keeping.finalCallsFrom(ACCOUNT, from)).map(toldCall))
  }

  async #write(trx: T): Promise<void> {
    const drawn = this.#chance.whole(0, 9)
    const call = this.#calls[this.#chance.whole(0, Math.min(1, this.#calls.length))]
    if (drawn < 4) return this.#ask(trx)
    if (drawn < 6) return this.#sign(trx)
    if (call === undefined) return
    if (drawn === 6) call.step({ type: 'accepted' })
    if (drawn === 7) call.step({ type: 'included', ...INCLUDED, ok: this.#chance.hits(700_000) })
    if (drawn === 8) call.step({ type: 'head', head: 12, final: false, covered: true })
    if (drawn === 9) call.step({ type: 'head', head: 20, final: true, covered: true })
    await this.#keeping.saveCall(trx, ACCOUNT, call)
    if (call.state !== 'final') return
    if (call.context.ok) await this.#keeping.endIntents(trx, ACCOUNT, call, 5)
    else await this.#keeping.requeueIntents(trx, ACCOUNT, call, true)
    this.#calls = this.#calls.filter((each) => each !== call)
  }

  async #ask(trx: T): Promise<void> {
    const again = this.#chance.hits(150_000)
    if (!again) this.#intents += 1
    const kind = this.#chance.hits(600_000) ? 'submit' : 'offer'
    const id = `intent ${this.#intents}`
    const asked = { id, kind, to: ACCOUNT, data: new Uint8Array([this.#intents % 250]) }
    if (!again) await this.#keeping.insertIntent(trx, ACCOUNT, this.#intents, asked, 1)
    else await this.#keeping.insertIntent(trx, ACCOUNT, this.#intents, { ...asked, kind: 'other' }, 2)
    if (this.#chance.hits(60_000)) await this.#keeping.failIntent(trx, id, 'NoBid', 3)
    if (this.#chance.hits(60_000)) await this.#keeping.separate(trx, [id])
  }

  async #sign(trx: T): Promise<void> {
    const waiting = await this.#waiting
    const [first] = waiting
    if (first === undefined) return
    const row = {
      nonce: this.#nonce,
      kind: first.kind,
      target: ACCOUNT,
      data: first.data,
      value: '0',
      gas: 9,
    }
    const hash = `0x${String(this.#nonce).padStart(64, '0')}`
    const call = new Call(row, waiting, [{ hash, raw: new Uint8Array(3), maxFeeWei: 2n, tipWei: 1n }])
    call.step({ type: 'signed', head: 1, replaces: false })
    await this.#keeping.insertCall(trx, ACCOUNT, call, 4)
    this.#nonce += 1
    this.#calls.push(call)
    this.#waiting = Promise.resolve([])
  }

  #waiting: Promise<readonly Intent[]> = Promise.resolve([])

  /** Outside a transaction, as the outbox looks. */
  async look(): Promise<void> {
    this.#waiting = Promise.resolve(await this.#keeping.queuedIntents(ACCOUNT, 3, []))
  }
}

const INCLUDED = {
  block: 10,
  blockHash: `0x${'b'.repeat(64)}`,
  transactionHash: `0x${'c'.repeat(64)}`,
  gasUsed: 7,
  error: null,
  detail: null,
} as const
const told = ({ id, kind, state, nonce, alone, error, position }: Intent) => [
  id,
  kind,
  state,
  nonce,
  alone,
  error,
  position,
]
const toldCall = (call: Call) => [
  call.nonce,
  call.state,
  call.context,
  call.intents.map(told),
  call.attempts.length,
]

describe('what the simulation keeps of an outbox', () => {
  let store: Store

  beforeEach(async () => {
    store = await openStore({ file: ':memory:' })
  })
  afterEach(() => store.close())

  it('is what the store of a gateway keeps, whatever an outbox does', async () => {
    const sql = new Clerk(keptIn(store))
    const memory = new Clerk(keptInMemory(new GatewayStore(), new Life(() => false)))
    for (let i = 0; i < MOVES; i += 1) {
      await sql.look()
      await memory.look()
      await sql.move()
      await memory.move()
    }
    expect(memory.seen).toEqual(sql.seen)
    expect(JSON.stringify(sql.seen)).toContain('final')
  })
})
