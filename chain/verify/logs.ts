import type { ChainLog, ChainTransaction } from './blocks.ts'
import type { ContractAddresses } from './replay.ts'
import type { Findings } from './report.ts'
import { inOrder, split, type RpcReader } from './rpc.ts'
import { readLogs, type WirePlacedLog } from './wire.ts'

/** Blocks asked for in one eth_getLogs: never the whole chain at once (nodes cap the reply). */
const BLOCKS_A_QUERY = 500
const QUERIES_AT_ONCE = 3

/** Compares what eth_getLogs says of the contracts with the receipts, log by log. */
export async function checkLogs(
  rpc: RpcReader,
  { head, base }: { readonly head: number; readonly base: number },
  addresses: ContractAddresses,
  transactions: readonly ChainTransaction[],
  findings: Findings,
): Promise<void> {
  const { monitoring, quota, token, trading } = addresses
  const contracts = [monitoring, quota, token, trading]
  const asked = await askedLogs(rpc, head, contracts)
  const told = asked.map((log) => ({ ...log, blockNumber: log.blockNumber + BigInt(base) }))
  const due = transactions.flatMap(({ logs }) => logs).filter((log) => contracts.includes(log.address))
  const most = Math.max(told.length, due.length)
  for (let index = 0; index < most; index += 1) {
    const field = difference(due[index], told[index])
    if (field === null) continue
    const block = due[index]?.block ?? Number(told[index]?.blockNumber ?? 0n)
    const says = `eth_getLogs and the receipts differ in the ${field} of a log of block ${block}`
    findings.chain('logs-differ', `${field} of a log of block ${block}`, says)
    if (field === 'presence') return
  }
}

async function askedLogs(rpc: RpcReader, head: number, address: string[]): Promise<WirePlacedLog[]> {
  const numbers = Array.from({ length: head + 1 }, (_, number) => number)
  const pages = await inOrder(split(numbers, BLOCKS_A_QUERY), QUERIES_AT_ONCE, async (page) => {
    const [fromBlock, toBlock] = [page[0] ?? 0, page.at(-1) ?? 0].map((number) => `0x${number.toString(16)}`)
    return readLogs(await rpc.call('eth_getLogs', [{ fromBlock, toBlock, address }]))
  })
  return pages.flat()
}

/** The first field in which two tellings of a log differ; one missing is a difference in `presence`. */
function difference(due: ChainLog | undefined, told: WirePlacedLog | undefined): string | null {
  if (due === undefined || told === undefined) return 'presence'
  if (due.block !== Number(told.blockNumber) || due.logIndex !== Number(told.logIndex)) return 'presence'
  for (const field of ['address', 'data', 'blockHash', 'transactionHash'] as const) {
    if (due[field] !== told[field]) return field
  }
  if (due.transactionIndex !== Number(told.transactionIndex)) return 'transactionIndex'
  return due.topics.join() === told.topics.join() ? null : 'topics'
}
