import { MortalSteps } from './mortal-steps.ts'
import { writeSync } from 'node:fs'
import { getBytes, Wallet } from 'ethers'
import { z } from 'zod'
import { createPriceFeed } from '../../actors/community-gateway/price-feed/live.ts'
import { createAccountOutbox } from '../../actors/contract-proxy/live.ts'
import { openStore } from '../../actors/storage/store.ts'
import type { ChainLink } from '../../bin/host/chain-link.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { createChainFeed } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import { startBadNode } from '../proxy/bad-node.ts'
import { deathSchema } from './wire.ts'

/*
 * The price feed and the outbox of its account, in a process made to be killed: it ends itself by SIGKILL
 * when the feed is in a named state, at a named moment.
 */

/** What the market says (null: it is away), whether the chain answers, how far the clock is on. */
const wishSchema = z.object({ microEuro: z.number().nullable(), away: z.boolean(), offsetMs: z.number() })
const settings = z
  .object({
    ...{ file: z.string(), rpc: z.string(), token: z.string() },
    ...{ key: z.string(), chainId: z.number() },
    wish: wishSchema,
    deaths: z.array(deathSchema),
  })
  .parse(JSON.parse(process.argv[2] ?? 'null'))

const STDERR = 2
const INITIAL = ['work.meeting', 'freshness.fresh']
/** Its calls are on their way to the node in these. */
const SENDING = ['work.posting', 'work.setting']
let { wish } = settings
const clock = { nowMs: () => Date.now() + wish.offsetMs }
const notices = new Set<string>()

const tell = (): void => void process.send?.({ leaves: steps.kept, notices: [...notices] })
const steps = new MortalSteps({
  ...{ machine: 'priceFeed', initial: INITIAL },
  ...{ deaths: settings.deaths, onCommit: tell },
})

const store = steps.store(await openStore({ file: settings.file }))
const stored = await store.db
  .selectFrom('snapshot')
  .select('json')
  .where('machine', '=', 'price-feed')
  .executeTakeFirst()
if (stored !== undefined) {
  const { snapshot } = z.object({ snapshot: z.object({ value: z.unknown() }) }).parse(JSON.parse(stored.json))
  steps.found(snapshot.value)
}

const onFault = (thrown: unknown): void => void writeSync(STDERR, `${messageOf(thrown)}\n`)
const node = await startBadNode(settings.rpc)
const at = settings.deaths.some(({ hook }) => hook === 'before send') ? 'before' : 'after'
const see = (): string => {
  steps.dieAt(
    `${at} send`,
    steps.kept.filter((leaf) => SENDING.includes(leaf)),
  )
  return 'goes on'
}
node.mood = { kind: 'watch', at, method: 'eth_sendRawTransaction', see }
const chain = await createChainFeed({ rpc: createRpc({ url: node.url }), clock })
const listeners: Parameters<ChainLink['onOutcome']>[0][] = []
const wallet = new Wallet(settings.key)
const outbox = await createAccountOutbox({
  ...{ store, feed: chain, clock, onFault },
  signerKey: getBytes(settings.key),
  abis: [tokenAbi],
  isFinal: () => false,
  onOutcome: ({ id, kind }, { state, error }) => {
    for (const listener of listeners) listener({ id, kind, state, error })
  },
})
const HOUR_S = 3_600
const feed = await createPriceFeed({
  ...{ store, clock, onFault, signer: wallet, chainId: settings.chainId, token: settings.token },
  outbox: {
    enqueue: (trx, { data, ...wanted }) => outbox.enqueue(trx, { ...wanted, data: getBytes(data) }),
  },
  read: (to, data) =>
    wish.away
      ? Promise.reject(new Fault('chain-away', 'away'))
      : chain.rpc.call('eth_call', [{ to, data }, 'latest'], z.string()),
  onOutcome: (listener) => void listeners.push(listener),
  source: {
    name: 'a spec',
    read: () => {
      if (wish.microEuro === null) return Promise.reject(new Fault('source-away', 'away'))
      const validFromS = Math.floor(clock.nowMs() / 1_000 / HOUR_S) * HOUR_S
      const { microEuro } = wish
      const valid = { validFromS, validUntilS: validFromS + HOUR_S }
      return Promise.resolve([{ resource: 'energy', microEuro, ...valid, source: 'a spec' }])
    },
  },
  tell: ({ code }) => {
    notices.add(code)
    tell()
  },
})

process.on('message', (message) => {
  wish = wishSchema.parse(message)
  feed.actor.send({ type: 'DUE' }).catch(onFault)
})
tell()
