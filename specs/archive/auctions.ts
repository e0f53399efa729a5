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

/** Waits for a moment at which an auction is open; goes on without one at the limit. */
export async function untilOneIsOpen(rpc: string, trading: string, limitMs: number): Promise<void> {
  for (let waited = 0; waited < limitMs; waited += LOOK_EVERY_MS) {
    const filter = { address: trading, fromBlock: '0x0', toBlock: 'latest' }
    const logs = logsReply.parse(await rpcCall(rpc, 'eth_getLogs', [filter]))
    const names = logs.map(({ topics }) => topics[0] ?? '')
    const settled = names.filter((name) => SETTLED.includes(name)).length
    if (names.filter((name) => name === OFFERED).length > settled) return
    await sleep(LOOK_EVERY_MS)
  }
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
