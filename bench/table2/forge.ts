import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RLP } from '@ethereumjs/rlp'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { Wallet } from 'ethers'
import { z } from 'zod'
import { bytesOf, headerFields, headerHash, hexOf } from '../../chain/verify/encode.ts'
import { sealedHash } from '../../chain/verify/seals.ts'
import type { WireHeader } from '../../chain/verify/wire.ts'
import type { GethNode } from '../../chain/network/geth/process.ts'
import { codeOf, messageOf } from '../../protocols/rules/fault.ts'

const EMPTY_TRIE = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const NO_UNCLES = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
const BLOOM_BYTES = 256
const VANITY_BYTES = 32
const SEAL_BYTES = 65
const WORD = 32
const IMPORT_LIMIT_MS = 60_000

const zeros = (bytes: number): string => `0x${'00'.repeat(bytes)}`

/** The key of a node that seals, as whoever broke into it would read it. */
export async function keyOf({ folder }: GethNode): Promise<Uint8Array> {
  const [name = ''] = await readdir(folder.keystore)
  const json = await readFile(join(folder.keystore, name), 'utf8')
  const password = (await readFile(folder.passwordFile, 'utf8')).trim()
  return bytesOf((await Wallet.fromEncryptedJson(json, password)).privateKey)
}

export interface Forgery {
  readonly key: Uint8Array
  /** 2 when it is the sealer’s turn, else 1. */
  readonly difficulty: bigint
  readonly periodS: number
  /** Another state than the transactions lead to: money from nowhere. */
  readonly stateRoot?: string
}

/** An empty block on top of another, sealed by a key, whether its holder may or not. */
export function forge(parent: WireHeader, { key, difficulty, periodS, stateRoot }: Forgery): WireHeader {
  const unsealed: WireHeader = {
    ...parent,
    ...{ parentHash: headerHash(parent), sha3Uncles: NO_UNCLES, miner: zeros(20) },
    ...{ transactionsRoot: EMPTY_TRIE, receiptsRoot: EMPTY_TRIE, logsBloom: zeros(BLOOM_BYTES) },
    stateRoot: stateRoot ?? parent.stateRoot,
    difficulty,
    number: parent.number + 1n,
    gasUsed: 0n,
    timestamp: parent.timestamp + BigInt(periodS),
    ...{ extraData: zeros(VANITY_BYTES + SEAL_BYTES), mixHash: zeros(WORD), nonce: zeros(8) },
  }
  const seal = secp256k1.sign(sealedHash(unsealed), key, { prehash: false, format: 'recovered' })
  // noble puts the recovery bit first, Ethereum last.
  const bytes = [...seal.subarray(1), seal[0] ?? 0]
  return { ...unsealed, extraData: `${zeros(VANITY_BYTES)}${hexOf(Uint8Array.from(bytes)).slice(2)}` }
}

/** Hands blocks to a node; null when it takes them, else why not, in its own words. */
export async function offer(node: GethNode, headers: readonly WireHeader[]): Promise<string | null> {
  const file = join(node.folder.path, 'forged.rlp')
  await writeFile(file, Buffer.concat(headers.map((header) => RLP.encode([headerFields(header), [], []]))))
  try {
    await node.ipc.ask('admin_importChain', [file], z.literal(true), IMPORT_LIMIT_MS)
    return null
  } catch (thrown) {
    if (codeOf(thrown) !== 'rpc-refused') throw thrown
    return messageOf(thrown)
  }
}
