import { setTimeout as sleep } from 'node:timers/promises'
import {
  concat,
  getAddress,
  getCreateAddress,
  Interface,
  IpcSocketProvider,
  JsonRpcProvider,
  Wallet,
} from 'ethers'
import { z } from 'zod'
import * as accessBinding from './bindings/access-manager.gen.ts'
import * as archiveBinding from './bindings/archive.gen.ts'
import { sameCode } from './bindings/code.ts'
import * as commitment from './bindings/commitment-monitoring.gen.ts'
import * as quotaBinding from './bindings/quota.gen.ts'
import * as storage from './bindings/storage-monitoring.gen.ts'
import * as tokenBinding from './bindings/token.gen.ts'
import * as tradingBinding from './bindings/trading.gen.ts'
import { goesOn } from './archive/places.ts'
import { readContracts, writeContracts, type Contracts } from './contracts-file.ts'
import { identityOf, rpcCall } from './network/rpc.ts'
import { isSocketFile } from './network/socket.ts'
import { MANAGER_OF_TOKEN, ORACLE_OF_TOKEN, TOKEN } from './token-settings.ts'
import { auctionSettings, CEILINGS, MANAGER_OF_TRADING, type AuctionSettings } from './trading-settings.ts'
import { Fault, messageOf } from '../protocols/rules/fault.ts'

/** Roles of the AccessManager. Its own administrator is role 0. */
export const ROLES = { manager: 1n, oracle: 3n } as const

/** Functions that each role may call. */
const MANAGER_OF_MONITORING = [
  'setCommunity',
  'announceKeys',
  'admit',
  'revoke',
  'raiseAlarms',
  'publishTotal',
  'voidReading',
] as const
const MANAGER_OF_ARCHIVE = ['anchor'] as const
const MANAGER_OF_QUOTA = [
  'setCommunityContract',
  'allocate',
  'closeAllocation',
  'assertExcess',
  'assertPeak',
  'withdrawExcess',
  'openExcess',
  'openPeak',
  'openLoan',
] as const

export interface DeployOptions {
  readonly rpc: string
  /** Private key of the account that deploys, administers and manages. */
  readonly managerKey: string
  readonly profile: 'commitment' | 'storage'
  /** Records kept of each home, 1 to 10,000. */
  readonly L: number
  readonly sampleMs: number
  readonly slotsPerBilling: number
  /**
   * Blocks in which an asserted excess may be challenged, and again in which a demanded one must be opened.
   */
  readonly windowBlocks: number
  /** Account whose EIP-712 signatures count as the community's; the manager's by default. */
  readonly community?: string
  /** Account whose signatures the market prices of the token carry; the community's by default. */
  readonly priceSigner?: string
  /** The auctions' settings; by default those that fit blocks of a second and the billing period. */
  readonly auctions?: AuctionSettings
  /** `contracts.json`: read to attach, written after a deployment. */
  readonly file?: string
  /** Folder of the archives that the chain may have been begun anew from. */
  readonly archives?: string
}

const accessInterface = new Interface(accessBinding.accessManagerAbi)
const archiveInterface = new Interface(archiveBinding.archiveAbi)
const quotaInterface = new Interface(quotaBinding.quotaAbi)
const tokenInterface = new Interface(tokenBinding.tokenAbi)
const tradingInterface = new Interface(tradingBinding.tradingAbi)
/** Both profiles have the same constructor and functions. */
const monitoringInterface = new Interface(commitment.commitmentMonitoringAbi)

/** Enough for the largest contract, and below the block limit of the paper's chain (8,000,000). */
const CREATION_GAS = 6_000_000n
const CALL_GAS = 400_000n
/** Far above the base fee of a chain of ours, which starts at 0. */
const FEES = { maxFeePerGas: 1_000_000_000n, maxPriorityFeePerGas: 1n }
const INCLUSION_MS = 120_000
const LOOK_EVERY_MS = 100

const receiptShape = z.object({ status: z.string(), blockNumber: z.string() }).nullable()

const failed = (thrown: unknown): Fault =>
  thrown instanceof Fault
    ? thrown
    : new Fault('deploy-failed', `deploy: ${messageOf(thrown).slice(0, 200)}; see the node's log`)

/**
 * Deploys the contracts of a community, or attaches to those that `file` names. Faults: `foreign-chain` (the
 * file is of another chain), `foreign-code` (other code at an address), `settings-differ`, `bad-contracts`,
 * `deploy-failed`.
 */
export async function deployCommunity(options: DeployOptions): Promise<Contracts> {
  const known = options.file === undefined ? null : await readContracts(options.file)
  if (known !== null) {
    requireSettings(known, options)
    await attachCommunity(options.rpc, known, options.archives)
    return known
  }
  const contracts = await deployAll(options)
  if (options.file !== undefined) await writeContracts(options.file, contracts)
  return contracts
}

/** Checks that a node follows the contracts' chain and that their code is there. Faults as above. */
export async function attachCommunity(rpc: string, contracts: Contracts, archives?: string): Promise<void> {
  await requireChain(rpc, contracts, archives)
  for (const { name, address, code, immutables } of compiledCode(contracts)) {
    const found = await rpcCall(rpc, 'eth_getCode', [address, 'latest'])
    if (typeof found === 'string' && sameCode(found, code, immutables)) continue
    const what = found === '0x' ? 'no code' : 'other code than this version compiles'
    const message = `${name} at ${address}: ${what}; use the version that deployed it, or deploy anew`
    throw new Fault('foreign-code', message, { name, address })
  }
}

async function requireChain(rpc: string, contracts: Contracts, archives?: string): Promise<void> {
  const found = await identityOf(rpc)
  if (await goesOn(found, contracts, archives)) return
  const message =
    `${rpc}: follows chain ${found.chainId} from ${found.genesisHash}, the contracts are on ` +
    `${contracts.chainId} from ${contracts.genesisHash}; name the right RPC or another data folder`
  throw new Fault('foreign-chain', message, { rpc, chainId: found.chainId, expected: contracts.chainId })
}

function requireSettings(known: Contracts, options: DeployOptions): void {
  for (const name of ['profile', 'L', 'sampleMs', 'slotsPerBilling', 'windowBlocks'] as const) {
    if (known[name] === options[name]) continue
    const message = `${name}: the community was founded with ${known[name]}, got ${options[name]}; use that`
    throw new Fault('settings-differ', message, { name, founded: known[name], given: options[name] })
  }
}

interface Expected {
  readonly name: string
  readonly address: string
  readonly code: string
  readonly immutables: readonly (readonly [number, number])[]
}

function compiledCode({
  access,
  monitoring,
  quota,
  token,
  trading,
  archive,
  profile,
}: Contracts): Expected[] {
  const stored = {
    code: storage.storageMonitoringDeployedCode,
    immutables: storage.storageMonitoringImmutables,
  }
  const committed = {
    code: commitment.commitmentMonitoringDeployedCode,
    immutables: commitment.commitmentMonitoringImmutables,
  }
  const { accessManagerDeployedCode, accessManagerImmutables } = accessBinding
  const { quotaDeployedCode, quotaImmutables } = quotaBinding
  const { tokenDeployedCode, tokenImmutables } = tokenBinding
  const { tradingDeployedCode, tradingImmutables } = tradingBinding
  const { archiveDeployedCode, archiveImmutables } = archiveBinding
  return [
    { name: 'access', address: access, code: accessManagerDeployedCode, immutables: accessManagerImmutables },
    { name: 'monitoring', address: monitoring, ...(profile === 'storage' ? stored : committed) },
    { name: 'quota', address: quota, code: quotaDeployedCode, immutables: quotaImmutables },
    { name: 'token', address: token, code: tokenDeployedCode, immutables: tokenImmutables },
    { name: 'trading', address: trading, code: tradingDeployedCode, immutables: tradingImmutables },
    { name: 'archive', address: archive, code: archiveDeployedCode, immutables: archiveImmutables },
  ]
}

/** Deploys all and sets the roles in one go: an address follows from its sender and nonce. */
async function deployAll(options: DeployOptions): Promise<Contracts> {
  const identity = await identityOf(options.rpc)
  const manner = { staticNetwork: true, batchMaxCount: 1 }
  const provider = isSocketFile(options.rpc)
    ? new IpcSocketProvider(options.rpc, identity.chainId, manner)
    : new JsonRpcProvider(options.rpc, identity.chainId, manner)
  if (provider instanceof JsonRpcProvider) provider.pollingInterval = 100
  try {
    const wallet = new Wallet(options.managerKey, provider)
    const community = getAddress(options.community ?? wallet.address)
    const auctions = options.auctions ?? auctionSettings(1, options.sampleMs * options.slotsPerBilling)
    const nonce = await provider.getTransactionCount(wallet.address, 'pending')
    const made = { ...options, community, priceSigner: options.priceSigner ?? community, auctions }
    const addresses = addressesOf(wallet.address, nonce)
    const steps = [
      ...creations(addresses, wallet.address, made),
      ...roles(addresses, wallet.address),
      callOf(addresses.monitoring, monitoringInterface, 'setCommunity', [community]),
      ...Object.entries(CEILINGS).map((ceiling) =>
        callOf(addresses.trading, tradingInterface, 'setCeiling', ceiling),
      ),
    ]
    const deployedAtBlock = await sendAll(wallet, options.rpc, nonce, steps)
    const { profile, sampleMs, slotsPerBilling, L, windowBlocks } = options
    const settings = { profile, sampleMs, slotsPerBilling, L, windowBlocks, auctions }
    return { ...identity, deployedAtBlock, community, ...addresses, ...settings }
  } catch (thrown) {
    throw failed(thrown)
  } finally {
    provider.destroy()
  }
}

interface Addresses {
  readonly access: string
  readonly monitoring: string
  readonly quota: string
  readonly token: string
  readonly trading: string
  readonly archive: string
}

/** Contracts name each other both ways, so addresses are known before anything is deployed. */
function addressesOf(from: string, nonce: number): Addresses {
  const nth = (index: number): string => getCreateAddress({ from, nonce: nonce + index })
  const community = { access: nth(0), monitoring: nth(1), quota: nth(2), token: nth(3), trading: nth(4) }
  return { ...community, archive: nth(5) }
}

type Made = DeployOptions & { readonly auctions: AuctionSettings; readonly priceSigner: string }

interface Step {
  readonly name: string
  readonly to: string | null
  readonly data: string
  readonly gasLimit: bigint
}

/** In the order of their addresses. */
function creations(addresses: Addresses, manager: string, options: Made): Step[] {
  const { access, monitoring, quota, token, trading } = addresses
  const { sampleMs, slotsPerBilling, L, windowBlocks, auctions } = options
  const code =
    options.profile === 'storage'
      ? storage.storageMonitoringBytecode
      : commitment.commitmentMonitoringBytecode
  const { supplyMicroSct, name, symbol, settings } = TOKEN
  const published = [access, manager, options.priceSigner, supplyMicroSct, name, symbol, settings]
  return [
    creation('access', accessInterface, accessBinding.accessManagerBytecode, [manager]),
    creation('monitoring', monitoringInterface, code, [access, token, sampleMs, slotsPerBilling, L]),
    creation('quota', quotaInterface, quotaBinding.quotaBytecode, [
      access,
      monitoring,
      trading,
      windowBlocks,
    ]),
    creation('token', tokenInterface, tokenBinding.tokenBytecode, published),
    creation('trading', tradingInterface, tradingBinding.tradingBytecode, [access, token, quota, auctions]),
    creation('archive', archiveInterface, archiveBinding.archiveBytecode, [access]),
  ]
}

function creation(name: string, contract: Interface, code: string, values: readonly unknown[]): Step {
  const data = concat([code, contract.encodeDeploy(values)])
  return { name, to: null, data, gasLimit: CREATION_GAS }
}

function callOf(to: string, contract: Interface, name: string, values: readonly unknown[]): Step {
  return { name, to, data: contract.encodeFunctionData(name, values), gasLimit: CALL_GAS }
}

function roles({ access, monitoring, quota, token, trading, archive }: Addresses, manager: string): Step[] {
  const selectors = (contract: Interface, names: readonly string[]) =>
    names.map((name) => contract.getFunction(name)?.selector)
  const mayCall = (target: string, contract: Interface, names: readonly string[], role: bigint) =>
    callOf(access, accessInterface, 'setTargetFunctionRole', [target, selectors(contract, names), role])
  return [
    mayCall(monitoring, monitoringInterface, MANAGER_OF_MONITORING, ROLES.manager),
    mayCall(quota, quotaInterface, MANAGER_OF_QUOTA, ROLES.manager),
    mayCall(token, tokenInterface, MANAGER_OF_TOKEN, ROLES.manager),
    mayCall(token, tokenInterface, ORACLE_OF_TOKEN, ROLES.oracle),
    mayCall(trading, tradingInterface, MANAGER_OF_TRADING, ROLES.manager),
    mayCall(archive, archiveInterface, MANAGER_OF_ARCHIVE, ROLES.manager),
    callOf(access, accessInterface, 'grantRole', [ROLES.manager, manager, 0]),
    callOf(access, accessInterface, 'grantRole', [ROLES.oracle, manager, 0]),
  ]
}

/** Sends the steps with rising nonces, waits for all, and gives the block of the first. */
async function sendAll(
  wallet: Wallet,
  rpc: string,
  firstNonce: number,
  steps: readonly Step[],
): Promise<number> {
  const sent = []
  for (const [index, { name, to, data, gasLimit }] of steps.entries()) {
    const { hash } = await wallet.sendTransaction({ to, data, gasLimit, nonce: firstNonce + index, ...FEES })
    sent.push({ name, hash })
  }
  const until = performance.now() + INCLUSION_MS
  const blocks = await Promise.all(sent.map(({ name, hash }) => blockOf(rpc, name, hash, until)))
  return blocks[0] ?? 0
}

/** Null also while Geth, just started, indexes its transactions and so knows of none. */
async function receiptOf(rpc: string, hash: string): Promise<unknown> {
  try {
    return await rpcCall(rpc, 'eth_getTransactionReceipt', [hash])
  } catch (thrown) {
    if (messageOf(thrown).includes('indexing is in progress')) return null
    throw thrown
  }
}

/**
 * The block that holds a step. Asked here and not by ethers' `wait`, whose last poll may still be on its way
 * when the provider is given up, and then ends the process.
 */
async function blockOf(rpc: string, name: string, hash: string, until: number): Promise<number> {
  for (;;) {
    const receipt = receiptShape.parse(await receiptOf(rpc, hash))
    if (receipt?.status === '0x1') return Number(receipt.blockNumber)
    if (receipt !== null) throw new Error(`${name} was reverted`)
    if (performance.now() > until) throw new Error(`${name} was not included`)
    await sleep(LOOK_EVERY_MS)
  }
}
