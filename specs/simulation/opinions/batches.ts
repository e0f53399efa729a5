import { heldKinds, mergedOf, readyIntents } from '../../../actors/contract-proxy/batching.ts'
import { Call, type Intent } from '../../../actors/contract-proxy/call.ts'
import type { OutboxKeeping } from '../../../actors/contract-proxy/outbox-keeping.ts'
import type { Merged } from '../../../actors/contract-proxy/outbox-options.ts'
import type { Chance } from '../chance.ts'
import type { Ask } from './asked.ts'

const NOW_MS = 1_000_000
const LONGEST_MS = 60_000
const BATCH = 3
const KINDS = ['submit', 'submit', 'submit', 'bid'] as const

function waitingOf(chance: Chance): Intent[] {
  let createdMs = NOW_MS - chance.pick([-1, 0, 59_999, 60_000, 61_000])
  const length = chance.pick([0, 1, 2, 3, 4, 5, 17, 18])
  return Array.from({ length }, (_, position) => {
    createdMs += 1
    return {
      ...{
        id: `intent ${position}`,
        account: '0x1',
        position,
        kind: chance.hits(900_000) ? 'submit' : chance.pick(KINDS),
      },
      ...{
        target: chance.hits(950_000) ? '0xa' : '0xb',
        data: Uint8Array.of(position),
        value: '0',
        state: 'queued',
      },
      ...{ nonce: null, alone: chance.hits(60_000) ? 1 : 0, error: null, block: null, tx_hash: null },
      ...{
        created_at_ms: createdMs - 1,
        ended_at_ms: null,
        gas: chance.hits(900_000) ? 100 + position : null,
      },
    }
  })
}

/** How many of the first may go together: of one kind, for one contract, and none that was parted. */
function together([first, ...others]: readonly Intent[]): number {
  if (first === undefined) return 0
  let count = 1
  if (first.alone === 1) return count
  for (const { kind, target, alone } of others) {
    if (kind !== first.kind || target !== first.target || alone === 1) break
    count += 1
  }
  return count
}

/** Calls are made of what waits: as much as goes together, and not before it is time. */
export async function askBatches(ask: Ask, chance: Chance): Promise<void> {
  const waiting = waitingOf(chance)
  const takes = chance.pick([1, 2, 99])
  const merge = (_kind: string, bodies: readonly Uint8Array[]): Merged => {
    const taken = Math.min(takes, bodies.length)
    return { data: Uint8Array.from(bodies.slice(0, taken).flatMap((body) => [...body])), taken }
  }
  const gathers = chance.hits(700_000)
  const single = chance.pick([null, true, false])
  const fresh = chance.pick([null, [], waiting.slice(1)])
  const options = {
    mergeable: ['submit'],
    merge,
    clock: { nowMs: () => NOW_MS },
    ...(gathers ? { gather: { count: BATCH, longestMs: LONGEST_MS } } : {}),
    ...(single === null ? {} : { singly: () => single }),
  }
  const [first] = waiting
  if (first !== undefined) askMerged(ask, first, waiting, { merge, mergeable: options.mergeable })
  const hurried = chance.hits(200_000)
  const held = chance.hits(150_000) ? ['submit'] : []
  const asked: string[] = []
  const keeping = keepingOf(waiting, asked)
  const refresh = fresh === null ? {} : { refresh: () => Promise.resolve(fresh) }
  const { intents: ready } = await readyIntents('0x1', { ...options, ...refresh, keeping }, { hurried, held })
  const most = Math.max(single === true ? 16 : 4, gathers ? BATCH : 1)
  ask(
    'gathering',
    { waiting, hurried, held, gathers, single, fresh },
    () => ready.map(({ id }) => id),
    () => readyThen({ waiting, most, hurried, held, gathers, fresh }).map(({ id }) => id),
  )
  askHeld(ask, chance)
}

interface Asked {
  readonly waiting: readonly Intent[]
  readonly most: number
  readonly hurried: boolean
  readonly held: readonly string[]
  readonly gathers: boolean
  readonly fresh: readonly Intent[] | null
}

function readyThen({ waiting, most, hurried, held, gathers, fresh }: Asked): readonly Intent[] {
  const mayGo = (kinds: readonly string[]) =>
    waiting.filter(({ kind }) => !kinds.includes(kind)).slice(0, most)
  const going = mayGo(held)
  const [first] = going
  if (first === undefined) return going
  const waitedMs = NOW_MS - first.created_at_ms
  const alike = first.kind === 'submit' && first.alone === 0 && together(going) === going.length
  const early = going.length < BATCH && waitedMs < LONGEST_MS && waitedMs >= 0
  if (gathers && alike && early && !hurried) return []
  if (fresh === null) return going
  return fresh.length > 0 ? fresh : mayGo(['submit'])
}

/** Only what `readyIntents` asks of an outbox's keeping. */
const keepingOf = (waiting: readonly Intent[], asked: string[]): OutboxKeeping<never> => {
  const none = (): never => {
    throw new Error('nobody asks for this here')
  }
  return {
    ...{ transaction: none, afterCommit: none, isWaiting: none, lastNumbers: none, activeCalls: none },
    ...{ finalCallsFrom: none, counts: none, insertIntent: none, insertCall: none, insertAttempt: none },
    ...{ saveCall: none, endIntents: none, requeueIntents: none, failIntent: none, separate: none },
    queuedIntents: (account, limit, held) => {
      asked.push(account)
      return Promise.resolve(waiting.filter(({ kind }) => !held.includes(kind)).slice(0, limit))
    },
  }
}

interface Merges {
  readonly merge: (kind: string, bodies: readonly Uint8Array[]) => Merged
  readonly mergeable: readonly string[]
}

function askMerged(ask: Ask, first: Intent, waiting: readonly Intent[], { merge, mergeable }: Merges): void {
  const plain = ({ data, taken, gas }: Merged) => ({ data: [...data], taken, gas })
  ask(
    'merging',
    waiting,
    () => plain(mergedOf(first, waiting, { merge, mergeable })),
    () => {
      const some = waiting.slice(0, together(waiting))
      const { data, taken } =
        first.kind === 'submit'
          ? merge(
              'submit',
              some.map((each) => each.data),
            )
          : { data: first.data, taken: 1 }
      const gas = some.slice(0, taken).map((each) => each.gas)
      const sum = gas.includes(null) ? undefined : gas.reduce<number>((all, each) => all + (each ?? 0), 0)
      return { data: [...data], taken, gas: sum }
    },
  )
}

/** What comes after a call that may yet be refused waits for it, where order counts. */
function askHeld(ask: Ask, chance: Chance): void {
  const head = 50
  const calls = Array.from({ length: chance.whole(0, 3) }, (_, nonce) => {
    const kind = chance.pick(['submit', 'alarms', 'bid'])
    const row = { nonce, kind, target: '0xa', data: new Uint8Array(0), value: '0', gas: 1 }
    const [sinceBlock, replaced] = [head - chance.whole(0, 3), chance.hits(200_000)]
    const call = new Call(row, [], [])
    call.step({ type: 'signed', head: sinceBlock, replaces: replaced })
    const isIn = chance.hits(500_000)
    const ok = chance.hits(700_000)
    const hashes = { blockHash: '0x1', transactionHash: '0x2', gasUsed: 1, error: null, detail: null }
    if (isIn) call.step({ type: 'included', block: head, ok, ...hashes })
    return { call, kind, holdsUp: isIn ? !ok : replaced || head - sinceBlock > 1 }
  })
  const [single, mends] = [chance.pick([null, true, false]), chance.hits(800_000)]
  const options = {
    mergeable: ['submit', 'alarms'],
    ...(single === null ? {} : { singly: () => single }),
    ...(mends ? { mendable: () => true } : {}),
  }
  const all = calls.map(({ call }) => call)
  ask(
    'order',
    { single, mends, calls: calls.map(({ kind, holdsUp }) => [kind, holdsUp]) },
    () => heldKinds(all, options, head),
    () => {
      if (!mends) return []
      return ['submit', 'alarms'].filter((wanted) =>
        calls.some(
          ({ call, kind, holdsUp }) => kind === wanted && (holdsUp || (call.isOutside && single === true)),
        ),
      )
    },
  )
}
