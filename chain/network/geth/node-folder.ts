import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encryptKeystoreJson, SigningKey, Wallet } from 'ethers'
import type { RandomSource } from '../../../protocols/rules/clock.ts'
import { Fault, messageOf } from '../../../protocols/rules/fault.ts'
import { writeDurably } from '../chain-folder.ts'
import { parseCard, parseNetwork, type CommunityNetwork, type NodeCard } from './community-network.ts'

/** Scrypt of geth's own "light" kind is enough where the password is 32 random bytes. */
const SCRYPT_RANDOM = 4_096
/** Of its standard kind where a person chose the password. */
const SCRYPT_CHOSEN = 262_144
/** The longest path of a socket file (sun_path holds 108 bytes, 104 on macOS). */
const SOCKET_PATH_MOST = 100
const KEY_BYTES = 32

export interface NewNode {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Whether it is to seal blocks. */
  readonly signs: boolean
  /** The password of its keystore as a person chose it; without it a random one. */
  readonly password?: string
}

/** The files of one node. Everything secret is of mode 0600 in a folder of mode 0700. */
export class NodeFolder {
  readonly path: string
  readonly card: NodeCard

  private constructor(path: string, card: NodeCard) {
    this.path = path
    this.card = card
  }

  readonly #at = (name: string): string => join(this.path, name)

  get nodeKeyFile(): string {
    return this.#at('nodekey')
  }

  get passwordFile(): string {
    return this.#at('password')
  }

  get keystore(): string {
    return this.#at('keystore')
  }

  get networkFile(): string {
    return this.#at('network.json')
  }

  /** A block that is taken back for a moment. */
  get asideFile(): string {
    return this.#at('aside.rlp')
  }

  get genesisFile(): string {
    return this.#at('genesis.json')
  }

  get configFile(): string {
    return this.#at('config.toml')
  }

  get votesFile(): string {
    return this.#at('votes.json')
  }

  get pidFile(): string {
    return this.#at('geth.pid')
  }

  get logFile(): string {
    return this.#at('geth.log')
  }

  /** Whether Geth has laid out its chain here. */
  get hasChain(): boolean {
    return existsSync(this.#at('geth/chaindata'))
  }

  /** The socket file by which alone a signer is reached. */
  get ipcPath(): string {
    const here = this.#at('geth.ipc')
    if (Buffer.byteLength(here) <= SOCKET_PATH_MOST) return here
    const name = createHash('sha256').update(this.path).digest('hex').slice(0, 16)
    return join(tmpdir(), `meterhood-${name}.ipc`)
  }

  /** Makes the keys of a node that is new. Faults: `folder-taken`, `no-disk`. */
  static async create(path: string, wanted: NewNode, random: RandomSource): Promise<NodeFolder> {
    if (entriesOf(path).length > 0) {
      const message = `${path}: is not empty; a node's keys are made once: name a new folder`
      throw new Fault('folder-taken', message, { path })
    }
    const nodeKey = new SigningKey(hexOf(random(KEY_BYTES)))
    const signer = wanted.signs ? await writeSigner(path, wanted.password, random) : null
    await writeDurably(join(path, 'nodekey'), nodeKey.privateKey.slice(2))
    const { name, host, port } = wanted
    const card = { name, host, port, key: nodeKey.publicKey.slice(4), signer }
    await writeDurably(cardFile(path), `${JSON.stringify(card, null, 2)}\n`)
    return new NodeFolder(path, card)
  }

  /** Opens the folder of a node. Faults: `no-node`, `bad-field`, `secrets-exposed`. */
  static open(path: string): NodeFolder {
    const file = cardFile(path)
    if (!existsSync(file)) {
      const message = `${path}: holds no chain node; make one with "npx meterhood chain init"`
      throw new Fault('no-node', message, { path })
    }
    const folder = new NodeFolder(path, parseCard(readFileSync(file, 'utf8'), file))
    for (const secret of folder.secrets()) requirePrivate(secret)
    return folder
  }

  /** Files that nobody else may read. */
  secrets(): string[] {
    const keys = existsSync(this.keystore) ? readdirSync(this.keystore) : []
    const files = [this.nodeKeyFile, this.passwordFile, ...keys.map((name) => join(this.keystore, name))]
    return files.filter((file) => existsSync(file))
  }

  /** The network it belongs to. Faults: `no-network` when it was not given one yet, `bad-network`. */
  network(): CommunityNetwork {
    if (!existsSync(this.networkFile)) {
      const fix = 'bring the manager node.json, and come back with the network: chain init --network FILE'
      throw new Fault('no-network', `${this.path}: belongs to no network yet; ${fix}`, { path: this.path })
    }
    return parseNetwork(readFileSync(this.networkFile, 'utf8'), this.networkFile)
  }

  /** Writes down the network; its genesis apart, in the form that Geth reads. */
  async keepNetwork(network: CommunityNetwork): Promise<void> {
    await writeDurably(this.genesisFile, JSON.stringify(network.genesis))
    await writeDurably(this.networkFile, `${JSON.stringify(network, null, 2)}\n`)
  }
}

const cardFile = (path: string): string => join(path, 'node.json')

function nodePaths(path: string): string[] {
  if (existsSync(cardFile(path))) return [path]
  const below = existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []
  return below.filter((folder) => existsSync(cardFile(folder))).sort()
}

export const hasNodes = (path: string): boolean => nodePaths(path).length > 0

/** Nodes of a folder: itself when it is one, else those in the folders right below it. Fault: `no-node`. */
export function nodesUnder(path: string): NodeFolder[] {
  const nodes = nodePaths(path)
  return (nodes.length === 0 ? [path] : nodes).map((folder) => NodeFolder.open(folder))
}

function entriesOf(path: string): string[] {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return readdirSync(path)
  } catch (thrown) {
    const message = `${path}: cannot be made (${messageOf(thrown)}); name a folder that you may write to`
    throw new Fault('no-disk', message, { path })
  }
}

const hexOf = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`

/** Makes a signing key and writes it down encrypted, in the form that Geth unlocks; returns its address. */
async function writeSigner(path: string, chosen: string | undefined, random: RandomSource): Promise<string> {
  const wallet = new Wallet(hexOf(random(KEY_BYTES)))
  const password = chosen ?? Buffer.from(random(KEY_BYTES)).toString('base64url')
  const N = chosen === undefined ? SCRYPT_RANDOM : SCRYPT_CHOSEN
  const json = await encryptKeystoreJson(wallet, password, {
    scrypt: { N, r: 8, p: 1 },
    salt: random(KEY_BYTES),
    iv: random(16),
    uuid: hexOf(random(16)),
  })
  const address = wallet.address.toLowerCase()
  mkdirSync(join(path, 'keystore'), { mode: 0o700 })
  await writeDurably(join(path, 'password'), `${password}\n`)
  await writeDurably(join(path, 'keystore', `signer-${address.slice(2)}`), json)
  return address
}

function requirePrivate(file: string): void {
  if ((statSync(file).mode & 0o077) === 0) return
  chmodSync(file, 0o600)
  const fix = 'it is closed now. Make a new node and vote it in the place of this one, or start again'
  throw new Fault('secrets-exposed', `${file} could be read by others; ${fix}`, { file })
}
