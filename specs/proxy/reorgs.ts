/**
 * `npm run test:reorgs`: real Geth is set back by 1, 3 and 40 blocks under an outbox and a proxy, and forgets
 * what those blocks held. Each intent must be done once, and each event be known once. Needs Geth.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { getBytes, hexlify, Interface, Wallet, zeroPadValue } from 'ethers'
import { z } from 'zod'
import { createAccountOutbox, createContractProxy } from '../../actors/contract-proxy/live.ts'
import { openStore } from '../../actors/storage/store.ts'
import { systemRandom, wallClock } from '../../bin/clock.ts'
import { gethPlaces } from '../../bin/host/cache-folder.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { deployCommunity } from '../../chain/deploy.ts'
import type { Ipc } from '../../chain/network/geth/ipc.ts'
import { startGethChain } from '../../chain/network/geth/local-network.ts'
import { createChainFeed } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { Table } from '../archive/table.ts'

const DEPTHS = [1, 3, 40]
const LIMIT_MS = 120_000
const LOOK_EVERY_MS = 100
const face = new Interface(monitoringAbi)
const quantity = z.string().transform(Number)
const randomKey = (): string => hexlify(systemRandom(32))

const folder = await mkdtemp(join(tmpdir(), 'meterhood-reorgs-'))
const manager = new Wallet(randomKey())
const options = { dataDir: join(folder, 'chain'), blockTimeS: 1, signers: 1, funded: [manager.address] }
const sources = { clock: wallClock, random: systemRandom, places: gethPlaces() }
const chain = await startGethChain({ ...options, ...sources })
const table = new Table()

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`it never came: ${what}`)
    await sleep(LOOK_EVERY_MS)
  }
}

const headOf = (ipc: Ipc): Promise<number> => ipc.ask('eth_blockNumber', [], quantity)
const hex = (number: number): string => `0x${number.toString(16)}`

/** A gateway at the signer's own socket: an outbox, and the homes that it heard were admitted. */
async function gateway(path: string, monitoring: string, start: number) {
  const store = await openStore({ file: join(folder, 'gateway.sqlite') })
  const feed = await createChainFeed({
    ...{ rpc: createRpc({ url: path }), clock: wallClock, webSocket: null, blockPeriodMs: 1_000 },
  })
  const outbox = await createAccountOutbox({
    ...{ store, feed, clock: wallClock, signerKey: getBytes(manager.privateKey) },
    isFinal: ({ number }) => number <= (feed.head()?.number ?? 0) - 3,
    onFault: () => undefined,
  })
  let forks = 0
  const heard = new Map<string, number>()
  const proxy = await createContractProxy({
    ...{ store, feed, name: 'monitoring', abi: monitoringAbi, address: monitoring, start },
    apply: (_trx, facts) => {
      for (const { name, args, block } of facts) {
        if (name !== 'HomeAdmitted') continue
        const home = args.home.toLowerCase()
        if (heard.has(home)) throw new Error(`${home} was heard twice`)
        heard.set(home, block)
      }
      return Promise.resolve()
    },
    revert: (_trx, from) => {
      forks += 1
      for (const [home, block] of heard) if (block >= from) heard.delete(home)
      return Promise.resolve()
    },
  })
  const close = async (): Promise<void> => {
    await outbox.stop()
    await proxy.stop()
    await feed.stop()
    feed.rpc.close()
    await store.close()
  }
  const admit = (home: string): Promise<void> => {
    const data = getBytes(face.encodeFunctionData('admit', [home, zeroPadValue(home, 32)]))
    const intent = { id: `admit:${home}`, kind: 'admit', to: monitoring, data, gas: 300_000 }
    return store.transaction((trx) => outbox.enqueue(trx, intent))
  }
  return { outbox, heard, admit, close, forks: () => forks }
}

async function main(): Promise<void> {
  const contracts = await deployCommunity({
    ...{ rpc: chain.rpc, managerKey: manager.privateKey, profile: 'commitment', L: 4 },
    ...{ sampleMs: 2_000, slotsPerBilling: 100, windowBlocks: 5 },
  })
  const [signer] = chain.nodes()
  if (signer === undefined) throw new Error('no signer')
  // It would give the signer back what that must forget.
  chain.signal('SIGSTOP', ['node-2'])
  const own = await gateway(signer.ipc.path, contracts.monitoring, contracts.deployedAtBlock)
  let homes = 0
  const more = async (): Promise<void> => {
    homes += 1
    await own.admit(new Wallet(randomKey()).address.toLowerCase())
  }
  try {
    for (const depth of DEPTHS) {
      await table.row(`Geth goes back ${depth} blocks`, async () => {
        const began = await headOf(signer.ipc)
        const forks = own.forks()
        while ((await headOf(signer.ipc)) < began + depth) {
          await more()
          await sleep(900)
        }
        await until('the last is in a block', () => Promise.resolve(own.heard.size === homes))
        await signer.ipc.ask('debug_setHead', [hex((await headOf(signer.ipc)) - depth)], z.unknown())
        await until('the fork is seen', () => Promise.resolve(own.forks() > forks))
        await until('all are final', async () => (await own.outbox.counts()).final === homes)
        await until('all are known', () => Promise.resolve(own.heard.size === homes))
        const failed = (await own.outbox.counts()).failed ?? 0
        if (failed > 0) throw new Error(`${failed} failed`)
        return `${homes} intents, each done once and heard once`
      })
    }
  } finally {
    await own.close()
  }
}

try {
  await main()
} finally {
  chain.signal('SIGCONT', ['node-2'])
  await chain.stop()
  await rm(folder, { recursive: true, force: true })
}
process.exit(table.end())
