import { writeSync } from 'node:fs'
import { z } from 'zod'
import { contractsSchema } from '../../chain/contracts-file.ts'
import { startBadNode } from '../proxy/bad-node.ts'
import { followChain, homeKey, keptState, openTradingHome, stateOf } from './trading-home.ts'

/*
 * A home in a process of its own, made to be killed: it ends itself by SIGKILL in a named state, at a named
 * moment. It hears blocks, and acts on them, when its parent says so.
 */

const deathSchema = z.object({
  state: z.string(),
  hook: z.enum(['after persist', 'before send', 'after send', 'after receipt']),
  /** The call that the state waits for. */
  kind: z.string().nullable(),
})
const orderSchema = z.object({
  resource: z.number(),
  period: z.number(),
  fromSlot: z.number(),
  untilSlot: z.number(),
  amount: z.number(),
  maxPriceMicroSct: z.string(),
  because: z.string(),
})
const settings = z
  .object({
    rpc: z.string(),
    contracts: contractsSchema,
    number: z.number(),
    file: z.string(),
    fromBlock: z.number(),
    order: orderSchema.nullable(),
    judgement: z.object({ kind: z.enum(['bid', 'decline', 'ask']), valueMicroSct: z.string() }),
    fair: z.boolean(),
    /** The salt of its sealed price is damaged. */
    damaged: z.boolean(),
    deaths: z.array(deathSchema),
  })
  .parse(JSON.parse(process.argv[2] ?? 'null'))
const wishSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('settle') }),
  z.object({ do: z.literal('call'), kind: z.string(), to: z.string(), data: z.string() }),
  z.object({ do: z.literal('decline') }),
])

/** States that a machine begins in are not steps: a port that only they use tells of them. */
const STATE_OF_PORT: Readonly<Record<string, string>> = {
  offer: 'determination.requesting.offering',
  judge: 'determination.considering.judging',
  receiveBid: 'negotiation.selling.bidding',
  refund: 'payment.refunding',
}

const STDERR = 2
const node = await startBadNode(settings.rpc)
let state = ''

function die(hook: string): void {
  const death = settings.deaths.find((each) => each.state === state && each.hook === hook)
  if (death === undefined) return
  // Written at once: nothing that is left in a buffer survives.
  writeSync(STDERR, `died ${JSON.stringify(death)}\n`)
  process.kill(process.pid, 'SIGKILL')
}

function enter(next: string): void {
  state = next
  die('after persist')
  const sending = settings.deaths.find((each) => each.state === state && each.hook.endsWith('send'))
  if (sending === undefined) {
    node.mood = { kind: 'good' }
    return
  }
  const at = sending.hook === 'before send' ? 'before' : 'after'
  node.mood = { kind: 'watch', at, method: 'eth_sendRawTransaction', see: () => die(sending.hook) }
}

const feed = await followChain(node.url)
const home = await openTradingHome({
  feed,
  contracts: settings.contracts,
  key: homeKey(settings.number),
  file: settings.file,
  fromBlock: settings.fromBlock,
  orders: 'order-of-the-child',
  judge: () => ({ ...settings.judgement, because: 'as it was started' }),
  fair: settings.fair,
  onStep: (step) => enter(stateOf(step)),
  onPort: (name) => {
    const begun = STATE_OF_PORT[name]
    if (begun !== undefined) enter(begun)
    else if (name === 'change' && state === 'determination.offered') enter('negotiation.buying.collecting')
  },
  onOutcome: (kind, outcome) => {
    const death = settings.deaths.find((each) => each.hook === 'after receipt' && each.kind === kind)
    if (death === undefined || outcome.state !== 'included') return
    state = death.state
    die('after receipt')
  },
})

async function damage(): Promise<void> {
  if (!settings.damaged) return
  await home.store.transaction(async (trx) => {
    await trx
      .updateTable('own_trade')
      .set({ salt: new Uint8Array(32) })
      .where('stage', '=', 'negotiation')
      .execute()
  })
}

async function heard(): Promise<void> {
  const trades = await home.store.db.selectFrom('own_trade').select('subject').execute()
  if (trades.length === 0 && settings.order !== null) await home.desk.buy(settings.order)
  const { hash } = z.object({ hash: z.string() }).parse(await feed.rpc.call(...LATEST))
  while (feed.head()?.hash !== hash) {
    feed.poke()
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  await damage()
  await home.settled()
}
const LATEST = ['eth_getBlockByNumber', ['latest', false], z.unknown()] as const

/** Asked again after a death, the answer may have been taken. */
async function decline(): Promise<void> {
  const { stage, subject } = await home.trade()
  if (stage === 'determination') await home.desk.decline(subject)
}

async function done(message: unknown): Promise<void> {
  const wish = wishSchema.parse(message)
  if (wish.do === 'call') await home.call(wish.kind, wish.to, wish.data)
  else if (wish.do === 'decline') await decline()
  else await heard()
  const rows = await home.store.db.selectFrom('own_trade').select('stage').execute()
  const stages = rows.map(({ stage }) => stage)
  process.send?.({ stages, faults: home.faults.map(String), state: await keptState(home.store) })
}
process.on('message', (message) => {
  done(message).catch((thrown: unknown) => {
    process.stderr.write(`${String(thrown)}\n`)
    process.exit(1)
  })
})
process.send?.({ stages: [], faults: [], state: await keptState(home.store) })
