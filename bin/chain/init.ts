import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Wallet } from 'ethers'
import { z } from 'zod'
import { restore } from '../../chain/network/geth/backup.ts'
import { parseCard, parseNetwork, type CommunityNetwork } from '../../chain/network/geth/community-network.ts'
import { foundLocally, foundNetwork } from '../../chain/network/geth/found-network.ts'
import { findGeth } from '../../chain/network/geth/install.ts'
import { NodeFolder, type NewNode } from '../../chain/network/geth/node-folder.ts'
import { genesisHashOf } from '../../chain/network/geth/status.ts'
import { askAlone, layOutChain, memberCard } from '../../chain/network/geth/process.ts'
import { badField } from '../../protocols/rules/fault.ts'
import { systemRandom, wallClock } from '../clock.ts'
import { gethPlaces } from '../host/cache-folder.ts'
import { loadSecrets } from '../host/secrets.ts'

/** What `chain init` was asked for. */
export interface InitWish {
  readonly dataDir: string
  readonly node: {
    readonly name: string | null
    readonly host: string
    readonly port: number
    readonly signs: boolean
    readonly password: string | null
  }
  /** Files of the cards of the other members: this node's manager begins the chain. */
  readonly members: readonly string[] | null
  /** File of the network to join. */
  readonly network: string | null
  /** Signers of a chain that is all on this machine. */
  readonly localSigners: number | null
  /** Folder of a copy of a node. */
  readonly copy: string | null
  readonly periodS: number
  readonly gasLimit: number
  readonly chainId: number | null
  readonly funded: readonly string[]
}

export interface InitOutcome {
  readonly nodes: readonly NodeFolder[]
  /** Null while the node belongs to none. */
  readonly network: CommunityNetwork | null
  readonly genesisHash: string | null
  readonly funded: readonly string[]
}

const SOURCES = { clock: wallClock, random: systemRandom }
const P2P_PORT = 30_303
/** Chain ids below are those of public chains and of the embedded one. */
const OWN_CHAIN_IDS = 100_000
const alloc = z.looseObject({ alloc: z.record(z.string(), z.unknown()) })

/** Makes keys where there are none, and begins, joins or restores the chain of a data folder. */
export async function initChain(wish: InitWish): Promise<InitOutcome> {
  const folder = join(wish.dataDir, 'chain')
  const program = await findGeth(gethPlaces())
  if (wish.copy !== null) {
    const { node } = await restore(program, wish.copy, folder, wish.node.password)
    return outcome(program, [node], node.network())
  }
  if (wish.localSigners !== null) {
    const wanted = { signers: wish.localSigners, firstPort: P2P_PORT, terms: termsOf(wish) }
    const nodes = await foundLocally(folder, wanted, SOURCES)
    for (const node of nodes) await layOutChain(program, node)
    return outcome(program, nodes, nodes[0]?.network() ?? null)
  }
  const node = await ownNode(folder, wish)
  const network = await networkFor(node, wish)
  if (network === null) return outcome(program, [node], null)
  memberCard(node, network)
  await node.keepNetwork(network)
  await layOutChain(program, node)
  return outcome(program, [node], network)
}

async function outcome(
  program: string,
  nodes: readonly NodeFolder[],
  network: CommunityNetwork | null,
): Promise<InitOutcome> {
  const [node] = nodes
  const known = network !== null && node !== undefined
  const genesisHash = known ? await askAlone(program, node, genesisHashOf) : null
  const funded = network === null ? [] : Object.keys(alloc.parse(network.genesis).alloc)
  return { nodes, network, genesisHash, funded }
}

/** The node of the folder; its keys are made when it has none. */
function ownNode(folder: string, { node }: InitWish): Promise<NodeFolder> {
  if (existsSync(join(folder, 'node.json'))) return Promise.resolve(NodeFolder.open(folder))
  const { name, password, ...rest } = node
  const usual = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 32)
  const wanted: NewNode = { name: name ?? usual, ...rest, ...(password === null ? {} : { password }) }
  return NodeFolder.create(folder, wanted, systemRandom)
}

async function networkFor(node: NodeFolder, wish: InitWish): Promise<CommunityNetwork | null> {
  if (wish.network !== null) return parseNetwork(await readable('--network', wish.network), wish.network)
  if (wish.members === null) return existsSync(node.networkFile) ? node.network() : null
  const others = []
  for (const file of wish.members) others.push(parseCard(await readable('--members', file), file))
  return foundNetwork([node.card, ...others], termsOf(wish), SOURCES)
}

function readable(field: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => {
    throw badField(field, 'a file that can be read', file)
  })
}

/**
 * Unless others are named, the community gateway has the currency: it pays homes their first gas. It is the
 * gateway of this data folder; where `start` runs all on one machine, that of the folder `community` in it.
 */
function termsOf({ chainId, periodS, gasLimit, funded, dataDir, localSigners }: InitWish) {
  const gateway = localSigners === null ? dataDir : join(dataDir, 'community')
  const own = () => new Wallet(loadSecrets(gateway, systemRandom).accountKey).address
  return {
    chainId: chainId ?? randomChainId(),
    periodS,
    gasLimit,
    funded: funded.length > 0 ? funded : [own()],
  }
}

function randomChainId(): number {
  const drawn = Buffer.from(systemRandom(4)).readUInt32BE()
  return OWN_CHAIN_IDS + (drawn % (0x7fff_ffff - OWN_CHAIN_IDS))
}
