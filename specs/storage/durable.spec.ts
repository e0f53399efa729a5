import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assign, setup } from 'xstate'
import { postEvent } from '../../actors/inbox.ts'
import { createDurableActor, type Staged, type StepRecord } from '../../actors/durable.ts'
import { placeholder } from '../../actors/placeholder.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'

type LampEvent = { type: 'press' } | { type: 'dim'; by: number } | { type: 'tired' } | { type: 'break' }

const lamp = setup({
  types: {
    context: {} as { presses: number; offAtMs: number | null },
    events: {} as LampEvent,
  },
  actions: { shine: placeholder('shine'), hum: placeholder('hum') },
}).createMachine({
  id: 'lamp',
  context: { presses: 0, offAtMs: null },
  initial: 'dark',
  states: {
    dark: {
      on: {
        press: {
          target: 'lit',
          actions: [
            assign({
              presses: ({ context }) => context.presses + 1,
              offAtMs: ({ context }) => 1000 + context.presses,
            }),
            { type: 'shine' },
          ],
        },
        break: {
          actions: assign(() => {
            throw new Error('the bulb broke')
          }),
        },
      },
    },
    lit: {
      on: {
        press: { target: 'dark', actions: assign({ offAtMs: null }) },
        tired: { target: 'dark', actions: [assign({ offAtMs: null }), { type: 'hum' }] },
      },
    },
  },
})

const slow = setup({}).createMachine({ initial: 'a', states: { a: { after: { 10: 'b' } }, b: {} } })

let folder: string
let store: Store
let nowMs = 0
const clock = { nowMs: () => nowMs }

beforeEach(async () => {
  nowMs = 0
  folder = await mkdtemp(join(tmpdir(), 'meterhood-durable-'))
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
})

afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

interface Wanted {
  effects?: Record<string, (action: Staged) => void | Promise<void>>
  stage?: (type: string) => void
  inspect?: (record: StepRecord) => void
  version?: number
  faults?: string[]
}

const start = ({ effects = {}, stage, inspect, version = 1, faults = [] }: Wanted = {}) =>
  createDurableActor({
    key: 'lamp',
    version,
    machine: lamp,
    store,
    clock,
    effects,
    stage: async (trx, action) => {
      stage?.(action.type)
      await trx.insertInto('meta').values({ key: action.key, value: action.type }).execute()
    },
    deadlines: ({ context }) =>
      context.offAtMs === null
        ? []
        : [{ id: 'off', atMs: context.offAtMs, event: { type: 'tired' } as const }],
    ...(inspect === undefined ? {} : { inspect }),
    onFault: (_thrown, about) => faults.push(about),
  })

const staged = () => store.db.selectFrom('meta').select('value').where('key', 'like', 'lamp/%').execute()

const greeter = setup({ actions: { greet: placeholder('greet') } }).createMachine({
  initial: 'here',
  states: { here: { entry: 'greet' } },
})

describe('a durable actor', () => {
  it('runs what its machine does on entry once', async () => {
    let greetings = 0
    const greet = () => {
      greetings += 1
    }
    const options = { key: 'greeter', version: 1, store, clock, effects: { greet }, onFault: () => undefined }
    const actor = await createDurableActor({ ...options, machine: greeter })
    await actor.idle()
    await actor.stop()
    expect(greetings).toBe(1)
  })

  it('is where it was after a restart', async () => {
    const first = await start()
    await first.send({ type: 'press' })
    await first.stop()
    const second = await start()
    expect(second.snapshot().value).toBe('lit')
    expect(second.snapshot().context.presses).toBe(1)
    await second.stop()
  })

  it('takes an event with the same id once, also across a restart', async () => {
    const first = await start()
    await first.send({ type: 'press' }, 'm1')
    await first.send({ type: 'press' }, 'm1')
    await first.stop()
    const second = await start()
    await second.send({ type: 'press' }, 'm1')
    expect(second.snapshot().value).toBe('lit')
    await second.send({ type: 'press' }, 'm2')
    expect(second.snapshot().value).toBe('dark')
    await second.stop()
  })

  it('writes outbox rows in the step’s transaction: a refused row leaves neither', async () => {
    const actor = await start({
      stage: () => {
        throw new Error('no such outbox')
      },
    })
    await expect(actor.send({ type: 'press' }, 'm1')).rejects.toThrow('no such outbox')
    expect(actor.snapshot().value).toBe('dark')
    expect(await staged()).toEqual([])
    expect(await store.db.selectFrom('inbox').selectAll().execute()).toEqual([])
    await actor.stop()
  })

  it('runs effects after the commit, and a throw in one is told and changes nothing', async () => {
    const faults: string[] = []
    const seen: unknown[] = []
    const shine = async (): Promise<void> => {
      seen.push(await staged())
      throw new Error('no power')
    }
    const actor = await start({ effects: { shine }, faults })
    await actor.send({ type: 'press' })
    await expect.poll(() => faults).toEqual(['effect shine of lamp'])
    expect(seen).toEqual([[{ value: 'shine' }]])
    await actor.send({ type: 'press' })
    expect(actor.snapshot().value).toBe('dark')
    await actor.stop()
  })

  it('repeats, with the same key, an effect that had not ended when the process did', async () => {
    const keys: string[] = []
    const never = (action: Staged): Promise<void> => {
      keys.push(action.key)
      return new Promise(() => undefined)
    }
    const first = await start({ effects: { shine: never } })
    await first.send({ type: 'press' })
    await first.send({ type: 'press' })
    await first.stop()
    const second = await start({ effects: { shine: (action) => void keys.push(action.key) } })
    await second.idle()
    expect(keys).toEqual(['lamp/1/0', 'lamp/1/0'])
    await second.send({ type: 'press' })
    await second.stop()
    const third = await start({ effects: { shine: (action) => void keys.push(action.key) } })
    await third.idle()
    expect(keys.filter((key) => key === 'lamp/1/0')).toHaveLength(2)
    await third.stop()
  })

  it('arms its deadlines again after a restart, and forgets those it no longer holds', async () => {
    const first = await start()
    await first.send({ type: 'press' })
    await first.stop()
    nowMs = 5000
    const second = await start()
    await expect.poll(() => second.snapshot().value).toBe('dark')
    await second.send({ type: 'press' })
    await second.send({ type: 'press' })
    nowMs = 10_000
    await second.send({ type: 'press' })
    await expect.poll(() => second.snapshot().value).toBe('dark')
    expect(second.snapshot().context.presses).toBe(3)
    await second.stop()
  })

  it('takes a posted event only if the transaction that posted it was kept, and then once', async () => {
    const actor = await start()
    const rolledBack = store.transaction(async (trx) => {
      await actor.post(trx, 'p1', { type: 'press' })
      throw new Error('changed my mind')
    })
    await expect(rolledBack).rejects.toThrow()
    await actor.idle()
    expect(actor.snapshot().value).toBe('dark')
    await store.transaction(async (trx) => {
      await actor.post(trx, 'p1', { type: 'press' })
      await actor.post(trx, 'p1', { type: 'press' })
    })
    await actor.idle()
    expect(actor.snapshot().context.presses).toBe(1)
    await actor.stop()
  })

  it('takes, after a restart, what was posted before it', async () => {
    const first = await start()
    await first.stop()
    await store.transaction((trx) => first.post(trx, 'p1', { type: 'press' }))
    const second = await start()
    await second.idle()
    expect(second.snapshot().value).toBe('lit')
    await second.stop()
  })

  it('takes what was posted before it ever began, in order, and what comes while it begins', async () => {
    const post = (id: string, type: string) =>
      store.transaction((trx) => postEvent(store, trx, { actor: 'lamp', id, event: { type }, atMs: 0 }))
    await post('one', 'press')
    await post('two', 'tired')
    const beginning = start()
    await post('three', 'press')
    const actor = await beginning
    await post('three', 'press')
    await post('one', 'press')
    await actor.idle()
    expect(actor.snapshot()).toMatchObject({ value: 'lit', context: { presses: 2 } })
    await actor.stop()
  })

  it('puts aside a posted event that its machine cannot take, tells, and goes on', async () => {
    const faults: string[] = []
    const actor = await start({ faults })
    await store.transaction(async (trx) => {
      await actor.post(trx, 'bad', { type: 'break' })
      await actor.post(trx, 'good', { type: 'press' })
    })
    await actor.idle()
    expect(faults).toEqual(['event bad of lamp'])
    expect(actor.snapshot().value).toBe('lit')
    await actor.stop()
  })

  it('refuses a snapshot of another version of its machine, or with a flipped byte', async () => {
    const actor = await start()
    await actor.send({ type: 'press' })
    await actor.stop()
    await expect(start({ version: 2 })).rejects.toMatchObject({ code: 'snapshot-unknown' })
    await store.db.updateTable('snapshot').set({ json: '{"snapshot":{},"pending":[]}' }).execute()
    await expect(start()).rejects.toMatchObject({ code: 'store-corrupt' })
  })

  it('refuses a machine that keeps its time in timers', async () => {
    const options = { key: 'slow', version: 1, machine: slow, store, clock, onFault: () => undefined }
    await expect(createDurableActor(options)).rejects.toMatchObject({ code: 'machine-not-pure' })
  })

  it('shows each step to who inspects it', async () => {
    const records: StepRecord[] = []
    const actor = await start({ inspect: (record) => records.push(record) })
    await actor.send({ type: 'press' })
    expect(records).toMatchObject([
      { actor: 'lamp', step: 1, event: { type: 'press' }, before: 'dark', after: 'lit', actions: ['shine'] },
    ])
    await actor.stop()
  })

  it('takes 2,000 events sent at once in their order', async () => {
    const actor = await start()
    await Promise.all(Array.from({ length: 2001 }, () => actor.send({ type: 'press' })))
    expect(actor.snapshot().context.presses).toBe(1001)
    await actor.stop()
  })
})
