import { readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { JsonRpcProvider, Wallet } from 'ethers'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { backUp, restore } from '../../../chain/network/geth/backup.ts'
import { signersOf } from '../../../chain/network/geth/clique.ts'
import { createIpc } from '../../../chain/network/geth/ipc.ts'
import type { GethChain } from '../../../chain/network/geth/local-network.ts'
import { NodeFolder } from '../../../chain/network/geth/node-folder.ts'
import { shutOut } from '../../../chain/network/geth/peers.ts'
import { startGeth, type GethNode } from '../../../chain/network/geth/process.ts'
import { statusOf } from '../../../chain/network/geth/status.ts'
import { castVote, readVotes, settleVotes } from '../../../chain/network/geth/votes.ts'
import { createSealWatch } from '../../../chain/verify/seals.ts'
import { createRpcReader } from '../../../chain/verify/rpc.ts'
import { readBlock } from '../../../chain/verify/wire.ts'
import { systemRandom, wallClock } from '../../../bin/clock.ts'
import { codeOf } from '../../../protocols/rules/fault.ts'
import { blockAt, closing, GETH, headOf, network, peersAt, RICH, temporary, untilBlock } from './geth-lab.ts'

/** Geth then tells of every peer that refused it. */
const ALL_WORDS = 5

function follower(chain: GethChain): GethNode {
  const found = chain.nodes().find(({ rpc }) => rpc !== null)
  if (found === undefined) throw new Error('no follower')
  return found
}

function signer(chain: GethChain, number: number): GethNode {
  const found = chain.nodes()[number - 1]
  if (found === undefined) throw new Error(`no node ${number}`)
  return found
}

/** Addresses on which a process listens, as /proc has them: `0100007F:1F90`. */
function listening(pid: number): string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && inodes.has(fields[9] ?? ''))
      .map((fields) => fields[1] ?? ''),
  )
}

/** What a port of this machine says to a question over HTTP; null when it talks no HTTP. */
async function askOverHttp(port: number): Promise<number | null> {
  const question = { jsonrpc: '2.0', id: 1, method: 'eth_accounts', params: [] }
  const options = { method: 'POST', body: JSON.stringify(question), signal: AbortSignal.timeout(3000) }
  const headers = { 'content-type': 'application/json' }
  return fetch(`http://127.0.0.1:${port}`, { ...options, headers }).then(
    ({ status }) => status,
    () => null,
  )
}

describe.skipIf(GETH === null)('a network of real Geth nodes', () => {
  it('makes blocks that three signers seal in turn, on the way that table 1 describes', async () => {
    const chain = await network()
    const { ipc } = follower(chain)
    await untilBlock(ipc, 6)
    const rpc = createRpcReader(chain.rpc)
    const watch = createSealWatch()
    for (let number = 0; number <= 6; number += 1) {
      const header = readBlock(await rpc.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]))
      expect(watch.check(header)).toBeNull()
      if (number === 0) continue
      expect(Buffer.from(header.extraData.slice(2), 'hex')).toHaveLength(32 + 65)
      expect([1n, 2n]).toContain(header.difficulty)
    }
    expect(new Set(await signersOf(ipc))).toEqual(new Set(chain.signers))
    expect(chain.signers).toHaveLength(3)
  })

  it('takes a transaction that pays 1 wei a gas at a node that does not seal', async () => {
    const chain = await network()
    const provider = new JsonRpcProvider(chain.rpc, chain.chainId, { staticNetwork: true })
    closing(() => provider.destroy())
    const { address: to } = Wallet.createRandom()
    const fees = { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n }
    const sent = await RICH.connect(provider).sendTransaction({ to, value: 5n, gasLimit: 21_000n, ...fees })
    // A node that has just begun says that its index is in progress, and gives no receipt until it is there.
    await vi.waitFor(async () => expect((await provider.getTransactionReceipt(sent.hash))?.status).toBe(1), {
      timeout: 30_000,
      interval: 500,
    })
    expect(await provider.getBalance(to)).toBe(5n)
  })

  it('keeps keys encrypted and to itself, and a signer answers nobody over TCP', async () => {
    const chain = await network()
    for (const node of chain.nodes()) {
      const { folder, pid } = node
      for (const file of [...folder.secrets(), folder.ipcPath]) expect(statSync(file).mode & 0o077).toBe(0)
      expect(statSync(folder.path).mode & 0o077).toBe(0)
      const ports = listening(pid).map((place) => {
        expect(place).toMatch(/^0100007F:/)
        return Number(`0x${place.split(':')[1] ?? ''}`)
      })
      const answers = await Promise.all(ports.map(askOverHttp))
      // The engine's port asks for a token that is in a file of mode 0600; the peers' port talks no HTTP.
      const open = answers.filter((status) => status === 200)
      expect(open, node.name).toHaveLength(node.rpc === null ? 0 : 1)
    }
    const { folder } = signer(chain, 1)
    const [name = ''] = readdirSync(folder.keystore)
    const json = readFileSync(join(folder.keystore, name), 'utf8')
    const password = readFileSync(folder.passwordFile, 'utf8').trim()
    expect((await Wallet.fromEncryptedJson(json, password)).address.toLowerCase()).toBe(folder.card.signer)
    await expect(Wallet.fromEncryptedJson(json, 'another')).rejects.toThrow()
  })

  it('gives a stranger that holds the genesis no block, wherever it dials', async () => {
    const chain = await network()
    const stranger = await NodeFolder.create(
      join(temporary(), 'stranger'),
      { name: 'stranger', host: '127.0.0.1', port: 0, signs: false },
      systemRandom,
    )
    const known = signer(chain, 1).folder.network()
    const addresses = chain.nodes().map(({ folder: { card } }) => card)
    const live = await Promise.all(
      chain.nodes().map(async ({ ipc }, at) => {
        const { ports } = await ipc.ask(
          'admin_nodeInfo',
          [],
          z.object({ ports: z.object({ listener: z.number() }) }),
        )
        return { ...(addresses[at] ?? stranger.card), port: ports.listener }
      }),
    )
    const strange = { ...known, members: [...live, stranger.card] }
    await stranger.keepNetwork(strange)
    const node = await startGeth({
      program: GETH ?? '',
      folder: stranger,
      network: strange,
      rpcPort: null,
      log: 'file',
      verbosity: ALL_WORDS,
    })
    closing(() => node.stop())
    const from = (await headOf(follower(chain).ipc)).number
    await untilBlock(follower(chain).ipc, from + 12)
    expect(await peersAt(node.ipc)).toBe(0)
    expect((await headOf(node.ipc)).number).toBe(0)
    expect(readFileSync(stranger.logFile, 'utf8')).toContain('too many peers')

    // Nothing but the members' trust was missing.
    const { ipc } = signer(chain, 1)
    const { enode } = await node.ipc.ask('admin_nodeInfo', [], z.object({ enode: z.string() }))
    await ipc.ask('admin_addTrustedPeer', [enode], z.literal(true))
    await ipc.ask('admin_addPeer', [enode], z.literal(true))
    await untilBlock(node.ipc, from + 12)
  }, 120_000)

  it('goes on with every block after SIGKILL to all nodes at once', async () => {
    const chain = await network()
    await untilBlock(follower(chain).ipc, 5)
    const before = await headOf(signer(chain, 1).ipc)
    await chain.kill(200)
    const { ipc } = follower(chain)
    await untilBlock(ipc, before.number + 3)
    expect(await blockAt(ipc, before.number)).toEqual(before)
  })

  it('tells of a node that ended unasked, and of none that was stopped', async () => {
    const chain = await network()
    const told: string[] = []
    chain.onDeath(({ message }) => told.push(message))
    process.kill(signer(chain, 2).pid, 'SIGKILL')
    await expect.poll(() => told).toHaveLength(1)
    expect(told[0]).toContain('node-2: geth ended unasked')
    const { signers } = (await statusOf(signer(chain, 1).folder, wallClock)).running ?? {}
    expect(signers?.signers).toHaveLength(3)
    await chain.stop()
    expect(told).toHaveLength(1)
  })

  it('says who is missing once its turn came several times without a block', async () => {
    const chain = await network()
    await untilBlock(follower(chain).ipc, 3)
    const gone = signer(chain, 2).folder.card
    chain.signal('SIGSTOP', ['node-2'])
    closing(() => chain.signal('SIGCONT'))
    const state = async () => (await statusOf(follower(chain).folder, wallClock)).running?.signers
    const missing = async () => (await state())?.signers.filter((each) => each.missing)
    await expect.poll(missing, { timeout: 150_000, interval: 2000 }).toMatchObject([{ name: gone.name }])
    expect((await state())?.spare).toBe(0)
  }, 240_000)

  it('goes on in its folder with the same chain, and refuses another block period', async () => {
    const first = await network()
    const { dataDir, genesisHash } = first
    await untilBlock(follower(first).ipc, 3)
    await first.stop()
    const other = network({ dataDir, blockTimeS: 2 }).catch(codeOf)
    expect(await other).toBe('settings-differ')
    const second = await network({ dataDir })
    expect(second.genesisHash).toBe(genesisHash)
    expect((await headOf(follower(second).ipc)).number).toBeGreaterThanOrEqual(3)
  })
})

describe.skipIf(GETH === null)('members and signers change', () => {
  it('a vote that enough signers share is carried and forgotten; one that waits survives', async () => {
    const chain = await network()
    const newcomer = `0x${'ab'.repeat(20)}`
    const nodes = [signer(chain, 1), signer(chain, 2)]
    const [one] = nodes
    if (one === undefined) throw new Error('no node')
    await castVote(one.ipc, one.folder.votesFile, { address: newcomer, add: true })
    await chain.kill(200, ['node-1'])
    const again = signer(chain, 1)
    const proposals = await again.ipc.ask('clique_proposals', [], z.record(z.string(), z.boolean()))
    expect(proposals).toEqual({ [newcomer]: true })
    const two = signer(chain, 2)
    await castVote(two.ipc, two.folder.votesFile, { address: newcomer, add: true })
    await expect.poll(() => signersOf(again.ipc)).toContain(newcomer)
    for (const { ipc, folder } of [again, two]) await settleVotes(ipc, folder.votesFile)
    expect([readVotes(again.folder.votesFile), readVotes(two.folder.votesFile)]).toEqual([[], []])
    expect(await again.ipc.ask('clique_proposals', [], z.record(z.string(), z.boolean()))).toEqual({})
  }, 120_000)

  it('a member that is shut out hears no more blocks, and cannot come back', async () => {
    const chain = await network()
    const gone = follower(chain)
    await untilBlock(gone.ipc, 2)
    const { enode } = await gone.ipc.ask('admin_nodeInfo', [], z.object({ enode: z.string() }))
    const port = Number(/:(\d+)/.exec(enode.split('@')[1] ?? '')?.[1])
    for (const node of chain.nodes().filter(({ rpc }) => rpc === null)) {
      await shutOut(node.ipc, { ...gone.folder.card, port })
    }
    await expect.poll(() => peersAt(gone.ipc)).toBe(0)
    // A block that had arrived before is still being taken in.
    await sleep(2_000)
    const last = (await headOf(gone.ipc)).number
    await untilBlock(signer(chain, 1).ipc, last + 5)
    await sleep(2_000)
    expect((await headOf(gone.ipc)).number).toBe(last)
  }, 120_000)
})

describe.skipIf(GETH === null)('a backup', () => {
  it('gives a node back with its keys and every block, and is refused when edited', async () => {
    const chain = await network()
    await untilBlock(follower(chain).ipc, 5)
    const { folder, ipc } = signer(chain, 1)
    const to = join(temporary(), 'backup')
    const manifest = await backUp(folder, createIpc(ipc.path), to)
    expect(manifest.head.number).toBeGreaterThanOrEqual(5)
    expect(Object.keys(manifest.files)).not.toContain('password')
    await chain.stop()

    const password = readFileSync(folder.passwordFile, 'utf8').trim()
    const restored = await restore(GETH ?? '', to, join(temporary(), 'again'), password)
    expect(restored.node.card).toEqual(folder.card)
    expect(restored.manifest.head).toEqual(manifest.head)

    for (const name of ['chain.rlp.gz', 'nodekey']) {
      const whole = readFileSync(join(to, name))
      writeFileSync(join(to, name), Buffer.concat([whole, Buffer.from('x')]))
      const refused = restore(GETH ?? '', to, join(temporary(), 'other'), null)
      await expect(refused).rejects.toThrow(new RegExp(`${name}: is not as it was written`))
      writeFileSync(join(to, name), whole)
    }
  }, 120_000)
})
