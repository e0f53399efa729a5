import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Interface } from 'ethers'
import { z } from 'zod'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import { rpcCall } from '../../chain/network/rpc.ts'
import { archivedBlocks } from '../../chain/archive/history.ts'
import { readStatement } from '../../chain/archive/statement.ts'

const face = new Interface(tradingAbi)
const topic = (name: string): string => face.getEvent(name)?.topicHash ?? ''
const OFFERED = topic('OfferMade')
const SETTLED = [topic('AuctionAwarded'), topic('AuctionFailed')]

const logsReply = z.array(z.object({ topics: z.array(z.string()) }))
const LOOK_EVERY_MS = 500

/** Asks homes by their pages to buy a little energy, until one may: an auction begins. */
export async function buyAt(pages: readonly string[], limitMs: number): Promise<void> {
  for (let waited = 0; waited < limitMs; waited += LOOK_EVERY_MS) {
    for (const page of pages) if (await isTaken(page)) return
    await sleep(LOOK_EVERY_MS)
  }
  throw new Error('no home may buy')
}

async function isTaken(page: string): Promise<boolean> {
  const lot = { resource: 'energy', amount: 20, maxPriceMicroSct: 30_000, fromMs: null, untilMs: null }
  const requestId = randomBytes(16).toString('hex')
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ requestId, ...lot })
  const { status } = await fetch(new URL('api/actions/buy', page), { method: 'POST', headers, body })
  return status === 200
}

/** Waits for a moment at which an auction is open; gives how many are. */
export async function untilOneIsOpen(rpc: string, trading: string, limitMs: number): Promise<number> {
  for (let waited = 0; waited < limitMs; waited += LOOK_EVERY_MS) {
    const filter = { address: trading, fromBlock: '0x0', toBlock: 'latest' }
    const logs = logsReply.parse(await rpcCall(rpc, 'eth_getLogs', [filter]))
    const names = logs.map(({ topics }) => topics[0] ?? '')
    const settled = names.filter((name) => SETTLED.includes(name)).length
    const open = names.filter((name) => name === OFFERED).length - settled
    if (open > 0) return open
    await sleep(LOOK_EVERY_MS)
  }
  throw new Error('no home offers anything')
}

/** Auctions that an archive's history leaves open; `before` are those that were open when it began. */
export async function openAuctions(folder: string, before: readonly string[] = []): Promise<string[]> {
  const { statement } = await readStatement(folder)
  const open = new Set(before)
  for await (const { receipts } of archivedBlocks(folder, statement)) {
    for (const { topics } of receipts.flatMap(({ logs }) => logs)) {
      const [name = '', id = ''] = topics
      if (name === OFFERED && before.length === 0) open.add(id)
      if (SETTLED.includes(name)) open.delete(id)
    }
  }
  return [...open]
}
