import { Contract, Interface, type JsonRpcProvider, type Log } from 'ethers'
import { AUCTION_FAILURES } from '../../actors/auction/negotiation/machine.ts'
import { ContinuedProvider } from '../../chain/archive/continued-provider.ts'
import type { Continuation } from '../../chain/archive/continued-rpc.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import { percentile } from './report.ts'

/** What the chain itself says about the market of a run. */
export interface MarketCount {
  readonly trades: {
    readonly offered: number
    readonly awarded: number
    readonly failed: number
    /** How many failed for which reason; reasons that did not occur are left out. */
    readonly failedBecause: Readonly<Record<string, number>>
    /** Awards whose delivery is decided and paid. */
    readonly delivered: number
    readonly offerToSettledMs: { readonly p50: number | null }
  }
  /** Micro-SCT in decimal digits; `balances` of everybody but the market, `escrow` in the market. */
  readonly tokens: { readonly supply: string; readonly balances: string; readonly escrow: string }
}

const trading = new Interface(tradingAbi)
const token = new Interface(tokenAbi)
const MS_PER_S = 1_000

const topic = (face: Interface, name: string): string => face.getEvent(name)?.topicHash ?? ''

/** All logs of a contract; a run of a demonstration has few thousand blocks. */
function logsOf(provider: JsonRpcProvider, address: string, fromBlock: number): Promise<Log[]> {
  return provider.getLogs({ address, fromBlock, toBlock: 'latest' })
}

async function settledMs(provider: JsonRpcProvider, logs: readonly Log[]): Promise<number[]> {
  const offers = new Map<string, number>()
  const times: number[] = []
  const timestamps = new Map<number, number>()
  const at = async (block: number): Promise<number> => {
    const known = timestamps.get(block) ?? (await provider.getBlock(block))?.timestamp ?? 0
    timestamps.set(block, known)
    return known
  }
  const ends = [topic(trading, 'AuctionAwarded'), topic(trading, 'AuctionFailed')]
  for (const { topics, blockNumber } of logs) {
    const [name = '', id = ''] = topics
    if (name === topic(trading, 'OfferMade')) offers.set(id, blockNumber)
    const offered = offers.get(id)
    if (!ends.includes(name) || offered === undefined) continue
    times.push(((await at(blockNumber)) - (await at(offered))) * MS_PER_S)
  }
  return times.sort((a, b) => a - b)
}

function reasonsOf(logs: readonly Log[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const log of logs.filter(({ topics }) => topics[0] === topic(trading, 'AuctionFailed'))) {
    const reason = AUCTION_FAILURES[Number(trading.parseLog(log)?.args[1])] ?? 'none'
    counts[reason] = (counts[reason] ?? 0) + 1
  }
  return counts
}

async function tokensOf(
  provider: JsonRpcProvider,
  addresses: { readonly token: string; readonly trading: string },
  fromBlock: number,
): Promise<MarketCount['tokens']> {
  const logs = await logsOf(provider, addresses.token, fromBlock)
  const holders = new Set<string>()
  for (const log of logs.filter(({ topics }) => topics[0] === topic(token, 'Transfer'))) {
    const parsed = token.parseLog(log)
    holders.add(String(parsed?.args[0]).toLowerCase()).add(String(parsed?.args[1]).toLowerCase())
  }
  holders.delete(addresses.trading.toLowerCase())
  const contract = new Contract(addresses.token, tokenAbi, provider)
  const balance = async (of: string): Promise<bigint> =>
    BigInt(String(await contract.getFunction('balanceOf')(of)))
  const balances = await Promise.all([...holders].map(balance))
  const supply = BigInt(String(await contract.getFunction('totalSupply')()))
  return {
    supply: String(supply),
    balances: String(balances.reduce((sum, each) => sum + each, 0n)),
    escrow: String(await balance(addresses.trading)),
  }
}

/** Counts the trades and the tokens of a run from the chain. */
export async function countMarket(
  rpc: string,
  continuation: Continuation,
  addresses: { readonly token: string; readonly trading: string },
  fromBlock: number,
): Promise<MarketCount> {
  const provider = new ContinuedProvider(rpc, continuation)
  try {
    const logs = await logsOf(provider, addresses.trading, fromBlock)
    const count = (name: string): number =>
      logs.filter(({ topics }) => topics[0] === topic(trading, name)).length
    return {
      trades: {
        offered: count('OfferMade'),
        awarded: count('AuctionAwarded'),
        failed: count('AuctionFailed'),
        failedBecause: reasonsOf(logs),
        delivered: count('ExchangeConfirmed'),
        offerToSettledMs: { p50: percentile(await settledMs(provider, logs), 0.5) },
      },
      tokens: await tokensOf(provider, addresses, fromBlock),
    }
  } finally {
    provider.destroy()
  }
}
