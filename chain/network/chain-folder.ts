import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Wallet } from 'ethers'
import { z } from 'zod'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import type { Clock, RandomSource } from '../../protocols/rules/clock.ts'

/** An account that has currency from the first block on. */
export interface FundedAccount {
  readonly address: string
  readonly privateKey: string
}

const identitySchema = z.object({
  kind: z.literal('embedded'),
  chainId: z.number().int().positive(),
  genesisHash: z.string().nullable(),
  accounts: z.array(z.object({ address: z.string(), privateKey: z.string() })),
})
type Identity = z.infer<typeof identitySchema>

/** Every funded account starts with a million units of currency: more than it can spend on gas. */
const BALANCE_WEI = '0xd3c21bcecceda1000000'
const GAS_LIMIT = '0x1c9c380'
const FORKS = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg']
const LATER_FORKS = ['istanbul', 'berlin', 'london']

/** Files of the embedded chain in its folder. */
export class ChainFolder {
  readonly path: string
  readonly identity: Identity

  private constructor(path: string, identity: Identity) {
    this.path = path
    this.identity = identity
  }

  get genesisFile(): string {
    return join(this.path, 'genesis.json')
  }

  get stateFile(): string {
    return join(this.path, 'state.json')
  }

  get pidFile(): string {
    return join(this.path, 'anvil.pid')
  }

  get logFile(): string {
    return join(this.path, 'anvil.log')
  }

  get hasState(): boolean {
    return existsSync(this.stateFile)
  }

  /**
   * Opens the folder, or lays it out when it is new or empty. Faults: `foreign-folder` (holds something
   * else), `foreign-chain` (holds a chain of another id), `no-disk` (cannot be written).
   */
  static async open(options: {
    path: string
    chainId: number
    accounts: number
    clock: Clock
    random: RandomSource
  }): Promise<ChainFolder> {
    const { path, chainId } = options
    const found = entriesOf(path)
    if (found.length > 0) return ChainFolder.existing(path, chainId)
    const identity = await layOut(path, options)
    return new ChainFolder(path, identity)
  }

  private static existing(path: string, chainId: number): ChainFolder {
    const identity = readIdentity(path)
    if (identity.chainId !== chainId) {
      const message = `${path}: holds the chain ${identity.chainId}, expected ${chainId}; use another folder`
      throw new Fault('foreign-chain', message, { path, holds: identity.chainId, expected: chainId })
    }
    return new ChainFolder(path, identity)
  }

  /** Writes down the hash of the first block when it is first known, and refuses another one later. */
  async settle(genesisHash: string): Promise<ChainFolder> {
    const known = this.identity.genesisHash
    if (known === genesisHash) return this
    if (known !== null) {
      const message = `${this.path}: its chain begins with ${known}, the node's with ${genesisHash}`
      throw new Fault('foreign-chain', message, { path: this.path, holds: known, expected: genesisHash })
    }
    const identity = { ...this.identity, genesisHash }
    await writeDurably(identityFile(this.path), JSON.stringify(identity, null, 2))
    return new ChainFolder(this.path, identity)
  }
}

const identityFile = (path: string): string => join(path, 'chain.json')

function entriesOf(path: string): string[] {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return readdirSync(path)
  } catch (thrown) {
    throw noDisk(path, thrown)
  }
}

function readIdentity(path: string): Identity {
  try {
    return identitySchema.parse(JSON.parse(readFileSync(identityFile(path), 'utf8')))
  } catch {
    const message = `${path}: is not the folder of an embedded chain; name an empty folder or a new one`
    throw new Fault('foreign-folder', message, { path })
  }
}

async function layOut(
  path: string,
  options: { chainId: number; accounts: number; clock: Clock; random: RandomSource },
): Promise<Identity> {
  const { chainId, random } = options
  const accounts = Array.from({ length: options.accounts }, () => newAccount(random))
  const genesis = genesisOf(chainId, accounts, options.clock, random)
  const identity: Identity = { kind: 'embedded', chainId, genesisHash: null, accounts }
  await writeDurably(join(path, 'genesis.json'), JSON.stringify(genesis))
  await writeDurably(identityFile(path), JSON.stringify(identity, null, 2))
  return identity
}

function newAccount(random: RandomSource): FundedAccount {
  const wallet = new Wallet(`0x${Buffer.from(random(32)).toString('hex')}`)
  return { address: wallet.address, privateKey: wallet.privateKey }
}

/**
 * A first block like no other: its beneficiary is chance, since the node leaves extra data out of the header.
 */
function genesisOf(chainId: number, accounts: FundedAccount[], clock: Clock, random: RandomSource): unknown {
  const forks = [...FORKS, ...LATER_FORKS].map((fork): [string, number] => [`${fork}Block`, 0])
  return {
    config: { chainId, ...Object.fromEntries(forks) },
    nonce: '0x0',
    timestamp: `0x${Math.floor(clock.nowMs() / 1000).toString(16)}`,
    extraData: '0x',
    gasLimit: GAS_LIMIT,
    difficulty: '0x0',
    baseFeePerGas: '0x0',
    coinbase: `0x${Buffer.from(random(20)).toString('hex')}`,
    alloc: Object.fromEntries(accounts.map(({ address }) => [address, { balance: BALANCE_WEI }])),
  }
}

/**
 * Replaces a file whole: written beside it, forced to disk, renamed. A kill leaves the old one or the new
 * one.
 */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.new`
  try {
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (thrown) {
    throw noDisk(path, thrown)
  }
  await renameDurably(temporary, path)
}

/** Puts a file that is already on disk in the place of another. */
export async function renameDurably(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
    await syncFolder(dirname(to))
  } catch (thrown) {
    throw noDisk(to, thrown)
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function noDisk(path: string, thrown: unknown): Fault {
  const message = `${path}: cannot be written (${messageOf(thrown)}); free the disk or name another folder`
  return new Fault('no-disk', message, { path })
}
