import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { nodeCardSchema } from '../../chain/network/geth/community-network.ts'
import { DEFAULT_GAS_LIMIT, DEFAULT_PERIOD_S } from '../../chain/network/geth/genesis.ts'
import { GETH_VERSION, installGeth } from '../../chain/network/geth/install.ts'
import { badField } from '../../protocols/rules/fault.ts'
import { initChain, type InitOutcome, type InitWish } from '../chain/init.ts'
import { runNodes } from '../chain/run-nodes.ts'
import { gethPlaces } from '../host/cache-folder.ts'
import { openDataFolder } from '../host/data-folder.ts'
import { ending, untilAskedToStop } from './ending.ts'

const RPC_PORT = '8545'
const P2P_PORT = 30_303
/** Any of these says that a folder is a gateway’s. */
const OWN: readonly string[] = ['chain', 'community', 'secrets.json', 'boards.json']

interface InitFlags {
  readonly data: string
  readonly name?: string
  readonly host: string
  readonly follower?: true
  readonly password?: string
  readonly members?: string[]
  readonly network?: string
  readonly signers?: string
  readonly copy?: string
  readonly period: string
  readonly gasLimit: string
  readonly chainId?: string
  readonly fund?: string
  readonly json?: true
}

async function install(flags: { json?: true }): Promise<void> {
  if (flags.json !== true) console.log(`geth       looking for ${GETH_VERSION}; building it takes minutes`)
  const { program, built } = await installGeth(gethPlaces())
  if (flags.json === true) console.log(JSON.stringify({ program, version: GETH_VERSION, built }))
  else console.log(`geth       ${GETH_VERSION} ${built ? 'built' : 'found'}: ${program}`)
}

function whole(field: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw badField(field, `a whole number from ${least} to ${most}`, text)
}

/** `192.168.1.11`, `192.168.1.11:30304` or `[fd00::1]:30303`. */
function hostAndPort(text: string): { host: string; port: number } {
  const bracketed = /^\[(.+)\](?::(\d+))?$/.exec(text)
  const plain = /^([^:]+)(?::(\d+))?$/.exec(text)
  const [, host = text, port = String(P2P_PORT)] = bracketed ?? plain ?? []
  return { host: cardField('host', host), port: whole('--host', port, 1, 65_535) }
}

function accounts(list: string | undefined): string[] {
  const found = (list ?? '').split(',').filter((each) => each !== '')
  const wrong = found.find((each) => !/^0x[0-9a-fA-F]{40}$/.test(each))
  if (wrong !== undefined) throw badField('--fund', 'addresses, 0x and 40 hex digits each', wrong)
  return found
}

async function firstLine(field: string, file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw badField(field, 'a file that can be read', file)
  })
  return text.split('\n')[0] ?? ''
}

/** What goes into the card of a node must be right before its keys are made. */
function cardField(field: 'name' | 'host', text: string): string {
  const { success, error } = nodeCardSchema.shape[field].safeParse(text)
  if (success) return text
  throw badField(`--${field}`, error.issues[0]?.message ?? 'what a card holds', text)
}

async function wishOf(flags: InitFlags): Promise<InitWish> {
  const one = [flags.members, flags.network, flags.signers, flags.copy].filter((each) => each !== undefined)
  if (one.length > 1) throw badField('chain init', 'one of --members, --network, --signers, --copy', 'more')
  return {
    dataDir: resolve(flags.data),
    node: {
      name: flags.name === undefined ? null : cardField('name', flags.name),
      ...hostAndPort(flags.host),
      signs: flags.follower !== true,
      password: flags.password === undefined ? null : await firstLine('--password', flags.password),
    },
    members: flags.members?.map((file) => resolve(file)) ?? null,
    network: flags.network === undefined ? null : resolve(flags.network),
    localSigners: flags.signers === undefined ? null : whole('--signers', flags.signers, 1, 25),
    copy: flags.copy === undefined ? null : resolve(flags.copy),
    periodS: whole('--period', flags.period, 1, 3_600),
    gasLimit: whole('--gas-limit', flags.gasLimit, 5_000_000, 1_000_000_000),
    chainId: flags.chainId === undefined ? null : whole('--chain-id', flags.chainId, 1, 0x7fff_ffff),
    funded: accounts(flags.fund),
  }
}

const shown = (path: string): string => relative('.', path)

function tellInit({ nodes, network, funded, genesisHash }: InitOutcome): void {
  for (const { path, card } of nodes) {
    const role = card.signer === null ? 'follows' : `signer ${card.signer}`
    console.log(`node       ${card.name}, ${card.host}:${card.port}, ${role}, in ${shown(path)}`)
  }
  if (network === null) {
    const [node] = nodes
    console.log(
      `card       ${shown(join(node?.path ?? '', 'node.json'))}: give it to the manager; it is no secret`,
    )
    return
  }
  const { chainId, clique } = network.genesis.config
  const signers = network.members.filter(({ signer }) => signer !== null).length
  console.log(
    `chain      ${chainId}, ${clique.period} s blocks, ${signers} signers, genesis ${genesisHash ?? ''}`,
  )
  for (const account of funded) console.log(`funded     ${account}`)
  if (signers < 3) console.log('warning    with fewer than 3 signers the chain stops as soon as one is away')
}

async function init(flags: InitFlags): Promise<void> {
  const wish = await wishOf(flags)
  openDataFolder('--data', wish.dataDir, (entries) => entries.some((entry) => OWN.includes(entry)))
  const outcome = await initChain(wish)
  if (flags.json !== true) return tellInit(outcome)
  const { nodes, network, funded, genesisHash } = outcome
  const told = nodes.map(({ path, card }) => ({ folder: path, ...card }))
  const chainId = network?.genesis.config.chainId ?? null
  console.log(JSON.stringify({ nodes: told, chainId, genesisHash, funded }))
}

interface StartFlags {
  readonly data: string
  readonly rpcPort: string
  readonly verbosity: string
}

async function start(flags: StartFlags): Promise<void> {
  const nodes = await runNodes({
    dataDir: resolve(flags.data),
    rpcPort: whole('--rpc-port', flags.rpcPort, 0, 65_535),
    verbosity: whole('--verbosity', flags.verbosity, 0, 5),
    tell: (line) => console.log(line),
  })
  try {
    await Promise.race([untilAskedToStop(), nodes.ended])
  } finally {
    await nodes.stop()
  }
}

/** Adds what is done once for a node, and its start. */
export function addChainSetupCommands(chain: Command): void {
  chain
    .command('install')
    .description(`find Geth ${GETH_VERSION} on the PATH, or build it with Go`)
    .option('--json', 'print {program, version, built}')
    .action((flags: { json?: true }) => ending('chain install', install(flags)))
  chain
    .command('init')
    .description('make the keys of a node, and begin or join the chain of a community')
    .option('--data <folder>', 'data folder of this gateway', './.meterhood')
    .option('--name <name>', 'what the others call this node: a-z, 0-9 and -')
    .option('--host <address>', 'where the others reach it: IP address, or address:port', '127.0.0.1')
    .option('--follower', 'it seals no blocks, and serves RPC on loopback')
    .option('--password <file>', 'the password of its signing key (a random one)')
    .option('--members <card...>', 'begin the chain: the node.json of every other member')
    .option('--network <file>', 'join the chain: the network.json that the manager made')
    .option('--signers <n>', 'begin a chain of n signers and a follower, all on this machine')
    .option('--copy <folder>', 'go on from a copy (chain copy), where its node is gone for good')
    .option('--period <seconds>', 'block period', String(DEFAULT_PERIOD_S))
    .option('--gas-limit <gas>', 'gas of a block', String(DEFAULT_GAS_LIMIT))
    .option('--chain-id <n>', 'number of the chain (a random one)')
    .option('--fund <accounts>', 'accounts with currency from the start (the community gateway’s)')
    .option('--json', 'print {nodes, chainId, genesisHash, funded}')
    .action((flags: InitFlags) => ending('chain init', init(flags)))
  chain
    .command('start')
    .description('run the node of a data folder, or all of them, until stopped')
    .option('--data <folder>', 'data folder of this gateway', './.meterhood')
    .option('--rpc-port <n>', 'RPC of a follower on loopback (0: a free one); signers have none', RPC_PORT)
    .option('--verbosity <n>', 'how much Geth tells: 0 nothing, 3 the usual, 5 every refused peer', '3')
    .action((flags: StartFlags) => ending('chain start', start(flags)))
}
