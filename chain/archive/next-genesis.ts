import { bytesToHex } from '@noble/hashes/utils.js'
import { headerHash } from '../verify/encode.ts'
import type { CliqueGenesis } from '../network/geth/genesis.ts'
import { genesisSchema } from '../network/geth/genesis.ts'
import type { Statement } from './statement.ts'
import { rootOf } from './statement.ts'
import { StateRoot, type ArchivedAccount } from './state-root.ts'

/** keccak256("meterhood.height.base"): where Height.sol keeps the height that its chain began at. */
const HEIGHT_BASE = '0xa7d82545ac17c5d998efa7085591885a8959f8d8bade37c95ac577ffe79dca77'
const SEAL = '00'.repeat(65)
const ZEROS = `0x${'00'.repeat(32)}`
const NO_UNCLES = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

/** The account as the next chain begins with it: contracts that keep heights are told where it goes on. */
export function carriedOver(
  account: ArchivedAccount,
  statement: Pick<Statement, 'heights' | 'block'>,
): ArchivedAccount {
  if (!statement.heights.includes(account.address)) return account
  const base = `0x${statement.block.height.toString(16).padStart(64, '0')}`
  return { ...account, storage: { ...account.storage, [HEIGHT_BASE]: base } }
}

/**
 * The first block of the chain that begins from an archive, but for its accounts. Everything in it follows
 * from the statement, so that each member makes the same; its vanity is the archive's root.
 */
export function nextGenesis(statement: Statement): CliqueGenesis {
  const signers = [...statement.signers].sort().map((address) => address.slice(2))
  return genesisSchema.parse({
    config: statement.rules.config,
    nonce: '0x0',
    timestamp: `0x${statement.block.timestampS.toString(16)}`,
    extraData: `${rootOf(statement)}${signers.join('')}${SEAL}`,
    gasLimit: statement.rules.gasLimit,
    difficulty: '0x1',
    baseFeePerGas: '0x0',
  })
}

/** The entry of an account in the first block, as Geth reads it. */
export function allocOf({ balance, nonce, code, storage }: ArchivedAccount) {
  const empty = code === '0x'
  return {
    balance: `0x${BigInt(balance).toString(16)}`,
    nonce: `0x${nonce.toString(16)}`,
    ...(empty ? {} : { code }),
    ...(Object.keys(storage).length === 0 ? {} : { storage }),
  }
}

/** Hash of the first block of the chain that begins from an archive. */
export async function nextHash(statement: Statement, stateRoot: string): Promise<string> {
  const { extraData, gasLimit } = nextGenesis(statement)
  return headerHash({
    number: 0n,
    hash: ZEROS,
    parentHash: ZEROS,
    sha3Uncles: NO_UNCLES,
    miner: `0x${'00'.repeat(20)}`,
    stateRoot,
    transactionsRoot: EMPTY_ROOT,
    receiptsRoot: EMPTY_ROOT,
    logsBloom: `0x${bytesToHex(new Uint8Array(256))}`,
    difficulty: 1n,
    gasLimit: BigInt(gasLimit),
    gasUsed: 0n,
    timestamp: BigInt(statement.block.timestampS),
    extraData,
    mixHash: ZEROS,
    nonce: `0x${'00'.repeat(8)}`,
    baseFeePerGas: 0n,
  })
}

/** Both roots of an archive's accounts: that of the archived block, and that of the next first block. */
export class Roots {
  readonly now = new StateRoot()
  readonly next = new StateRoot()

  async add(account: ArchivedAccount, statement: Pick<Statement, 'heights' | 'block'>): Promise<void> {
    await this.now.add(account)
    await this.next.add(carriedOver(account, statement))
  }
}
