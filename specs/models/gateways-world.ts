import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Interface, JsonRpcProvider, Wallet } from 'ethers'
import { expect } from 'vitest'
import type { HomeConfig } from '../../bin/host/configs.ts'
import { openCommunity } from '../../bin/host/community.ts'
import type { CommunityGateway } from '../../bin/host/community-gateway.ts'
import { openHome } from '../../bin/host/home.ts'
import type { HomeGateway } from '../../bin/host/home-gateway.ts'
import { bundledProfiles } from '../../bin/host/package-folder.ts'
import { systemRandom, wallClock } from '../../bin/clock.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { type EmbeddedChain, startEmbeddedChain } from '../../chain/network/embedded.ts'
import { type BoardHost, createBoardHost } from '../../hardware/board/host.ts'
import { loadProfiles } from '../../hardware/board/profiles.ts'
import { createPlug } from '../../protocols/rules/cable.ts'
import type { BoardKind, ReceivedFrame } from '../../protocols/rules/reading.ts'
import { startBadNode, type BadNode } from '../proxy/bad-node.ts'

const SAMPLE_MS = 2_000
const SLOTS_PER_BILLING = 30
/** The bundled profiles' rows are a quarter of an hour; a sample period plays one. */
const TIME_SCALE = 900_000 / SAMPLE_MS
/** No signer beside the gateway, and nothing recorded. */
const ALONE = { signers: [], recordFile: null } as const
const KINDS: readonly BoardKind[] = ['power', 'water', 'comfort']
const monitoring = new Interface(monitoringAbi)

/** Real gateways take seconds for what a model does in one step. */
export const PATIENCE = { timeout: 120_000, interval: 50 } as const

/** A home of the world: its gateway, the wires that can be pulled, and what its boards said. */
export interface WorldHome {
  readonly name: string
  readonly config: HomeConfig
  readonly plugs: {
    readonly chain: ReturnType<typeof createPlug>
    readonly peers: ReturnType<typeof createPlug>
  }
  gateway: HomeGateway
  close(): Promise<void>
}

/**
 * A chain, a community gateway and homes in this process, each the product's own: the gateways meet over real
 * sockets, the boards play profiles over TCP.
 */
export class GatewaysWorld {
  readonly folder: string
  readonly chain: EmbeddedChain
  readonly community: CommunityGateway
  readonly #ends: (() => Promise<void>)[] = []
  #homes = 0

  private constructor(folder: string, chain: EmbeddedChain, community: CommunityGateway) {
    this.folder = folder
    this.chain = chain
    this.community = community
  }

  static async open(): Promise<GatewaysWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'meterhood-gateways-'))
    const searchPath = process.env['PATH'] ?? ''
    const chain = await startEmbeddedChain({
      dataDir: join(folder, 'chain'),
      ...{ blockTimeS: 1, clock: wallClock, random: systemRandom, searchPath },
    })
    const community = await openCommunity({
      name: 'models',
      dataDir: join(folder, 'community'),
      ...{ rpc: chain.rpc, finality: 'depth', page: { host: '127.0.0.1', port: 0 } },
      managerKey: chain.accounts[0]?.privateKey ?? null,
      ...{ databaseUrl: null, profile: 'commitment', ringLength: 10 },
      ...{ sampleMs: SAMPLE_MS, slotsPerBilling: SLOTS_PER_BILLING, blockTimeS: 1 },
      ...{ epochMs: null, epochKeepMs: 0, challengeBlocks: 10 },
      contract: { energyWh: 30_000, powerW: 30_000, waterMl: 3_000_000 },
      ...{ leastHomesInTotal: 1, prices: { at: null, key: null }, welcomeMicroSct: 100_000_000 },
      ...{ gatherSlots: 0, timeScale: TIME_SCALE, listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false, ...ALONE },
    })
    return new GatewaysWorld(folder, chain, community)
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end()
    await this.community.close()
    await this.chain.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A home with boards that begins to join, by a good invite or by one that nobody gave. */
  async home(invited: boolean): Promise<WorldHome> {
    this.#homes += 1
    const name = `home-${String(this.#homes).padStart(2, '0')}`
    const keys = await this.community.commission(name, KINDS)
    const hosted = keys.map((key) => ({ ...key, linkKey: systemRandom(32) }))
    const host = await this.#boards(hosted)
    const boards = hosted.flatMap(({ kind, boardId, linkKey }) => {
      const at = host.boards.find((each) => each.kind === kind)
      return at === undefined ? [] : [{ kind, boardId, linkKey, at: { host: at.host, port: at.port } }]
    })
    // A home has a feed of its own only where its node has a name of its own.
    const node = await startBadNode(this.chain.rpc)
    const plugs = { chain: createPlug(), peers: createPlug() }
    const config: HomeConfig = {
      ...{ name, dataDir: join(this.folder, name), rpc: node.url, finality: 'depth' },
      page: { host: '127.0.0.1', port: 0 },
      invite: invited ? await this.invite(name) : 'not-an-invite',
      ...{
        boards,
        boardsAre: 'profile',
        timeScale: TIME_SCALE,
        batch: 1,
        rules: [],
        meters: 'at-once',
        delegationsAccepted: false,
      },
      ...{ listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false, ...ALONE },
    }
    const opened = await openHome(config, { network: plugs })
    return this.#kept({ name, config, plugs, ...opened }, host, node)
  }

  #kept(home: WorldHome, host: BoardHost, node: BadNode): WorldHome {
    this.#ends.push(async () => {
      await home.close()
      await host.close()
      await node.stop()
    })
    return home
  }

  async #boards(
    boards: Parameters<typeof createBoardHost>[0]['homes'][number]['boards'],
  ): Promise<BoardHost> {
    return createBoardHost({
      ...{ mode: 'profile', sampleMs: SAMPLE_MS, clock: wallClock },
      homes: [{ number: 1, boards }],
      profiles: await loadProfiles(bundledProfiles()),
    })
  }

  invite(name: string): Promise<string> {
    return this.community.invites.issue({ name, weight: 1 })
  }

  /** The same home is started again, with another invite. */
  async again(home: WorldHome, invite: string): Promise<void> {
    await home.close()
    const opened = await openHome({ ...home.config, invite }, { network: home.plugs })
    Object.assign(home, opened)
  }

  rpc(method: string, params: readonly unknown[] = []): Promise<unknown> {
    return new JsonRpcProvider(this.chain.rpc, undefined, { staticNetwork: true }).send(method, [...params])
  }

  /** No block is made while `work` lasts. */
  async whileChainStands(work: () => Promise<void>): Promise<void> {
    await this.rpc('evm_setIntervalMining', [0])
    await work()
    await this.rpc('evm_setIntervalMining', [1])
  }

  async revoke(account: string): Promise<void> {
    const manager = new Wallet(this.chain.accounts[0]?.privateKey ?? '', new JsonRpcProvider(this.chain.rpc))
    const data = monitoring.encodeFunctionData('revoke', [account])
    const to = this.community.opened().contracts.monitoring
    // The account is the gateway's own: nothing of it may be on its way, or the two would want one nonce.
    await expect.poll(async () => (await this.community.status()).pending, PATIENCE).toBe(0)
    await (await manager.sendTransaction({ to, data })).wait()
  }
}

/** The frames of a home are held back until they are let go, as they are or changed. */
export function holdFrames(gateway: HomeGateway): (change?: (frame: ReceivedFrame) => ReceivedFrame) => void {
  const held: ReceivedFrame[] = []
  const take = gateway.frame.bind(gateway)
  gateway.frame = (frame) => void held.push(frame)
  return (change = (frame) => frame) => {
    gateway.frame = take
    for (const frame of held.splice(0)) take(change(frame))
  }
}

/** As a board whose sensor is broken says it. */
export const faulty = (received: ReceivedFrame): ReceivedFrame => ({
  ...received,
  frame: { ...received.frame, sensorFault: true },
})

export const slotOf = ({ receivedAtMs }: ReceivedFrame): number => Math.floor(receivedAtMs / SAMPLE_MS)
export const sampleMs = SAMPLE_MS
