import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { HDNodeWallet, Interface, Mnemonic } from 'ethers'
import { z } from 'zod'
import { findAnvil } from '../../chain/network/anvil.ts'
import { createRpc, type Rpc } from '../../chain/proxy/rpc.ts'

const require = createRequire(import.meta.url)

const DEVELOPERS = Mnemonic.fromPhrase('test test test test test test test test test test test junk')

/** The k-th account that anvil funds. */
export function keyOf(index: number): Uint8Array {
  const wallet = HDNodeWallet.fromMnemonic(DEVELOPERS, `m/44'/60'/0'/0/${index}`)
  return Uint8Array.from(Buffer.from(wallet.privateKey.slice(2), 'hex'))
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address === null || typeof address === 'string'
          ? reject(new Error('no port'))
          : resolve(address.port),
      )
    })
  })
}

export interface Node {
  readonly url: string
  readonly port: number
  readonly rpc: Rpc
  /** Mines one block; only with manual mining. */
  mine(blocks?: number): Promise<void>
  ask(method: string, ...params: unknown[]): Promise<unknown>
  /** A kill −9. */
  kill(): Promise<void>
}

export interface NodeOptions {
  /** Seconds between blocks; without it blocks come only when mined. */
  readonly blockTimeS?: number
  readonly port?: number
  /** A state that `dump` saved. */
  readonly state?: string
  readonly accounts?: number
  readonly chainId?: number
}

async function untilUp(rpc: Rpc, child: ChildProcess): Promise<void> {
  for (let tried = 0; tried < 400; tried += 1) {
    if (child.exitCode !== null) throw new Error('anvil ended')
    const up = await rpc.call('eth_chainId', [], z.string(), { tries: 1 }).catch(() => undefined)
    if (up !== undefined) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('anvil does not answer')
}

/** A real anvil on a port of its own. */
export async function startNode(options: NodeOptions = {}): Promise<Node> {
  const { blockTimeS, port = await freePort(), state, accounts = 4, chainId = 31337 } = options
  const args = [
    '--host',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--hardfork',
    'london',
    '--chain-id',
    `${chainId}`,
  ]
  args.push('--accounts', `${accounts}`, '--silent', ...(state === undefined ? [] : ['--load-state', state]))
  args.push(...(blockTimeS === undefined ? ['--no-mining'] : ['--block-time', `${blockTimeS}`]))
  const child = spawn(findAnvil(process.env['PATH'] ?? ''), args, { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const rpc = createRpc({ url })
  const ask = (method: string, ...params: unknown[]): Promise<unknown> =>
    rpc.call(method, params, z.unknown())
  await untilUp(rpc, child)
  return {
    url,
    port,
    rpc,
    ask,
    mine: async (blocks = 1) => {
      for (let mined = 0; mined < blocks; mined += 1) await ask('evm_mine')
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
      rpc.close()
    },
  }
}

const output = z.object({
  contracts: z.object({
    'Tally.sol': z.object({
      Tally: z.object({ evm: z.object({ bytecode: z.object({ object: z.string() }) }) }),
    }),
  }),
})

let compiled: string | undefined

function tallyCode(): string {
  if (compiled !== undefined) return compiled
  const solc = z.object({ compile: z.custom<(input: string) => string>((one) => typeof one === 'function') })
  const source = readFileSync(new URL('./Tally.sol', import.meta.url), 'utf8')
  const input = {
    language: 'Solidity',
    sources: { 'Tally.sol': { content: source } },
    settings: { evmVersion: 'london', outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
  }
  const made: unknown = JSON.parse(solc.parse(require('solc')).compile(JSON.stringify(input)))
  compiled = `0x${output.parse(made).contracts['Tally.sol'].Tally.evm.bytecode.object}`
  return compiled
}

/** The ABI of Tally.sol, in the form of the generated bindings. */
export const tallyAbi = [
  {
    type: 'function',
    name: 'put',
    stateMutability: 'nonpayable',
    inputs: [{ name: 'ids', type: 'bytes32[]' }],
    outputs: [],
  },
  {
    type: 'function',
    name: 'close',
    stateMutability: 'nonpayable',
    inputs: [{ name: 'value', type: 'bool' }],
    outputs: [],
  },
  {
    type: 'function',
    name: 'timesOf',
    stateMutability: 'view',
    inputs: [{ name: 'id', type: 'bytes32' }],
    outputs: [{ name: '', type: 'uint64' }],
  },
  {
    type: 'event',
    name: 'Put',
    anonymous: false,
    inputs: [
      { name: 'from', type: 'address', indexed: true },
      { name: 'id', type: 'bytes32', indexed: true },
      { name: 'times', type: 'uint64', indexed: false },
    ],
  },
  {
    type: 'error',
    name: 'Refused',
    inputs: [
      { name: 'why', type: 'uint256' },
      { name: 'words', type: 'string' },
    ],
  },
] as const

const tally = new Interface(tallyAbi)

/**
 * Puts a Tally on the chain by anvil's own unlocked account; its address does not depend on anything
 * else.
 */
export async function deployTally(node: Node, from: string): Promise<string> {
  const hash = await node.rpc.call(
    'eth_sendTransaction',
    [{ from, data: tallyCode(), gas: '0x200000' }],
    z.string(),
  )
  await node.mine()
  const receipt = await node.rpc.call(
    'eth_getTransactionReceipt',
    [hash],
    z.object({ contractAddress: z.string() }),
  )
  return receipt.contractAddress.toLowerCase()
}

/** A 32-byte id for a number. */
export const idOf = (number: number): string => `0x${number.toString(16).padStart(64, '0')}`

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'))

/** The body of an intent to put `number`. */
export const bodyOf = (number: number): Uint8Array => bytesOf(idOf(number))

/** Calldata that puts several bodies at once. */
export function putCall(bodies: readonly Uint8Array[]): Uint8Array {
  const ids = bodies.map((body) => `0x${Buffer.from(body).toString('hex')}`)
  return bytesOf(tally.encodeFunctionData('put', [ids]))
}

export const closeCall = (value: boolean): Uint8Array => bytesOf(tally.encodeFunctionData('close', [value]))

/** How often the chain has taken `number`. */
export async function timesOf(node: Node, address: string, number: number): Promise<number> {
  const call = { to: address, data: tally.encodeFunctionData('timesOf', [idOf(number)]) }
  return Number(await node.rpc.call('eth_call', [call, 'latest'], z.string()))
}
