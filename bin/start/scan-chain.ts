import { Interface, IpcSocketProvider, JsonRpcProvider, Network } from 'ethers'
import { z } from 'zod'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { isSocketFile } from '../../chain/network/socket.ts'
import { percentile } from './report.ts'
import { countDelegations, DelegationScan, type DelegationCount } from './scan-delegations.ts'

/** What the chain itself says about a run, counted from its receipts. */
export interface ChainCount {
  readonly blocks: number
  /** Readings included, and those of a (home, slot) that was already there. */
  readonly included: number
  readonly duplicates: number
  readonly alarms: number
  readonly gasTotal: number
  readonly gasPerReading: { readonly p50: number | null; readonly max: number | null }
  readonly delegations: readonly DelegationCount[]
  /** When the newest block was sealed. */
  readonly headMs: number
}

const Quantity = z.string().regex(/^0x[0-9a-f]+$/i)
const Receipts = z.array(
  z.object({
    gasUsed: Quantity,
    logs: z.array(z.object({ address: z.string(), topics: z.array(z.string()), data: z.string() })),
  }),
)
type Receipt = z.infer<typeof Receipts>[number]

const CALLS_AT_ONCE = 8
const MS_PER_S = 1_000
const abi = new Interface(monitoringAbi)
const READING = abi.getEvent('Reading')?.topicHash ?? ''
const ALARM = abi.getEvent('Alarm')?.topicHash ?? ''

interface Count {
  gasTotal: number
  readonly gas: number[]
  readonly seen: Set<string>
  duplicates: number
  alarms: number
  readonly delegations: DelegationScan
}

function countReceipt(count: Count, receipt: Receipt, monitoring: string): void {
  const gasUsed = Number(receipt.gasUsed)
  count.gasTotal += gasUsed
  const ours = receipt.logs.filter((log) => log.address.toLowerCase() === monitoring.toLowerCase())
  const readings = ours.filter((log) => log.topics[0] === READING)
  count.alarms += ours.filter((log) => log.topics[0] === ALARM).length
  for (const log of ours) count.delegations.hear(log)
  for (const log of readings) {
    const key = `${log.topics[1] ?? ''}:${log.topics[2] ?? ''}`
    if (count.seen.has(key)) count.duplicates += 1
    count.seen.add(key)
    count.gas.push(Math.round(gasUsed / readings.length))
  }
}

const NETWORK_IS_KNOWN = { staticNetwork: true } as const

const providerOf = (rpc: string, chainId: number) =>
  isSocketFile(rpc)
    ? new IpcSocketProvider(rpc, Network.from(chainId), NETWORK_IS_KNOWN)
    : new JsonRpcProvider(rpc, Network.from(chainId), NETWORK_IS_KNOWN)

/** Reads every block from `fromBlock` to the head and counts what it holds. */
export async function countChain(
  rpc: string,
  chainId: number,
  monitoring: string,
  fromBlock: number,
): Promise<ChainCount> {
  const provider = providerOf(rpc, chainId)
  try {
    const head = await provider.getBlockNumber()
    const delegations = new DelegationScan()
    const count: Count = { gasTotal: 0, gas: [], seen: new Set(), duplicates: 0, alarms: 0, delegations }
    for (let first = fromBlock; first <= head; first += CALLS_AT_ONCE) {
      const numbers = Array.from({ length: Math.min(CALLS_AT_ONCE, head - first + 1) }, (_, at) => first + at)
      const blocks = await Promise.all(
        numbers.map(async (number) =>
          Receipts.parse(await provider.send('eth_getBlockReceipts', [`0x${number.toString(16)}`])),
        ),
      )
      for (const receipt of blocks.flat()) countReceipt(count, receipt, monitoring)
    }
    const sorted = count.gas.sort((a, b) => a - b)
    return {
      blocks: head,
      included: count.seen.size + count.duplicates,
      duplicates: count.duplicates,
      alarms: count.alarms,
      gasTotal: count.gasTotal,
      gasPerReading: { p50: percentile(sorted, 0.5), max: sorted.at(-1) ?? null },
      delegations: await countDelegations(provider, monitoring, delegations.heard()),
      headMs: ((await provider.getBlock(head))?.timestamp ?? 0) * MS_PER_S,
    }
  } finally {
    provider.destroy()
  }
}
