import { Result } from 'ethers'
import { z } from 'zod'
import type { Call, ContractLab } from '../../../bench/contract-lab.ts'
import { trading } from '../../../bench/market-lab.ts'

const GAS = 400_000
const IN_A_BATCH = 250
/** A block holds at least so many calls of an auction. */
const IN_A_BLOCK = 60

const hexNumber = z.string().transform(Number)
const answersSchema = z.array(
  z.object({ id: z.number(), result: z.unknown(), error: z.object({ message: z.string() }).optional() }),
)
const logsSchema = z.array(z.object({ topics: z.array(z.string()), data: z.string() }))
const receiptSchema = z.object({ status: hexNumber })

type Request = readonly [method: string, ...params: unknown[]]

/** Thousands of calls in a few blocks. */
export class ChainCrowd {
  private readonly lab: ContractLab

  constructor(lab: ContractLab) {
    this.lab = lab
  }

  /** Sends calls, each account's in their order, mines them, and sees that each was carried out. */
  async send(calls: readonly Call[]): Promise<void> {
    const nonces = new Map<string, number>()
    const requests: Request[] = []
    for (const { from, to, contract, name, args } of calls) {
      const nonce =
        nonces.get(from) ?? hexNumber.parse(await this.lab.rpc('eth_getTransactionCount', [from, 'latest']))
      nonces.set(from, nonce + 1)
      const data = contract.encodeFunctionData(name, args)
      const call = { from, to, data, nonce: hex(nonce), gas: hex(GAS), gasPrice: '0x0' }
      requests.push(['eth_sendTransaction', call])
    }
    const hashes = await this.ask(requests)
    await this.lab.rpc('anvil_mine', [hex(Math.ceil(calls.length / IN_A_BLOCK) + 1)])
    const receipts = await this.ask(hashes.map((hash) => ['eth_getTransactionReceipt', hash]))
    const refused = receipts.findIndex((each) => receiptSchema.parse(each).status !== 1)
    if (refused >= 0) throw new Error(`${calls[refused]?.name ?? ''} number ${refused} was refused`)
  }

  /** Place of each bid among those of its auction, by `id seller`. */
  async bidPlaces(): Promise<Map<string, number>> {
    const topics = [trading.getEvent('BidReceived')?.topicHash]
    const filter = { address: this.lab.contracts.trading, fromBlock: '0x0', toBlock: 'latest', topics }
    const places = new Map<string, number>()
    for (const log of logsSchema.parse(await this.lab.rpc('eth_getLogs', [filter]))) {
      const args = trading.parseLog(log)?.args
      if (args === undefined) continue
      places.set(`${String(args['id'])} ${String(args['seller']).toLowerCase()}`, Number(args['index']))
    }
    return places
  }

  /** Everything about each auction, by name. */
  async auctions(ids: readonly string[]): Promise<Readonly<Record<string, unknown>>[]> {
    const { trading: to } = this.lab.contracts
    const requests = ids.map((id): Request => {
      return ['eth_call', { to, data: trading.encodeFunctionData('auction', [id]) }, 'latest']
    })
    return (await this.ask(requests)).map((answer) => {
      const told: unknown = trading.decodeFunctionResult('auction', z.string().parse(answer))[0]
      return told instanceof Result ? told.toObject() : {}
    })
  }

  /** Requests in batches; their results in the same order. */
  private async ask(requests: readonly Request[]): Promise<unknown[]> {
    const results: unknown[] = []
    for (let from = 0; from < requests.length; from += IN_A_BATCH) {
      const batch = requests.slice(from, from + IN_A_BATCH).map(([method, ...params], index) => ({
        ...{ jsonrpc: '2.0', id: index, method, params },
      }))
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify(batch)
      const response = await fetch(this.lab.chain.rpc, { method: 'POST', headers, body })
      const answers = answersSchema.parse(await response.json()).sort((a, b) => a.id - b.id)
      for (const { result, error } of answers) {
        if (error !== undefined) throw new Error(error.message)
        results.push(result)
      }
    }
    return results
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`
