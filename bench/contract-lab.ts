/**
 * A community's contracts on an embedded chain of their own that mines when told: for measuring and for
 * specs. Any account may send without its key, so that a thousand calls cost no signatures.
 */
import { Interface, Wallet, concat, getBytes, keccak256 } from 'ethers'
import { z } from 'zod'
import { accessManagerAbi } from '../chain/bindings/access-manager.gen.ts'
import { commitmentMonitoringAbi } from '../chain/bindings/commitment-monitoring.gen.ts'
import { quotaAbi } from '../chain/bindings/quota.gen.ts'
import type { Contracts } from '../chain/contracts-file.ts'
import { deployCommunity } from '../chain/deploy.ts'
import type { AuctionSettings } from '../chain/trading-settings.ts'
import { startEmbeddedChain, type EmbeddedChain } from '../chain/network/embedded.ts'
import { rpcCall } from '../chain/network/rpc.ts'
import { systemRandom, wallClock } from '../bin/clock.ts'
import { keyId, encodePoint, G } from '../protocols/crypto/group.ts'
import { opKeyTyped, registrationDigest } from '../protocols/crypto/registration.ts'
import { packRecords, type ChainRecord } from '../protocols/messages/record.ts'
import { Fault } from '../protocols/rules/fault.ts'

export const monitoring = new Interface(commitmentMonitoringAbi)
export const quota = new Interface(quotaAbi)
export const access = new Interface(accessManagerAbi)

const hexNumber = z.string().transform(Number)
const receiptSchema = z.object({
  status: hexNumber,
  gasUsed: hexNumber,
  blockNumber: hexNumber,
  logs: z.array(z.object({ address: z.string(), topics: z.array(z.string()), data: z.string() })),
})
export type LabReceipt = z.infer<typeof receiptSchema>

/** An event or an error of a contract: its name and its arguments by name. */
export interface Named {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

/** A call of a contract that changes something. */
export interface Call {
  readonly from: string
  readonly to: string
  readonly contract: Interface
  readonly name: string
  readonly args: readonly unknown[]
}

export interface LabSettings {
  readonly profile: 'commitment' | 'storage'
  readonly L: number
  readonly sampleMs: number
  readonly slotsPerBilling: number
  readonly windowBlocks: number
  readonly auctions?: AuctionSettings
}

export const LAB_SETTINGS: LabSettings = {
  profile: 'commitment',
  L: 5,
  sampleMs: 2000,
  slotsPerBilling: 30,
  windowBlocks: 10,
}

const GAS = '0x1c9c380'

export class ContractLab {
  readonly chain: EmbeddedChain
  readonly contracts: Contracts
  /** The manager's account, which is the community's too. */
  readonly manager: Wallet
  /** The community's operation key and delegation base of epoch 1 are multiples of G that everybody knows. */
  readonly operationKey = G.multiply(7n)
  readonly delegationBase = G.multiply(11n)

  private constructor(chain: EmbeddedChain, contracts: Contracts, manager: Wallet) {
    this.chain = chain
    this.contracts = contracts
    this.manager = manager
  }

  static async chainOnly(): Promise<EmbeddedChain> {
    const options = { blockTimeS: 3600, saveEveryS: 0, clock: wallClock, random: systemRandom }
    const chain = await startEmbeddedChain(options)
    await rpcCall(chain.rpc, 'anvil_autoImpersonateAccount', [true])
    return chain
  }

  /** Deploys on a chain of `chainOnly`; mining goes on beside it, since a deployment waits for its blocks. */
  static async deploy(chain: EmbeddedChain, settings: LabSettings): Promise<ContractLab> {
    const [funded] = chain.accounts
    if (funded === undefined) throw new Fault('no-account', 'the chain has no funded account')
    const mining = setInterval(() => void rpcCall(chain.rpc, 'evm_mine').catch(() => undefined), 100)
    try {
      const wanted = { rpc: chain.rpc, managerKey: funded.privateKey, ...settings }
      const contracts = await deployCommunity(wanted)
      return new ContractLab(chain, contracts, new Wallet(funded.privateKey))
    } finally {
      clearInterval(mining)
    }
  }

  get recipient(): string {
    return keyId(this.operationKey)
  }

  /** Sends a call, mines it, and gives its receipt whether or not it was carried out. */
  async send({ from, to, contract, name, args }: Call): Promise<LabReceipt> {
    const data = contract.encodeFunctionData(name, args)
    const sent = await this.rpc('eth_sendTransaction', [{ from, to, data, gas: GAS, gasPrice: '0x0' }])
    await this.rpc('evm_mine')
    return receiptSchema.parse(await this.rpc('eth_getTransactionReceipt', [sent]))
  }

  /** Sends a call that must be carried out. */
  async do(call: Call): Promise<LabReceipt> {
    const receipt = await this.send(call)
    if (receipt.status === 1) return receipt
    const refused = await this.refusalOf(call)
    throw new Fault(
      'reverted',
      `${call.name}: ${JSON.stringify(refused, (_, value: unknown) => textOf(value))}`,
    )
  }

  /** The named error that the call meets now, or null when it would be carried out. Nothing changes. */
  async refusalOf({ from, to, contract, name, args }: Call): Promise<Named | null> {
    const data = contract.encodeFunctionData(name, args)
    try {
      await this.rpc('eth_call', [{ from, to, data, gas: GAS }, 'latest'])
      return null
    } catch (thrown) {
      const revert = thrown instanceof Fault ? thrown.facts['data'] : null
      if (typeof revert !== 'string') throw thrown
      const error = contract.parseError(revert)
      return error === null ? { name: revert, args: {} } : { name: error.name, args: error.args.toObject() }
    }
  }

  /** What a getter gives, by position. */
  async read(
    contract: Interface,
    to: string,
    name: string,
    args: readonly unknown[] = [],
  ): Promise<unknown[]> {
    const data = contract.encodeFunctionData(name, args)
    const answer = z.string().parse(await this.rpc('eth_call', [{ to, data, gas: GAS }, 'latest']))
    return z.array(z.unknown()).parse(contract.decodeFunctionResult(name, answer).toArray())
  }

  rpc(method: string, params: readonly unknown[] = []): Promise<unknown> {
    return rpcCall(this.chain.rpc, method, params)
  }

  toMonitoring(from: string, name: string, ...args: readonly unknown[]): Call {
    return { from, to: this.contracts.monitoring, contract: monitoring, name, args }
  }

  toQuota(from: string, name: string, ...args: readonly unknown[]): Call {
    return { from, to: this.contracts.quota, contract: quota, name, args }
  }

  asManager(name: string, ...args: readonly unknown[]): Call {
    return this.toMonitoring(this.manager.address, name, ...args)
  }

  quotaAsManager(name: string, ...args: readonly unknown[]): Call {
    return this.toQuota(this.manager.address, name, ...args)
  }

  submitCall(home: string, records: readonly ChainRecord[], recipient = this.recipient): Call {
    return this.toMonitoring(home, 'submit', recipient, packRecords(records))
  }

  readMonitoring(name: string, ...args: readonly unknown[]): Promise<unknown[]> {
    return this.read(monitoring, this.contracts.monitoring, name, args)
  }

  readQuota(name: string, ...args: readonly unknown[]): Promise<unknown[]> {
    return this.read(quota, this.contracts.quota, name, args)
  }

  /** The arguments of `publishKey` for a home, signed by the community's account. */
  async keyOf(home: string, epoch = 1, delegation = 0): Promise<readonly unknown[]> {
    const secret = (BigInt(home) % 1_000_003n) + 2n + BigInt(delegation) * 1_000_003n
    const key = encodePoint(G.multiply(secret))
    const record = opKeyTyped({ home, epoch, delegation, key })
    const { chainId, monitoring } = this.contracts
    const digest = registrationDigest({ chainId, monitoring }, record)
    const signature = this.manager.signingKey.sign(digest).serialized
    return [epoch, delegation, key, signature, new Uint8Array(64).fill(1)]
  }

  /** Announces epoch 1, admits the homes and publishes their keys. */
  async found(homes: readonly string[]): Promise<void> {
    const keys = [encodePoint(this.operationKey), encodePoint(this.delegationBase)]
    await this.do(this.asManager('announceKeys', 1, ...keys))
    for (const home of homes) {
      await this.do(this.asManager('admit', home, keccak256(home)))
      await this.do(this.toMonitoring(home, 'publishKey', ...(await this.keyOf(home))))
    }
  }

  async currentSlot(): Promise<number> {
    const [slot] = await this.readMonitoring('currentSlot')
    return Number(slot)
  }
}

const textOf = (value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)

/** The events of a receipt that one contract emitted, in order. */
export function eventsOf(receipt: LabReceipt, contract: Interface, address: string): Named[] {
  return receipt.logs
    .filter((log) => log.address.toLowerCase() === address.toLowerCase())
    .map((log) => contract.parseLog(log))
    .filter((event) => event !== null)
    .map((event) => ({ name: event.name, args: event.args.toObject() }))
}

/** A home's account: the n-th of a row of addresses that nobody holds a key of. */
export function homeAddress(n: number): string {
  return `0x${keccak256(new TextEncoder().encode(`home ${n}`)).slice(26)}`
}

/** A record with content that nobody can compress: as costly as a real one. */
export function anyRecord(
  slot: number,
  sequence: number,
  seed = `${slot}/${sequence}`,
  epoch = 1,
): ChainRecord {
  const blocks = Array.from({ length: 9 }, (_, part) =>
    keccak256(new TextEncoder().encode(`${seed}/${part}`)),
  )
  const bytes = getBytes(concat(blocks))
  return { slot, sequence, epoch, extended: bytes.slice(0, 32), payload: bytes.slice(32, 277) }
}
