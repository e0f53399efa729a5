import { onStep } from './steps.ts'
import { writeSync } from 'node:fs'
import { z } from 'zod'
import { createAccountOutbox, createContractProxy } from '../../actors/contract-proxy/live.ts'
import { count, openStore, type Store } from '../../actors/storage/store.ts'
import { createChainFeed } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import { startBadNode } from '../proxy/bad-node.ts'
import { bodyOf, keyOf, putCall, tallyAbi } from '../proxy/node.ts'
import { deathSchema } from './wire.ts'

/*
 * The proxy of a contract and the outbox of an account, in a process made to be killed: it ends itself by
 * SIGKILL when a call or the proxy is in a named state, at a named moment.
 */

const wishSchema = z.object({ finalUpTo: z.number(), cut: z.boolean() })
const settings = z
  .object({
    file: z.string(),
    rpc: z.string(),
    tally: z.string(),
    fromBlock: z.number(),
    wish: wishSchema,
    deaths: z.array(deathSchema),
  })
  .parse(JSON.parse(process.argv[2] ?? 'null'))

const STDERR = 2
const clock = { nowMs: () => Date.now() }
let { wish } = settings
const states: Record<string, string> = { intent: 'queued', contractProxy: 'disconnected' }
/** The newest state of the call that is in the store. */
let kept = 'queued'
let applied = 0
let moved: { readonly from: string; readonly to: string }[] = []

/** Written at once: nothing that is left in a buffer survives. */
function dieAt(hook: string, leaves: readonly string[]): void {
  const death = settings.deaths.find((each) => each.hook === hook && leaves.includes(each.leaf))
  if (death === undefined) return
  writeSync(STDERR, `died ${JSON.stringify({ hook, leaves })}\n`)
  process.kill(process.pid, 'SIGKILL')
}

const tell = (): void => void process.send?.({ ...states, kept, applied })
const active = (): string[] => Object.entries(states).map(([machine, state]) => `${machine} ${state}`)

/** A store in which a process dies with a step made and not yet committed, or just committed. */
function mortal(store: Store): Store {
  return {
    ...{ kind: store.kind, where: store.where, db: store.db, close: () => store.close() },
    afterCommit: (trx, then) => store.afterCommit(trx, then),
    transaction: async (work) => {
      const made = await store.transaction(async (trx) => {
        const done = await work(trx)
        dieAt(
          'after receipt',
          moved.map(({ from }) => from),
        )
        return done
      })
      dieAt(
        'after persist',
        moved.map(({ to }) => to),
      )
      moved = []
      kept = states['intent'] ?? ''
      tell()
      return made
    },
  }
}

onStep((machine, from, to) => {
  if (!(machine in states)) return
  const [before, after] = [from, to].map((value) => `${machine} ${String(value)}`)
  states[machine] = String(to)
  moved.push({ from: before ?? '', to: after ?? '' })
  // The proxy keeps nothing but its cursor: it is begun anew.
  if (machine === 'contractProxy') dieAt('after persist', [after ?? ''])
  tell()
})
dieAt('after persist', ['contractProxy disconnected'])
/** In the order of blocks, so that those above a fork can be taken back. */
const factName = (block: number, id: string): string => `fact ${String(block).padStart(9, '0')} ${id}`

const node = await startBadNode(settings.rpc)
const store = mortal(await openStore({ file: settings.file }))
const feed = await createChainFeed({ rpc: createRpc({ url: node.url, deadlineMs: 2_000 }), clock })
const outbox = await createAccountOutbox({
  ...{ store, feed, signerKey: keyOf(1), clock, mergeable: ['put'], abis: [tallyAbi] },
  merge: (_kind, bodies) => ({ data: putCall(bodies), taken: bodies.length }),
  isFinal: ({ number }) => number <= wish.finalUpTo,
  onFault: (thrown) => void process.stderr.write(`${messageOf(thrown)}\n`),
})

/** The way to the node: cut when the parent says so, else watched for calls that are handed over. */
function setMood(): void {
  const at = settings.deaths.some(({ hook }) => hook === 'before send') ? 'before' : 'after'
  const see = (): string => {
    dieAt(`${at} send`, active())
    return 'goes on'
  }
  node.mood = wish.cut ? { kind: 'cut' } : { kind: 'watch', at, method: 'eth_sendRawTransaction', see }
}
setMood()

const rows = await store.db.selectFrom('call').select('state').orderBy('nonce', 'desc').execute()
states['intent'] = kept = rows[0]?.state ?? 'queued'
applied = (await store.db.selectFrom('counter').select('name').execute()).length
const body = { id: 'put-1', kind: 'put', to: settings.tally, data: bodyOf(1), gas: 100_000 }
await store.transaction((trx) => outbox.enqueue(trx, body))
dieAt('after persist', active())
await createContractProxy({
  ...{ store, feed, name: 'tally', address: settings.tally, abi: tallyAbi, start: settings.fromBlock },
  apply: async (trx, facts, block) => {
    for (const fact of facts) await count(trx, factName(block.number, fact.args.id))
    dieAt('after receipt', [`contractProxy ${states['contractProxy'] ?? ''}`])
  },
  revert: async (trx, from) => {
    await trx.deleteFrom('counter').where('name', '>=', factName(from, '')).execute()
    applied = (await trx.selectFrom('counter').select('name').execute()).length
  },
  onApplied: (facts) => {
    applied += facts.length
    tell()
  },
})
process.on('message', (message) => {
  wish = wishSchema.parse(message)
  setMood()
  feed.poke()
})
tell()
