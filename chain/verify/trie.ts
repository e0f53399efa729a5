import { createMPT, verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesOf, hexOf } from './encode.ts'
import type { WireAccountProof } from './wire.ts'

/** The root of an empty trie: Keccak-256 of the RLP of nothing. */
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

/**
 * The root of the trie that maps RLP(index) to each entry, as headers commit to transactions and receipts.
 */
export async function listRoot(entries: readonly Uint8Array[]): Promise<string> {
  if (entries.length === 0) return EMPTY_ROOT
  const trie = await createMPT()
  for (const [index, entry] of entries.entries()) await trie.put(RLP.encode(index), entry)
  return hexOf(trie.root())
}

/**
 * Whether the account is in the state with this root, with the very nonce, balance, storage and code served.
 */
export async function accountIsIn(
  stateRoot: string,
  address: string,
  proof: WireAccountProof,
): Promise<boolean> {
  const account = RLP.encode([
    proof.nonce,
    proof.balance,
    bytesOf(proof.storageHash),
    bytesOf(proof.codeHash),
  ])
  const first = proof.accountProof[0]
  if (first === undefined || hexOf(keccak_256(bytesOf(first))) !== stateRoot) return false
  try {
    const key = keccak_256(bytesOf(address))
    const found = await verifyMerkleProof(key, proof.accountProof.map(bytesOf))
    return found !== null && hexOf(found) === hexOf(account)
  } catch {
    return false
  }
}
