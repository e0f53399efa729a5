import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Interface, Wallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Contracts } from '../../../chain/contracts-file.ts'
import { archivesIn } from '../../../chain/archive/places.ts'
import { verifyCommunity } from '../../../chain/verify/verify.ts'
import { archivedBlocks } from '../../../chain/archive/history.ts'
import { codeOf } from '../../../protocols/rules/fault.ts'
import { monitoringAbi } from '../../../chain/bindings/monitoring.gen.ts'
import { startGeth, askAlone } from '../../../chain/network/geth/process.ts'
import { nodesUnder, type NodeFolder } from '../../../chain/network/geth/node-folder.ts'
import { genesisHashOf } from '../../../chain/network/geth/status.ts'
import { closing, GETH, headOf, network, temporary, untilBlock } from '../network/geth-lab.ts'
import { archiveAt, closingArchive, follower, found, gateway, restart } from './community.ts'
import { openRelay } from './relay.ts'

const face = new Interface(monitoringAbi)
const LIMIT_MS = 60_000
const home = (): string => Wallet.createRandom().address.toLowerCase()

/** Lets a signer's node run without the others for one block, if it may seal one; its head then. */
async function sealedAlone(program: string, folder: NodeFolder) {
  const network = folder.network()
  const members = network.members.filter(({ key }) => key === folder.card.key)
  const alone = { ...network, members: members.map((card) => ({ ...card, port: 0 })) }
  const node = await startGeth({ program, folder, network: alone, rpcPort: null, log: 'file' })
  try {
    const { number } = await headOf(node.ipc)
    await untilBlock(node.ipc, number + 1, 12_000).catch(() => undefined)
    return await headOf(node.ipc)
  } finally {
    await node.stop()
  }
}

/** What a verifier finds wrong with a node's chain, given the archives of a chain's folder. */
async function verified(rpc: string, contracts: Contracts, chain: string | null): Promise<string[]> {
  const archives = chain === null ? null : archivesIn(chain)
  const { chainId, genesisHash } = contracts
  const report = await verifyCommunity({ rpc, contracts, chainId, genesisHash, rows: null, archives })
  return report.faults.map(({ code, says }) => (code === 'genesis' ? code : `${code}: ${says}`))
}

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`it never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe.skipIf(GETH === null)('a chain that is begun anew from an archive', () => {
  const program = GETH ?? ''

  it('carries contracts, nonces and heights; gateways go on, and nothing is done twice', async () => {
    const place = temporary()
    const chain = join(place, 'chain')
    let net = await network({ dataDir: chain })
    const relay = await openRelay(net.rpc)
    closing(() => relay.close())
    const contracts = await found(net.rpc)
    const manager = await gateway(relay.url, contracts, chain, place)
    const homes = [home(), home(), home()]
    for (const each of homes) await manager.admit(each)
    await until('three homes are final', async () => (await manager.outbox.counts()).final === 3)

    // These are in a block when the archive is taken, and not in the archive.
    const final = (await headOf(follower(net).ipc)).number
    const late = [home(), home()]
    for (const each of late) await manager.admit(each)
    await until('two more are included', async () => (await manager.heard()).length === 5)
    const first = join(place, 'first')
    const taken = await archiveAt(follower(net).ipc, final, contracts, chain, first)
    await net.stop()
    await restart(program, chain, first, () => final)

    net = await network({ dataDir: chain })
    relay.lead(net.rpc)
    await until('the late ones are there again', async () => (await manager.outbox.counts()).final === 5)
    expect(await manager.heard()).toEqual([...homes, ...late])
    expect(manager.feed.head()?.number).toBeGreaterThan(taken.statement.block.height)
    const genesis = await follower(net).ipc.ask(
      'eth_getBlockByNumber',
      ['0x0', false],
      z.object({ hash: z.string() }),
    )
    expect(genesis.hash).toBe(taken.next)
    expect(await verified(net.rpc, contracts, chain)).toEqual([])
    expect(await verified(net.rpc, contracts, null)).toContain('genesis')

    await net.stop()
    const second = join(place, 'second')
    const again = await closingArchive(program, contracts, chain, second)
    expect(again.statement.block.height).toBeGreaterThan(taken.statement.block.height)
    expect(again.statement.origin).toBe(contracts.genesisHash)
    expect(await restart(program, chain, first).catch(codeOf)).toBe('already-restarted')
    await restart(program, chain, second)
    expect(await restart(program, chain, first).catch(codeOf)).toBe('archive-older')

    net = await network({ dataDir: chain })
    relay.lead(net.rpc)
    const newest = home()
    await manager.admit(newest)
    await until('a home of the third chain', async () => (await manager.outbox.counts()).final === 6)
    expect(await manager.heard()).toEqual([...homes, ...late, newest])
    for (const each of await manager.heard()) {
      const data = face.encodeFunctionData('isAdmitted', [each])
      const told = await follower(net).ipc.ask(
        'eth_call',
        [{ to: contracts.monitoring, data }, 'latest'],
        z.string(),
      )
      expect(BigInt(told)).toBe(1n)
    }
    expect((await manager.outbox.counts()).failed ?? 0).toBe(0)
    expect(await verified(net.rpc, contracts, chain)).toEqual([])
    await untilBlock(follower(net).ipc, 2)
  }, 240_000)

  it('is taken by nodes that stopped on different last blocks', async () => {
    const place = temporary()
    const chain = join(place, 'chain')
    const net = await network({ dataDir: chain })
    const contracts = await found(net.rpc)
    await net.stop()
    const signers = nodesUnder(chain).filter(({ card }) => card.signer !== null)
    // Each that may seals one more block for itself: another one than the others.
    const heads: Awaited<ReturnType<typeof headOf>>[] = []
    for (const folder of signers) heads.push(await sealedAlone(program, folder))
    const longest = heads.findIndex(({ number }) => number === Math.max(...heads.map((head) => head.number)))
    const to = join(place, 'archive')
    const taken = await closingArchive(program, contracts, chain, to, signers[longest])
    const known: string[] = []
    for await (const { hash } of archivedBlocks(to, taken.statement)) known.push(hash)
    expect(heads.filter(({ hash }) => !known.includes(hash)).length).toBeGreaterThan(0)

    const { nodes } = await restart(program, chain, to)
    expect(nodes).toHaveLength(signers.length + 1)
    const first = await Promise.all(nodesUnder(chain).map((each) => askAlone(program, each, genesisHashOf)))
    expect(new Set(first)).toEqual(new Set([taken.next]))
  }, 120_000)

  it('ends a node that a killed command left behind, and refuses one that is asked by another', async () => {
    const place = temporary()
    const chain = join(place, 'chain')
    const net = await network({ dataDir: chain })
    const contracts = await found(net.rpc)
    await net.stop()
    const to = join(place, 'archive')
    await closingArchive(program, contracts, chain, to)
    const [node] = nodesUnder(chain)
    if (node === undefined) throw new Error('no node')
    const left = await startGeth({
      ...{ program, folder: node, network: node.network(), rpcPort: null, log: 'file', isAsked: true },
    })
    closing(() => left.stop())
    expect(await restart(program, chain, to).catch(codeOf)).toBe('node-runs')
    const nobody = spawnSync('true').pid
    await writeFile(node.pidFile, `${left.pid} ${nobody}`)
    await restart(program, chain, to)
    expect(left.hasEnded()).toBe(true)
  }, 120_000)

  it('is refused while a node runs', async () => {
    const chain = join(temporary(), 'chain')
    const net = await network({ dataDir: chain })
    const contracts = await found(net.rpc)
    const to = join(temporary(), 'archive')
    await archiveAt(follower(net).ipc, contracts.deployedAtBlock, contracts, chain, to)
    expect(await restart(program, chain, to).catch(codeOf)).toBe('node-runs')
  }, 120_000)
})
