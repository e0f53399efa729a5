import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { JsonRpcProvider, Wallet } from 'ethers'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import {
  startEmbeddedChain,
  type EmbeddedChain,
  type EmbeddedOptions,
} from '../../../chain/network/embedded.ts'
import { rpcCall } from '../../../chain/network/rpc.ts'
import { systemRandom, wallClock } from '../../../bin/clock.ts'
import { codeOf, Fault } from '../../../protocols/rules/fault.ts'

const opened: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'embedded-'))
  opened.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedChain> {
  const given = { blockTimeS: 1, saveEveryS: 0, clock: wallClock, random: systemRandom, ...options }
  const chain = await startEmbeddedChain(given)
  opened.push(() => chain.stop())
  return chain
}

const blockSchema = z.object({ hash: z.string(), timestamp: z.string().transform(Number) })
const block = async (chain: EmbeddedChain, at: number | 'latest') => {
  const name = at === 'latest' ? at : `0x${at.toString(16)}`
  return blockSchema.parse(await rpcCall(chain.rpc, 'eth_getBlockByNumber', [name, false]))
}

/** Sends one transaction and waits for its block. */
async function transfer(chain: EmbeddedChain): Promise<{ hash: string; blockNumber: number }> {
  const provider = new JsonRpcProvider(chain.rpc, chain.chainId, { staticNetwork: true })
  provider.pollingInterval = 50
  try {
    const sender = new Wallet(chain.accounts[0]?.privateKey ?? '', provider)
    const sent = await sender.sendTransaction({ to: Wallet.createRandom().address, value: 1n })
    const receipt = await sent.wait()
    return { hash: sent.hash, blockNumber: receipt?.blockNumber ?? -1 }
  } finally {
    provider.destroy()
  }
}

async function faultOf(starting: Promise<unknown>): Promise<Fault> {
  const thrown: unknown = await starting.catch((refused: unknown) => refused)
  if (!(thrown instanceof Fault)) throw new Error('no fault', { cause: thrown })
  expect(thrown.message.split('\n')).toHaveLength(1)
  return thrown
}

it('is a chain like no other, whose accounts have currency and pay nothing for gas', async () => {
  const [first, second] = [await start(), await start()]
  expect(first.genesisHash).not.toBe(second.genesisHash)
  expect(first.chainId).toBe(31337)
  const account = first.accounts[0]?.address
  const balance = await rpcCall(first.rpc, 'eth_getBalance', [account, 'latest'])
  expect(BigInt(String(balance))).toBe(10n ** 24n)
  expect(await rpcCall(first.rpc, 'eth_gasPrice')).toBe('0x0')
  expect(await rpcCall(first.rpc, 'eth_accounts')).toEqual([])
})

it('comes back after SIGKILL with all that was saved, at wall time', async () => {
  const dataDir = folder()
  const chain = await start({ dataDir })
  const kept = await transfer(chain)
  const saved = await chain.save()
  expect(saved.block).toBeGreaterThanOrEqual(kept.blockNumber)
  const [genesis, block1] = [await block(chain, 0), await block(chain, kept.blockNumber)]
  const lost = await transfer(chain)
  process.kill(chain.pid, 'SIGKILL')
  await chain.ended
  const again = await start({ dataDir })
  expect(again.adopted).toBe(false)
  expect(again.genesisHash).toBe(chain.genesisHash)
  expect(again.accounts).toEqual(chain.accounts)
  expect((await block(again, 0)).hash).toBe(genesis.hash)
  expect((await block(again, kept.blockNumber)).hash).toBe(block1.hash)
  const receipt = await rpcCall(again.rpc, 'eth_getTransactionReceipt', [kept.hash])
  expect(receipt).toMatchObject({ blockHash: block1.hash })
  expect(await rpcCall(again.rpc, 'eth_getTransactionReceipt', [lost.hash])).toBeNull()
  const count = await rpcCall(again.rpc, 'eth_getTransactionCount', [chain.accounts[0]?.address, 'latest'])
  expect(count).toBe('0x1')
  const next = await transfer(again)
  const behind = wallClock.nowMs() / 1000 - (await block(again, next.blockNumber)).timestamp
  expect(Math.abs(behind)).toBeLessThan(5)
})

it('saves by itself, and a save cut short leaves the one before', async () => {
  const dataDir = folder()
  const chain = await start({ dataDir, saveEveryS: 0.2 })
  while (chain.lastSaved() === null) await sleep(50)
  writeFileSync(join(dataDir, 'state.json.new'), '{"half')
  expect(JSON.parse(readFileSync(join(dataDir, 'state.json'), 'utf8'))).toHaveProperty('blocks')
  process.kill(chain.pid, 'SIGKILL')
  await chain.ended
  expect((await start({ dataDir })).genesisHash).toBe(chain.genesisHash)
})

it('is back from its last save, where it was, when it is killed on purpose, twice too', async () => {
  const chain = await start({ dataDir: folder() })
  const kept = await transfer(chain)
  const { block: savedBlock } = await chain.save()
  const lost = await transfer(chain)
  const [rpc, first] = [chain.rpc, chain.pid]
  const kills = [chain.kill(50), chain.kill(50)]
  await Promise.all(kills)
  expect(chain.rpc).toBe(rpc)
  expect(chain.pid).not.toBe(first)
  const receipt = await rpcCall(rpc, 'eth_getTransactionReceipt', [kept.hash])
  expect(receipt).toMatchObject({ blockNumber: `0x${kept.blockNumber.toString(16)}` })
  expect(await rpcCall(rpc, 'eth_getTransactionReceipt', [lost.hash])).toBeNull()
  expect((await chain.save()).block).toBeGreaterThanOrEqual(savedBlock)
  await chain.stop()
  await chain.ended
})

it('freezes and goes on, and stops though it is frozen', async () => {
  const chain = await start()
  chain.signal('SIGSTOP')
  // The signal takes a moment to reach every thread.
  await expect.poll(() => rpcCall(chain.rpc, 'eth_chainId', [], 300).catch(codeOf)).toBe('rpc-unreachable')
  chain.signal('SIGCONT')
  expect(await rpcCall(chain.rpc, 'eth_chainId')).toBe('0x7a69')
  chain.signal('SIGSTOP')
  await chain.stop()
  await chain.ended
})

it('takes over the node that an earlier process left, and ends it when stopped', async () => {
  const dataDir = folder()
  const chain = await start({ dataDir })
  const heir = await start({ dataDir })
  expect(heir).toMatchObject({
    adopted: true,
    pid: chain.pid,
    rpc: chain.rpc,
    genesisHash: chain.genesisHash,
  })
  await heir.stop()
  await chain.ended
  expect(existsSync(join(dataDir, 'anvil.pid'))).toBe(false)
})

it('does not take a process with a reused number for its node', async () => {
  const dataDir = folder()
  const chain = await start({ dataDir })
  await chain.stop()
  const stale = { pid: process.pid, rpc: chain.rpc, chainId: chain.chainId, genesisHash: chain.genesisHash }
  writeFileSync(join(dataDir, 'anvil.pid'), JSON.stringify(stale))
  expect((await start({ dataDir })).adopted).toBe(false)
})

it('refuses the folder of another chain id with foreign-chain', async () => {
  const dataDir = folder()
  await (await start({ dataDir })).stop()
  const fault = await faultOf(start({ dataDir, chainId: 4242 }))
  expect(fault.code).toBe('foreign-chain')
  expect(fault.message).toContain('31337')
})

it('refuses a node of another chain in its own folder with foreign-chain', async () => {
  const [dataDir, other] = [folder(), await start()]
  await (await start({ dataDir })).stop()
  const noted = { pid: other.pid, rpc: other.rpc, chainId: other.chainId, genesisHash: other.genesisHash }
  writeFileSync(join(dataDir, 'anvil.pid'), JSON.stringify(noted))
  expect((await faultOf(start({ dataDir }))).code).toBe('foreign-chain')
})

it('refuses a folder that holds something else with foreign-folder', async () => {
  const dataDir = folder()
  writeFileSync(join(dataDir, 'thesis.tex'), 'mine')
  expect((await faultOf(start({ dataDir }))).code).toBe('foreign-folder')
})

it('refuses a folder that cannot be written with no-disk', async () => {
  const file = join(folder(), 'file')
  writeFileSync(file, '')
  expect((await faultOf(start({ dataDir: join(file, 'chain') }))).code).toBe('no-disk')
})

it('refuses a port that is taken with port-taken', async () => {
  const server = await listening()
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const fault = await faultOf(start({ port: port ?? 1 }))
  expect(fault).toMatchObject({ code: 'port-taken', facts: { port } })
})

it('refuses settings out of range with bad-field', async () => {
  for (const wrong of [{ blockTimeS: 0 }, { blockTimeS: NaN }, { chainId: 0 }, { port: 70_000 }]) {
    expect((await faultOf(start(wrong))).code).toBe('bad-field')
  }
})

it('says what the node said when a saved state cannot be read, with chain-damaged', async () => {
  const dataDir = folder()
  await (await start({ dataDir })).stop()
  writeFileSync(join(dataDir, 'state.json'), 'not a state')
  const fault = await faultOf(start({ dataDir }))
  expect(fault.code).toBe('chain-damaged')
  expect(fault.message.length).toBeGreaterThan(40)
})

it('ends its node on abort', async () => {
  const stop = new AbortController()
  const chain = await start({ signal: stop.signal })
  stop.abort()
  await chain.ended
  await expect(rpcCall(chain.rpc, 'eth_chainId', [], 500)).rejects.toMatchObject({ code: 'rpc-unreachable' })
})

async function listening(): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened.push(() => void server.close())
  return server
}
