import { concat, getAddress, Interface, keccak256, toQuantity, Wallet } from 'ethers'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { z } from 'zod'
import {
  ContractLab,
  eventsOf,
  homeAddress,
  type LabReceipt,
  type Named,
} from '../../../bench/contract-lab.ts'
import { accessManagerAbi, accessManagerBytecode } from '../../../chain/bindings/access-manager.gen.ts'
import { tokenAbi, tokenBytecode } from '../../../chain/bindings/token.gen.ts'
import type { EmbeddedChain } from '../../../chain/network/embedded.ts'
import { rpcCall } from '../../../chain/network/rpc.ts'
import { MANAGER_OF_TOKEN, ORACLE_OF_TOKEN } from '../../../chain/token-settings.ts'
import { postArguments, signMarketPrice } from '../../../protocols/messages/market-price.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import type { Resource } from '../../../protocols/rules/resource.ts'

export const token = new Interface(tokenAbi)
const access = new Interface(accessManagerAbi)

export const NAME = 'Smart Community Token'
/** One C. */
export const C = 10n ** 18n
/** One SCT. */
export const SCT = 1_000_000n

/** Settings of the token in specs: one C is one euro, Z_T may move 5 % a step, one step in five minutes. */
export const TOKEN_SETTINGS = {
  weiPerMicroEuro: 10n ** 12n,
  maxPriceAgeS: 7200n,
  marketStepPpm: 1_000_000n,
  tokenStepPpm: 50_000n,
  leastStepS: 300n,
  maxSpreadPpm: 100_000n,
  minBalance: 0n,
  blockReward: 0n,
}
export type TokenSettings = typeof TOKEN_SETTINGS

const feed = new Wallet(keccak256('0xfeed'))
export const FEED = feed.address
const address = (n: number): string => getAddress(homeAddress(n))
export const [MANAGER, ORACLE, OWNER, STRANGER] = [address(501), address(502), address(503), address(504)]
export const [ANN, BOB, CAROL] = [address(511), address(512), address(513)]
const PEOPLE = [MANAGER, ORACLE, OWNER, STRANGER, ANN, BOB, CAROL]

export const [MANAGER_ROLE, ORACLE_ROLE] = [1, 3]

const GAS = '0x1c9c380'
const receiptSchema = z.object({
  status: z.string().transform(Number),
  gasUsed: z.string().transform(Number),
  effectiveGasPrice: z.string().transform(BigInt),
  blockNumber: z.string().transform(Number),
  contractAddress: z.string().nullable(),
  logs: z.array(z.object({ address: z.string(), topics: z.array(z.string()), data: z.string() })),
})

interface Sent {
  readonly from: string
  readonly to?: string
  readonly data: string
  readonly value?: bigint
}

/** A call of the token that changes something. */
export interface TokenCall {
  readonly from: string
  readonly name: string
  readonly args: readonly unknown[]
  readonly value?: bigint
}

export const call = (from: string, name: string, ...args: readonly unknown[]): TokenCall => ({
  from,
  name,
  args,
})
export const buy = (from: string, value: bigint, minTokens = 0n): TokenCall => ({
  from,
  name: 'buy',
  args: [minTokens],
  value,
})
export const sell = (from: string, tokens: bigint, minCurrency = 0n): TokenCall =>
  call(from, 'sell', tokens, minCurrency)
export const create = (to: string, tokens: bigint, value = 0n): TokenCall => ({
  from: OWNER,
  name: 'createToken',
  args: [tokens, to],
  value,
})

/** The token on a chain of its own, with the roles as a deployment sets them. */
export class TokenLab {
  readonly chain: EmbeddedChain
  readonly authority: string
  readonly token: string

  private constructor(chain: EmbeddedChain, authority: string, tokenAddress: string) {
    this.chain = chain
    this.authority = authority
    this.token = tokenAddress
  }

  static async open(settings: Partial<TokenSettings> = {}, supply = 10_000n * SCT): Promise<TokenLab> {
    const chain = await ContractLab.chainOnly()
    const admin = PEOPLE[0] ?? ''
    for (const person of PEOPLE) await setBalance(chain, person, 1000n * C)
    const made = concat([accessManagerBytecode, access.encodeDeploy([admin])])
    const authority = getAddress((await send(chain, { from: admin, data: made })).contractAddress ?? '')
    const values = [authority, OWNER, FEED, supply, NAME, 'SCT', { ...TOKEN_SETTINGS, ...settings }]
    const data = concat([tokenBytecode, token.encodeDeploy(values)])
    const sent = await send(chain, { from: OWNER, data })
    const lab = new TokenLab(chain, authority, getAddress(sent.contractAddress ?? ''))
    const selectors = (names: readonly string[]) => names.map((name) => token.getFunction(name)?.selector)
    await lab.access('setTargetFunctionRole', lab.token, selectors(MANAGER_OF_TOKEN), MANAGER_ROLE)
    await lab.access('setTargetFunctionRole', lab.token, selectors(ORACLE_OF_TOKEN), ORACLE_ROLE)
    await lab.access('grantRole', MANAGER_ROLE, MANAGER, 0)
    await lab.access('grantRole', ORACLE_ROLE, ORACLE, 0)
    return lab
  }

  /** A call of the AccessManager by its administrator. */
  async access(name: string, ...args: readonly unknown[]): Promise<void> {
    const data = access.encodeFunctionData(name, args)
    expect((await send(this.chain, { from: MANAGER, to: this.authority, data })).status).toBe(1)
  }

  rpc(method: string, params: readonly unknown[] = []): Promise<unknown> {
    return rpcCall(this.chain.rpc, method, params)
  }

  private sentOf({ from, name, args, value = 0n }: TokenCall): Sent {
    return { from, to: this.token, data: token.encodeFunctionData(name, args), value }
  }

  /** Sends a call and mines it; its receipt, whether or not it was carried out. */
  send(each: TokenCall): Promise<LabReceipt> {
    return send(this.chain, this.sentOf(each))
  }

  /** Sends a call that must be carried out; what the token told. */
  async do(each: TokenCall): Promise<Named[]> {
    const refused = await this.refusalOf(each)
    if (refused !== null) throw new Fault('reverted', `${each.name}: ${refused.name}`)
    const receipt = await this.send(each)
    expect(receipt.status).toBe(1)
    return eventsOf(receipt, token, this.token)
  }

  /** The named error that a call meets now, or null. */
  async refusalOf(each: TokenCall): Promise<Named | null> {
    const { from, to, data, value = 0n } = this.sentOf(each)
    const asked = { from, to, data, value: toQuantity(value), gas: GAS, gasPrice: '0x0' }
    try {
      await this.rpc('eth_call', [asked, 'pending'])
      return null
    } catch (thrown) {
      const revert = thrown instanceof Fault ? thrown.facts['data'] : null
      if (typeof revert !== 'string') throw thrown
      const error = token.parseError(revert)
      return error === null ? { name: revert, args: {} } : { name: error.name, args: error.args.toObject() }
    }
  }

  /** What a getter gives, by position. */
  async read(name: string, ...args: readonly unknown[]): Promise<unknown[]> {
    const data = token.encodeFunctionData(name, args)
    const answer = z
      .string()
      .parse(await this.rpc('eth_call', [{ to: this.token, data, gas: GAS }, 'pending']))
    return z.array(z.unknown()).parse(token.decodeFunctionResult(name, answer).toArray())
  }

  async number(name: string, ...args: readonly unknown[]): Promise<bigint> {
    return z.bigint().parse((await this.read(name, ...args))[0])
  }

  balanceOf(account: string): Promise<bigint> {
    return this.number('balanceOf', account)
  }

  /** An account's C, in wei. */
  async currencyOf(account: string): Promise<bigint> {
    return BigInt(z.string().parse(await this.rpc('eth_getBalance', [account, 'latest'])))
  }

  async setCurrency(account: string, wei: bigint): Promise<void> {
    await setBalance(this.chain, account, wei)
  }

  /** Time of the newest block, unix seconds. */
  async now(): Promise<number> {
    const block = await this.rpc('eth_getBlockByNumber', ['latest', false])
    return Number(z.object({ timestamp: z.string() }).parse(block).timestamp)
  }

  /** The next block is `seconds` later. */
  async pass(seconds: number): Promise<void> {
    await this.rpc('evm_increaseTime', [seconds])
    await this.rpc('evm_mine')
  }

  /** The call that posts a signed price for the hour that now begins. */
  async priceCall(
    resource: Resource,
    microEuro: number,
    change: { from?: number; until?: number; signer?: Wallet; name?: string } = {},
  ): Promise<TokenCall> {
    const now = await this.now()
    const { from = now, until = now + 3600, signer = feed, name = NAME } = change
    const price = { resource, microEuro, validFromS: from, validUntilS: until }
    const domain = { name, chainId: this.chain.chainId, token: this.token }
    return call(
      ORACLE,
      'postMarketPrice',
      ...postArguments(price, await signMarketPrice(signer, domain, price)),
    )
  }

  /** A market price for energy, and the token priced around it with a spread of `spread` wei each way. */
  async price(microEuro: number, spread = 0n): Promise<void> {
    await this.do(await this.priceCall('energy', microEuro))
    const follows = await this.number('nextTokenPrice')
    await this.do(call(MANAGER, 'setSCTPrice', follows + spread, follows - spread))
  }

  /** Puts a contract of a spec's own on the chain; its address. */
  async deploy(from: string, data: string): Promise<string> {
    return getAddress((await send(this.chain, { from, data })).contractAddress ?? '')
  }

  /** Sends data to a contract of a spec's own; whether it was carried out. */
  async sendTo(to: string, data: string, value = 0n): Promise<boolean> {
    return (await send(this.chain, { from: STRANGER, to, data, value })).status === 1
  }

  stop(): Promise<void> {
    return this.chain.stop()
  }
}

async function setBalance(chain: EmbeddedChain, account: string, wei: bigint): Promise<void> {
  await rpcCall(chain.rpc, 'anvil_setBalance', [account, toQuantity(wei)])
}

async function send(chain: EmbeddedChain, { from, to, data, value = 0n }: Sent) {
  const transaction = { from, to, data, value: toQuantity(value), gas: GAS, gasPrice: '0x0' }
  const hash = await rpcCall(chain.rpc, 'eth_sendTransaction', [transaction])
  await rpcCall(chain.rpc, 'evm_mine', [])
  return receiptSchema.parse(await rpcCall(chain.rpc, 'eth_getTransactionReceipt', [hash]))
}

/** One token for the file; each test begins with the same state of it. */
export function tokenLab(settings: Partial<TokenSettings> = {}): () => TokenLab {
  let lab: TokenLab | undefined
  let snapshot: unknown
  const current = (): TokenLab => {
    if (lab === undefined) throw new Error('the lab is not open')
    return lab
  }
  beforeAll(async () => {
    lab = await TokenLab.open(settings)
  })
  afterAll(async () => {
    await lab?.stop()
  })
  beforeEach(async () => {
    snapshot = await current().rpc('evm_snapshot')
  })
  afterEach(async () => {
    await current().rpc('evm_revert', [snapshot])
  })
  return current
}

/** The call meets this named error, with these arguments where they are given. */
export async function expectRefused(
  lab: TokenLab,
  each: TokenCall,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const refused = await lab.refusalOf(each)
  expect(refused?.name).toBe(name)
  expect(refused?.args).toMatchObject(args)
}
