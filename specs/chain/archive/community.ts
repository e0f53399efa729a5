import { join } from 'node:path'
import { getBytes, Interface, zeroPadValue } from 'ethers'
import { z } from 'zod'
import { createAccountOutbox, createContractProxy } from '../../../actors/contract-proxy/live.ts'
import { openStore } from '../../../actors/storage/store.ts'
import { monitoringAbi } from '../../../chain/bindings/monitoring.gen.ts'
import { continuedRpc } from '../../../chain/archive/continued-rpc.ts'
import { archivesIn, knownArchives } from '../../../chain/archive/places.ts'
import { restartChain } from '../../../chain/archive/restart.ts'
import { seal, snapshot } from '../../../chain/archive/take.ts'
import { deployCommunity } from '../../../chain/deploy.ts'
import type { Contracts } from '../../../chain/contracts-file.ts'
import type { GethChain } from '../../../chain/network/geth/local-network.ts'
import { nodesUnder } from '../../../chain/network/geth/node-folder.ts'
import { askAlone } from '../../../chain/network/geth/process.ts'
import type { Ipc } from '../../../chain/network/geth/ipc.ts'
import { createChainFeed } from '../../../chain/proxy/feed.ts'
import { createRpc } from '../../../chain/proxy/rpc.ts'
import { wallClock } from '../../../bin/clock.ts'
import { closing, headOf, RICH } from '../network/geth-lab.ts'

const face = new Interface(monitoringAbi)
const quantity = z.string().transform(Number)

/** Three blocks deep, as gateways take it without votes. */
export const finalAt = (head: number): number | null => (head < 3 ? null : head - 3)

export const found = (rpc: string): Promise<Contracts> =>
  deployCommunity({
    ...{ rpc, managerKey: RICH.privateKey, profile: 'commitment', L: 4 },
    ...{ sampleMs: 2_000, slotsPerBilling: 100, windowBlocks: 5 },
  })

/** A gateway of the manager's: an outbox, and what it heard of the contract that it calls. */
export async function gateway(rpc: string, contracts: Contracts, chain: string, folder: string) {
  const { chainId, genesisHash, community } = contracts
  const store = await openStore({ file: join(folder, 'gateway.sqlite') })
  const faults: string[] = []
  const onFault = (thrown: unknown): void => void faults.push(String(thrown))
  const archives = archivesIn(chain)
  const feed = await createChainFeed({
    rpc: continuedRpc(createRpc({ url: rpc }), { origin: genesisHash, chainId, community, archives }),
    clock: wallClock,
    expect: { chainId, genesisHash },
    blockPeriodMs: 1_000,
    webSocket: null,
    onFault,
  })
  const outbox = await createAccountOutbox({
    ...{ store, feed, clock: wallClock, onFault },
    signerKey: getBytes(RICH.privateKey),
    isFinal: ({ number }) => number <= (finalAt(feed.head()?.number ?? 0) ?? -1),
  })
  const proxy = await createContractProxy({
    ...{ store, feed, name: 'monitoring', abi: monitoringAbi },
    address: contracts.monitoring,
    start: contracts.deployedAtBlock,
    apply: async (trx, facts) => {
      for (const fact of facts) {
        if (fact.name !== 'HomeAdmitted') continue
        const row = { at_ms: fact.block, kind: fact.name, json: fact.args.home.toLowerCase() }
        await trx.insertInto('journal').values(row).execute()
      }
    },
    revert: async (trx, from) => {
      await trx.deleteFrom('journal').where('at_ms', '>=', from).execute()
    },
  })
  const close = async (): Promise<void> => {
    await outbox.stop()
    await proxy.stop()
    await feed.stop()
    feed.rpc.close()
    await store.close()
  }
  closing(close)
  return {
    feed,
    outbox,
    faults,
    /** Homes that it heard were admitted, in order. */
    heard: async () => {
      const rows = await store.db.selectFrom('journal').selectAll().orderBy('at_ms').execute()
      return rows.map(({ json }) => json)
    },
    admit: (home: string) =>
      store.transaction((trx) =>
        outbox.enqueue(trx, {
          ...{ id: `admit:${home}`, kind: 'admit', to: contracts.monitoring },
          data: getBytes(face.encodeFunctionData('admit', [home, zeroPadValue(home, 32)])),
        }),
      ),
  }
}

/** An archive of a node's chain at a block. */
export async function archiveAt(ipc: Ipc, number: number, contracts: Contracts, chain: string, to: string) {
  const archives = await knownArchives(archivesIn(chain))
  const genesis = await ipc.ask('eth_getBlockByNumber', ['0x0', false], z.object({ hash: z.string() }))
  const [node] = nodesUnder(chain)
  if (node === undefined) throw new Error('no node')
  const taken = await snapshot({
    ...{ ipc, number, contracts, to },
    rules: node.network().genesis,
    base: archives.find(({ next }) => next === genesis.hash) ?? null,
    previous: archives.at(-1) ?? null,
  })
  return seal(taken, RICH)
}

/** An archive of the newest block of a chain whose nodes are stopped. */
export async function closingArchive(
  program: string,
  contracts: Contracts,
  chain: string,
  to: string,
  node = nodesUnder(chain)[0],
) {
  if (node === undefined) throw new Error('no node')
  return askAlone(program, node, async (ipc) => {
    const head = await ipc.ask('eth_blockNumber', [], quantity)
    return archiveAt(ipc, head, contracts, chain, to)
  })
}

export const restart = (program: string, chain: string, from: string, final = finalAt) =>
  restartChain({
    ...{ program, chain, from },
    newestFinal: async (ipc) => final((await headOf(ipc)).number),
  })

/** The node that serves the RPC. */
export const follower = (chain: GethChain) => {
  const node = chain.nodes().at(-1)
  if (node === undefined) throw new Error('no node')
  return node
}
