import { Interface } from 'ethers'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import { archivedBlocks } from '../../chain/archive/history.ts'
import { readStatement } from '../../chain/archive/statement.ts'

const face = new Interface(tradingAbi)
const topic = (name: string): string => face.getEvent(name)?.topicHash ?? ''
const OFFERED = topic('OfferMade')
const SETTLED = [topic('AuctionAwarded'), topic('AuctionFailed')]

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
