import { getBytes, HDNodeWallet, hexlify, Interface, Mnemonic } from 'ethers'
import { z } from 'zod'
import { applyMarketFacts, revertMarketFacts } from '../../actors/auction/book.ts'
import { openTradingDesk, type TradingDesk } from '../../actors/auction/desk.ts'
import type { Judgement } from '../../actors/auction/ports.ts'
import { createAccountOutbox, type AccountOutbox } from '../../actors/contract-proxy/live.ts'
import { createContractProxy, type ContractProxy, type Outcome } from '../../actors/contract-proxy/live.ts'
import type { StepRecord } from '../../actors/durable.ts'
import type { AuctionTable, OwnTradeTable } from '../../actors/storage/market-tables.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import type { Contracts } from '../../chain/contracts-file.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import { createChainFeed, type ChainFeed } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { createTradingCalls, createTradingReads } from '../../chain/proxy/trading-calls.ts'
import { wallClock } from '../../bin/clock.ts'
import { createAuctionSeals } from '../../protocols/crypto/auction-seal.ts'

/** Blocks of the specs are a second apart; phases are the shortest that the contract takes. */
export const BLOCK_MS = 1_000
export const PHASE_S = 10
const FINAL_DEPTH = 3
const POWER = 2
const FIRST_LOAN = 16
const [ASSERTED, DEMANDED] = [1, 2]
const quota = new Interface(quotaAbi)
const hexData = z.string()

/** A home as the lab waits for it, in this process or in one of its own. */
export interface Participant {
  readonly account: string
  /** Resolves when everything that the newest block says is heard, done and sent. */
  settled(): Promise<void>
  /** Makes a call beside the desk's, by the home's outbox. */
  call(kind: string, to: string, data: string): Promise<void>
  close(): Promise<void>
}

/** A home's part in the market with everything real about it, but no boards and no neighbours' network. */
export interface TradingHome extends Participant {
  readonly store: Store
  readonly desk: TradingDesk
  /** What the home thinks of a request; a spec may change it. */
  judge: (auction: AuctionTable) => Judgement
  /** Whether it finds a statement fair. */
  fair: boolean
  /** Requests that its people were told of, offers that it told its neighbours, and what went wrong. */
  readonly asked: string[]
  readonly gossiped: string[]
  readonly faults: unknown[]
  /** Every step of its machines. */
  readonly steps: StepRecord[]
  trade(subject?: string): Promise<OwnTradeTable>
}

export interface TradingHomeOptions {
  readonly feed: ChainFeed
  readonly contracts: Contracts
  readonly key: Uint8Array
  readonly fromBlock: number
  /** Without it the store is in memory. */
  readonly file?: string
  readonly judge?: (auction: AuctionTable) => Judgement
  readonly fair?: boolean
  /** So long its node takes for each read. */
  readonly readMs?: number
  /** What the home takes a block's time to be. */
  readonly blockMs?: number
  readonly onStep?: (record: StepRecord) => void
  /** A port of the desk is about to be used: a call that it encodes, its judgement, its change. */
  readonly onPort?: (name: string) => void
  readonly onOutcome?: (kind: string, outcome: Outcome) => void
  /** Names its orders after this. */
  readonly orders?: string
}

/** The chain behind `rpc`, followed once for all homes of a process. */
export const followChain = (url: string): Promise<ChainFeed> =>
  createChainFeed({ rpc: createRpc({ url }), clock: wallClock })

const DEVELOPERS = Mnemonic.fromPhrase('test test test test test test test test test test test junk')
/** Accounts of the homes begin here: those before belong to the manager. */
const FIRST_HOME = 50

/** The key of a home, by its number from 0. */
export function homeKey(number: number): Uint8Array {
  const wallet = HDNodeWallet.fromMnemonic(DEVELOPERS, `m/44'/60'/0'/0/${FIRST_HOME + number}`)
  return Uint8Array.from(Buffer.from(wallet.privateKey.slice(2), 'hex'))
}
/** The state that a step came to, with the machine's name. */
export function stateOf({ actor, after }: Pick<StepRecord, 'actor' | 'after'>): string {
  const path = (value: unknown): string =>
    typeof value === 'object' && value !== null
      ? Object.entries(value)
          .map(([name, child]) => `${name}.${path(child)}`)
          .join()
      : String(value)
  return `${actor.split(':')[0]}.${path(after)}`
}

const keptSchema = z.object({ snapshot: z.object({ value: z.unknown() }) })
const STAGES = ['payment', 'negotiation', 'determination']

/** The state of a home's only trade, as its store has it. */
export async function keptState({ db }: Store): Promise<string> {
  const rows = await db.selectFrom('snapshot').select(['machine', 'json']).execute()
  const newest = STAGES.map((stage) => rows.find(({ machine }) => machine.startsWith(`${stage}:`))).find(
    (row) => row !== undefined,
  )
  if (newest === undefined) return ''
  const { snapshot } = keptSchema.parse(JSON.parse(newest.json))
  return stateOf({ actor: newest.machine, after: snapshot.value })
}

const declines: Judgement = { kind: 'decline', because: 'nothing to spare' }

/** Tells of each use. */
function told<R extends object>(ports: R, onPort: (name: string) => void): R {
  return new Proxy(ports, {
    get(target, name) {
      onPort(String(name))
      return Reflect.get(target, name)
    },
  })
}

/** Counts what is on its way, so that a spec can wait for it; a node may take its time. */
function counting<R extends object>(reads: R, pauseMs: number, change: (by: number) => void): R {
  return new Proxy(reads, {
    get(target, name) {
      const read: unknown = Reflect.get(target, name)
      if (typeof read !== 'function') return read
      return async (...args: unknown[]): Promise<unknown> => {
        change(1)
        try {
          if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
          return await Reflect.apply(read, target, args)
        } finally {
          change(-1)
        }
      }
    },
  })
}

/** Opens a home's desk on its store, its outbox and the contracts, or goes on where it stopped. */
export async function openTradingHome(options: TradingHomeOptions): Promise<TradingHome> {
  const { feed, contracts, key, file, fromBlock } = options
  const { token, trading, chainId, sampleMs, slotsPerBilling } = contracts
  const { onPort = () => undefined } = options
  const store = await openStore({ file: file ?? ':memory:' })
  const account = createSigner(key).account
  const faults: unknown[] = []
  const outbox: AccountOutbox = await createAccountOutbox({
    store,
    feed,
    signerKey: key,
    clock: wallClock,
    abis: [tradingAbi, tokenAbi, quotaAbi],
    isFinal: ({ number }) => number <= (feed.head()?.number ?? 0) - FINAL_DEPTH,
    onOutcome: (intent, outcome) => options.onOutcome?.(intent.kind, outcome),
    onFault: (thrown) => faults.push(thrown),
  })
  const read = (to: string, data: string) => feed.rpc.call('eth_call', [{ to, data }, 'latest'], hexData)
  const phases = { commitSeconds: PHASE_S, showSeconds: PHASE_S, revealSeconds: PHASE_S }
  let reading = 0
  let orders = 0
  const count = (by: number): void => {
    reading += by
  }
  // A machine that goes on thinks at once.
  const mind = { judge: options.judge ?? (() => declines), fair: options.fair ?? true }
  const [asked, gossiped, steps]: [string[], string[], StepRecord[]] = [[], [], []]
  const desk = await openTradingDesk({
    store,
    clock: wallClock,
    outbox: {
      enqueue: (trx, call) => outbox.enqueue(trx, { ...call, data: getBytes(call.data) }),
    },
    account,
    calls: told(createTradingCalls({ token, trading }, phases), onPort),
    reads: {
      ...counting(createTradingReads(read, { token, trading }), options.readMs ?? 0, count),
      recordToOpen: async () => 0,
    },
    seals: createAuctionSeals({ chainId, trading }, account, key),
    blockMs: options.blockMs ?? BLOCK_MS,
    finalBlock: () => feed.head()?.number ?? -1,
    welcomes: async (auctions) => auctions,
    judge: async (auction) => {
      onPort('judge')
      return mind.judge(auction)
    },
    gossip: ({ id }) => gossiped.push(id),
    tellPeople: ({ id }) => asked.push(id),
    closesAtMs: ({ resource, period, until_slot }) =>
      (resource === POWER ? until_slot : (period + 1) * slotsPerBilling) * sampleMs,
    delivery: (id) => delivery(store, read, contracts.quota, id, mind.fair),
    newSubject: () => `${options.orders ?? 'order'}-${(orders += 1)}`,
    onChange: () => onPort('change'),
    onFault: (thrown) => faults.push(thrown),
    inspect: (record) => {
      steps.push(record)
      options.onStep?.(record)
    },
  })
  const proxy: ContractProxy = await createContractProxy({
    store,
    feed,
    name: 'trading',
    address: trading,
    abi: tradingAbi,
    start: fromBlock,
    apply: applyMarketFacts,
    revert: revertMarketFacts,
  })
  const opened: TradingHome = Object.assign(mind, {
    account,
    store,
    desk,
    asked,
    gossiped,
    faults,
    steps,
    settled: async () => {
      await proxy.caughtUp()
      await until(() => isTold(store, feed, account))
      const head = feed.head()
      if (head !== undefined) desk.block(head)
      // What an effect brings about may move a trade on to its next machine, and that one makes calls too.
      for (let round = 0; round < ROUNDS; round += 1) {
        await desk.idle()
        await quiet(async () => reading > 0 || (await isSending(store, feed, account)))
      }
    },
    trade: (subject?: string) => tradeOf(store, subject),
    call: (kind: string, to: string, data: string) =>
      store.transaction((trx) =>
        outbox.enqueue(trx, { id: `${kind}:${data.slice(-64)}`, kind, to, data: getBytes(data) }),
      ),
    close: async () => {
      await desk.stop()
      await proxy.stop()
      await outbox.stop()
      await store.close()
    },
  })
  return opened
}

const ROUNDS = 2
const QUIET_LOOKS = 2
const LOOKS_MOST = 400
const LOOK_MS = 4

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < LOOKS_MOST && !(await isSo()); looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** Whether the outbox knows of every call of its own that a block holds. */
export async function isTold({ db }: Store, { rpc }: ChainFeed, account: string): Promise<boolean> {
  const open = await db
    .selectFrom('intent')
    .select('nonce')
    .where('state', 'in', ['signed', 'sent', 'reorged'])
    .execute()
  if (open.length === 0) return true
  const used = Number(await rpc.call('eth_getTransactionCount', [account, 'latest'], hexData))
  return open.every(({ nonce }) => nonce === null || nonce >= used)
}

/** Waits until no effect reads the chain and no call waits to be handed to the node. */
export async function quiet(isBusy: () => Promise<boolean>, most = LOOKS_MOST): Promise<void> {
  let quietFor = 0
  for (let looks = 0; looks < most && quietFor < QUIET_LOOKS; looks += 1) {
    quietFor = (await isBusy()) ? 0 : quietFor + 1
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** Whether the outbox has calls that the node does not have. */
export async function isSending({ db }: Store, { rpc }: ChainFeed, account: string): Promise<boolean> {
  const intents = await db
    .selectFrom('intent')
    .select(['state', 'nonce'])
    .where('state', 'in', ['queued', 'signed', 'reorged'])
    .execute()
  if (intents.length === 0) return false
  if (intents.some(({ state }) => state === 'queued')) return true
  const known = Number(await rpc.call('eth_getTransactionCount', [account, 'pending'], hexData))
  return intents.some(({ nonce }) => nonce !== null && nonce >= known)
}

async function tradeOf({ db }: Store, subject: string | undefined): Promise<OwnTradeTable> {
  const rows = db.selectFrom('own_trade').selectAll().orderBy('created_at_ms', 'desc')
  const wanted = subject === undefined ? rows : rows.where('subject', '=', subject)
  return wanted.executeTakeFirstOrThrow()
}

/** What the quota contract says of the seller's excess. */
async function delivery(
  { db }: Store,
  read: (to: string, data: string) => Promise<string>,
  at: string,
  id: string,
  fair: boolean,
): Promise<{ fair: boolean | null; challenged: boolean }> {
  const { winner, period, resource } = await db
    .selectFrom('auction')
    .select(['winner', 'period', 'resource'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const subject = resource === POWER ? FIRST_LOAN : resource
  const data = quota.encodeFunctionData('excessOf', [winner, period, subject])
  const answer = quota.decodeFunctionResult('excessOf', hexlify(await read(at, data)))
  const status = Number(answer[1])
  return { fair: status === ASSERTED ? fair : null, challenged: status === DEMANDED }
}
